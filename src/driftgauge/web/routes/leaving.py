"""Stopping for good: a rater or an author for themselves, or the lead for a rater who asked."""

import logging
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from driftgauge.pipeline.rating import closing
from driftgauge.pipeline.rating.sitting import rater_of
from driftgauge.pipeline.rating.withdrawals import what_becomes, withdraw
from driftgauge.web.asked import LEADS, WORKERS, acting, form, known, page
from driftgauge.web.bodies import name_of, text_of
from driftgauge.web.pages import Visit, logged_out

_LOG: Final = logging.getLogger("driftgauge.web")


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


def show_own(visit: Visit) -> Response:
    """Tell a rater or an author what becomes of their login and their data."""
    return _shown(visit, _own_seat(visit))


def take_own(visit: Visit, fields: FormData) -> Response:
    """Let a rater or an author stop, and say goodbye."""
    rater = _own_seat(visit)
    if text_of(fields, "agree") != "1":
        return _asked_again(visit, rater)
    if rater:
        withdraw(acting(visit), rater, asked_by="rater")
    else:
        _say_left(closing.leave(acting(visit), known(visit)).pictures)
    return logged_out(visit, "/login?left=1")


def _own_seat(visit: Visit) -> str:
    """Return the seat of a rater; an author has none."""
    return "" if known(visit).role == "author" else rater_of(known(visit))


def _say_left(pictures: tuple[str, ...]) -> None:
    """Tell whoever runs the server which files an erasure does not reach."""
    for each in pictures:
        _LOG.info("an author was erased; their picture %s stays among the media, remove it by hand", each)


def show_other(visit: Visit) -> Response:
    """Tell the lead what becomes of the login and the data of a rater."""
    return _shown(visit, visit.request.query_params.get("rater", "")[:200])


def take_other(visit: Visit, fields: FormData) -> Response:
    """Let a rater stop, who asked the lead for it."""
    rater = name_of(fields, "rater")
    if text_of(fields, "agree") != "1":
        return _asked_again(visit, rater)
    withdraw(acting(visit), rater, asked_by="lead")
    return RedirectResponse("/people", 303)


def _shown(visit: Visit, rater: str, *, status: int = 200, notice: str = "") -> Response:
    serving = visit.house.serving
    who = known(visit)
    data = closing.what_becomes(serving, who.account) if who.role == "author" else what_becomes(serving, rater)
    return visit.page("withdraw.html.j2", status=status, notice=notice, rater=rater, data=data)


def _asked_again(visit: Visit, rater: str) -> Response:
    return _shown(visit, rater, status=422, notice=visit.say(_("Please tick that this is what is wanted.")))


ROUTES = (
    Route("/withdraw", page(show_own, roles=WORKERS), methods=["GET"]),
    Route("/withdraw", form(take_own, roles=WORKERS), methods=["POST"]),
    Route("/people/withdraw", page(show_other, roles=LEADS), methods=["GET"]),
    Route("/people/withdraw", form(take_other, roles=LEADS), methods=["POST"]),
)
