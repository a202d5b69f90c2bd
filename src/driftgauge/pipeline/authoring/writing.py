"""What authors and reviewers send: each is decided in one transaction, counts once, and never overwrites anything."""

import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from driftgauge.benchmark.drafts import Draft, missing, unstorable
from driftgauge.pipeline.authoring.care import admitted, count, may_begin
from driftgauge.pipeline.authoring.reading import can_take, find, is_reviewing, opened_draft, scenarios_in
from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.pipeline.rating.steps import Refused, Who
from driftgauge.rate.answers import body_hash
from driftgauge.store import drafts
from driftgauge.store.database import Connection
from driftgauge.store.drafts import Before, Kept

Verdict = Literal["accepted", "sent_back", "left"]
LONGEST_NOTE: Final = 10_000
"""Characters."""
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class Written:
    """A draft as its author sends it.

    Parameters
    ----------
    key
        What the page gave it, so that it counts once.
    draft
        Which one; null of a new one.
    since
        The revision that the page showed; 0 of a new one.
    content
        What was written.
    send
        Whether it is sent for review.
    begun
        When the page was opened.
    """

    key: str
    draft: str | None
    since: int
    content: Draft
    send: bool
    begun: datetime


@dataclass(frozen=True)
class Saved:
    """What became of it: committed to disk. The same key again has the same answer."""

    draft: str
    revision: int
    again: bool


@dataclass(frozen=True)
class Reviewed:
    """What a reviewer says of the revision that they read: accepted, sent back with a note, or left to somebody else."""

    key: str
    draft: str
    revision: int
    verdict: Verdict
    note: str
    begun: datetime


def save(serving: Serving, who: Who, written: Written) -> Saved:
    """Keep a draft as its next revision.

    Raises
    ------
    Refused
        422 ``bad_key``, ``bad_text``, or ``incomplete`` of one that is sent for review too early; 404 ``no_draft`` or
        ``no_picture`` of somebody else's; 409 ``key_reused``, ``stale_draft`` when another revision was saved since, or
        ``accepted`` when it cannot change any more; 403 ``break`` or ``day_is_over``. Nothing was stored then.
    """
    _usable(written)
    hashed = _hash(serving, who, draft=written.draft, content=written.content.as_values(), send=written.send)
    with serving.store.writing() as connection:
        admitted(serving, connection, who)
        if who.role != "author":
            raise Refused(403, "not_allowed", "authors alone write scenarios")
        before = drafts.taken_before(connection, written.key, of="revision")
        if before:
            return _saved_again(before, hashed)
        last = _current(connection, who, written) if written.draft else None
        _own_pictures(connection, who, written.content)
        count(serving, connection, who, begun=written.begun, first=last is None)
        return _append(serving, connection, who, written, last=last, hashed=hashed)


def _usable(written: Written) -> None:
    if not _KEY.fullmatch(written.key):
        raise Refused(422, "bad_key", "the key of a form is 16 to 64 letters, digits, - and _")
    if wrong := unstorable(written.content):
        raise Refused(422, "bad_text", f"too long, or with a character that is none: {', '.join(wrong)}")
    if written.send and (lacking := missing(written.content)):
        raise Refused(422, "incomplete", f"not ready for review: {', '.join(lacking)}")


def _current(connection: Connection, who: Who, written: Written) -> Kept:
    """Return the newest revision of a draft that its author changes."""
    kept = find(connection, written.draft or "")
    if kept is None or kept.account != who.account:
        raise Refused(404, "no_draft", "there is no such scenario of this author")
    if kept.state == "accepted":
        raise Refused(409, "accepted", "an accepted scenario does not change any more")
    if kept.revision != written.since:
        raise Refused(409, "stale_draft", f"begun from revision {written.since}, and {kept.revision} is the newest")
    return kept


def _own_pictures(connection: Connection, who: Who, content: Draft) -> None:
    found = drafts.find_pictures(connection, content.pictures)
    if any(name not in found or found[name].account != who.account for name in content.pictures):
        raise Refused(404, "no_picture", "there is no such picture of this author")


def _append(serving: Serving, connection: Connection, who: Who, written: Written, *, last: Kept | None, hashed: str) -> Saved:
    at = text_of(serving.now())
    draft, revision = (last.draft, last.revision + 1) if last else (f"w-{secrets.token_hex(6)}", 1)
    if last is None:
        new = {"draft": draft, "account": who.account, "created_at": at, "entry": serving.entry}
        drafts.add_draft(connection, new)
    content = json.dumps(written.content.as_values(), ensure_ascii=False, sort_keys=True)
    row = {
        "key": written.key, "body_hash": hashed, "draft": draft, "revision": revision, "content": content,
        "sent": written.send, "at": at, "entry": serving.entry,
    }  # fmt: skip
    drafts.add_revision(connection, row)
    return Saved(draft, revision, again=False)


def _saved_again(before: Before, hashed: str) -> Saved:
    if before.body_hash != hashed:
        raise Refused(409, "key_reused", "this key came before with something else")
    return Saved(before.draft, before.revision, again=True)


