"""``driftgauge trace``: from any number to what it was made of, and from a rating or response to the numbers that it is in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from driftgauge.errors import StoreError
from driftgauge.measure.lookup import Lookup
from driftgauge.pipeline.results import is_complete, read_manifest
from driftgauge.records import Manifest
from driftgauge.study import Protocol

SHOWN: Final = (
    "rating_id", "response_id", "scenario", "intent", "modality", "language", "release", "phase", "attempt", "status", "rater",
    "harm", "success", "refusal", "refusal_level", "imputed", "prompt_hash", "response_hash", "line",
)  # fmt: skip
"""What is shown of a rating: what it says and what it is about, never a text."""
SHORTEST_ID: Final = 6


@dataclass(frozen=True)
class Trace:
    """What is behind an id.

    Parameters
    ----------
    kind
        What the id is of: ``estimate``, ``rating`` or ``response``.
    manifest
        Of the analysis.
    estimates
        The estimate, or those that the rating or response is in.
    ratings
        The ratings of the estimate, or the rating, or those of the response; columns of `SHOWN`.
    """

    kind: str
    manifest: Manifest
    estimates: pl.DataFrame
    ratings: pl.DataFrame


def trace(folder: Path, identifier: str) -> Trace:
    """Return what is behind an estimate, or which estimates a rating or response is in.

    Parameters
    ----------
    folder
        Of an analysis.
    identifier
        The id of an estimate, a rating or a response, or its first six digits or more.

    Raises
    ------
    StoreError
        When the folder holds no whole analysis, or the id is unknown or the beginning of several.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise StoreError(f"{folder} holds no analysis", remedy="Give the --out folder of `driftgauge analyze`.")
    if not is_complete(folder, manifest):
        raise StoreError(
            f"{folder} was changed since its analysis",
            remedy="Run the same `driftgauge analyze` again; it restores the folder.",
        )
    estimates, ratings = (pl.read_parquet(folder / f"{name}.parquet") for name in ("estimates", "ratings"))
    kind, found = _find(identifier, {"estimate": estimates, "rating": ratings, "response": ratings})
    lookup = Lookup(ratings, Protocol.model_validate(manifest.settings["protocol"]))
    if kind == "estimate":
        estimate = estimates.filter(pl.col("estimate_id") == found)
        return Trace(kind, manifest, estimate, _shown(lookup.ratings_of(estimate.to_dicts()[0])))
    column = f"{kind}_id"
    inside = [row["estimate_id"] for row in estimates.to_dicts() if _is_in(lookup, row, column, found)]
    return Trace(
        kind, manifest, estimates.filter(pl.col("estimate_id").is_in(inside)), _shown(ratings.filter(pl.col(column) == found))
    )


def _is_in(lookup: Lookup, estimate: dict[str, Any], column: str, identifier: str) -> bool:
    return identifier in lookup.ratings_of(estimate)[column]


def _find(identifier: str, tables: dict[str, pl.DataFrame]) -> tuple[str, str]:
    if len(identifier) < SHORTEST_ID:
        raise StoreError(f"{identifier!r} is too short", remedy=f"Give at least {SHORTEST_ID} digits of the id.")
    found = [
        (kind, each)
        for kind, table in tables.items()
        for each in table[f"{kind}_id"].filter(table[f"{kind}_id"].str.starts_with(identifier)).unique().to_list()
    ]
    if not found:
        raise StoreError(
            f"no estimate, rating or response has the id {identifier!r}", remedy="Copy it from the report or estimates.csv."
        )
    if len(found) > 1:
        raise StoreError(f"{len(found)} ids begin with {identifier!r}", remedy="Give more of its digits.")
    return found[0]


def _shown(ratings: pl.DataFrame) -> pl.DataFrame:
    imputed = ratings if "imputed" in ratings.columns else ratings.with_columns(imputed=pl.lit(False))
    return imputed.select(SHOWN)
