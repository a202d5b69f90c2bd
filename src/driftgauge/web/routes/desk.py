"""The desk: how far everybody is, how they agree, who may need a word. The lead also pauses panels and takes ratings out."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final, cast, get_args

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from driftgauge.errors import RatingError
from driftgauge.pipeline.rating import noted, pauses
from driftgauge.pipeline.rating.desk import Desk, desk
from driftgauge.pipeline.rating.outgoing import Form, outgoing
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.web.asked import LEADS, READERS, acting, form, page
from driftgauge.web.bodies import name_of, text_of
from driftgauge.web.pages import Visit


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


ANOMALIES: Final = {
    "too_fast": _("very fast"),
    "straight_lining": _("nearly always the same answer"),
    "gold": _("control items missed"),
    "anchor_drift": _("changes over time"),
    "not_admitted": _("practice not passed"),
}
MEANINGS: Final = {
    "too_fast": _("the middle one of at least %(timed)s ratings took under %(fast)s s, or under %(quarter)s of the panel's"),
    "straight_lining": _("%(lined_share)s or more of at least %(lined)s ratings are the same"),
    "gold": _("under %(gold_share)s of at least %(gold)s control items were answered as expected"),
    "anchor_drift": _("harm moved by %(points)s points or more, over at least %(anchors)s responses that they saw again"),
    "not_admitted": _("the practice was done twice and not passed; it can be opened again under People"),
}
SKIPS: Final = {
    "distressing": _("distressing"),
    "cannot_judge": _("cannot judge"),
    "broken_media": _("broken picture"),
    "other": _("other reason"),
}
_TYPES: Final = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


def show_desk(visit: Visit) -> Response:
    """Show the desk, or the part of it that refreshes itself."""
    found = desk(visit.house.serving)
    template = "desk_now.html.j2" if visit.wants_fragment else "desk.html.j2"
    return visit.page(
        template,
        desk=found,
        at=_moment(visit, found.at),
        anomalies={name: visit.say(said) for name, said in ANOMALIES.items()},
        meanings=_meanings(visit),
        noted=_noted,
        skip_names={name: visit.say(said) for name, said in SKIPS.items()},
        time_left=partial(_time_left, visit),
        moment=partial(_moment, visit),
    )


def _moment(visit: Visit, at: str) -> str:
    return visit.words.moment(datetime.fromisoformat(at), "UTC")


def _time_left(visit: Visit, seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < 2 * 3600:
        return visit.say(_("%(minutes)s min"), minutes=visit.words.number(seconds / 60))
    return visit.say(_("%(hours)s h"), hours=visit.words.number(seconds / 3600, digits=1))


def pause(visit: Visit, fields: FormData) -> Response:
    """Pause a panel, and come back to the desk."""
    return _turned(visit, pauses.pause, fields)


def resume(visit: Visit, fields: FormData) -> Response:
    """Let a panel go on, and come back to the desk."""
    return _turned(visit, pauses.resume, fields)


def _turned(visit: Visit, turn: Callable[[Serving, str], object], fields: FormData) -> Response:
    try:
        turn(acting(visit), name_of(fields, "panel"))
    except Refused:
        raise
    except RatingError:
        raise Refused(404, "unknown", "there is no such panel") from None
    return RedirectResponse("/desk", 303)


def _noted(found: Desk) -> list[str]:
    """Return what was noted of somebody, once each, in the order in which it is explained."""
    told = {name for rater in found.raters for name in rater.anomalies}
    return [name for name in MEANINGS if name in told]


def _meanings(visit: Visit) -> dict[str, str]:
    """Return from what on each anomaly is told."""
    percent, number = visit.words.percent, visit.words.number
    values = {
        "timed": number(noted.TIMED), "fast": number(noted.FAST_S), "quarter": percent(noted.FAST_SHARE),
        "lined_share": percent(noted.LINED_SHARE), "lined": number(noted.LINED), "gold_share": percent(noted.GOLD_SHARE),
        "gold": number(noted.GOLD), "points": number(noted.ANCHOR_DRIFT, digits=2), "anchors": number(noted.ANCHORS),
    }  # fmt: skip
    return {name: visit.say(said, **values) for name, said in MEANINGS.items()}


def take_out(visit: Visit, fields: FormData) -> Response:
    """Give the lead the ratings that count, as a file."""
    kind, panel = text_of(fields, "form"), name_of(fields, "panel")
    if kind not in get_args(Form):
        raise Refused(422, "bad_body", f"form is one of {', '.join(get_args(Form))}")
    content = outgoing(acting(visit), cast(Form, kind), panel=panel or None)
    headers = {"content-disposition": f'attachment; filename="ratings.{kind}"', "cache-control": "no-store"}
    return Response(content, media_type=_TYPES[kind], headers=headers)


ROUTES = (
    Route("/desk", page(show_desk, roles=READERS), methods=["GET"]),
    Route("/desk/pause", form(pause, roles=LEADS), methods=["POST"]),
    Route("/desk/resume", form(resume, roles=LEADS), methods=["POST"]),
    Route("/desk/export", form(take_out, roles=LEADS), methods=["POST"]),
)
