"""A prompt in writing put to a release, once: its author sees the answer, nothing keeps it, the journal says who tried."""

import asyncio
import logging
import time
from dataclasses import asdict, dataclass, field, replace
from threading import BoundedSemaphore
from typing import Any, Final, Literal

from driftgauge.clients.calls import Answer, AnswerStatus, Blob, Call, Fault, FaultKind, Text, Turn
from driftgauge.collect.tokens import used
from driftgauge.errors import CollectError
from driftgauge.pipeline.authoring.care import admitted, count, may_begin
from driftgauge.pipeline.authoring.reading import Shown, find, opened_draft
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.steps import Refused, Who
from driftgauge.pipeline.rating.trail import ACCOUNT
from driftgauge.store import drafts, journal
from driftgauge.store.database import Connection
from driftgauge.store.drafts import Picture

Ended = AnswerStatus | FaultKind | Literal["not_set_up", "broken"]
LONGEST: Final = 20_000
"""Characters of an answer that are shown."""
LONGEST_WAIT: Final = 120.0
"""Seconds: somebody sits before the page."""
_AT_ONCE: Final = BoundedSemaphore(1)
_LOG: Final = logging.getLogger("driftgauge.trying")


@dataclass(frozen=True)
class Offered:
    """What an author may try: releases, and how many tries are left today."""

    releases: tuple[str, ...]
    left: int


@dataclass(frozen=True)
class Try:
    """What an author wants to try: a prompt of a draft, and a release."""

    draft: str
    modality: str
    release: str


@dataclass(frozen=True)
class Begun:
    """A try that is on record, and counts.

    Parameters
    ----------
    entry
        Of the journal.
    wanted
        What is tried.
    shown
        What was saved, as it was read for this try.
    picture
        That is put to the release; null where text alone is.
    left
        How many tries are left today.
    """

    entry: int
    wanted: Try
    shown: Shown
    picture: Picture | None
    left: int

    @property
    def text(self) -> str:
        """The text that is put to the release."""
        return self.shown.draft.image_text if self.picture else self.shown.draft.text


@dataclass(frozen=True)
class Tried:
    """What came of a try.

    Parameters
    ----------
    begun
        What was asked.
    ended
        The status of the answer, the kind of the fault, or ``not_set_up`` where nothing could be asked.
    text
        What came back, cut to `LONGEST` characters.
    is_cut
        Whether more came than `text` holds.
    """

    begun: Begun
    ended: Ended
    text: str = field(default="", repr=False)
    is_cut: bool = False


def offered(serving: Serving, who: Who) -> Offered | None:
    """Return what an author may try; null where the study offers nothing."""
    declared = serving.study.authoring
    if who.role != "author" or not declared.may_try:
        return None
    with serving.store.reading() as connection:
        return Offered(declared.may_try, max(0, declared.tries - _today(connection, who)))


def try_prompt(serving: Serving, who: Who, wanted: Try) -> Tried:
    """Put a saved prompt to a release, once.

    Raises
    ------
    Refused
        429 ``try_busy`` while another one is under way; or as `begin`. Nothing was asked then, and it does not count.
    """
    if not _AT_ONCE.acquire(blocking=False):
        raise Refused(429, "try_busy", "another prompt is being tried")
    try:
        return finish(serving, begin(serving, who, wanted), who)
    finally:
        _AT_ONCE.release()


def begin(serving: Serving, who: Who, wanted: Try) -> Begun:
    """Put a try on record, before anything is asked: from here on it counts, whatever becomes of it.

    Raises
    ------
    Refused
        403 ``break`` or ``day_is_over``; 404 ``no_draft`` of somebody else's, or ``not_tried`` of a release that may not be
        tried; 409 ``accepted``; 422 ``nothing_to_try`` or ``no_pictures_there``; 429 ``tries_over``.
    """
    with serving.store.writing() as connection:
        admitted(serving, connection, who)
        may_begin(serving, connection, who)
        if wanted.release not in serving.study.authoring.may_try:
            raise Refused(404, "not_tried", "no release of this name may be tried")
        shown = _own(connection, who, wanted.draft)
        picture = _picture(serving, shown, wanted)
        left = serving.study.authoring.tries - _today(connection, who) - 1
        if left < 0:
            raise Refused(429, "tries_over", "the tries of this day are used up")
        count(serving, connection, who, begun=serving.now(), first=False)
        detail = asdict(wanted) | {"revision": shown.kept.revision}
        return Begun(journal.append(connection, _author(serving, who), "try", detail=detail), wanted, shown, picture, left)


