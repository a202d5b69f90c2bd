"""What is to be asked: prompts × releases × attempts, without what is there. Pure, and the same on every machine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final, Literal

import polars as pl

from driftgauge import frames
from driftgauge.collect.records import Item
from driftgauge.collect.releases import AskedRelease
from driftgauge.errors import CollectError
from driftgauge.records import content_id

PROMPTS: Final = pl.Schema(
    {
        "prompt": pl.String,
        "prompt_hash": pl.String,
        "scenario": pl.String,
        "intent": pl.String,
        "modality": pl.String,
        "language": pl.String,
        "takes": pl.List(pl.String),
        "characters": pl.Int64,
        "media_bytes": pl.Int64,
    }
)
"""The prompts of a benchmark: which kinds of parts each has, how long its text is, how large its media."""
KNOWN: Final = pl.Schema({"response_id": pl.String, "revision": pl.Int64, "status": pl.String})
"""The newest revision of each response that is there."""
COUNTS: Final = ("to_ask", "again", "there", "unsupported", "later")
_SLICE: Final = 1000


@dataclass(frozen=True)
class Plan:
    """What a collection asks, and what it does not.

    Parameters
    ----------
    releases
        What is asked of each release.
    to_ask
        One row an item (columns are the fields of `Item`), in the order in which they are asked.
    unsupported
        The same for what ends as `unsupported` without a call, because the release does not take a kind of part.
    counts
        By `release` and `modality`: `to_ask`; `again`, those of them that are there as failed (or as unsupported by a release
        that takes them now); `there`, which are not asked; `unsupported`, which end so; `later`, which are missing and left by
        `limit` or `only`. All but `again` add up to prompts × attempts.
    """

    releases: tuple[AskedRelease, ...]
    to_ask: pl.DataFrame
    unsupported: pl.DataFrame
    counts: pl.DataFrame

    @property
    def media_bytes(self) -> int:
        """The bytes of media that go out if nothing has to be asked twice."""
        return int(self.to_ask["media_bytes"].sum())

    def total(self, release: str) -> int:
        """Return how many items of a release there are, with a call and without."""
        return sum(rows.filter(release=release).height for rows in (self.to_ask, self.unsupported))

    def items(self, release: str) -> Iterator[Item]:
        """Yield what is asked of a release, in order; made one after the other, for a plan may be large."""
        return _items(self.to_ask.filter(release=release))

    def without_a_call(self, release: str) -> Iterator[Item]:
        """Yield what ends as `unsupported`."""
        return _items(self.unsupported.filter(release=release))


def plan(
    prompts: pl.DataFrame,
    *,
    releases: Sequence[AskedRelease],
    phase: str,
    attempts: int,
    known: pl.DataFrame,
    limit: int | None = None,
    only: Literal["failed"] | None = None,
    release: str | None = None,
) -> Plan:
    """Return what is to be asked.

    Parameters
    ----------
    prompts
        Of the frozen benchmark, with the columns of `PROMPTS`.
    releases
        Those of the phase.
    phase
        Its name.
    attempts
        How often each prompt is put to each release.
    known
        The responses that are there, with the columns of `KNOWN`: each once, with its newest revision.
    limit
        Ask at most so many, as evenly over the releases as there is something to ask; null for all.
    only
        ``failed``: ask nothing but what is there as failed.
    release
        Ask this one alone.

    Raises
    ------
    CollectError
        When there is no such release, or two prompts are about the same scenario, intent, modality and language.

    Notes
    -----
    Scenarios come in an order drawn by the hash of their name, and so do the prompts of one scenario among themselves: neither
    category nor modality goes with calendar time, and the prompts of a pair stand next to each other. The order is the same for
    every release and in every phase, and the releases take turns. All first attempts come before all second ones.
    """
    asked = _chosen(releases, release)
    rows = _with_what_is_known(_crossed(_in_order(prompts), asked, phase=phase, attempts=attempts), known)
    wanted = rows.filter(_is_failed()) if only else rows.filter(_is_new() | _comes_again())
    to_ask = _taking_turns(wanted.filter("supported"))
    chosen = to_ask if limit is None else to_ask.head(limit)
    unsupported = _taking_turns(wanted.filter(~pl.col("supported")))
    return Plan(asked, _as_items(chosen), _as_items(unsupported), _counted(rows, chosen=chosen, unsupported=unsupported))


def _chosen(releases: Sequence[AskedRelease], name: str | None) -> tuple[AskedRelease, ...]:
    chosen = tuple(each for each in releases if name in (None, each.name))
    if name is not None and not chosen:
        known = ", ".join(each.name for each in releases)
        raise CollectError(f"no release of this phase is called {name}", remedy=f"Name one of: {known}")
    return chosen


def _in_order(prompts: pl.DataFrame) -> pl.DataFrame:
    """Return the prompts in the order in which every release is asked, with their `place` in it."""
    whole = prompts.select(pl.col(name).cast(dtype) for name, dtype in PROMPTS.items())
    drawn = whole.with_columns(
        of_scenario=_drawn(whole["scenario"]),
        of_prompt=_drawn(whole["prompt"]),
    )
    return drawn.sort("of_scenario", "scenario", "of_prompt", "prompt").select(PROMPTS.names()).with_row_index("place")


def _drawn(names: pl.Series) -> pl.Series:
    return pl.Series([content_id("order", name) for name in names], dtype=pl.String)


def _crossed(prompts: pl.DataFrame, releases: Sequence[AskedRelease], *, phase: str, attempts: int) -> pl.DataFrame:
    """Return one row a response that there could be, with its id and whether the release takes it."""
    tried = pl.DataFrame({"attempt": range(1, attempts + 1)}, schema={"attempt": pl.Int64})
    each = tried.join(prompts, how="cross").with_columns(phase=pl.lit(phase))
    parts = [
        each.with_columns(
            release=pl.lit(release.name),
            release_place=pl.lit(at),
            supported=pl.col("takes").list.eval(pl.element().is_in(sorted(release.takes))).list.all(),
        )
        for at, release in enumerate(releases)
    ]
    rows = pl.concat(parts) if parts else each.clear().with_columns(release=pl.lit(""), release_place=0, supported=True)
    ids = [content_id(*key) for key in rows.select(frames.RESPONSE_KEY).iter_rows()]
    if len(set(ids)) < len(ids):
        twice = rows.select("scenario", "intent", "modality", "language", "release", "attempt").is_duplicated()
        name = rows.filter(twice)["prompt"].min()
        raise CollectError(f"the prompt {name} is there twice", remedy="Verify the benchmark: driftgauge benchmark verify DIR")
    return rows.with_columns(response_id=pl.Series(ids, dtype=pl.String))


def _with_what_is_known(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    there = known.select("response_id", pl.col("status").alias("known_status"), pl.col("revision").alias("known_revision"))
    joined = rows.join(there, on="response_id", how="left", validate="m:1", maintain_order="left")
    return joined.with_columns(revision=pl.col("known_revision").fill_null(0) + 1)


def _is_new() -> pl.Expr:
    return pl.col("known_revision").is_null()


def _is_failed() -> pl.Expr:
    return pl.col("known_status").eq_missing("failed")


def _comes_again() -> pl.Expr:
    """Failed before, or ended as unsupported before the study said that the release takes it."""
    return _is_failed() | (pl.col("known_status").eq_missing("unsupported") & pl.col("supported"))


def _taking_turns(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows so that the n-th of each release come together."""
    ordered = rows.sort("attempt", "place")
    turn = pl.int_range(pl.len()).over("release")
    return ordered.with_columns(turn=turn).sort("turn", "release_place")


def _as_items(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(field.name for field in fields(Item))


def _items(rows: pl.DataFrame) -> Iterator[Item]:
    kinds: dict[tuple[str, ...], frozenset[str]] = {}
    for piece in rows.iter_slices(_SLICE):
        for row in piece.iter_rows(named=True):
            takes = tuple(row["takes"])
            row["takes"] = kinds.setdefault(takes, frozenset(takes))
            yield Item(**row)


def _counted(rows: pl.DataFrame, *, chosen: pl.DataFrame, unsupported: pl.DataFrame) -> pl.DataFrame:
    by = ["release", "modality"]
    asked = pl.col("response_id").is_in(chosen["response_id"].implode())
    ends = pl.col("response_id").is_in(unsupported["response_id"].implode())
    missing = _is_new() | _comes_again()
    counted = rows.group_by("release_place", *by).agg(
        to_ask=asked.sum(),
        again=(asked & ~_is_new()).sum(),
        there=(~missing).sum(),
        unsupported=ends.sum(),
        later=(missing & ~asked & ~ends).sum(),
    )
    return counted.sort("release_place", "modality").select(*by, pl.col(COUNTS).cast(pl.Int64))
