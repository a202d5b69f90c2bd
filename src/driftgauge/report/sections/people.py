"""People: how far raters agree, how severe each is, and which ratings are missing or contradict themselves."""

from collections.abc import Sequence

import polars as pl

from driftgauge.report import tables, words
from driftgauge.report.blocks import Column, Figure, Pane, Section, Table, Text, said
from driftgauge.report.figures.dots import Dot, Group, dots
from driftgauge.report.names import coded, cut, shown
from driftgauge.report.numbers import NONE, count, in_words, plain
from driftgauge.report.sections.panes import dealt
from driftgauge.report.select import AGREEMENT, Estimate, View


def section(view: View, findings: pl.DataFrame) -> Section:
    """Return the section on agreement, on severity and on ratings that are missing or contradict themselves."""
    label = "Judges" if view.kind == "judge" else "People"
    overall = [row for row in view.agreement if (row.release, row.modality, row.phase) == (None, None, None)]
    inconsistent = findings.filter(pl.col("code").str.contains("inconsistent"))["sentence"]
    closing = [coded(sentence) for sentence in inconsistent]
    severe, missing = _severities(view), _missing(view)
    figures = [severe] if severe is not None else []
    if not any(row.known for row in overall):
        lead = sorted({words.sentence(row.reason_null) + "." for row in overall if row.reason_null}) or [
            "No response has two ratings to compare."
        ]
        heading = "How far raters agree cannot be told"
        return Section("people", label, heading, lead=lead, figures=figures, folded=missing, closing=closing)
    parts = [row for row in view.agreement if row not in overall]
    folded = [tables.numbers(overall, caption="Agreement overall, with estimate ids")]
    folded += [_split(parts, name) for name in ("release", "modality", "phase") if any(getattr(row, name) for row in parts)]
    figures = [_agreement(overall), *figures]
    return Section(
        "people", label, _heading(overall), figures=figures, tables=[_table(overall)], folded=[*folded, *missing],
        closing=closing,
    )  # fmt: skip


_NAMES = {
    "exact_agreement": "exact",
    "unanimity": "unanimity",
    "alpha_ordinal": "α, ordinal",
    "alpha_nominal": "α, nominal",
    "ac2_quadratic": "AC2, quadr.",
    "fleiss_kappa": "Fleiss’ κ",
}


def _agreement(rows: Sequence[Estimate]) -> Figure:
    """Return the coefficients as dots, a panel an outcome; all of them are 1 when everybody agrees."""
    groups: list[Group] = []
    panes: list[Text] = []
    for outcome, name in words.OUTCOMES.items():
        mine = [row for estimand in AGREEMENT for row in rows if (row.estimand, row.outcome) == (estimand, outcome)]
        drawn = tuple(Dot(_NAMES[row.estimand], row, _plainly(row)) for row in mine if row.known)
        if drawn:
            told = "; ".join(f"{dot.name} {dot.text}" for dot in drawn) + "."
            groups.append(Group(drawn, f"Agreement on {name}", told))
            panes.append(words.sentence(name))
    pictures = dots(groups, prefix="agreement", title="1 is agreement in everything", plain=True, names=84)
    known = [row for row in rows if row.known]
    whose = "raters like these" if known[0].scope == "raters" else "these raters only"
    return Figure(
        name="agreement",
        question="How far do raters of the same response agree?",
        panes=[Pane(head, svg) for head, svg in zip(panes, pictures, strict=True)],
        population=f"Pairs of ratings of the same response; {words.level_of(known)} intervals for {whose}.",
        table=tables.numbers(known, caption="Agreement, with intervals"),
        notes=["α, AC2 and κ take chance away, exact agreement and unanimity do not: compare a coefficient with itself alone."],
    )


def _plainly(row: Estimate) -> str:
    low, high = (plain(limit, 2) for limit in (row.low, row.high))
    return plain(row.value, 2) + (f" ({low} to {high})" if row.bounded else "")


