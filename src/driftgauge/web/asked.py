"""From a request to what answers it: who asks, whether they may, and what becomes of a refusal."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, cast

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from driftgauge.errors import DriftgaugeError
from driftgauge.pipeline.rating.people import who
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.steps import Refused, Role, Who
from driftgauge.pipeline.rating.trail import ACCOUNT
from driftgauge.web.bodies import form_of, is_name, text_of
from driftgauge.web.pages import House, Visit, new_visitor
from driftgauge.web.security import check_token, cookie_name, visitor_name

Endpoint = Callable[[Request], Awaitable[Response]]
EVERYBODY: Final[tuple[Role, ...]] = ("lead", "author", "rater", "viewer")
RATERS: Final[tuple[Role, ...]] = ("rater",)
AUTHORS: Final[tuple[Role, ...]] = ("author",)
REVIEWERS: Final[tuple[Role, ...]] = ("author", "lead")
WORKERS: Final[tuple[Role, ...]] = ("rater", "author")
"""Who sees what can weigh on them, and consents before."""
READERS: Final[tuple[Role, ...]] = ("lead", "viewer")
LEADS: Final[tuple[Role, ...]] = ("lead",)
_LOG: Final = logging.getLogger("driftgauge.web")


def visit_of(request: Request) -> Visit:
    """Return who asks; it looks into the store."""
    house = cast(House, request.app.state.house)
    found = who(house.serving, request.cookies.get(cookie_name(request)))
    return Visit(house, request, found, request.cookies.get(visitor_name(request)) or new_visitor())


def answering(answer: Callable[[Visit], Awaitable[Response]], *, roles: tuple[Role, ...] | None) -> Endpoint:
    """Return an endpoint: only for these roles (null for whoever comes), every refusal in plain words."""

    async def endpoint(request: Request) -> Response:
        visit = Visit(cast(House, request.app.state.house), request, None, new_visitor())
        try:
            visit = await run_in_threadpool(visit_of, request)
            if roles is not None and not visit.who and _reads(visit):
                return RedirectResponse("/login", 303)
            may(visit, roles)
            _named(request)
            return await answer(visit)
        except Refused as refusal:
            return visit.refused(refusal)
        except DriftgaugeError as error:
            _LOG.error("%s: %s", type(error).__name__, error)
            return visit.refused(Refused(503, "trouble", "the store could not be used"))

    return endpoint


def _named(request: Request) -> None:
    if not all(is_name(str(each)) for each in request.path_params.values()):
        raise Refused(404, "unknown", "an address with characters that no name has")


def page(answer: Callable[[Visit], Response], *, roles: tuple[Role, ...] | None) -> Endpoint:
    """Return an endpoint that shows something."""

    async def shown(visit: Visit) -> Response:
        return await run_in_threadpool(answer, visit)

    return answering(shown, roles=roles)


def form(answer: Callable[[Visit, FormData], Response], *, roles: tuple[Role, ...] | None) -> Endpoint:
    """Return an endpoint that takes a form of ours."""

    async def taken(visit: Visit) -> Response:
        fields = await form_of(visit.request)
        check_token(text_of(fields, "csrf") or visit.request.headers.get("x-csrf-token"), visit.csrf)
        return await run_in_threadpool(answer, visit, fields)

    return answering(taken, roles=roles)


def known(visit: Visit) -> Who:
    """Return who is logged in.

    Raises
    ------
    Refused
        401, when nobody is.
    """
    if visit.who is None:
        raise Refused(401, "log_in", "nobody is logged in")
    return visit.who


def acting(visit: Visit) -> Serving:
    """Return what serves, with whoever asks as the one who stands in the journal: by their account, never by their login."""
    serving = visit.house.serving
    return replace(serving, author=replace(serving.author, who=f"{ACCOUNT}{known(visit).account}"))


def may(visit: Visit, roles: tuple[Role, ...] | None) -> None:
    """Refuse whoever has none of these roles."""
    if roles is not None and known(visit).role not in roles:
        raise Refused(403, "not_allowed", f"this is for {', '.join(roles)}")


def go(visit: Visit, address: str) -> Response:
    """Send a browser to another page of ours."""
    if visit.wants_fragment:
        return Response(status_code=200, headers={"hx-redirect": address})
    return RedirectResponse(address, 303)


def _reads(visit: Visit) -> bool:
    return visit.request.method in {"GET", "HEAD"} and not visit.wants_fragment and not visit.wants_json


def number_of(value: Any, *, otherwise: int) -> int:
    """Return a whole number that a form holds as text."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else otherwise
