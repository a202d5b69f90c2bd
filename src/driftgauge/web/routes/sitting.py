"""The sitting of a rater: what is shown, what is taken, breaks, and pictures."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from secrets import token_urlsafe
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from driftgauge.pipeline.rating import sitting
from driftgauge.pipeline.rating.steps import Refused, Sent, Step, Taken
from driftgauge.web.asked import EVERYBODY, RATERS, answering, form, go, known, page
from driftgauge.web.bodies import rating_of
from driftgauge.web.pages import Visit, medium_answer, typed
from driftgauge.web.scale import choices, feedback_of, skipping
from driftgauge.web.security import check_token
from driftgauge.web.sentences import sentence_of


def show(visit: Visit) -> Response:
    """Show what comes next, or again the last one."""
    who = known(visit)
    back = visit.request.query_params.get("back") == "1"
    revising = sitting.last_assignment(visit.house.serving, who) if back else None
    return shown(visit, sitting.step(visit.house.serving, who, revising=revising))


def shown(
    visit: Visit, step: Step, *, status: int = 200, notice: str = "", values: Mapping[str, str] | None = None
) -> Response:
    """Return a step as a page, a fragment or JSON."""
    form_key = token_urlsafe(18)
    if visit.wants_json:
        return JSONResponse(_as_json(step, form_key=form_key, csrf=visit.csrf))
    if step.place == "consent":
        return go(visit, "/consent")
    template = "screen.html.j2" if visit.wants_fragment else "sitting.html.j2"
    return visit.page(
        template,
        status=status,
        step=step,
        form_key=form_key,
        notice=notice,
        typed=typed(values or {}),
        **_around(visit, step, values or {}),
    )


def _around(visit: Visit, step: Step, values: Mapping[str, str]) -> dict[str, Any]:
    every = visit.house.serving.study.protocol.wellbeing.break_every
    left = (step.until - visit.house.serving.now()).total_seconds() if step.until else 0
    return {
        "choices": choices(visit, values),
        "skipping": skipping(visit),
        "to_break": max(0, every - step.standing.since_break),
        "seconds": max(0, int(left)),
        "feedback": feedback_of(visit, step.feedback),
    }


def _as_json(step: Step, *, form_key: str, csrf: str) -> dict[str, Any]:
    return {
        "place": step.place,
        "standing": asdict(step.standing),
        "until": step.until.isoformat() if step.until else None,
        "can_undo": step.can_undo,
        "item": asdict(step.item) if step.item else None,
        "feedback": step.feedback,
        "key": form_key,
        "csrf": csrf,
    }


async def take(visit: Visit) -> Response:
    """Take a rating or a skip: it is on disk before anything is answered."""
    who = known(visit)
    body = await rating_of(visit.request)
    check_token(body.csrf, visit.csrf)
    try:
        taken = await asyncio.wrap_future(visit.house.writer.submit(who, body.sent))
    except Refused as refusal:
        if visit.wants_fragment or visit.wants_json:
            raise
        return await run_in_threadpool(_again, visit, body.sent, refusal)
    if not (visit.wants_fragment or visit.wants_json):
        return RedirectResponse("/rate", 303)
    step = taken.next or await run_in_threadpool(sitting.step, visit.house.serving, who)
    return _after(visit, taken, step)


def _after(visit: Visit, taken: Taken, step: Step) -> Response:
    """Say what was taken and what comes next; it looks into no store, and waits for nothing."""
    if visit.wants_json:
        said = {"assignment": taken.assignment, "revision": taken.revision, "again": taken.again}
        return JSONResponse({"taken": said, "next": _as_json(step, form_key=token_urlsafe(18), csrf=visit.csrf)})
    return shown(visit, step)


def _again(visit: Visit, sent: Sent, refusal: Refused) -> Response:
    """Show the form again as it was, and what happened, to somebody whose browser runs no scripts."""
    step = sitting.step(visit.house.serving, known(visit))
    if not step.item or step.item.assignment != sent.assignment:
        raise refusal
    values = {
        "harm": "" if sent.harm is None else str(sent.harm),
        "success": "" if sent.success is None else str(int(sent.success)),
        "refusal": str(int(sent.refusal)),
        "comment": sent.comment,
    }
    return shown(visit, step, status=refusal.status, notice=visit.say(sentence_of(refusal)), values=values)


def rest(visit: Visit, _: FormData) -> Response:
    """Begin a break."""
    sitting.start_break(visit.house.serving, known(visit))
    return _onwards(visit)


def carry_on(visit: Visit, _: FormData) -> Response:
    """Go on without a break, or after one."""
    sitting.carry_on(visit.house.serving, known(visit))
    return _onwards(visit)


def understood(visit: Visit, _: FormData) -> Response:
    """Go on after feedback."""
    sitting.seen_feedback(visit.house.serving, known(visit))
    return _onwards(visit)


def _onwards(visit: Visit) -> Response:
    if visit.wants_fragment or visit.wants_json:
        return shown(visit, sitting.step(visit.house.serving, known(visit)))
    return RedirectResponse("/rate", 303)


def medium(visit: Visit) -> Response:
    """Return a picture or recording of an item."""
    content, kind = sitting.medium(visit.house.serving, known(visit), visit.request.path_params["picture"])
    return medium_answer(content, kind)


ROUTES = (
    Route("/rate", page(show, roles=RATERS), methods=["GET"]),
    Route("/ratings", answering(take, roles=RATERS), methods=["POST"]),
    Route("/break", form(rest, roles=RATERS), methods=["POST"]),
    Route("/carry-on", form(carry_on, roles=RATERS), methods=["POST"]),
    Route("/understood", form(understood, roles=RATERS), methods=["POST"]),
    Route("/media/{picture}", page(medium, roles=EVERYBODY), methods=["GET"]),
)