def _severities(view: View) -> Figure | None:
    """Return each rater's severity as a dot: how much more often yes than the others of the same responses."""
    rows = [row for row in view.further if row.estimand == "severity" and row.known]
    outcome = next((name for name in ("success", "refusal") if any(row.outcome == name for row in rows)), None)
    rows = sorted((row for row in rows if row.outcome == outcome), key=lambda row: row.value)
    if outcome is None or len(rows) < 2:
        return None
    parts = _columns_of([Dot(row.rater or "", row, words.with_limits(row, signed=True)) for row in rows])
    what = words.OUTCOMES[outcome]
    groups = [Group(part, f"Severity of raters, {what}", _dots_told(part)) for part in parts]
    pictures = dots(groups, prefix="severity-of-raters", title="points above the others", signed=True, names=72)
    median = sorted(row.n_ratings or 0 for row in rows)[len(rows) // 2]
    return Figure(
        name="severity-of-raters",
        question=f"How severe is each rater: how much more often than the others of the same response do they mark {what}?",
        panes=[Pane("", svg) for svg in pictures],
        population=f"{words.sentence(in_words(len(rows)))} raters, {count(median)} ratings in the middle one; "
        f"{words.level_of(rows)} intervals over scenarios.",
        table=tables.numbers([*rows, *_of_each(view)], caption="Rater by rater: severity, agreement, contradictions"),
        notes=["Nobody is left out for being far from the others; whether a verdict hangs on one rater is shown further down."],
    )


def _columns_of(drawn: Sequence[Dot]) -> list[tuple[Dot, ...]]:
    """Return the dots in as many panels as a page has columns, long lists in more."""
    half = -(-len(drawn) // 2)
    return [tuple(part) for part in (dealt(drawn) if len(drawn) > 80 else (drawn[:half], drawn[half:]))]


def _dots_told(part: Sequence[Dot]) -> str:
    return "; ".join(f"{cut(dot.name, 40)} {dot.text} points" for dot in part) + "."


def _of_each(view: View) -> list[Estimate]:
    wanted = ("agreement_left_out", "inconsistent_share")
    return [row for row in view.further if row.estimand in wanted and row.known]


def _missing(view: View) -> list[Table]:
    """Return what each release was rated on, and what was left out, with the reason."""
    rows = view.levels(view.estimand or "")
    if not rows:
        return []
    columns = [
        Column("Release"), Column("Responses", numeric=True), Column("Ratings", numeric=True), Column("Left out", numeric=True),
        Column("Why"), Column("Estimate"),
    ]  # fmt: skip
    lines = [
        (
            shown(row.release, tables.NAMED),
            *(NONE if number is None else count(number) for number in (row.n_responses, row.n_ratings, row.n_excluded)),
            row.reason_excluded or NONE,
            tables.code(row),
        )
        for row in rows.values()
    ]
    return [Table(f"Missing: what {words.quantity(view.estimand)} is of, and what was left out", columns, lines)]


def _pick(rows: list[Estimate], estimand: str, *outcomes: str) -> Estimate | None:
    return next(
        (row for outcome in outcomes for row in rows if (row.estimand, row.outcome) == (estimand, outcome) and row.known), None
    )


def _heading(rows: list[Estimate]) -> Text:
    exact = _pick(rows, "exact_agreement", "success", "harm", "refusal")
    alpha = _pick(rows, "alpha_ordinal", "harm", "harm6")
    told: list[str] = []
    if exact is not None:
        told.append(f"on {words.OUTCOMES[exact.outcome or '']} two raters agree in {words.value(exact)} of cases")
    if alpha is not None:
        told.append(f"on harm ordinal α is {words.value(alpha)}")
    return said(words.sentence("; ".join(told)), exact, alpha) if told else "How far raters agree"


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
                shown(name, tables.NAMED),
                _outcome(cells[0]),
                *(tables.cell(_pick(cells, estimand, outcome or "")) for estimand in estimands),
            )
        )
    columns = [Column(words.sentence(dimension)), Column("Outcome"), *(_named(name) for name in estimands)]
    return Table(f"Agreement by {dimension}", columns, lines)
