"""Who comes: invitations, accounts, passwords, sessions, and what people set for themselves."""

import hashlib
import hmac
import json
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import Any, Final, cast, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadSignature, Signer

from driftgauge.errors import RatingError
from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.pipeline.rating.steps import Pictures, Preferences, Refused, Role, Who
from driftgauge.store import accounts, journal
from driftgauge.store.database import Connection

SESSION: Final = timedelta(hours=12)
"""How long somebody stays logged in."""
WINDOW: Final = timedelta(minutes=15)
"""Over which tries to log in are counted."""
MOST_OF_LOGIN: Final = 10
MOST_OF_CLIENT: Final = 100
"""Tries in the window: with one login, and from one address, behind which a whole panel may sit."""
PASSWORD: Final = (10, 200)
"""The fewest and the most characters."""
_LOGIN: Final = re.compile(r"[\w.@+-]{3,64}")
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # 19 MiB, as OWASP has it for small servers
_AT_ONCE: Final = BoundedSemaphore(2)  # each takes 19 MiB while it works
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$uDQyyqKrWu3EQ8SIUHAGaOZpcQyDhaSWpxJTb2gEtBM"
"""What the password of an unknown login is compared with, so that it takes as long as any other."""
_OWN: Final = "app"
"""The key of the preferences that the app keeps its own notes of a rater under."""


@dataclass(frozen=True)
class Invited:
    """An invitation.

    Parameters
    ----------
    link_path
        ``/join/<token>``: signed, for one use.
    role, rater, panel
        What it is for; a rater's has the seat.
    expires_at
        UTC.
    """

    link_path: str
    role: Role
    rater: str | None
    panel: str | None
    expires_at: datetime


def invite(serving: Serving, *, role: Role, panel: str | None = None, count: int = 1, days: int = 14) -> list[Invited]:
    """Make invitations: of raters, to the seats of a panel that have neither account nor open invitation.

    Parameters
    ----------
    serving
        The study.
    role
        Of the account that it becomes.
    panel
        Whose seats, for raters.
    count
        How many.
    days
        How long they can be used.

    Raises
    ------
    RatingError
        When the panel has fewer free seats.
    """
    if not 1 <= days <= 365 or count < 1:
        raise RatingError(f"{count} invitations for {days} days", remedy="Give a count of 1 or more, and 1 to 365 days.")
    now = serving.now()
    with serving.store.writing() as connection:
        seats = _seats(connection, panel, count=count, now=now) if role == "rater" else [None] * count
        names = [secrets.token_urlsafe(16) for _ in seats]
        expires = now + timedelta(days=days)
        entry = journal.append(connection, serving.author, "invite", counts={role: count}, detail={"panel": panel})
        rows = [
            {"invitation": name, "role": role, "rater": seat, "expires_at": text_of(expires)}
            for name, seat in zip(names, seats, strict=True)
        ]
        accounts.add_invitations(connection, rows, entry=entry)
    paths = [f"/join/{_signer(serving).sign(name).decode()}" for name in names]
    of = panel if role == "rater" else None
    return [Invited(path, role, seat, of, expires) for path, seat in zip(paths, seats, strict=True)]


def _seats(connection: Connection, panel: str | None, *, count: int, now: datetime) -> list[str | None]:
    if panel is None:
        raise RatingError("a rater is invited to a panel", remedy="Give --panel, one of study.yaml.")
    free = accounts.free_seats(connection, panel, now=text_of(now))
    if len(free) < count:
        every = accounts.count_seats(connection, panel)
        raise RatingError(
            f"panel {panel!r} has {every} seats, {len(free)} of them free; {count} were asked for",
            remedy="Draw its assignments first (driftgauge rate assign), invite fewer, or revoke an open invitation.",
        )
    return [seat.rater for seat in free[:count]]


def revoke(serving: Serving, rater: str) -> int:
    """Make the open invitations to a seat useless, so that it is free again, and return how many they were.

    Raises
    ------
    RatingError
        When there is none.
    """
    with serving.store.writing() as connection:
        count = accounts.revoke_invitations(connection, rater=rater, at=text_of(serving.now()))
        if not count:
            raise RatingError(
                f"seat {rater[:60]!r} has no open invitation", remedy="Copy the seat from: driftgauge rate status STUDY"
            )
        journal.append(connection, serving.author, "revoke", counts={"invitations": count}, detail={"rater": rater})
    return count


def disable(serving: Serving, rater: str) -> None:
    """Close the account of a seat: its sessions end, and nobody can log in with it.

    Raises
    ------
    RatingError
        When the seat has no account.
    """
    at = text_of(serving.now())
    with serving.store.writing() as connection:
        account = accounts.account_of(connection, rater)
        if account is None:
            raise RatingError(f"seat {rater[:60]!r} has no account", remedy="Copy the seat from: driftgauge rate status STUDY")
        accounts.change_account(connection, account, disabled_at=at)
        accounts.end_sessions(connection, account, at=at)
        journal.append(connection, serving.author, "disable", detail={"rater": rater})


