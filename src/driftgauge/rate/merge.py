"""What is new in ratings that come to a study which has some: pure, on frames; who writes it is the pipeline's matter."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from driftgauge.errors import Problem
from driftgauge.rate.exchange.ids import content_ids

DESCRIBED: Final = ("status", "harm_category", "technique", "execution", "prompt_hash", "response_hash")
"""What is said of a response beside its key."""
RATED: Final = ("kind", "purpose", "harm", "success", "refusal", "refusal_level", "comment", "created_at", "simulated")
"""What a rating says beside its key."""
_LISTED: Final = 40
_ONLY_REVISED: Final = "the same again, or `--revise` to record a correction (what it said before is kept)"


@dataclass(frozen=True)
class Merge:
    """What an import would add.

    Parameters
    ----------
    ratings
        New ratings and revisions: the columns that came, `content`, `response_content` and `revision`.
    responses
        New responses and revisions: one row each, with `content` and `revision`.
    n_new, n_revised, n_same, n_erased
        Ratings that are new, that correct one, that are there already, and that were erased (or their response) and stay so.
    problems
        What contradicts the study.
    """

    ratings: pl.DataFrame
    responses: pl.DataFrame
    n_new: int
    n_revised: int
    n_same: int
    n_erased: int
    problems: tuple[Problem, ...]


def place(row: Mapping[str, object]) -> str:
    """Return "step-1.csv, line 7" of a row of ratings that were read from several files, "line 7" of a row of one file.

    Examples
    --------
    >>> place({"line": 7}), place({"line": 7, "extra_source_file": "step-1.csv"})
    ('line 7', 'step-1.csv, line 7')
    """
    file = row.get("extra_source_file")
    return f"{file}, line {row['line']}" if file else f"line {row['line']}"


def merge(incoming: pl.DataFrame, *, known_ratings: pl.DataFrame, known_responses: pl.DataFrame, revise: bool = False) -> Merge:
    """Return what ratings add to those that are known.

    Parameters
    ----------
    incoming
        The ratings table (`frames.RATINGS`), each rating once.
    known_ratings
        `rating_id`, `revision`, `content`, `erased` (why, or null) of the newest revision of each.
    known_responses
        `response_id`, `revision`, `content`, `erased` of every revision.
    revise
        Whether a rating or response that is known with other values is a correction; else it is a problem.
    """
    described = incoming.with_columns(response_content=_content(incoming, DESCRIBED))
    whole = described.with_columns(content=_content(described, (*RATED, "response_content")))
    there = known_ratings.select("rating_id", known_revision="revision", known_content="content", known_erased="erased")
    joined = whole.join(there, on="rating_id", how="left", maintain_order="left")
    gone = known_responses.filter(pl.col("erased").is_not_null())["response_id"].unique()
    erased = pl.col("known_erased").is_not_null() | pl.col("response_id").is_in(gone.implode())
    same = ~erased & (pl.col("known_content") == pl.col("content"))
    is_new = pl.col("known_revision").is_null()
    fresh = joined.filter(~erased & (is_new | ~same))
    corrected = fresh.filter(~is_new)
    added = fresh.with_columns(revision=pl.col("known_revision").fill_null(0) + 1).drop("^known_.*$")
    responses = _responses(added, known_responses)
    problems = () if revise else (*_conflicts(corrected), *_redescribed(responses, corrected, known_responses))
    counts = joined.select(erased=erased.sum(), same=same.fill_null(value=False).sum()).row(0, named=True)
    return Merge(
        ratings=added,
        responses=responses,
        n_new=added.height - corrected.height,
        n_revised=corrected.height,
        n_same=counts["same"],
        n_erased=counts["erased"],
        problems=problems,
    )


def _content(frame: pl.DataFrame, names: tuple[str, ...]) -> pl.Series:
    plain = frame.select(pl.col(name).cast(pl.Int64) if frame.schema[name] == pl.Boolean else pl.col(name) for name in names)
    return content_ids(plain, names)


def _responses(added: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return the responses that ratings are about and that are not known as they are described, with their revision."""
    each = added.unique(["response_id", "response_content"], keep="first", maintain_order=True)
    living = known.filter(pl.col("erased").is_null()).select("response_id", response_content="content")
    new = each.join(living, on=["response_id", "response_content"], how="anti", maintain_order="left")
    last = known.group_by("response_id").agg(last=pl.col("revision").max())
    numbered = new.join(last, on="response_id", how="left", maintain_order="left").with_columns(
        revision=pl.col("last").fill_null(0) + pl.int_range(1, pl.len() + 1).over("response_id"),
        content=pl.col("response_content"),
    )
    return numbered.drop("last", "rating_id", "response_content")


def _conflicts(corrected: pl.DataFrame) -> Iterator[Problem]:
    for row in corrected.head(_LISTED).iter_rows(named=True):
        yield Problem(place(row), f"rating {row['rating_id']} is in the study with other values", _ONLY_REVISED)
    if corrected.height > _LISTED:
        yield Problem("the same", f"{corrected.height - _LISTED:,} more such ratings", _ONLY_REVISED)


def _redescribed(responses: pl.DataFrame, corrected: pl.DataFrame, known: pl.DataFrame) -> Iterator[Problem]:
    """Yield a problem for each known response that new ratings describe otherwise; corrected ratings have theirs already."""
    again = responses.join(known.select("response_id").unique(), on="response_id", how="semi", maintain_order="left")
    others = again.join(corrected.select("response_id").unique(), on="response_id", how="anti", maintain_order="left")
    newest = {row["response_id"]: row for row in known.iter_rows(named=True)}
    for row in others.head(_LISTED).iter_rows(named=True):
        before = newest[row["response_id"]]
        differing = [name for name in DESCRIBED if name in before and before[name] != row[name]]
        what = f"response {row['response_id']} is in the study with another {' and '.join(differing) or 'text'}"
        yield Problem(place(row), what, _ONLY_REVISED)
    if others.height > _LISTED:
        yield Problem("the same", f"{others.height - _LISTED:,} more such responses", _ONLY_REVISED)


def release_problems(releases: pl.DataFrame, known: pl.DataFrame) -> Iterator[Problem]:
    """Yield a problem for each release that sources place in two families or generations, or that shares a place.

    Parameters
    ----------
    releases, known
        `release`, `family`, `generation`: of what comes, and of what is there.
    """
    both = releases.join(known, on="release", how="inner", suffix="_known", maintain_order="left")
    for row in both.iter_rows(named=True):
        for name in ("family", "generation"):
            if row[name] is not None and row[name] != row[f"{name}_known"]:
                before = "nothing" if row[f"{name}_known"] is None else f"{name} {row[f'{name}_known']!r}"
                what = f"{name} {row[name]!r}, where the study has {before} from an earlier import"
                yield Problem(f"release {row['release']!r}", what, "the same, or families in study.yaml, which decide")
    together = pl.concat([known, releases.join(known, on="release", how="anti", maintain_order="left")])
    placed = together.drop_nulls(["family", "generation"])
    shared = (
        placed.group_by("family", "generation", maintain_order=True).agg("release").filter(pl.col("release").list.len() > 1)
    )
    for family, generation, names in shared.iter_rows():
        what = f"releases {', '.join(names)} are all generation {generation}"
        yield Problem(f"family {family!r}", what, "a generation of its own for each release of a family")
