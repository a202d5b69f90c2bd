"""What was collected, added and read again: runs, and the responses with the answers that brought them."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import polars as pl
import sqlalchemy as sa

from driftgauge.errors import CollectError
from driftgauge.store.bulk import read_frame
from driftgauge.store.tables import answers, benchmarks, journal, responses, runs
from driftgauge.store.write import RESPONSE_COLUMNS

ANSWER_COLUMNS: Final = (
    "run", "text", "reasoning", "stop_reason", "stop_details", "served_model", "fingerprint", "request_id", "usage", "asked",
    "in_force", "fault", "fault_code", "fault_detail", "tries", "sent_at", "received_at", "seconds", "clock_jumped",
    "model_changed", "simulated",
)  # fmt: skip
"""What a collected response has beside `RESPONSE_COLUMNS`."""
_SURROGATES: Final = dict.fromkeys((0, *range(0xD800, 0xE000)), "\ufffd")


def storable(text: str | None) -> str | None:
    r"""Return a text of a model as both databases can hold it: NUL and halves of characters become U+FFFD.

    Examples
    --------
    >>> storable("a\x00b"), storable("caf\u00e9"), storable(None)
    ('a\ufffdb', 'café', None)
    """
    if text is None:
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.translate(_SURROGATES)
    return text.replace("\0", "\ufffd")


def as_json(value: Mapping[str, Any] | None) -> str | None:
    """Return settings, tokens or details as JSON; what JSON has no word for is null, or the text that Python has for it."""
    if value is None:
        return None
    try:
        text = json.dumps(dict(value), ensure_ascii=False, sort_keys=True, default=str, allow_nan=False)
    except (ValueError, TypeError):
        text = json.dumps(_finite(dict(value)), ensure_ascii=False, default=str)
    return storable(text)


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in cast(dict[object, object], value).items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in cast(Sequence[object], value)]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class Run:
    """One collection of a release: a benchmark, a phase, a model, settings, and what it was done with.

    Parameters
    ----------
    run
        Its id.
    root, release, phase
        Of the frozen benchmark; as the study names them.
    model
        The id that is asked; null when nothing is asked by one.
    client, client_versions
        What calls the model, with the libraries that do.
    settings
        All that is declared of how the release is asked and that changes what is measured.
    simulated
        Whether its answers are made up.
    study_hash, protocol_hash, code_version
        Of what is declared, and of driftgauge.
    began_at
        UTC, ISO 8601.
    """

    run: str
    root: str
    release: str
    phase: str
    model: str | None
    client: str
    client_versions: Mapping[str, str]
    settings: Mapping[str, Any]
    simulated: bool
    study_hash: str
    protocol_hash: str
    code_version: str
    began_at: str


def add_runs(connection: sa.Connection, added: Iterable[Run], *, entry: int) -> None:
    """Add runs whose releases and benchmark are there."""
    rows = [
        vars(run) | {"client_versions": as_json(run.client_versions), "settings": as_json(run.settings), "entry": entry}
        for run in added
    ]
    if rows:
        connection.execute(sa.insert(runs), rows)


_ADD_RESPONSES: Final = sa.insert(responses).returning(responses.c.row, sort_by_parameter_order=True)
_ADD_ANSWERS: Final = sa.insert(answers)


def add_collected(connection: sa.Connection, rows: Sequence[Mapping[str, object]], *, entry: int) -> None:
    """Add collected responses, each once.

    Parameters
    ----------
    connection
        Of a transaction that writes.
    rows
        `RESPONSE_COLUMNS` and `ANSWER_COLUMNS`.
    entry
        Of the journal: that of the runs.

    Raises
    ------
    sqlalchemy.exc.IntegrityError
        When a response is there already in that revision: the database keeps each once.
    """
    if not rows:
        return
    described = [{name: row[name] for name in RESPONSE_COLUMNS} | {"entry": entry} for row in rows]
    placed = connection.execute(_ADD_RESPONSES, described).scalars().all()
    answered = [
        {name: row[name] for name in ANSWER_COLUMNS} | {"response": place} for row, place in zip(rows, placed, strict=True)
    ]
    connection.execute(_ADD_ANSWERS, answered)


def known_collected(connection: sa.Connection, phase: str) -> pl.DataFrame:
    """Return the newest revision of every response of a phase, collected or imported: `response_id`, `revision`, `status`."""
    columns = [responses.c[name] for name in ("response_id", "revision", "status")]
    schema = pl.Schema({"response_id": pl.String(), "revision": pl.Int64(), "status": pl.String()})
    every = read_frame(connection, sa.select(*columns).where(responses.c.phase == phase).order_by(responses.c.row), schema)
    return every.sort("revision", maintain_order=True).unique("response_id", keep="last", maintain_order=True)


def first_served(connection: sa.Connection, phase: str) -> dict[str, str]:
    """Return, by release, the model that served the first answer of a phase that says one."""
    query = (
        sa.select(responses.c.release, answers.c.served_model)
        .join(responses, answers.c.response == responses.c.row)
        .where(responses.c.phase == phase, answers.c.served_model.is_not(None))
        .where(answers.c.row.in_(_firsts(phase)))
    )
    return {row.release: row.served_model for row in connection.execute(query)}


def served_models(connection: sa.Connection) -> dict[str, str]:
    """Return every model that says it answered, with a release that it answered as; what is made up is no model."""
    query = (
        sa.select(answers.c.served_model, sa.func.min(responses.c.release).label("release"))
        .join(responses, answers.c.response == responses.c.row)
        .where(answers.c.served_model.is_not(None), answers.c.simulated.is_(sa.false()))
        .group_by(answers.c.served_model)
        .order_by(answers.c.served_model)
    )
    return {row.served_model: row.release for row in connection.execute(query)}


def _firsts(phase: str) -> sa.Select[tuple[Any]]:
    return (
        sa.select(sa.func.min(answers.c.row))
        .join(responses, answers.c.response == responses.c.row)
        .where(responses.c.phase == phase, answers.c.served_model.is_not(None))
        .group_by(responses.c.release)
    )


@dataclass(frozen=True)
class Begun:
    """The benchmark that a phase began with, and when."""

    root: str
    version: int
    began_at: str


def phase_benchmark(connection: sa.Connection, phase: str) -> Begun | None:
    """Return the benchmark that the collection of a phase began with, or null when it has not begun."""
    query = (
        sa.select(runs.c.root, benchmarks.c.version, runs.c.began_at)
        .join(benchmarks, runs.c.root == benchmarks.c.root)
        .where(runs.c.phase == phase)
        .order_by(runs.c.entry)
        .limit(1)
    )
    found = connection.execute(query).first()
    return Begun(found.root, found.version, found.began_at) if found else None


def check_benchmark(connection: sa.Connection, phase: str, *, root: str, version: int) -> None:
    """See that a phase goes on with the benchmark that it began with.

    Raises
    ------
    CollectError
        When it began with another one.
    """
    begun = phase_benchmark(connection, phase)
    if begun and begun.root != root:
        raise CollectError(
            f"phase {phase} began on {begun.began_at[:10]} with version {begun.version} of the benchmark "
            f"(root {begun.root[:16]}), and this is version {version} (root {root[:16]}); nothing was asked",
            remedy=f"Put version {begun.version} back, or declare a phase of its own for version {version}.",
        )


def last_answer(connection: sa.Connection) -> int:
    """Return the number of the newest collected response; 0 when there is none."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(answers.c.row), 0))).scalar_one())