def _signer(serving: Serving) -> Signer:
    return Signer(serving.secret, salt="driftgauge.invitation", key_derivation="hmac", digest_method=hashlib.sha256)


def invited(serving: Serving, token: str) -> Invited:
    """Return what a link invites to.

    Raises
    ------
    Refused
        404 ``no_invitation`` of a forged link, 410 ``expired``, ``used`` or ``revoked`` of one that is of no use any more.
    """
    with serving.store.reading() as connection:
        return _invited(serving, connection, token)[1]


def _invited(serving: Serving, connection: Connection, token: str) -> tuple[str, Invited]:
    try:
        name = _signer(serving).unsign(token.encode()).decode()
    except (BadSignature, UnicodeError):
        raise Refused(404, "no_invitation", "the link was not made here, or was copied in part") from None
    found = accounts.find_invitation(connection, name)
    if found is None:
        raise Refused(404, "no_invitation", "the link is of another study")
    if found.used_at:
        raise Refused(410, "used", "the invitation was used: log in")
    if found.revoked_at:
        raise Refused(410, "revoked", "the invitation was taken back: ask the lead of the study")
    expires = datetime.fromisoformat(found.expires_at)
    if expires <= serving.now():
        raise Refused(410, "expired", "the invitation has expired: ask the lead of the study for another")
    return name, Invited(f"/join/{token}", _role(found.role), found.rater, found.panel, expires)


def join(serving: Serving, token: str, *, login: str, password: str) -> str:
    """Make an account of an invitation, log in, and return what the cookie holds.

    Raises
    ------
    Refused
        As `invited` does; 403 ``no_passwords``; 422 ``bad_login``, ``weak_password`` or ``login_taken``.
    """
    _with_passwords(serving)
    login = _login(login)
    _strong(password, login)
    hashed = _hash(password)
    with serving.store.writing() as connection:
        return begin(serving, connection, take_seat(serving, connection, token, login=login, password_hash=hashed))


def take_seat(serving: Serving, connection: Connection, token: str, *, login: str, password_hash: str | None = None) -> str:
    """Make an account of an invitation, in a transaction that writes, and return its id.

    Raises
    ------
    Refused
        As `invited` does; 422 ``login_taken``.
    """
    now = text_of(serving.now())
    name, invitation = _invited(serving, connection, token)
    if accounts.find_login(connection, login):
        raise Refused(422, "login_taken", "somebody has that name already")
    account = secrets.token_urlsafe(16)
    row = {"account": account, "role": invitation.role, "rater": invitation.rater, "login": login}
    accounts.add_account(
        connection, row | {"password_hash": password_hash, "created_at": now, "preferences": "{}", "entry": serving.entry}
    )
    accounts.use_invitation(connection, name, at=now)
    return account


def _with_passwords(serving: Serving) -> None:
    declared = serving.study.sign_in
    if declared and declared.only:
        raise Refused(403, "no_passwords", "this study has no passwords: study.yaml says sign_in only")


def _login(text: str) -> str:
    login = unicodedata.normalize("NFKC", text).strip().lower()
    if not _LOGIN.fullmatch(login):
        raise Refused(422, "bad_login", "a login is 3 to 64 letters, digits and . @ + - _")
    return login


def _strong(password: str, login: str) -> None:
    fewest, most = PASSWORD
    usable = fewest <= len(password) <= most and not any("\ud800" <= char <= "\udfff" for char in password)
    if not usable or len(set(password)) < 5 or login in password.lower():
        raise Refused(422, "weak_password", f"a password is {fewest} to {most} characters, five different, without the login")


def _hash(password: str) -> str:
    with _AT_ONCE:
        return _HASHER.hash(password)


def _verifies(hashed: str, password: str) -> bool:
    with _AT_ONCE:
        try:
            return _HASHER.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


def log_in(serving: Serving, *, login: str, password: str, client: str) -> str:
    """Log in and return what the cookie holds.

    Parameters
    ----------
    serving
        The study.
    login, password
        As they were typed.
    client
        From where, for the limit on tries.

    Raises
    ------
    Refused
        401 ``wrong`` whatever was wrong, after as long a time; 403 ``no_passwords``; 429 ``too_many_tries``.
    """
    _with_passwords(serving)
    login = unicodedata.normalize("NFKC", login[:200]).strip().lower()
    tries = _count_try(serving, login=login, client=client)
    with serving.store.reading() as connection:
        account = None if "\0" in login or _unpaired(login) else accounts.find_login(connection, login)
    hashed = account.password_hash if account and account.password_hash and not account.disabled_at else None
    sent = "" if len(password) > PASSWORD[1] or _unpaired(password) else password
    right = _verifies(hashed or _NOBODY, sent)
    if account is None or hashed is None or not right:
        raise Refused(401, "wrong", "login or password is wrong")
    with serving.store.writing() as connection:
        accounts.forgive(connection, tries, of=_against(serving, "login", login))
        if _HASHER.check_needs_rehash(hashed):
            accounts.change_account(connection, account.account, password_hash=_hash(password))
        return begin(serving, connection, account.account)


