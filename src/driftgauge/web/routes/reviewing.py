"""The pages of a reviewer: what waits, one scenario to be read, and a verdict; for the lead, freezing the next version."""

from functools import partial
from secrets import token_urlsafe
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from driftgauge.errors import BenchmarkError, StudyError
from driftgauge.pipeline.authoring import reading, version, writing
from driftgauge.pipeline.authoring.reading import Shown, is_reviewing
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.rate.shown import as_written
from driftgauge.web.asked import AUTHORS, LEADS, REVIEWERS, form, known, number_of, page
from driftgauge.web.bodies import text_of
from driftgauge.web.pages import Visit
from driftgauge.web.routes.authoring import STATES, away, begun_of, moment_of
from driftgauge.web.sentences import sentence_of


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


_VERDICTS: Final = ("accepted", "sent_back", "left")


def show_all(visit: Visit, *, notice: str = "", done: str = "", status: int = 200) -> Response:
    """Show a lead everything that waits or is in review, and what can be frozen."""
    serving = visit.house.serving
    return visit.page(
        "authoring/reviews.html.j2",
        status=status,
        desk=reading.desk(serving, known(visit)),
        ready=version.ready(serving),
        states={name: visit.say(said) for name, said in STATES.items()},
        when=partial(moment_of, visit),
        notice=notice,
        done=done,
    )


def take_next(visit: Visit, _fields: FormData) -> Response:
    """Take the next scenario of somebody else for review."""
    resting = away(visit)
    if resting:
        return resting
    found = writing.take(visit.house.serving, known(visit))
    return RedirectResponse(f"/reviews/{found}" if found else "/scenarios", 303)


def show_one(visit: Visit) -> Response:
    """Show a scenario to its reviewer."""
    return away(visit) or shown(visit, _open(visit))


def _open(visit: Visit) -> Shown:
    """Return a scenario of somebody else that is under review.

    Raises
    ------
    Refused
        404 ``no_draft``, when there is none for this reviewer (any more).
    """
    who = known(visit)
    found = reading.show(visit.house.serving, who, visit.request.path_params["draft"])
    open_to = found.kept.state in {"waiting", "in_review", "accepted"} if who.role == "lead" else is_reviewing(found.kept, who)
    if not open_to:
        raise Refused(404, "no_draft", "there is no such scenario for this reviewer")
    return found


def shown(visit: Visit, found: Shown, *, note: str = "", refusal: Refused | None = None) -> Response:
    """Show a scenario with the form of a verdict, and why a verdict was not taken."""
    return visit.page(
        "authoring/review.html.j2",
        status=refusal.status if refusal else 200,
        notice=visit.say(sentence_of(refusal)) if refusal else "",
        found=found,
        draft=found.draft,
        as_written=as_written,
        note=note,
        form_key=token_urlsafe(18),
        begun=visit.house.serving.now().isoformat(),
    )


def take(visit: Visit, fields: FormData) -> Response:
    """Take a verdict."""
    draft, note, verdict = visit.request.path_params["draft"], text_of(fields, "note"), text_of(fields, "verdict")
    if verdict not in _VERDICTS:
        raise Refused(422, "bad_body", f"verdict is one of {', '.join(_VERDICTS)}")
    reviewed = writing.Reviewed(
        key=text_of(fields, "key"),
        draft=draft,
        revision=number_of(text_of(fields, "revision"), otherwise=0),
        verdict=verdict,
        note=note.replace("\r\n", "\n"),
        begun=begun_of(visit, fields),
    )
    try:
        writing.review(visit.house.serving, known(visit), reviewed)
    except Refused as refusal:
        if refusal.code not in {"note_missing", "bad_note", "break", "day_is_over", "in_benchmark"}:
            raise
        return shown(visit, _open(visit), note=note, refusal=refusal)
    return RedirectResponse("/reviews" if known(visit).role == "lead" else "/scenarios", 303)


def freeze(visit: Visit, _fields: FormData) -> Response:
    """Freeze the next version of the benchmark with every accepted scenario."""
    try:
        found = version.freeze_next(visit.house.serving, known(visit))
    except (BenchmarkError, StudyError) as error:
        return show_all(visit, notice=str(error), status=422)
    said = visit.say(
        _("Frozen as version %(version)s: %(count)s prompts. Root: %(root)s"),
        version=found.manifest.version,
        count=visit.words.number(found.manifest.counts["prompts"]),
        root=found.manifest.root,
    )
    return show_all(visit, done=said)


ROUTES = (
    Route("/reviews", page(show_all, roles=LEADS), methods=["GET"]),
    Route("/reviews/next", form(take_next, roles=AUTHORS), methods=["POST"]),
    Route("/reviews/freeze", form(freeze, roles=LEADS), methods=["POST"]),
    Route("/reviews/{draft}", page(show_one, roles=REVIEWERS), methods=["GET"]),
    Route("/reviews/{draft}", form(take, roles=REVIEWERS), methods=["POST"]),
)
