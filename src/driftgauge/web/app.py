"""The app: its routes, behind its guard."""

from collections.abc import Mapping
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from driftgauge.clients.identity import Provider
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.web.pages import STATIC, House, Visit, environment, new_visitor
from driftgauge.web.routes import (
    authoring,
    desk,
    entry,
    journal,
    lead,
    leaving,
    reviewing,
    settings,
    sign_in,
    sitting,
    trying,
    welcome,
)
from driftgauge.web.security import Guard
from driftgauge.web.words import LANGUAGES

_CODES: Final = {404: "unknown", 405: "bad_body"}


def create_app(
    serving: Serving,
    writer: Writer,
    *,
    base_url: str | None = None,
    doors: Mapping[str, tuple[str, str]] | None = None,
    provider: Provider | None = None,
) -> ASGIApp:
    """Return the app.

    Parameters
    ----------
    serving
        The study and its store.
    writer
        Takes what raters submit; it has begun.
    base_url
        Where people reach the app, such as ``https://rate.example.org``; null for wherever they say they do.
    doors
        Of a demonstration alone: what stands in a link, to a login and its password.
    provider
        At which people may sign in; null where the study declares none.
    """
    for language in LANGUAGES:
        environment(language)
    app = Starlette(
        routes=[
            Route("/health", _health, methods=["GET"]),
            Mount("/static", StaticFiles(directory=STATIC)),
            *entry.ROUTES,
            *sign_in.ROUTES,
            *welcome.ROUTES,
            *sitting.ROUTES,
            *settings.ROUTES,
            *leaving.ROUTES,
            *desk.ROUTES,
            *journal.ROUTES,
            *lead.ROUTES,
            *authoring.ROUTES,
            *trying.ROUTES,
            *reviewing.ROUTES,
        ],
        exception_handlers={HTTPException: _not_there, Exception: _broken},
    )
    house = House(serving, writer, base_url, doors or {}, provider)
    app.state.house = house
    return Guard(app, lambda request, refusal: _stranger(house, request).refused(refusal), base_url)


def _health(_: Request) -> Response:
    return PlainTextResponse("ok")


def _stranger(house: House, request: Request) -> Visit:
    return Visit(house, request, None, new_visitor())


async def _not_there(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    refusal = Refused(status, _CODES.get(status, "bad_body"), "there is no such page")
    return _stranger(request.app.state.house, request).refused(refusal)


async def _broken(request: Request, _: Exception) -> Response:
    return _stranger(request.app.state.house, request).refused(Refused(500, "trouble", "a mistake of the app"))
