"""Trying a prompt in writing against a release, where the study lets authors do so."""

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from driftgauge.pipeline.authoring import trying
from driftgauge.pipeline.authoring.trying import Ended
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.rate.shown import as_written
from driftgauge.web.asked import AUTHORS, form, known
from driftgauge.web.bodies import text_of
from driftgauge.web.pages import Visit
from driftgauge.web.routes.authoring import away
from driftgauge.web.sentences import sentence_of


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


_UNREACHED: Final = _("The release could not be reached, or did not answer as it should. Please try again later.")
_NOT_LET: Final = _("The release cannot be asked from here: something of it is not set up. Please tell the study lead.")
SAID: Final[Mapping[Ended, str]] = {
    "answered": "",
    "truncated": _("The answer was cut off by the limit on its length."),
    "refused": _("The provider declined to answer."),
    "filtered": _("A filter of the provider withheld the answer."),
    "empty": _("The release answered with nothing."),
    "rate_limited": _("The release is asked too often just now. Please try again later."),
    "timeout": _("No answer came in time. Please try again later."),
    "server_error": _UNREACHED,
    "connection": _UNREACHED,
    "malformed": _UNREACHED,
    "unknown": _UNREACHED,
    "rejected": _("The provider refused to take this prompt as it stands."),
    "not_allowed": _NOT_LET,
    "not_found": _NOT_LET,
    "not_set_up": _NOT_LET,
}
"""What is said beside an answer, or in its place, by how a try ended."""
_ON_THE_PAGE: Final = frozenset({"nothing_to_try", "no_pictures_there", "tries_over", "try_busy"})


def take(visit: Visit, fields: FormData) -> Response:
    """Put a saved prompt to a release, and show what came back; or why nothing was asked."""
    draft = visit.request.path_params["draft"]
    wanted = trying.Try(draft, modality=text_of(fields, "modality"), release=text_of(fields, "release"))
    resting = away(visit)
    if resting:
        return resting
    try:
        tried = trying.try_prompt(visit.house.serving, known(visit), wanted)
    except Refused as refusal:
        if refusal.code not in _ON_THE_PAGE:
            raise
        notice = visit.say(sentence_of(refusal))
        return visit.page("authoring/tried.html.j2", status=refusal.status, notice=notice, draft=draft, tried=None)
    said = SAID[tried.ended]
    return visit.page(
        "authoring/tried.html.j2",
        draft=draft,
        notice=visit.say(said) if said else "",
        tried=tried,
        as_written=as_written,
        longest=visit.words.number(trying.LONGEST),
    )


ROUTES = (Route("/scenarios/{draft}/try", form(take, roles=AUTHORS), methods=["POST"]),)
