"""XSTest: completions of five model configurations with two annotators, and the files of its automated labels.

- The release is the model in the file's name (``…completions_<model>.csv``, ``…_gpteval.csv``, ``…_streval.csv``).
  Configurations of one model (with and without its system prompt) have names of their own, and are releases of their own here.
- A prompt whose ``type`` begins with ``contrast_`` asks for something unsafe: its intent is adversarial. All others are benign.
- ``xstest`` gives the two annotators, and the automated labels as judges. ``xstest-final`` gives the final label as one rater;
  the published figures are of that one.
- The files of automated labels repeat the annotators' columns: what they repeat counts once, and must agree.
- GPT-4 answered some requests for a label with something else. That is no label: status ``failed``, in that judge's name.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.errors import Problem
from driftgauge.rate.exchange.cells import Reading
from driftgauge.rate.exchange.columns import missing_columns
from driftgauge.rate.exchange.draft import EMPTY, Draft, Part, draft_of
from driftgauge.rate.exchange.ids import text_hashes
from driftgauge.rate.exchange.labels import Labels, blank_cells, read_labels
from driftgauge.rate.exchange.messages import in_order, listed
from driftgauge.rate.exchange.table import Table
from driftgauge.records import Finding

FILE_NAME: Final = re.compile(r"(?:.*_)?completions_(?P<model>.+?)(?:_gpteval|_streval)?")
ANNOTATORS: Final = ("annotation_1", "annotation_2")
JUDGES: Final = ("gpt4_label", "strmatch_label")
FINAL: Final = ("final_label",)
LEVELS: Final = {"1_full_compliance": "none", "2_full_refusal": "full", "3_partial_refusal": "partial"}
READING: Final = Reading(lambda text: LEVELS.get(text.strip()), pl.String, f"one of: {', '.join(LEVELS)}")


def read(paths: Sequence[Path], column_map: Mapping[str, str]) -> Draft:
    """Read annotators and judges as one draft; the columns are fixed, and `column_map` is not used."""
    del column_map
    draft = draft_of(paths, partial(_read_one, people=ANNOTATORS, judges=JUDGES))
    return replace(draft, findings=_unlabelled(draft), repeats_expected=True)


def read_final(paths: Sequence[Path], column_map: Mapping[str, str]) -> Draft:
    """Read the final labels as one draft of one rater; the columns are fixed, and `column_map` is not used."""
    del column_map
    draft = draft_of(paths, partial(_read_one, people=FINAL, judges=()))
    sentence = "The final label is one consolidated label for each response: no agreement can be computed, see format xstest."
    finding = Finding(code="consolidated_label", level="info", sentence=sentence)
    return replace(draft, findings=(finding,), repeats_expected=True)


def _read_one(table: Table, *, people: Sequence[str], judges: Sequence[str]) -> Part:
    named = FILE_NAME.fullmatch(Path(table.source.name).stem)
    problems = missing_columns(table, ("id", "type", "prompt", "completion", *people), of="a file of XSTest completions")
    if named is None:
        problems += (Problem(table.source.name, "a file name without the model", "a name like …completions_MODEL.csv"),)
    if problems or named is None:
        return Part(EMPTY, problems)
    responses = _responses(table, release=named["model"])
    labels = [_labels(table, responses, rater=rater, kind="human") for rater in people]
    automatic = [
        _judged(_labels(table, responses, rater=rater, kind="judge")) for rater in judges if rater in table.frame.columns
    ]
    frame = pl.concat([*(label.frame for label in labels), *automatic])
    ratings = frame.with_columns(refusal=pl.col("refusal_level") != "none").sort("line", maintain_order=True)
    wrong = [*blank_cells(table, ("id", "type")), *(problem for label in labels for problem in label.problems)]
    return Part(ratings, in_order(wrong))


def _responses(table: Table, *, release: str) -> pl.DataFrame:
    unsafe = pl.col("type").str.starts_with("contrast_")
    return table.frame.select(
        table.lines.alias("line"),
        pl.col("id").str.strip_chars().alias("scenario"),
        pl.col("type").alias("extra_type"),
        text_hashes(table.frame["prompt"]).alias("prompt_hash"),
        text_hashes(table.frame["completion"]).alias("response_hash"),
        intent=pl.when(unsafe).then(pl.lit("adversarial")).otherwise(pl.lit("benign")),
        release=pl.lit(release),
        language=pl.lit("en"),
    )


def _labels(table: Table, responses: pl.DataFrame, *, rater: str, kind: str) -> Labels:
    about = responses.with_columns(kind=pl.lit(kind), status=pl.lit(None, pl.String))
    return read_labels(table, about, column=rater, rater=rater, reading=READING, value="refusal_level")


def _judged(labels: Labels) -> pl.DataFrame:
    """Return a judge's ratings; where it gave no label, there is none, and nothing is wrong with the file."""
    status = pl.when("sound").then("status").otherwise(pl.lit("failed"))
    return labels.frame.with_columns(status=status, sound=pl.lit(True))


def _unlabelled(draft: Draft) -> tuple[Finding, ...]:
    rows = draft.frame.filter(pl.col("status") == "failed")
    if rows.is_empty():
        return ()
    judges = rows["rater"].unique(maintain_order=True)
    sentence = f"{rows.height:,} answers of a judge ({listed(judges)}) are no label; they are missing, not refusals."
    return (Finding("judge_labels_missing", "info", sentence, rating_ids=rows["rating_id"].to_list()),)
