"""Coming and going: an invitation, a login, a farewell."""

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from driftgauge.pipeline.rating import people
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.web.asked import EVERYBODY, form, go, known, page
from driftgauge.web.bodies import text_of
from driftgauge.web.pages import Visit, log_in, logged_out, typed
from driftgauge.web.sentences import sentence_of

_HOME = {"rater": "/rate", "lead": "/desk", "viewer": "/desk", "author": "/scenarios"}


def start(visit: Visit) -> Response:
    """Send everybody to where they work."""
    return go(visit, _HOME[visit.who.role] if visit.who else "/login")


def show_login(visit: Visit) -> Response:
    """Show the form of a login."""
    asked = visit.request.query_params
    return visit.page("login.html.j2", farewell="bye" in asked, left="left" in asked)


def take_login(visit: Visit, fields: FormData) -> Response:
    """Log somebody in, or say why not and keep what was typed but the password."""
    login = text_of(fields, "login")
    client = visit.request.client.host if visit.request.client else ""
    try:
        cookie = people.log_in(visit.house.serving, login=login, password=text_of(fields, "password"), client=client)
    except Refused as refusal:
        notice = visit.say(sentence_of(refusal))
        return visit.page(
            "login.html.j2",
            status=refusal.status,
            notice=notice,
            farewell=False,
            left=False,
            typed=typed({"login": login[:200]}),
        )
    return log_in(RedirectResponse("/", 303), visit.request, cookie)


def log_out(visit: Visit, _: FormData) -> Response:
    """End a session."""
    people.log_out(visit.house.serving, known(visit))
    return logged_out(visit, "/login?bye=1")


def show_invitation(visit: Visit) -> Response:
    """Show what an invitation is for."""
    found = people.invited(visit.house.serving, visit.request.path_params["token"])
    return visit.page("join.html.j2", role=found.role)


def take_invitation(visit: Visit, fields: FormData) -> Response:
    """Make an account, and log its owner in."""
    token = visit.request.path_params["token"]
    login = text_of(fields, "login")
    try:
        cookie = people.join(visit.house.serving, token, login=login, password=text_of(fields, "password"))
    except Refused as refusal:
        if refusal.status not in {409, 422}:
            raise
        role = people.invited(visit.house.serving, token).role
        values = typed({"login": login[:64]})
        return visit.page(
            "join.html.j2", status=refusal.status, notice=visit.say(sentence_of(refusal)), role=role, typed=values
        )
    return log_in(RedirectResponse("/", 303), visit.request, cookie)


def open_door(visit: Visit) -> Response:
    """Log in by a link; only a demonstration has any."""
    found = visit.house.doors.get(visit.request.path_params["door"])
    if found is None:
        raise Refused(404, "unknown", "there is no such page")
    login, password = found
    cookie = people.log_in(visit.house.serving, login=login, password=password, client="demo")
    return log_in(RedirectResponse("/", 303), visit.request, cookie)


ROUTES = (
    Route("/", page(start, roles=None), methods=["GET"]),
    Route("/login", page(show_login, roles=None), methods=["GET"]),
    Route("/login", form(take_login, roles=None), methods=["POST"]),
    Route("/logout", form(log_out, roles=EVERYBODY), methods=["POST"]),
    Route("/join/{token}", page(show_invitation, roles=None), methods=["GET"]),
    Route("/join/{token}", form(take_invitation, roles=None), methods=["POST"]),
    Route("/enter/{door}", page(open_door, roles=None), methods=["GET"]),
)
