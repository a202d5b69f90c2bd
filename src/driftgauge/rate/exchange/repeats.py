"""Ratings that stand more than once, and texts that differ where they should be one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from driftgauge.errors import Problem, visible
from driftgauge.rate.exchange.draft import Draft
from driftgauge.rate.exchange.messages import LISTED
from driftgauge.records import Finding

VALUES: Final = ("harm", "success", "refusal", "refusal_level")
"""What two ratings with one key must agree in to be one rating."""
PROMPT_KEY: Final = ("scenario", "intent", "modality", "language")


@dataclass(frozen=True)
class Settled:
    """A draft whose ratings each stand once."""

    frame: pl.DataFrame
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]


def settle(draft: Draft) -> Settled:
    """Keep the first of identical ratings, and report those of one key that differ in value."""
    sound = draft.frame.with_row_index("row").filter("sound")
    ids = sound["rating_id"]
    if ids.n_unique() == ids.len():
        return Settled(draft.frame, (), _differing_texts(draft))
    repeated = sound.filter(ids.is_duplicated()).select("rating_id", "row", "file", "line", *VALUES)
    first = repeated.unique("rating_id", keep="first").select("rating_id", pl.exclude("rating_id").name.prefix("first_"))
    later = repeated.join(first, on="rating_id", maintain_order="left").filter(pl.col("row") != pl.col("first_row"))
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"first_{name}")) for name in VALUES)
    conflicts, same = later.filter(differs), later.filter(~differs)
    frame = draft.frame.with_row_index("row").join(same.select("row"), on="row", how="anti", maintain_order="left").drop("row")
    findings = () if draft.repeats_expected or same.is_empty() else (_identical(draft, same),)
    return Settled(frame, _conflicts(draft, conflicts), (*findings, *_differing_texts(draft)))


def _identical(draft: Draft, same: pl.DataFrame) -> Finding:
    return Finding(
        code="identical_duplicates",
        level="info",
        sentence=f"{_ratings(same.height)} stood in the data again with the same values and count once ({draft.places(same)}).",
        rating_ids=same["rating_id"].unique(maintain_order=True).to_list(),
    )


def _ratings(count: int) -> str:
    return f"{count:,} rating{'s' * (count != 1)}"


def _conflicts(draft: Draft, conflicts: pl.DataFrame) -> tuple[Problem, ...]:
    expected = (
        "one rating for each response, rater and occasion; number a repeat with `occasion`, a further answer with `attempt`"
    )
    problems = [
        Problem(draft.place(row["file"], row["line"]), _difference(draft, row), expected)
        for row in conflicts.head(LISTED).iter_rows(named=True)
    ]
    if conflicts.height > LISTED:
        problems.append(Problem("the same", f"{conflicts.height - LISTED:,} more ratings that stand twice", expected))
    return tuple(problems)


def _difference(draft: Draft, row: dict[str, object]) -> str:
    first = draft.place(int(str(row["first_file"])), int(str(row["first_line"])))
    seen = [f"{name} {_said(row[name])}" for name in VALUES if row[name] != row[f"first_{name}"]]
    other = [_said(row[f"first_{name}"]) for name in VALUES if row[name] != row[f"first_{name}"]]
    return f"{' and '.join(seen)} where {visible(first)} says {' and '.join(other)} for the same response, rater and occasion"


def _said(value: object) -> str:
    return "nothing" if value is None else str(value).lower()


def _differing_texts(draft: Draft) -> tuple[Finding, ...]:
    """Return what there is to say about prompts and responses that have two texts."""
    found = [
        _two_texts(
            draft,
            key=["response_id"],
            text="response_hash",
            code="response_texts_differ",
            sentence="{count} with two or more texts: not all raters of such a response read the same words.",
            of="response",
        ),
        _two_texts(
            draft,
            key=PROMPT_KEY,
            text="prompt_hash",
            code="prompt_texts_differ",
            sentence="{count} with two or more texts: a difference between releases may come from the prompt.",
            of="prompt",
        ),
    ]
    return tuple(finding for finding in found if finding)


def _two_texts(draft: Draft, *, key: Sequence[str], text: str, code: str, sentence: str, of: str) -> Finding | None:
    frame = draft.frame
    if frame[text].null_count() == frame.height:
        return None
    several = frame.group_by(key).agg(pl.col(text).drop_nulls().n_unique().alias("texts")).filter(pl.col("texts") > 1)
    if several.is_empty():
        return None
    ids = frame.join(several.select(key), on=list(key), how="semi", nulls_equal=True)["rating_id"]
    count = f"{several.height:,} {of}{'s' * (several.height != 1)}"
    return Finding(code, "warning", sentence.format(count=count), rating_ids=ids.unique(maintain_order=True).to_list())
