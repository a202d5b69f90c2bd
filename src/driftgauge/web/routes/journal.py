"""The journal: who did what, when, and with how much of what, the newest first. Lead and viewer see it; no text is in it."""

from datetime import datetime
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from driftgauge.pipeline.rating.trail import Line, trail
from driftgauge.web.asked import READERS, known, page
from driftgauge.web.pages import Visit


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


VERBS: Final = {
    "create": _("store made"), "upgrade": _("store brought up to a newer version"), "import": _("ratings imported"),
    "detect": _("refusals detected"), "collect": _("collection begun"), "collected": _("collection ended"),
    "protocol": _("protocol fixed"), "assign": _("assignments drawn"), "rate": _("rating app started"),
    "invite": _("invited"), "revoke": _("invitation taken back"), "disable": _("account closed"),
    "recalibrate": _("practice opened again"), "pause": _("panel paused"), "resume": _("panel resumed"),
    "withdraw": _("stopped taking part"), "erase": _("erased"), "export": _("taken out"), "measure": _("measured"),
    "try": _("prompt tried against a release"), "tried": _("try ended"),
}  # fmt: skip
"""A verb that is not here stands as it is."""
COUNTS: Final = {
    "ratings": _("ratings"), "revised": _("corrected"), "responses": _("responses"), "scenarios": _("scenarios"),
    "prompts": _("prompts"), "assignments": _("assignments"), "seats": _("seats"), "exercises": _("exercises"),
    "pictures": _("pictures"), "raters": _("raters"), "estimates": _("estimates"), "findings": _("findings"),
    "invitations": _("invitations"), "missing": _("missing"), "rater": _("raters"), "lead": _("leads"), "viewer": _("viewers"),
    "author": _("authors"), "tokens": _("tokens"),
}  # fmt: skip
"""A count that is not here is not shown: some are by release."""
DETAILS: Final = {
    "panel": _("panel"), "rater": _("seat"), "of": _("of"), "data": _("ratings"), "wrote": _("scenarios"),
    "asked_by": _("asked by"), "version": _("version"), "seed": _("seed"), "from": _("from"), "to": _("to"),
}  # fmt: skip
CHOICES: Final = {
    "keep": _("kept"), "erase": _("erased"), "rater": _("rater"), "lead": _("lead"), "author": _("author"),
    "viewer": _("viewer"), "response": _("response"),
}  # fmt: skip
ROLES: Final = {"lead": _("a lead"), "rater": _("a rater"), "viewer": _("a viewer"), "author": _("an author")}
_NEWEST: Final = 2**62


def show(visit: Visit) -> Response:
    """Show a page of the journal."""
    found = trail(visit.house.serving, before=_before(visit))
    lines = [_worded(visit, line) for line in found.lines]
    return visit.page("journal.html.j2", lines=lines, older=found.older, is_newest=_before(visit) is None)


def _before(visit: Visit) -> int | None:
    text = visit.request.query_params.get("before", "")
    return min(int(text), _NEWEST) if text.isascii() and text.isdecimal() and len(text) < 20 else None


def _worded(visit: Visit, line: Line) -> dict[str, Any]:
    verb, detail = VERBS.get(line.verb), [(DETAILS[name], name, value) for name, value in line.detail.items()]
    return {
        "entry": line.entry,
        "at": visit.words.moment(datetime.fromisoformat(line.at), "UTC"),
        "who": _who(visit, line),
        "what": visit.say(verb) if verb else line.verb,
        "counts": [
            f"{visit.say(COUNTS[name])}: {visit.words.number(count)}" for name, count in line.counts.items() if name in COUNTS
        ],
        "detail": [f"{visit.say(title)} {_value(visit, name, value)}" for title, name, value in detail],
    }


def _value(visit: Visit, name: str, value: str) -> str:
    if name in {"data", "wrote", "of", "asked_by"} and value in CHOICES:
        return visit.say(CHOICES[value])
    return value[:9] if name == "rater" else value


def _who(visit: Visit, line: Line) -> str:
    """Return who it was: to a lead the login of a lead and the account of the command line, to a viewer neither."""
    if line.role is None:
        command = visit.say(_("command line"))
        return f"{line.name} ({command})" if known(visit).role == "lead" else command
    role = visit.say(ROLES.get(line.role, line.role))
    return f"{line.name} ({role})" if known(visit).role == "lead" and line.name else role


ROUTES = (Route("/journal", page(show, roles=READERS), methods=["GET"]),)
