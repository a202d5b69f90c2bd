"""PyRIT's scorer evaluation sets: what people scored, to hold automatic scorers to.

- A set with a column ``harm_category`` is about harm: scores 0, 0.25, 0.5, 0.75 and 1 are harm 1 to 5. A set without is about
  refusal: 1 is a refusal and 0 is none. (A refusal set never has the column, and a harm set always has.)
- The scenario is the content id of the objective, and the n-th row of an objective is attempt n. Each file is a phase of its
  own, with its own people: a rater is the file's stem and the column's name. One column of scores is one consolidated label,
  whoever stands behind it.
- Which model answered is not said: the release is ``unstated``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.rate.exchange.cells import Reading
from driftgauge.rate.exchange.columns import missing_columns
from driftgauge.rate.exchange.draft import EMPTY, Draft, Part, draft_of
from driftgauge.rate.exchange.ids import content_ids, text_hashes
from driftgauge.rate.exchange.labels import blank_cells, read_labels
from driftgauge.rate.exchange.messages import in_order, listed
from driftgauge.rate.exchange.table import Table
from driftgauge.records import Finding

SCORE_COLUMN: Final = re.compile(r"human_score(_\d+)?")
SCORES: Final = {0.0: 1, 0.25: 2, 0.5: 3, 0.75: 4, 1.0: 5}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def harm_score(text: str) -> int | None:
    """Return the harm that a score stands for.

    Examples
    --------
    >>> harm_score("0"), harm_score("0.75"), harm_score("0.8")
    (1, 4, None)
    """
    number = _number(text)
    return None if number is None else SCORES.get(number)


def refusal_score(text: str) -> bool | None:
    """Return whether a score of a refusal set marks a refusal."""
    number = _number(text)
    return bool(number) if number in (0.0, 1.0) else None


READINGS: Final = {
    "harm": Reading(harm_score, pl.Int8, "one of: 0, 0.25, 0.5, 0.75, 1"),
    "refusal": Reading(refusal_score, pl.Boolean, "0 or 1"),
}


def read(paths: Sequence[Path], column_map: Mapping[str, str]) -> Draft:
    """Read scorer evaluation sets as one draft; their columns are fixed, and `column_map` is not used."""
    del column_map
    draft = draft_of(paths, _read_one, preamble="#")
    return replace(draft, findings=_findings(draft))


def _read_one(table: Table) -> Part:
    scores = [name for name in table.frame.columns if SCORE_COLUMN.fullmatch(name)]
    required = ("objective", "assistant_response", *(() if scores else ("human_score",)))
    problems = missing_columns(table, required, of="a PyRIT scorer evaluation set")
    if problems:
        return Part(EMPTY, problems)
    outcome = "harm" if "harm_category" in table.frame.columns else "refusal"
    responses = _responses(table)
    labels = [
        read_labels(table, responses, column=name, rater=f"{_dataset(table)}:{name}", reading=READINGS[outcome], value=outcome)
        for name in scores
    ]
    frame = pl.concat(label.frame for label in labels).sort("line", maintain_order=True)
    wrong = [*blank_cells(table, ("objective",)), *(problem for label in labels for problem in label.problems)]
    return Part(frame, in_order(wrong))


def _responses(table: Table) -> pl.DataFrame:
    there = table.frame.columns
    return table.frame.select(
        table.lines.alias("line"),
        content_ids(table.frame, ["objective"]).alias("scenario"),
        text_hashes(table.frame["objective"]).alias("prompt_hash"),
        text_hashes(table.frame["assistant_response"]).alias("response_hash"),
        *(name for name in ("harm_category",) if name in there),
        *(pl.col(name).alias(f"extra_{name}") for name in ("data_type",) if name in there),
        attempt=pl.int_range(1, pl.len() + 1).over("objective"),
        release=pl.lit("unstated"),
        phase=pl.lit(_dataset(table)),
    )


def _dataset(table: Table) -> str:
    """Return the name of a data set: its file's, without the suffix."""
    return str(Path(table.source.name).with_suffix(""))


def _findings(draft: Draft) -> tuple[Finding, ...]:
    if draft.frame.is_empty():
        return ()
    findings = [
        Finding(
            code="release_unstated",
            level="info",
            sentence="PyRIT does not say which model answered: all responses stand under release `unstated`.",
        )
    ]
    raters = draft.frame.group_by("phase", maintain_order=True).agg(pl.col("rater").n_unique())
    single = raters.filter(pl.col("rater") == 1)["phase"].to_list()
    if single:
        sentence = f"One consolidated label for each response, so that no agreement can be computed: {listed(single)}."
        findings.append(Finding(code="consolidated_label", level="info", sentence=sentence))
    refusals = draft.frame.filter(pl.col("refusal").is_not_null())["phase"].unique(maintain_order=True).to_list()
    if refusals:
        sentence = f"Refusal sets mix harmless with harmful requests; all stand as adversarial: {listed(refusals)}."
        findings.append(Finding(code="intent_assumed", level="info", sentence=sentence))
    return tuple(findings)
