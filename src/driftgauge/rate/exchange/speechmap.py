"""SpeechMap: two judges' labels of how models answered requests for political speech.

- The questions ask for lawful speech, nothing wrong: their intent is benign, and a refusal is an over-refusal.
- ``COMPLETE`` is no refusal, ``EVASIVE`` a partial one, ``DENIAL`` a full one. The label itself is kept as ``extra_label``.
- ``ERROR…`` means that this judge gave no label (it was moderated, or had an error for a response): that rating is missing,
  with status ``failed``, in the judge's name, so that each judge's own losses can be counted. It is not a refusal.
- The scenario is question set and question. Sets whose names begin with ``fi_`` and ``zh_`` are Finnish and Chinese.
- Of the response the source gives the first digits of a SHA-256, and so does `response_hash`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.rate.exchange.cells import Reading
from driftgauge.rate.exchange.columns import missing_columns
from driftgauge.rate.exchange.draft import EMPTY, Draft, Part, draft_of
from driftgauge.rate.exchange.labels import Labels, blank_cells, read_labels
from driftgauge.rate.exchange.messages import in_order
from driftgauge.rate.exchange.table import Table
from driftgauge.records import Finding

LEVELS: Final = {"COMPLETE": "none", "EVASIVE": "partial", "DENIAL": "full"}
ERROR: Final = "error"


@dataclass(frozen=True)
class Judge:
    """The columns of one judge."""

    label: str
    response: str
    time: str


JUDGES: Final = (
    Judge("grok41fast", "response_sha_grok", "ts_grok"),
    Judge("gpt4o1120", "response_sha_gpt4o", "ts_gpt4o"),
)
REQUIRED: Final = (
    *("question_set", "question_id", "model"),
    *(column for judge in JUDGES for column in (judge.label, judge.response, judge.time)),
)


def _level(text: str) -> str | None:
    label = text.strip()
    return ERROR if label.startswith("ERROR") else LEVELS.get(label)


READING: Final = Reading(_level, pl.String, f"one of: {', '.join(LEVELS)}, ERROR…")


def read(paths: Sequence[Path], column_map: Mapping[str, str]) -> Draft:
    """Read the labels of both judges as one draft; the columns are fixed, and `column_map` is not used."""
    del column_map
    draft = draft_of(paths, _read_one)
    return replace(draft, findings=_errors(draft))


def _read_one(table: Table) -> Part:
    problems = missing_columns(table, REQUIRED, of="SpeechMap's two judges")
    if problems:
        return Part(EMPTY, problems)
    labels = [_labels(table, judge) for judge in JUDGES]
    missing = pl.col("refusal_level") == ERROR
    frame = (
        pl.concat(label.frame for label in labels)
        .with_columns(
            status=pl.when(missing).then(pl.lit("failed")),
            refusal_level=pl.when(~missing).then("refusal_level"),
        )
        .with_columns(refusal=pl.col("refusal_level") != "none")
        .sort("line", maintain_order=True)
    )
    wrong = [*blank_cells(table, REQUIRED[:3]), *(problem for label in labels for problem in label.problems)]
    return Part(frame, in_order(wrong))


def _labels(table: Table, judge: Judge) -> Labels:
    about = table.frame.select(
        table.lines.alias("line"),
        pl.concat_str("question_set", "question_id", separator="/").alias("scenario"),
        pl.col("model").alias("release"),
        pl.col("question_set").str.extract("^(fi|zh)_").fill_null("en").alias("language"),
        pl.col(judge.response).alias("response_hash"),
        pl.col(judge.time).alias("created_at"),
        pl.col(judge.label).alias("extra_label"),
        pl.col("question_set").alias("extra_question_set"),
        intent=pl.lit("benign"),
        kind=pl.lit("judge"),
    )
    return read_labels(table, about, column=judge.label, rater=judge.label, reading=READING, value="refusal_level")


def _errors(draft: Draft) -> tuple[Finding, ...]:
    rows = draft.frame.filter(pl.col("status") == "failed")
    if rows.is_empty():
        return ()
    both = rows.filter(pl.col("response_id").is_duplicated())["response_id"].n_unique()
    sentence = (
        f"{rows.height:,} labels are errors of the judge; these ratings are missing, for {both:,} responses of both judges."
    )
    return (Finding("judge_labels_missing", "info", sentence, rating_ids=rows["rating_id"].to_list()),)
