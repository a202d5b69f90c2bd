"""What a reader must know of responses that were collected: how many wait for people, and which model answered."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from driftgauge.errors import StoreError, shown_name
from driftgauge.pipeline.rated import Rated, latest, rated_until
from driftgauge.records import Finding
from driftgauge.store import read
from driftgauge.store.collected import has_collected
from driftgauge.store.database import Connection
from driftgauge.study import Study

_FEW: Final = 0.05
"""The share of a release's responses that may wait before no conclusion about it stands."""
_NAMED: Final = 8
_RATE: Final = "Have them rated, import the ratings, and measure again."


def require_ratings(connection: Connection, study: Study) -> None:
    """Raise `StoreError` when a study has no rating yet, and not only collected responses that need none."""
    if read.has_ratings(connection):
        return
    if not has_collected(connection):
        raise StoreError("the study has no ratings yet", remedy=f"driftgauge rate import {study.folder} FILE")
    waiting = int(rated_until(connection, study, latest(connection)).waiting["waiting"].sum())
    if waiting:
        raise StoreError(
            f"nothing is rated yet: {waiting:,} collected responses wait for people, and there is no rating of any",
            remedy=f"Have them rated, then: driftgauge rate import {study.folder} FILE",
        )


def collected_findings(rated: Rated) -> tuple[Finding, ...]:
    """Return what there is to say of the collected responses of a study."""
    return (*_unrated(rated.waiting), *_changed(rated.collected))


def _unrated(waiting: pl.DataFrame) -> Iterator[Finding]:
    rows = waiting.filter(pl.col("waiting") > 0).to_dicts()
    if not rows:
        return
    each = [f"{row['release']} {row['waiting']:,} of {row['answered']:,}" for row in rows]
    unseen = sum(row["unseen"] for row in rows)
    biased = (
        f" The {unseen:,} that were refused, filtered or empty count as soon as others beside them are rated: until all are, "
        "the ASR of these releases is too low, and their refusal rate too high."
    )
    sentence = f"Responses that were collected for people to rate have no rating yet: {_listed(each)}. They enter no estimate."
    sentence += biased if unseen else ""
    if any(row["waiting"] > _FEW * row["answered"] for row in rows):
        yield Finding("unrated_responses", "critical", sentence, _RATE)
    else:
        yield Finding("unrated_responses", "warning", sentence, _RATE)


def _changed(collected: pl.DataFrame) -> Iterator[Finding]:
    changed = collected.filter("model_changed")
    rows = changed.group_by("release").agg(n=pl.len(), served=pl.col("served_model").unique().sort()).sort("release").to_dicts()
    if not rows:
        return
    each = [f"{row['release']} {row['n']:,} ({_listed([shown_name(str(name)) for name in row['served']])})" for row in rows]
    yield Finding(
        "served_model_changed",
        "warning",
        f"Another model answered than the first that was served under that name in the phase: {_listed(each)}. These releases "
        "are mixtures of models, and a drift of theirs cannot be laid to one of them.",
        "Collect them again under a model id that names one version.",
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
