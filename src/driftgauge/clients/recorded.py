"""Recorded responses as rows: what the export of responses writes, what is replayed, what Inspect's logs become.

A row is a mapping with these columns; a record in JSONL is one row a line. Only ``scenario`` and ``status`` must be there.

================================== ==========================================================================================
``scenario`` … ``attempt``         the key of the response (`frames.RESPONSE_KEY`); where they are not said, ``intent`` is
                                   ``adversarial``, ``modality`` ``text-only`` and ``attempt`` 1, and ``language``,
                                   ``release`` and ``phase`` stand for any
``vote``                           of a judge that is replayed: which vote it is, from 1; where it is not said, any
``revision``                       of two rows of one key the one with the higher revision counts, else the later one
``status``                         of `frames.STATUSES`; ``failed`` and ``unsupported`` hold no answer
``response_text``                  what people rate; null where there is none
``reasoning``                      what the model wrote before it; null where it is not told
``stop_reason`` ``stop_details``   in the provider's own words (the details as an object)
``served_model`` ``fingerprint``   what says it answered
``request_id``                     of the provider
``usage``                          object: tokens ``input``, ``output``, ``reasoning``, ``total``
``in_force`` ``asked``             objects: the settings that the request held, and that were asked for
``sent_at`` ``received_at``        the wall clock in UTC, ISO 8601
``seconds`` ``tries``              how long the last try took, how many there were
``client`` ``client_versions``     what made the call, and (an object) with which libraries
``simulated``                      true where the answer is made up
================================== ==========================================================================================

An object may stand as JSON in a text: Parquet and CSV have no others.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from driftgauge.clients.calls import Answer, AnswerStatus, Fault
from driftgauge.errors import CollectError, Problem
from driftgauge.frames import INTENTS, MISSING_STATUSES, MODALITIES, RESPONSE_KEY, STATUSES

Row = Mapping[str, Any]
OBJECTS: Final = ("stop_details", "usage", "in_force", "asked", "client_versions")
"""The columns that hold objects."""
COLUMNS: Final = (
    *RESPONSE_KEY, "revision", "status", "response_text", "reasoning", "stop_reason", "stop_details", "served_model",
    "fingerprint", "request_id", "usage", "in_force", "asked", "sent_at", "received_at", "seconds", "tries", "client",
    "client_versions", "simulated",
)  # fmt: skip
_TEXTS: Final = (
    "scenario", "language", "release", "phase", "response_text", "reasoning", "stop_reason", "served_model", "fingerprint",
    "request_id", "sent_at", "received_at", "client",
)  # fmt: skip
_CHOICES: Final = {"status": STATUSES, "intent": INTENTS, "modality": MODALITIES}
_WHOLE: Final = ("attempt", "revision", "tries")
_REQUIRED: Final = ("scenario", "status")


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a record in JSONL.

    Raises
    ------
    CollectError
        When it cannot be read, or a line is no such row; every mistake is named, without a word of any text.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CollectError(
            f"{path.name} cannot be read ({type(error).__name__})", remedy="Give a file of responses in JSONL (UTF-8)."
        ) from None
    read = [_row(line, f"{path.name}, line {at}") for at, line in enumerate(lines, start=1) if line.strip()]
    problems = [problem for _, found in read for problem in found]
    if problems:
        raise CollectError(
            f"{path.name} is no record of responses", problems=problems, remedy="See `driftgauge collect --help`."
        )
    return [row for row, _ in read]


def _row(line: str, where: str) -> tuple[Row, list[Problem]]:
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return {}, [Problem(where, "no JSON object", "one response a line")]
    row = cast(dict[str, Any], value)
    return row, [Problem(where, f"`{name}` cannot be used", expected) for name, expected in _mistakes(row)]


def _mistakes(row: Row) -> Iterable[tuple[str, str]]:
    for name in COLUMNS:
        value = row.get(name)
        if value is None:
            if name in _REQUIRED:
                yield name, "a value"
        elif name in _CHOICES and value not in _CHOICES[name]:
            yield name, f"one of {', '.join(_CHOICES[name])}"
        elif name in _TEXTS and not isinstance(value, str):
            yield name, "a text"
        elif name in _WHOLE and (not isinstance(value, int) or isinstance(value, bool) or value < (name != "tries")):
            yield name, "a whole number, from 1"
        elif name in OBJECTS and object_of(row, name) is None:
            yield name, "an object"


def object_of(row: Row, name: str) -> dict[str, Any] | None:
    """Return the object in a column, whether it stands there or as JSON in a text; null when there is none."""
    value = row.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return cast(dict[str, Any], value) if isinstance(value, dict) else None


def outcome(row: Row) -> Answer | Fault:
    """Return what a row says came back; one that failed or was not supported is a fault that asking again will repeat."""
    if row["status"] in MISSING_STATUSES:
        return Fault("rejected", detail=f"recorded as {row['status']}")
    return Answer(
        status=cast(AnswerStatus, row["status"]),
        text=row.get("response_text") or "",
        reasoning=row.get("reasoning"),
        stop_reason=row.get("stop_reason"),
        stop_details=object_of(row, "stop_details"),
        served_model=row.get("served_model"),
        fingerprint=row.get("fingerprint"),
        request_id=row.get("request_id"),
        usage=object_of(row, "usage") or {},
        in_force=object_of(row, "in_force") or {},
    )


def row_of(key: Mapping[str, Any], came: Answer | Fault, **more: Any) -> dict[str, Any]:
    """Return the row of what came back.

    Parameters
    ----------
    key
        Of the response; what is not said of it is null.
    came
        The answer, or why there is none.
    **more
        Further columns of the row.
    """
    if isinstance(came, Fault):
        told: dict[str, Any] = {
            "status": "failed",
            "stop_details": {"fault": came.kind, "code": came.code, "detail": came.detail},
        }
    else:
        told = {
            "status": came.status,
            "response_text": came.text or None,
            "reasoning": came.reasoning,
            "stop_reason": came.stop_reason,
            "stop_details": dict(came.stop_details) if came.stop_details else None,
            "served_model": came.served_model,
            "fingerprint": came.fingerprint,
            "request_id": came.request_id,
            "usage": dict(came.usage),
            "in_force": dict(came.in_force),
        }
    return {**dict.fromkeys(COLUMNS), **key, **told, **more}
