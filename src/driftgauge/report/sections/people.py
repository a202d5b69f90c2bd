"""People: how far raters agree."""

import polars as pl

from driftgauge.report import tables, words
from driftgauge.report.blocks import Column, Section, Table, Text
from driftgauge.report.names import coded, shown
from driftgauge.report.select import AGREEMENT, Estimate, View


def section(view: View, findings: pl.DataFrame) -> Section:
    """Return the section on agreement and on ratings that contradict themselves."""
    label = "Judges" if view.kind == "judge" else "People"
    overall = [row for row in view.agreement if (row.release, row.modality, row.phase) == (None, None, None)]
    inconsistent = findings.filter(pl.col("code").str.contains("inconsistent"))["sentence"]
    closing = [coded(sentence) for sentence in inconsistent]
    if not any(row.known for row in overall):
        lead = sorted({words.sentence(row.reason_null) + "." for row in overall if row.reason_null}) or [
            "No response has two ratings to compare."
        ]
        return Section("people", label, "How far raters agree cannot be told", lead=lead, closing=closing)
    parts = [row for row in view.agreement if row not in overall]
    folded = [tables.numbers(overall, caption="Agreement overall, with estimate ids")]
    folded += [_split(parts, name) for name in ("release", "modality", "phase") if any(getattr(row, name) for row in parts)]
    return Section("people", label, _heading(overall), tables=[_table(overall)], folded=folded, closing=closing)


def _pick(rows: list[Estimate], estimand: str, *outcomes: str) -> Estimate | None:
    return next(
        (row for outcome in outcomes for row in rows if (row.estimand, row.outcome) == (estimand, outcome) and row.known), None
    )


def _heading(rows: list[Estimate]) -> str:
    exact = _pick(rows, "exact_agreement", "success", "harm", "refusal")
    alpha = _pick(rows, "alpha_ordinal", "harm", "harm6")
    said: list[str] = []
    if exact is not None:
        said.append(f"on {words.OUTCOMES[exact.outcome or '']} two raters agree in {words.value(exact)} of cases")
    if alpha is not None:
        said.append(f"on harm ordinal α is {words.value(alpha)}")
    return words.sentence("; ".join(said)) if said else "How far raters agree"


def _outcome(row: Estimate) -> str:
    return words.OUTCOMES.get(row.outcome or "", (row.outcome or "").replace("_", " "))


def _columns(rows: list[Estimate]) -> list[str]:
    present = {row.estimand for row in rows if row.known}
    return [name for name in AGREEMENT if name in present]


def _table(rows: list[Estimate]) -> Table:
    """Return a line an outcome and a column a coefficient."""
    estimands = _columns(rows)
    outcomes = [name for name in words.OUTCOMES if any(row.outcome == name for row in rows)]
    lines = [
        (words.sentence(words.OUTCOMES[outcome]), *(tables.cell(_pick(rows, estimand, outcome)) for estimand in estimands))
        for outcome in outcomes
    ]
    whose = "raters like these" if rows[0].scope == "raters" else "these raters only"
    intervals = f"{words.level_of(rows)} intervals for {whose}" if any(row.bounded for row in rows) else "No intervals"
    caption = f"Agreement between raters of the same response. {intervals}."
    return Table(caption, [Column("Outcome"), *(_named(name) for name in estimands)], lines)


def _named(estimand: str) -> Column:
    return Column(words.sentence(words.quantity(estimand)), numeric=True)


def _split(rows: list[Estimate], dimension: str) -> Table:
    """Return agreement along one dimension: a line a value and an outcome."""
    ours = [row for row in rows if getattr(row, dimension)]
    estimands = _columns(ours)
    keys = dict.fromkeys((getattr(row, dimension), row.outcome) for row in ours)
    lines: list[tuple[Text, ...]] = []
    for name, outcome in keys:
        cells = [row for row in ours if (getattr(row, dimension), row.outcome) == (name, outcome)]
        lines.append(
            (
                shown(name, tables.FULL),
                _outcome(cells[0]),
                *(tables.cell(_pick(cells, estimand, outcome or "")) for estimand in estimands),
            )
        )
    columns = [Column(words.sentence(dimension)), Column("Outcome"), *(_named(name) for name in estimands)]
    return Table(f"Agreement by {dimension}", columns, lines)