def has_collected(connection: sa.Connection) -> bool:
    """Return whether anything was collected."""
    return last_answer(connection) > 0


_TYPES: Final = {
    "attempt": pl.Int64(), "revision": pl.Int64(), "entry": pl.Int64(), "tries": pl.Int64(), "seconds": pl.Float64(),
    "clock_jumped": pl.Boolean(), "model_changed": pl.Boolean(), "simulated": pl.Boolean(), "fault_code": pl.Int64(),
}  # fmt: skip
"""The types of the columns that are not text."""
_DESCRIBED: Final = (
    "response_id", "revision", "scenario", "intent", "modality", "language", "release", "phase", "attempt", "status",
    "harm_category", "technique", "execution", "prompt_hash", "response_hash", "root", "content", "entry", "erased",
)  # fmt: skip
_TOLD: Final = tuple(name for name in ANSWER_COLUMNS if name not in {"text", "reasoning", "stop_details"})
_CONFIDENTIAL: Final = ("text", "reasoning", "stop_details")
_OF_RUN: Final = ("model", "client", "client_versions")


def collected_frame(connection: sa.Connection, *, until: int | None = None, texts: bool = False) -> pl.DataFrame:
    """Return the newest revision of every collected response, with all that is known of it.

    Parameters
    ----------
    connection
        Of a transaction.
    until
        The `last_answer` up to which they count; null for all.
    texts
        Whether `text`, `reasoning` and `stop_details` come with it. They are confidential.

    Returns
    -------
    polars.DataFrame
        What `responses` says, `ANSWER_COLUMNS`, and of its run `model`, `client` and `client_versions`; in the order in which
        they came in.
    """
    columns = [
        *(responses.c[name] for name in _DESCRIBED),
        *(answers.c[name] for name in (*_TOLD, *(_CONFIDENTIAL if texts else ()))),
        *(runs.c[name] for name in _OF_RUN),
    ]
    query = (
        sa.select(*columns)
        .select_from(answers.join(responses, answers.c.response == responses.c.row).join(runs, answers.c.run == runs.c.run))
        .order_by(answers.c.row)
    )
    if until is not None:
        query = query.where(answers.c.row <= until)
    schema = pl.Schema({column.name: _TYPES.get(column.name, pl.String()) for column in columns})
    every = read_frame(connection, query, schema)
    if (every["revision"] > 1).any():
        every = every.sort("revision", maintain_order=True).unique("response_id", keep="last", maintain_order=True)
    return every


def run_entries(connection: sa.Connection) -> pl.DataFrame:
    """Return the runs: `run`, `release`, `phase`, `began_at`, `who` began it, `entry` of the journal."""
    query = (
        sa.select(runs.c.run, runs.c.release, runs.c.phase, runs.c.began_at, journal.c.who, runs.c.entry)
        .join(journal, runs.c.entry == journal.c.entry)
        .order_by(runs.c.entry, runs.c.release)
    )
    names = ("run", "release", "phase", "began_at", "who", "entry")
    return read_frame(connection, query, pl.Schema({name: _TYPES.get(name, pl.String()) for name in names}))