def _hash(serving: Serving, who: Who, **body: Any) -> str:
    return body_hash({"account": who.account, **body}, serving.secret)


def take(serving: Serving, who: Who) -> str | None:
    """Take the next draft of somebody else for review, and return it; null where none waits.

    What somebody takes already comes first; then what they reviewed before and was sent again; then what waits longest. No
    lock: a draft that is left, or reviewed by a lead, goes on.

    Raises
    ------
    Refused
        403 ``break`` or ``day_is_over``, when the author is to rest.
    """
    with serving.store.writing() as connection:
        admitted(serving, connection, who)
        every = drafts.every_draft(connection)
        taken = next((each for each in every if is_reviewing(each, who)), None)
        if taken:
            return taken.draft
        before = drafts.reviewers_of(connection)
        waiting = [each for each in every if can_take(each, who)]
        waiting.sort(key=lambda each: who.account not in before.get(each.draft, ()))
        if not waiting:
            return None
        may_begin(serving, connection, who)
        count(serving, connection, who, begun=serving.now(), first=False)
        row = {"key": secrets.token_urlsafe(18), "verdict": "taken", "note": None, "body_hash": None}
        _said(serving, connection, who, draft=waiting[0].draft, revision=waiting[0].revision, **row)
        return waiting[0].draft


def _said(serving: Serving, connection: Connection, who: Who, **row: Any) -> None:
    fixed = {"account": who.account, "at": text_of(serving.now()), "entry": serving.entry}
    drafts.add_review(connection, row | fixed)


def review(serving: Serving, who: Who, reviewed: Reviewed) -> None:
    """Accept a draft, send it back with a note, or leave it to somebody else; a lead takes an accepted one back with a note.

    Raises
    ------
    Refused
        422 ``note_missing``, ``bad_note`` or ``bad_key``; 403 ``own_draft``; 404 ``no_draft`` of one that was not taken; 409
        ``reviewed`` when it was decided or changed meanwhile, ``in_benchmark``, or ``key_reused``; 403 ``break`` or
        ``day_is_over``.
    """
    _sayable(reviewed)
    hashed = _hash(serving, who, draft=reviewed.draft, verdict=reviewed.verdict, note=reviewed.note)
    with serving.store.writing() as connection:
        admitted(serving, connection, who)
        before = drafts.taken_before(connection, reviewed.key, of="review")
        if before:
            _saved_again(before, hashed)
            return
        kept = _reviewable(serving, connection, who, reviewed)
        count(serving, connection, who, begun=reviewed.begun, first=reviewed.verdict != "left")
        row = {"key": reviewed.key, "verdict": reviewed.verdict, "note": reviewed.note.strip() or None, "body_hash": hashed}
        _said(serving, connection, who, draft=kept.draft, revision=kept.revision, **row)


def _sayable(reviewed: Reviewed) -> None:
    if not _KEY.fullmatch(reviewed.key):
        raise Refused(422, "bad_key", "the key of a form is 16 to 64 letters, digits, - and _")
    if len(reviewed.note) > LONGEST_NOTE or _UNSTORABLE.search(reviewed.note):
        raise Refused(422, "bad_note", f"a note is at most {LONGEST_NOTE:,} characters, none of them NUL or half of one")
    if reviewed.verdict == "sent_back" and not reviewed.note.strip():
        raise Refused(422, "note_missing", "what is sent back has a note")


def _takes_back(serving: Serving, who: Who, reviewed: Reviewed) -> bool:
    """Return whether a lead sends an accepted scenario back that is not in the folder of the benchmark yet.

    Raises
    ------
    Refused
        409 ``in_benchmark`` of one that is there, or may be: a version that is frozen does not change any more.
    """
    if who.role != "lead" or reviewed.verdict != "sent_back":
        return False
    there = scenarios_in(serving)
    if there is None or reviewed.draft in there:
        raise Refused(409, "in_benchmark", "it is in the folder of the benchmark already")
    return True


def _reviewable(serving: Serving, connection: Connection, who: Who, reviewed: Reviewed) -> Kept:
    kept = find(connection, reviewed.draft)
    if kept and kept.account == who.account:
        raise Refused(403, "own_draft", "nobody reviews their own scenario")
    if kept is None or (who.role != "lead" and not _took(connection, kept, who)):
        raise Refused(404, "no_draft", "there is no such scenario for this reviewer")
    if kept.state == "accepted" and kept.revision == reviewed.revision and _takes_back(serving, who, reviewed):
        return kept
    if kept.revision != reviewed.revision or kept.state not in {"waiting", "in_review"}:
        raise Refused(409, "reviewed", "it was changed or decided meanwhile")
    if who.role != "lead" and not is_reviewing(kept, who):
        raise Refused(409, "reviewed", "somebody else has it now")
    if reviewed.verdict == "accepted" and missing(opened_draft(kept)):
        raise Refused(422, "incomplete", "something of it is missing")
    return kept


def _took(connection: Connection, kept: Kept, who: Who) -> bool:
    return who.account in drafts.reviewers_of(connection).get(kept.draft, ())
