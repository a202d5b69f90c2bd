"""Ratings that come in beside responses that were collected: whom they are about is known, and what they say must fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from driftgauge.errors import Problem, shown_name
from driftgauge.frames import MISSING_STATUSES, RATED_STATUSES, RESPONSE_KEY
from driftgauge.rate.merge import DESCRIBED, place

_LISTED: Final = 40
_COMPARED: Final = ("status", "harm_category", "technique", "execution", "response_hash")
"""What a file may contradict. The hash of a prompt is of its text in a file, and of its canonical form in a benchmark."""
_WORDS: Final = {"response_hash": "text"}


@dataclass(frozen=True)
class Beside:
    """Ratings with the description of what they are about, and what does not fit."""

    ratings: pl.DataFrame
    problems: tuple[Problem, ...]


def beside_collected(
    incoming: pl.DataFrame, *, status_said: pl.Series, collected: pl.DataFrame, known_responses: pl.DataFrame
) -> Beside:
    """Attach ratings to the responses that were collected.

    Parameters
    ----------
    incoming
        The ratings table.
    status_said
        Of each, whether its source says the status of the response. A missing status in a rater's name is about the rater.
    collected
        The newest revision of each collected response: `response_id`, `RESPONSE_KEY`, `DESCRIBED` and `erased`.
    known_responses
        `response_id` of all that the study has, collected or imported.

    Returns
    -------
    Beside
        Ratings of collected responses have `DESCRIBED` as it was collected, so that they add no revision; the others are
        as they came.
    """
    if collected.is_empty():
        return Beside(incoming, ())
    about = collected.select("response_id", *(pl.col(name).alias(f"known_{name}") for name in (*DESCRIBED, "erased")))
    joined = incoming.with_columns(said=status_said).join(about, on="response_id", how="left", maintain_order="left")
    is_collected = pl.col("known_status").is_not_null()
    problems = (*_contradictions(joined.filter(is_collected)), *_never_had(joined.filter(is_collected)))
    problems += tuple(_uncollected(joined.filter(~is_collected), collected, known_responses))
    described = joined.with_columns(
        pl.when(is_collected).then(f"known_{name}").otherwise(name).alias(name) for name in DESCRIBED
    )
    return Beside(described.select(incoming.columns), problems)


def _contradicts(name: str) -> pl.Expr:
    stated, known = pl.col(name), pl.col(f"known_{name}")
    differs = stated.is_not_null() & stated.ne_missing(known)
    if name == "status":
        of_rater = pl.col("rater").is_not_null() & stated.is_in(MISSING_STATUSES)
        shown_alike = stated.is_in(RATED_STATUSES) & known.is_in(RATED_STATUSES)  # a rater cannot tell that a text was cut
        return differs & pl.col("said") & ~of_rater & ~shown_alike
    return differs & pl.col("known_erased").is_null()


def _contradictions(rows: pl.DataFrame) -> Iterator[Problem]:
    wrong = rows.filter(pl.any_horizontal(_contradicts(name) for name in _COMPARED))
    marked = wrong.with_columns(_contradicts(name).alias(f"wrong_{name}") for name in _COMPARED)
    for row in marked.head(_LISTED).iter_rows(named=True):
        names = [_WORDS.get(name, name) for name in _COMPARED if row[f"wrong_{name}"]]
        what = f"response {row['response_id']} was collected with another {' and '.join(names)}"
        yield Problem(place(row), what, "what was collected, or nothing in these columns")
    yield from _more(marked.height, "such ratings")


def _never_had(rows: pl.DataFrame) -> Iterator[Problem]:
    """Yield a problem for each rating of a response that there is not."""
    outcomes = pl.any_horizontal(pl.col("harm", "success", "refusal", "refusal_level").is_not_null())
    rated = rows.filter(pl.col("known_status").is_in(MISSING_STATUSES), outcomes)
    for row in rated.head(_LISTED).iter_rows(named=True):
        what = f"response {row['response_id']} could not be had (status {row['known_status']}), so that nobody can have read it"
        yield Problem(place(row), what, "ratings of responses that were collected")
    yield from _more(rated.height, "such ratings")


def _uncollected(rows: pl.DataFrame, collected: pl.DataFrame, known_responses: pl.DataFrame) -> Iterator[Problem]:
    """Yield a problem for each response that was not collected, though its release was in its phase."""
    releases = set(collected["release"].unique())
    pairs = collected.select("release", "phase").unique()
    new = rows.join(known_responses.select("response_id").unique(), on="response_id", how="anti", maintain_order="left")
    without_phase = new.filter(pl.col("phase").is_null(), pl.col("release").is_in(list(releases)))
    strange = pl.concat([new.join(pairs, on=["release", "phase"], how="semi", maintain_order="left"), without_phase])
    each = strange.unique("response_id", keep="first", maintain_order=True)
    for row in each.head(_LISTED).iter_rows(named=True):
        key = ", ".join(f"{name} {shown_name(str(row[name]))}" for name in RESPONSE_KEY if row[name] is not None)
        what = f"no such response was collected ({key})"
        yield Problem(place(row), what, _nearest(row, collected))
    yield from _more(each.height, "such responses")


def _nearest(row: dict[str, object], collected: pl.DataFrame) -> str:
    """Return what the key of a collected response has otherwise, where one differs in little."""
    same = collected.filter(*(pl.col(name) == row[name] for name in ("scenario", "release")))
    found = [[name for name in RESPONSE_KEY if each[name] != row[name]] for each in same.iter_rows(named=True)]
    nearest = min(found, key=len, default=list[str]())
    if not nearest:
        return "a response that the study has"
    values = {name: sorted({str(value) for value in same[name]}) for name in nearest}
    return "; ".join(f"{name} {' or '.join(map(shown_name, values[name][:5]))}" for name in nearest) + ", as it was collected"


def _more(count: int, what: str) -> Iterator[Problem]:
    if count > _LISTED:
        yield Problem("the same", f"{count - _LISTED:,} more {what}", "what was collected")
