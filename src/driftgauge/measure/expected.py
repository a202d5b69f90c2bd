"""Which releases and successions a study is about, whether or not it has estimates of them all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Expected:
    """The releases, and the successions of a release by the next of its family, by the names that `subject` gives."""

    releases: tuple[str, ...]
    successions: tuple[str, ...]


def expected_of(estimates: pl.DataFrame, families: Mapping[str, Sequence[str]]) -> Expected:
    """Return what was declared, and what the estimates name beside.

    Parameters
    ----------
    estimates
        The estimates table: people's rows and judges'.
    families
        Each family with its releases in order; empty where nothing was declared.

    Examples
    --------
    >>> from driftgauge.frames import ESTIMATES, empty
    >>> expected_of(empty(ESTIMATES), {"Elm": ["Elm 1", "Elm 2"]})
    Expected(releases=('Elm 1', 'Elm 2'), successions=('Elm 1 → Elm 2',))
    """
    named = estimates.select("release", "baseline_release").unique(maintain_order=True)
    declared = [release for releases in families.values() for release in releases]
    seen = [name for column in ("baseline_release", "release") for name in named[column].drop_nulls().to_list()]
    order = [list(releases) for releases in families.values()] or _families_in(estimates)
    drifts = estimates.filter(pl.col("contrast") == "drift").select("baseline_release", "release").unique(maintain_order=True)
    pairs = [pair for releases in order for pair in pairwise(releases)]
    named_pairs = [pair_of(*pair) for pair in (*pairs, *drifts.drop_nulls().iter_rows())]
    return Expected(tuple(dict.fromkeys([*declared, *seen])), tuple(dict.fromkeys(named_pairs)))


def pair_of(earlier: str, later: str) -> str:
    """Return the name of a succession."""
    return f"{earlier} → {later}"


def subject(row: Mapping[str, Any]) -> str:
    """Return which release, or which succession, an estimate is about."""
    return " → ".join(name for name in (row["baseline_release"], row["release"]) if name) or "the study"


def _families_in(estimates: pl.DataFrame) -> list[list[str]]:
    """Return the releases of each family in the order of their generations, where the data say it."""
    told = estimates.filter(pl.col("contrast").is_null(), pl.col("release").is_not_null(), pl.col("generation").is_not_null())
    order = told.select("family", "release", "generation").unique().drop_nulls().sort("family", "generation", "release")
    return [group["release"].to_list() for group in order.partition_by("family", maintain_order=True)]
