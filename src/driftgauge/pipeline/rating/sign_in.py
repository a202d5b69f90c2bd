"""Signing in at a provider: what is sent along and checked on the way back, and which account it opens."""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from driftgauge.clients import identity
from driftgauge.clients.identity import Challenge, NotProven, Provider, Subject
from driftgauge.errors import RatingError
from driftgauge.pipeline.rating import people
from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.store import accounts
from driftgauge.study import Study

SECRET: Final = "DRIFTGAUGE_OIDC_SECRET"
"""The environment variable with the secret that the provider gave to this app; a public client has none."""
BACK: Final = "/signed-in"
"""Where people come back to, below the address of the app; the provider has to know it."""
ROUND_TRIP: Final = timedelta(minutes=10)
"""How long somebody may be at the provider."""
_STATUSES: Final = {"provider_away": 503, "provider_refused": 502, "not_proven": 403}


@dataclass(frozen=True)
class Begun:
    """A sign-in that is on its way.

    Parameters
    ----------
    challenge
        What goes to the provider, and has to come back.
    invitation
        The token of the invitation whose seat is taken; empty for somebody who has one.
    cookie
        What their browser keeps meanwhile: signed, without nonce and verifier.
    """

    challenge: Challenge
    invitation: str = field(repr=False)
    cookie: str = field(repr=False)


def provider_of(study: Study, *, base_url: str | None) -> Provider | None:
    """Return the provider that a study declares, or null when it declares none; only then are the libraries imported.

    Parameters
    ----------
    study
        Whose secret is in the environment.
    base_url
        Where people reach the app.

    Raises
    ------
    RatingError
        When nobody said where people reach the app, or the extra is not installed.
    """
    declared = study.sign_in
    if declared is None:
        return None
    if not base_url:
        raise RatingError(
            "study.yaml declares `sign_in`, and nothing says where people come back to from there",
            remedy="Give --base-url https://rate.example.org (http://127.0.0.1:8000 to try it), and tell the provider the same "
            f"address with {BACK} behind it.",
        )
    identity.ready()
    back = f"{base_url.rstrip('/')}{BACK}"
    return Provider(declared.issuer, declared.client_id, back, secret=os.environ.get(SECRET) or None)


def begin(serving: Serving, *, invitation: str = "") -> Begun:
    """Begin a sign-in, for the seat of an invitation or into an account; nothing is written.

    Raises
    ------
    Refused
        As `people.invited` does.
    """
    if invitation:
        people.invited(serving, invitation)
    state = secrets.token_urlsafe(32)
    return _begun(serving, state, invitation, _signed(serving).dumps([state, invitation, text_of(serving.now())]))


def returned(serving: Serving, *, cookie: str | None, state: str) -> Begun:
    """Return the sign-in that somebody comes back from, once.

    Raises
    ------
    Refused
        409 ``sign_in_stale`` when this browser did not begin it, it took too long, or it came back before.
    """
    try:
        begun, invitation, at = _signed(serving).loads(cookie or "")
    except (BadData, ValueError):
        raise _stale("was not begun in this browser") from None
    if not hmac.compare_digest(begun.encode(), state.encode("utf-8", "surrogatepass")):
        raise _stale("is another one than this browser began last")
    if serving.now() - datetime.fromisoformat(at) > ROUND_TRIP:
        raise _stale("took too long")
    _spend(serving, begun)
    return _begun(serving, begun, invitation, cookie or "")


def enter(serving: Serving, begun: Begun, subject: Subject) -> str:
    """Log in whom a provider names, into their account or a new one on the seat of an invitation; return what the cookie holds.

    Raises
    ------
    Refused
        403 ``no_seat`` of somebody who has neither; 403 ``closed``; 409 ``has_account``; as `people.invited` does.
        Nothing is written then.
    """
    whom = {"issuer": subject.issuer, "subject": subject.subject}
    with serving.store.writing() as connection:
        found = accounts.find_identity(connection, **whom)
        if found and found.disabled_at:
            raise Refused(403, "closed", "the account is closed")
        if found and begun.invitation:
            raise Refused(409, "has_account", "who signed in has an account already; the invitation is still open")
        if found:
            return people.begin(serving, connection, found.account)
        if not begun.invitation:
            raise Refused(403, "no_seat", "who signed in has no account here")
        login = f"id-{secrets.token_hex(6)}"
        account = people.take_seat(serving, connection, begun.invitation, login=login)
        accounts.add_identity(connection, **whom, account=account, at=text_of(serving.now()))
        return people.begin(serving, connection, account)


def refusal_of(fault: NotProven) -> Refused:
    """Return what the pages make of a provider that proved nothing."""
    return Refused(_STATUSES[fault.code], fault.code, fault.message)


def _stale(what: str) -> Refused:
    return Refused(409, "sign_in_stale", f"the sign-in {what}")


def _begun(serving: Serving, state: str, invitation: str, cookie: str) -> Begun:
    """Return a sign-in whose nonce and verifier rest on our secret, so that nobody has to keep them."""
    nonce, verifier = (_drawn(serving, f"sign-in:{each}:{state}") for each in ("nonce", "verifier"))
    return Begun(Challenge(state, nonce, verifier), invitation, cookie)


def _drawn(serving: Serving, text: str) -> str:
    return hmac.new(serving.secret, text.encode(), hashlib.sha256).hexdigest()


def _signed(serving: Serving) -> URLSafeSerializer:
    how = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(serving.secret, salt="driftgauge.sign-in", signer_kwargs=how)


def _spend(serving: Serving, state: str) -> None:
    """Let a sign-in come back once: the writers of a store take turns, so two at once cannot both."""
    once = _drawn(serving, f"tries:sign-in:{state}")
    now = serving.now()
    since = text_of(now - ROUND_TRIP)
    with serving.store.writing() as connection:
        if accounts.count_tries(connection, [once], since=since).get(once):
            raise _stale("came back before")
        accounts.add_tries(connection, [once], at=text_of(now), forget_before=text_of(now - max(ROUND_TRIP, people.WINDOW)))
