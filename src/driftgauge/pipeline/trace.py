"""``driftgauge trace``: from any number to what it was made of, and from a rating or response to the numbers that it is in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.errors import StoreError, needing
from driftgauge.frames import ESTIMATES, empty
from driftgauge.measure.lookup import Lookup
from driftgauge.pipeline.loaded import OUT, Behind, Results, is_study, load_results
from driftgauge.pipeline.results import read_manifest
from driftgauge.records import Manifest

SHOWN: Final = (
    "rating_id", "response_id", "scenario", "intent", "modality", "language", "release", "phase", "attempt", "status", "rater",
    "harm", "success", "refusal", "refusal_level", "imputed", "prompt_hash", "response_hash", "line",
)  # fmt: skip
"""What is shown of a rating: what it says and what it is about, never a text."""
OF_A_STUDY: Final = ("entry", "root", "prompt", "frozen_prompt")
"""What is shown of a rating of a study beside that: which import brought it, and what was asked."""
OF_A_RESPONSE: Final = (
    "response_id", "revision", "scenario", "intent", "modality", "language", "release", "phase", "attempt", "status", "run",
    "client", "model", "served_model", "model_changed", "fingerprint", "request_id", "stop_reason", "fault", "fault_code",
    "tries", "sent_at", "received_at", "seconds", "clock_jumped", "asked", "in_force", "simulated", "root", "erased", "entry",
)  # fmt: skip
"""What is shown of a response that was collected: how it came, by both clocks, never what it says."""
SHORTEST_ID: Final = 6


@dataclass(frozen=True)
class Trace:
    """What is behind an id.

    Parameters
    ----------
    kind
        What the id is of: ``estimate``, ``rating``, ``response`` or ``prompt``.
    manifest
        Of the analysis; null for a response of a study that was not measured yet.
    estimates
        The estimate, or those that the rating, the response or the prompt's responses are in.
    ratings
        The ratings of the estimate, or the rating, or those of the response or prompt; columns of `SHOWN`, and of a study
        `entry` (of its journal), `prompt` and `frozen_prompt` (its hash in the frozen benchmark).
    journal
        Of a study, the entries that brought these ratings and responses.
    collected
        The response, where it was collected; columns of `OF_A_RESPONSE`. Null for other kinds.
    """

    kind: str
    manifest: Manifest | None
    estimates: pl.DataFrame
    ratings: pl.DataFrame
    journal: pl.DataFrame | None = None
    collected: pl.DataFrame | None = None


def trace(folder: Path, identifier: str) -> Trace:
    """Return what is behind an estimate, or which estimates a rating, a response or a prompt is in.

    Parameters
    ----------
    folder
        Of a study, or of an analysis.
    identifier
        The id of an estimate, a rating or a response, its first six digits or more; of a study also a prompt, as
        ``scenario/modality/language``.

    Raises
    ------
    StoreError
        When the folder holds no whole analysis, the id is unknown or the beginning of several, or ratings of the analysis
        were erased since.
    """
    if is_study(folder) and read_manifest(folder / OUT) is None:
        return _unmeasured(folder, identifier)
    results = load_results(folder)
    behind = behind_of(results)
    kind, found = _find(identifier, _ids(results.estimates, behind))
    lookup = Lookup(behind.ratings, results.protocol, sampled=behind.sampled)
    if kind == "estimate":
        estimates = results.estimates.filter(pl.col("estimate_id") == found)
        ratings = lookup.ratings_of(estimates.to_dicts()[0])
    else:
        column = COLUMNS[kind]
        ratings = behind.ratings.filter(pl.col(column) == found)
        inside = [row["estimate_id"] for row in results.estimates.to_dicts() if found in lookup.ratings_of(row)[column]]
        estimates = results.estimates.filter(pl.col("estimate_id").is_in(inside))
    shown = _shown(ratings)
    collected = _collected(behind, kind, found)
    return Trace(kind, results.manifest, estimates, shown, _told(behind, shown, collected), collected)


def _unmeasured(study: Path, identifier: str) -> Trace:
    """Return what is known of a response of a study that has no results yet."""
    with needing("store"):
        from driftgauge.pipeline.behind import unmeasured  # noqa: PLC0415 - the core has no store

        behind = unmeasured(study)
    nothing = empty(ESTIMATES)
    kind, found = _find(identifier, _ids(nothing, behind))
    shown, collected = _shown(behind.ratings), _collected(behind, kind, found)
    return Trace(kind, None, nothing, shown, _told(behind, shown, collected), collected)


def _collected(behind: Behind, kind: str, found: str) -> pl.DataFrame | None:
    if behind.collected is None or kind != "response":
        return None
    return behind.collected.filter(pl.col("response_id") == found).select(OF_A_RESPONSE)


COLUMNS: Final[Mapping[str, str]] = {"rating": "rating_id", "response": "response_id", "prompt": "prompt"}


def behind_of(results: Results) -> Behind:
    """Return the ratings of an analysis: its own copy, or the store's as they were then."""
    if results.study is None:
        return Behind(pl.read_parquet(results.folder / "ratings.parquet"), None)
    with needing("store"):
        from driftgauge.pipeline.behind import behind  # noqa: PLC0415 - folders of `analyze` are traced without a store
    return behind(results.study, results.manifest)


def _ids(estimates: pl.DataFrame, behind: Behind) -> dict[str, pl.Series]:
    """Return, by kind, what can be asked for."""
    ratings = behind.ratings
    found = {"estimate": estimates["estimate_id"]}
    found |= {kind: ratings[column].drop_nulls() for kind, column in COLUMNS.items() if column in ratings.columns}
    if behind.collected is not None:
        found["response"] = pl.concat([found["response"], behind.collected["response_id"]])
    return found


def _find(identifier: str, ids: Mapping[str, pl.Series]) -> tuple[str, str]:
    if len(identifier) < SHORTEST_ID:
        raise StoreError(f"{identifier!r} is too short", remedy=f"Give at least {SHORTEST_ID} digits of the id.")
    found = [
        (kind, each)
        for kind, column in ids.items()
        for each in column.filter(column.str.starts_with(identifier)).unique().to_list()
        if kind != "prompt" or each == identifier
    ]
    if not found:
        raise StoreError(
            f"no estimate, rating or response has the id {identifier!r}", remedy="Copy it from the report or estimates.csv."
        )
    if len(found) > 1:
        raise StoreError(f"{len(found)} ids begin with {identifier!r}", remedy="Give more of its digits.")
    return found[0]


def _told(behind: Behind, ratings: pl.DataFrame, collected: pl.DataFrame | None) -> pl.DataFrame | None:
    if behind.journal is None:
        return None
    entries = [frame["entry"] for frame in (ratings, collected) if frame is not None and "entry" in frame.columns]
    return behind.journal.filter(pl.col("entry").is_in(pl.concat(entries).unique().implode())) if entries else None


def _shown(ratings: pl.DataFrame) -> pl.DataFrame:
    imputed = ratings if "imputed" in ratings.columns else ratings.with_columns(imputed=pl.lit(False))
    return imputed.select(*SHOWN, *(name for name in OF_A_STUDY if name in imputed.columns))
