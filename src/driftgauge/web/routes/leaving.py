"""Stopping for good: a rater for themselves, or the lead for one who asked."""

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from driftgauge.pipeline.rating.sitting import rater_of
from driftgauge.pipeline.rating.withdrawals import what_becomes, withdraw
from driftgauge.web.asked import LEADS, RATERS, acting, form, known, page
from driftgauge.web.bodies import name_of, text_of
from driftgauge.web.pages import Visit, logged_out


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


def show_own(visit: Visit) -> Response:
    """Tell a rater what becomes of their login and their data."""
    return _shown(visit, rater_of(known(visit)))


def take_own(visit: Visit, fields: FormData) -> Response:
    """Let a rater stop, and say goodbye."""
    rater = rater_of(known(visit))
    if text_of(fields, "agree") != "1":
        return _asked_again(visit, rater)
    withdraw(acting(visit), rater, asked_by="rater")
    return logged_out(visit, "/login?left=1")


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
    data = what_becomes(visit.house.serving, rater)
    return visit.page("withdraw.html.j2", status=status, notice=notice, rater=rater, data=data)


def _asked_again(visit: Visit, rater: str) -> Response:
    return _shown(visit, rater, status=422, notice=visit.say(_("Please tick that this is what is wanted.")))


ROUTES = (
    Route("/withdraw", page(show_own, roles=RATERS), methods=["GET"]),
    Route("/withdraw", form(take_own, roles=RATERS), methods=["POST"]),
    Route("/people/withdraw", page(show_other, roles=LEADS), methods=["GET"]),
    Route("/people/withdraw", form(take_other, roles=LEADS), methods=["POST"]),
)
