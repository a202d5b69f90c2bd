"""What was collected becomes rows that last: many at a time in one transaction, and nobody goes on before theirs is there."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from driftgauge.clients.calls import Answer, Client
from driftgauge.collect.records import Collected
from driftgauge.pipeline.collection import Began, Collection, begin
from driftgauge.pipeline.registered import LABELS
from driftgauge.rate.merge import DESCRIBED
from driftgauge.records import content_id
from driftgauge.store import journal
from driftgauge.store.collected import add_collected, as_json, storable
from driftgauge.store.database import Connection

Row = Mapping[str, object]
MOST: Final = 500
"""Rows of one transaction; what is beyond waits for the next."""
_NOTHING: Final = Answer("empty", "")


class Keeper:
    """Turns what was collected into the rows that the store keeps.

    Parameters
    ----------
    collection
        Whose benchmark says what a response is about.
    began
        Whose runs brought it.
    """

    def __init__(self, collection: Collection, began: Began) -> None:
        labels = collection.prompts.frame.select("scenario", *LABELS).unique()
        self._labels = {row["scenario"]: row for row in labels.iter_rows(named=True)}
        self._root = collection.benchmark.known.root
        self._began = began

    def row(self, found: Collected) -> Row:
        """Return the row of one collected response: its key, what it is, and all that came with it."""
        item, answer = found.item, found.answer
        text = storable(answer.text) if answer else None
        described = {
            **self._labels[item.scenario],
            "status": found.status,
            "prompt_hash": item.prompt_hash,
            "response_hash": hashlib.sha256(text.encode()).hexdigest() if text else None,
        }
        return {
            **item.key,
            **described,
            "response_id": item.response_id,
            "revision": item.revision,
            "root": self._root,
            "content": content_id(*(described[name] for name in DESCRIBED)),
            "run": self._began.runs[item.release].run,
            "simulated": self._began.runs[item.release].simulated,
            "text": text,
            "reasoning": storable(answer.reasoning) if answer else None,
            **told_of(found),
        }


def told_of(found: Collected) -> Row:
    """Return what came with an answer or a fault, as rows of answers and of votes have it."""
    answer, fault = found.answer or _NOTHING, found.fault
    return {
        "stop_reason": storable(answer.stop_reason),
        "stop_details": as_json(answer.stop_details),
        "served_model": storable(answer.served_model),
        "fingerprint": storable(answer.fingerprint),
        "request_id": storable(answer.request_id),
        "usage": as_json(answer.usage) if found.answer else None,
        "asked": as_json(found.asked),
        "in_force": as_json(answer.in_force) if found.answer else None,
        "fault": fault.kind if fault else None,
        "fault_code": fault.code if fault else None,
        "fault_detail": storable(fault.detail) or None if fault else None,
        "tries": found.tries,
        "sent_at": found.sent_at,
        "received_at": found.received_at,
        "seconds": found.seconds,
        "clock_jumped": found.clock_jumped,
        "model_changed": found.model_changed,
    }


class GroupCommit:
    """Keeps items in the order in which they come, all that wait in one go.

    Parameters
    ----------
    keep
        Keeps several items: when it returns they last. It is called in `thread`, never twice at once.
    thread
        One thread.

    Notes
    -----
    After the first error nothing is kept any more: whoever waits gets it, and so does every later call.
    """

    def __init__(self, keep: Callable[[Sequence[Collected]], None], *, thread: Executor) -> None:
        self._keep = keep
        self._thread = thread
        self._waiting: list[tuple[Collected, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None
        self.error: Exception | None = None

    async def __call__(self, item: Collected) -> None:
        """Keep an item; it lasts when this returns."""
        if self.error:
            raise self.error
        lasting = asyncio.get_running_loop().create_future()
        self._waiting.append((item, lasting))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep_all())
        await lasting

    async def flush(self) -> None:
        """Wait until all that was given is kept, or will never be."""
        while self._task and not self._task.done():
            await asyncio.wait([self._task])

    async def _keep_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            if self.error is None:
                try:
                    await loop.run_in_executor(self._thread, self._keep, [item for item, _ in group])
                except Exception as error:  # noqa: BLE001 - told to everybody who waits
                    self.error = error
            for _, lasting in group:
                if not lasting.done():  # its waiter may have been cancelled; the row is kept all the same
                    lasting.set_exception(self.error) if self.error else lasting.set_result(None)


@dataclass(frozen=True)
class Keeping:
    """A collection that has begun.

    Parameters
    ----------
    sink
        Keeps what was collected; see `collect.records.Sink`.
    began
        Its runs.
    counts
        Responses that were kept, by status, so far.
    """

    sink: GroupCommit
    began: Began
    counts: Counter[str]


@asynccontextmanager
async def keeping(
    collection: Collection, clients: Mapping[str, Client], *, planned: Mapping[str, int] | None = None
) -> AsyncGenerator[Keeping]:
    """Begin the runs of a collection, keep what comes, and put on record how it ended.

    Parameters
    ----------
    collection
        The phase. Its study must have no other collector: hold `store.alone.only_collector` around this.
    clients
        Release to what calls its model.
    planned
        How many responses are to be had, by release.

    Raises
    ------
    StoreError
        When the store cannot be written; what was acknowledged before is there.
    """
    began = await asyncio.to_thread(begin, collection, clients, planned=planned)
    counts: Counter[str] = Counter()
    with ThreadPoolExecutor(1, thread_name_prefix="driftgauge-keeps") as thread:
        writer = _Writer(collection, began, counts)
        sink = GroupCommit(writer.keep, thread=thread)
        try:
            yield Keeping(sink, began, counts)
        finally:
            await sink.flush()
            await asyncio.get_running_loop().run_in_executor(thread, writer.close)
            if sink.error is None and counts:
                await asyncio.to_thread(_note, collection, began, counts)
    if sink.error:
        raise sink.error


class _Writer:
    """Writes in one thread, on one connection that is opened with the first rows."""

    def __init__(self, collection: Collection, began: Began, counts: Counter[str]) -> None:
        self._store = collection.opened.store
        self._keeper = Keeper(collection, began)
        self._entry = began.entry
        self._counts = counts
        self._open = ExitStack()
        self._turn: Callable[[], AbstractContextManager[Connection]] | None = None

    def keep(self, group: Sequence[Collected]) -> None:
        if self._turn is None:
            self._turn = self._open.enter_context(self._store.held())
        rows = [self._keeper.row(each) for each in group]
        with self._turn() as connection:
            add_collected(connection, rows, entry=self._entry)
        self._counts.update(each.status for each in group)

    def close(self) -> None:
        self._open.close()


def _note(collection: Collection, began: Began, counts: Mapping[str, int]) -> None:
    opened = collection.opened
    with opened.store.writing() as connection:
        detail = {"phase": collection.phase.phase, "entry": began.entry}
        journal.append(connection, opened.author, "collected", counts=dict(sorted(counts.items())), detail=detail)