def _author(serving: Serving, who: Who) -> journal.Author:
    return replace(serving.author, who=f"{ACCOUNT}{who.account}")


def _today(connection: Connection, who: Who) -> int:
    return journal.count_today(connection, f"{ACCOUNT}{who.account}", "try")


def _own(connection: Connection, who: Who, draft: str) -> Shown:
    """Return a draft of an author that still changes, read once: what is shown of it is what is asked."""
    kept = find(connection, draft)
    if kept is None or kept.account != who.account or kept.content is None:
        raise Refused(404, "no_draft", "there is no such scenario of this author")
    if kept.state == "accepted":
        raise Refused(409, "accepted", "an accepted scenario does not change any more")
    written = opened_draft(kept)
    return Shown(kept, written, drafts.find_pictures(connection, written.pictures))


def _picture(serving: Serving, shown: Shown, wanted: Try) -> Picture | None:
    """Return the picture of a prompt, null of one of text alone; refuse what cannot be asked."""
    written = shown.draft
    if wanted.modality == "text-only" and written.text.strip():
        return None
    picture = shown.pictures.get(written.picture)
    if wanted.modality != "multimodal" or not picture or not written.image_text.strip():
        raise Refused(422, "nothing_to_try", "this prompt is not written yet")
    if "image" not in serving.study.declared_releases[wanted.release].takes:
        raise Refused(422, "no_pictures_there", "this release takes no pictures")
    return picture


def finish(serving: Serving, begun: Begun, who: Who) -> Tried:
    """Ask what is on record, and put on record how that ended, even where it broke off."""
    ended: Ended = "broken"
    tokens, since = None, time.monotonic()
    try:
        result = asyncio.run(_ask(serving, begun))
        tokens = used(result.usage) if isinstance(result, Answer) else None
        ended = result.status if isinstance(result, Answer) else result.kind
    except CollectError as error:
        _LOG.warning("%s cannot be tried: %s", begun.wanted.release, error)
        result, ended = None, "not_set_up"
    finally:
        _ended(serving, who, begun, ended=ended, seconds=time.monotonic() - since, tokens=tokens)
    text = result.text if isinstance(result, Answer) else ""
    return Tried(begun, ended, text[:LONGEST], is_cut=len(text) > LONGEST)


async def _ask(serving: Serving, begun: Begun) -> Answer | Fault:
    from driftgauge.pipeline.collect import client_for  # noqa: PLC0415 - an app where nothing is tried need not load tables

    study = serving.study
    release, call = study.declared_releases[begun.wanted.release], _call(serving, begun)
    client = client_for(study, release)
    try:
        return await client.ask(call, timeout=min(study.collect.timeout_seconds, LONGEST_WAIT))
    finally:
        await client.close()


def _call(serving: Serving, begun: Begun) -> Call:
    """Return the call of the adversarial prompt, made as the benchmark would: the picture first, then its text."""
    wanted, picture = begun.wanted, begun.picture
    parts: tuple[Text | Blob, ...] = (Text(begun.text),)
    if picture:
        parts = (Blob("image", serving.blobs.get(picture.sha256), picture.media_type, picture.sha256), *parts)
    key = {
        "scenario": wanted.draft, "intent": "adversarial", "modality": wanted.modality, "release": wanted.release,
        "language": begun.shown.draft.language or None, "phase": None, "attempt": 1,
    }  # fmt: skip
    return Call(key, (Turn("user", parts),), serving.study.declared_releases[wanted.release].settings)


def _ended(serving: Serving, who: Who, begun: Begun, *, ended: Ended, seconds: float, tokens: int | None) -> None:
    detail: dict[str, Any] = {"try": begun.entry, "outcome": ended, "seconds": round(seconds, 3)}
    with serving.store.writing() as connection:
        counts = {} if tokens is None else {"tokens": tokens}
        journal.append(connection, _author(serving, who), "tried", counts=counts, detail=detail)
