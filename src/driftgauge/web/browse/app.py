"""The results browser as an app: who may come in by which link, its routes, and what every answer carries."""

import secrets
from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from driftgauge.errors import DriftgaugeError
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.report.figures import theme
from driftgauge.report.names import coded
from driftgauge.web.browse import answers
from driftgauge.web.browse.library import Library, Right
from driftgauge.web.pages import HERE, STATIC, medium_answer, set_cookie, static_address
from driftgauge.web.security import Guard

COOKIE: Final = "driftgauge-results"
_REPORTS: Final = "/report/"
_REPORT_POLICY: Final = "; ".join(
    (
        "sandbox allow-scripts allow-downloads", "default-src 'none'",
        "script-src 'unsafe-inline'", "style-src 'unsafe-inline'",
        "img-src data:", "font-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip
"""A report is a page of its own: it may run what is inside it, as its own policy allows, and reaches nothing of ours."""


def create_browser(library: Library) -> ASGIApp:
    """Return the app.

    Parameters
    ----------
    library
        What it shows, and to whom.
    """
    page = partial(_page, library)
    app = Starlette(
        routes=[
            Route("/enter/{token}", partial(_enter, library)),
            Route("/paints.css", _paints),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/", page(answers.overview)),
            Route("/m/{key}", page(answers.measurement)),
            Route("/m/{key}/drift/{estimate_id}", page(answers.drift)),
            Route("/m/{key}/scenario/{scenario:path}", page(answers.scenario, right="texts")),
            Route("/m/{key}/medium/{number:int}/{prompt:path}", page(answers.medium, right="texts")),
            Route("/report/{key}", page(answers.report)),
        ],
        exception_handlers={HTTPException: _unknown, Exception: _broken},
    )
    guarded = Guard(app, lambda _, refusal: _said(refusal.status, str(refusal)))
    reports = Guard(app, lambda _, refusal: _said(refusal.status, str(refusal)), policy=_REPORT_POLICY)

    async def by_kind(scope: Scope, receive: Receive, send: Send) -> None:
        is_report = scope["type"] == "http" and scope["path"].startswith(_REPORTS)
        await (reports if is_report else guarded)(scope, receive, send)

    return by_kind


def _page(library: Library, answer: Callable[..., answers.Answer], *, right: Right = "results") -> Any:
    """Return an endpoint for those who have a right; what it looks at is read in a thread."""

    async def endpoint(request: Request) -> Response:
        held = library.sessions.get(request.cookies.get(COOKIE, ""))
        if held is None:
            return _said(403, "Open the link that `driftgauge report serve` printed: it lets you in.")
        if right == "texts" and held != "texts":
            return _said(403, "Responses and ratings are shown to those alone who came in by the link for texts (--texts).")
        try:
            found = await run_in_threadpool(answer, library, request, sees_texts=held == "texts")
        except Refused as refusal:
            return _said(refusal.status, str(refusal))
        except DriftgaugeError as error:
            return _said(409, str(error))
        return _shown(found, sees_texts=held == "texts")

    return endpoint


def _shown(found: answers.Answer, *, sees_texts: bool) -> Response:
    if isinstance(found, answers.Medium):
        return medium_answer(found.data, found.media_type)
    if isinstance(found, answers.File):
        return FileResponse(found.path, media_type="text/html; charset=utf-8")
    return _rendered(found.template, 200, {**found.context, "sees_texts": sees_texts})


def _rendered(template: str, status: int, context: dict[str, Any]) -> HTMLResponse:
    return HTMLResponse(_templates().get_template(f"browse/{template}").render(static=static_address, **context), status)


def _said(status: int, message: str) -> Response:
    return _rendered("refused.html.j2", status, {"message": coded(message), "sees_texts": False})


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


async def _enter(library: Library, request: Request) -> Response:
    right = library.links.right(request.path_params["token"])
    if right is None:
        return _said(403, "This link lets nobody in. Copy the one that the command printed.")
    session = secrets.token_urlsafe(24)
    library.sessions[session] = right
    answer = RedirectResponse("/", 303)
    set_cookie(answer, request, name=COOKIE, value=session)
    return answer


async def _paints(_: Request) -> Response:
    """Return what repaints pictures on a dark page."""
    return PlainTextResponse(f"@media (prefers-color-scheme: dark) {{ {_dark()} }}", media_type="text/css")


def _dark() -> str:
    return " ".join(
        f'svg [{attribute}="{paint.light}"] {{ {attribute}: {paint.dark} }}'
        for paint in theme.PAINTS
        for attribute in ("fill", "stroke")
    )


async def _unknown(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _said(status, "There is no such page.")


async def _broken(_: Request, __: Exception) -> Response:
    return _said(500, "A mistake of the app. Please report it.")
