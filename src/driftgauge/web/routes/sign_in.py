"""To the provider that a study declares, and back."""

import logging
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from driftgauge.clients.identity import NotProven, Provider, sign_in_address, subject_of
from driftgauge.pipeline.rating import sign_in
from driftgauge.pipeline.rating.sign_in import BACK, ROUND_TRIP, Begun
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.web.asked import answering
from driftgauge.web.pages import Visit, log_in, set_cookie
from driftgauge.web.security import check_token, cookie_name

_LOG: Final = logging.getLogger("driftgauge.web")
_LONGEST: Final = 4_000
"""Characters of a code."""


async def leave(visit: Visit) -> Response:
    """Send somebody to the provider, by a link of one of our pages alone."""
    token = visit.request.path_params.get("token", "")
    provider = _provider(visit)
    try:
        check_token(visit.request.query_params.get("csrf"), visit.csrf)
    except Refused:
        return RedirectResponse(f"/join/{token}" if token else "/login", 303)
    begun = await run_in_threadpool(sign_in.begin, visit.house.serving, invitation=token)
    try:
        address = await sign_in_address(provider, begun.challenge)
    except NotProven as fault:
        raise _told(fault) from None
    answer = RedirectResponse(address, 303)
    seconds = int(ROUND_TRIP.total_seconds())
    set_cookie(answer, visit.request, name=_cookie(visit), value=begun.cookie, seconds=seconds)
    return answer


async def come_back(visit: Visit) -> Response:
    """Let in whom the provider names, if they have a seat or an invitation to one; it leads to the start and nowhere else."""
    provider, serving = _provider(visit), visit.house.serving
    said = visit.request.query_params
    kept = visit.request.cookies.get(_cookie(visit))
    begun = await run_in_threadpool(sign_in.returned, serving, cookie=kept, state=said.get("state", ""))
    if said.get("iss", provider.issuer) != provider.issuer:
        raise Refused(409, "sign_in_stale", "the answer is from another provider")
    subject = await _subject(visit, provider, begun)
    session = await run_in_threadpool(sign_in.enter, serving, begun, subject)
    answer = log_in(RedirectResponse("/", 303), visit.request, session)
    is_https = visit.request.url.scheme == "https"
    answer.delete_cookie(_cookie(visit), path="/", secure=is_https, httponly=True, samesite="lax")
    return answer


async def _subject(visit: Visit, provider: Provider, begun: Begun) -> sign_in.Subject:
    said = visit.request.query_params
    if fault := said.get("error"):
        raise _as_ours(fault)
    code = said.get("code", "")
    if not code or len(code) > _LONGEST:
        raise Refused(409, "sign_in_stale", "the provider sent no code")
    now = visit.house.serving.now()
    try:
        return await subject_of(provider, begun.challenge, code=code, said_issuer=said.get("iss"), now=now)
    except NotProven as fault:
        raise _told(fault) from None


def _as_ours(fault: str) -> Refused:
    """Return what the pages make of an error that a provider sends back (RFC 6749, 4.1.2.1)."""
    if fault == "access_denied":
        return Refused(403, "sign_in_cancelled", "they did not go through with it")
    away = fault in {"server_error", "temporarily_unavailable"}
    return _told(NotProven("provider_away" if away else "provider_refused", "the provider sent them back with an error"))


def _told(fault: NotProven) -> Refused:
    _LOG.warning("sign-in: %s", fault.message)
    return sign_in.refusal_of(fault)


def _provider(visit: Visit) -> Provider:
    if visit.house.provider is None:
        raise Refused(404, "unknown", "the study declares no provider")
    return visit.house.provider


def _cookie(visit: Visit) -> str:
    return f"{cookie_name(visit.request)}-sign-in"


ROUTES: Final = (
    Route("/sign-in", answering(leave, roles=None), methods=["GET"]),
    Route("/join/{token}/sign-in", answering(leave, roles=None), methods=["GET"]),
    Route(BACK, answering(come_back, roles=None), methods=["GET"]),
)