def _unpaired(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def _against(serving: Serving, kind: str, whom: str) -> str:
    return hmac.new(serving.secret, f"tries:{kind}:{whom}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _count_try(serving: Serving, *, login: str, client: str) -> list[int]:
    """Count a try before it is made, so that many at once cannot pass together."""
    limits = {_against(serving, "login", login): MOST_OF_LOGIN, _against(serving, "client", client): MOST_OF_CLIENT}
    now = serving.now()
    since = text_of(now - WINDOW)
    with serving.store.writing() as connection:
        counted = accounts.count_tries(connection, list(limits), since=since)
        if any(counted.get(of, 0) >= most for of, most in limits.items()):
            raise Refused(429, "too_many_tries", f"too many tries; wait {WINDOW.seconds // 60} minutes")
        return accounts.add_tries(connection, list(limits), at=text_of(now), forget_before=since)


def begin(serving: Serving, connection: Connection, account: str) -> str:
    """Begin a session in a transaction that writes, and return what the cookie holds."""
    cookie = secrets.token_urlsafe(32)
    now = serving.now()
    accounts.add_session(
        connection,
        session=_session(cookie),
        account=account,
        began_at=text_of(now),
        expires_at=text_of(now + SESSION),
    )
    return cookie


def _session(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()


def who(serving: Serving, cookie: str | None) -> Who | None:
    """Return who somebody is by their cookie, or null when nobody is logged in with it (any more)."""
    if not cookie or len(cookie) > 200:
        return None
    session = _session(cookie)
    with serving.store.glancing() as connection:
        found = accounts.find_session(connection, session, now=text_of(serving.now()))
    if found is None or found.login is None:
        return None
    return Who(
        account=found.account,
        role=_role(found.role),
        login=found.login,
        rater=found.rater,
        panel=found.panel,
        session=session,
        csrf=hmac.new(serving.secret, f"csrf:{session}".encode(), hashlib.sha256).hexdigest(),
        preferences=preferences_of(found.preferences),
        consented=found.consented_at is not None,
        calibrated=found.calibrated_at is not None,
    )


def _role(role: str) -> Role:
    if role not in get_args(Role):
        raise RatingError(f"{role!r} is no role", remedy=f"One of {', '.join(get_args(Role))}.")
    return cast(Role, role)


def log_out(serving: Serving, who: Who) -> None:
    """End the session of somebody."""
    with serving.store.writing() as connection:
        accounts.end_session(connection, who.session, at=text_of(serving.now()))


def consent(serving: Serving, who: Who, *, text_id: str) -> None:
    """Note that somebody consented, when, to which text, and what it says of their data should they stop taking part."""
    declared = serving.study.authoring if who.role == "author" else serving.study.panels.get(who.panel or "")
    with serving.store.writing() as connection:
        accounts.change_account(connection, who.account, consented_at=text_of(serving.now()), consented_to=text_id[:200])
        if declared:
            note(connection, who.account, withdrawal=declared.withdrawal)


def prefer(serving: Serving, who: Who, preferences: Preferences) -> None:
    """Keep what somebody set for themselves."""
    change_notes(serving, who, preferences=preferences)


def change_notes(serving: Serving, who: Who, *, preferences: Preferences | None = None, **notes: Any) -> None:
    """Change the preferences of somebody, or what the app notes about where they stand."""
    with serving.store.writing() as connection:
        note(connection, who.account, preferences=preferences, **notes)


def note(connection: Connection, account: str, *, preferences: Preferences | None = None, **notes: Any) -> None:
    """Do as `change_notes`, in a transaction that writes."""
    kept = json.loads(accounts.find_account(connection, account).preferences)
    own = notes_of(json.dumps(kept)) | notes
    changed = asdict(preferences) if preferences else {name: value for name, value in kept.items() if name != _OWN}
    text = json.dumps(changed | {_OWN: own}, ensure_ascii=True, sort_keys=True)
    accounts.change_account(connection, account, preferences=text)


def notes_of(preferences: str) -> dict[str, Any]:
    """Return what the app notes of a rater: `seen` (feedback), `reopened` (by undo), `rounds` (allowed), `withdrawal`."""
    return dict(json.loads(preferences).get(_OWN, {}))


def preferences_of(text: str) -> Preferences:
    """Return what somebody set for themselves, out of its JSON."""
    said: dict[str, Any] = json.loads(text)
    return Preferences(
        language=said.get("language"),
        theme=said.get("theme", "system"),
        pictures=cast(Pictures, said.get("pictures", "blur")),
        left_out=tuple(said.get("left_out", ())),
        keys=dict(said.get("keys", {})),
    )


def tell_about_self(serving: Serving, who: Who, answers: Mapping[str, str]) -> None:
    """Keep what a rater says of themselves, beside the seat and apart from the account.

    Raises
    ------
    Refused
        403 ``not_a_rater`` of an account without a seat.
    """
    if who.rater is None:
        raise Refused(403, "not_a_rater", "only raters are asked about themselves")
    with serving.store.writing() as connection:
        accounts.tell_demographics(connection, who.rater, json.dumps(dict(answers), ensure_ascii=True, sort_keys=True))
