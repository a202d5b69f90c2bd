"""Would you conclude the same? Every reasonable analysis of each verdict, beside the declared one."""

from collections.abc import Sequence

import polars as pl
from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Column, Figure, Key, Pane, Section, Table, Text, said
from driftgauge.report.figures.specs import Curve, Spec, curves
from driftgauge.report.names import cut, shown
from driftgauge.report.numbers import NONE, count, in_words, places_for, plain, points
from driftgauge.report.select import Estimate, View

_NAME, _LABEL = "robust", "The same conclusion?"
_KEY = (
    Key("marker-diamond", "as declared"), Key("marker-circle", "the same verdict"), Key("marker-cross", "another verdict"),
)  # fmt: skip
MOST = 120
"""Analyses that one curve shows; beyond that every n-th, and all that disagree."""
DRAWN = 12
"""Changes that have a curve, those first that another analysis contradicts; the table has them all."""
LISTED = 12
"""Analyses that disagree and are listed; the file has them all."""
_UNITS = {
    "rating": "by rating",
    "response_mean": "by mean of a response",
    "response_majority": "by majority",
    "any_rater": "by any rater",
}


def section(view: View, specifications: pl.DataFrame) -> Section:
    """Return the section on other ways to analyse the same data."""
    people = specifications.filter(pl.col("judge").is_null(), pl.col("estimate").is_not_null())
    found = [(row, _of(people, row)) for row in view.verdicts]
    found = [(row, mine) for row, mine in found if len(mine) > 1]
    if not found:
        lead = ["No other way to analyse these changes was tried, or there is no verdict to compare with."]
        return Section(_NAME, _LABEL, "Whether another analysis concludes the same is not known", lead=lead)
    lead = [sentence for row, mine in found for sentence in _told(row, mine)]
    folded = [table for table in (_against(row, mine) for row, mine in found) if table is not None]
    return Section(_NAME, _LABEL, _heading(found), lead=lead, figures=[_figure(view, found)], folded=folded)


Found = Sequence[tuple[Estimate, pl.DataFrame]]


def _of(frame: pl.DataFrame, row: Estimate) -> pl.DataFrame:
    mine = frame.filter(pl.col("release") == row.release, pl.col("baseline_release") == row.baseline_release)
    return mine.sort("estimate", "specification_id")


def _heading(found: Found) -> str:
    against = [row for row, mine in found if (mine["agrees"] == False).any()]  # noqa: E712 - null is neither
    total = len(found)
    if not against:
        return "Every other analysis that was tried reaches the same verdict" + ("s" if total > 1 else "")
    if total == 1:
        return "Some other analyses reach another verdict"
    return f"{words.sentence(in_words(len(against)))} of {in_words(total)} verdicts would differ under some other analysis"


def _told(row: Estimate, mine: pl.DataFrame) -> list[Text]:
    known = mine.filter(pl.col("agrees").is_not_null(), ~pl.col("declared"))
    agree, total = int(known["agrees"].sum()), len(known)
    digits = places_for(row.conf_low, row.conf_high)
    low, high = (float(value) for value in mine["estimate"].sort().gather([0, len(mine) - 1]))
    text = Markup("{} → {}: {} of {} other analyses reach the declared verdict ({}); their changes go from {} to {}.")
    names = (shown(row.baseline_release, 40), shown(row.release, 40))
    ends = (plain(100 * low, digits, signed=True), points(high, digits))
    return [said(text.format(*names, count(agree), count(total), row.verdict or "none", *ends), row)]


def _figure(view: View, found: Found) -> Figure:
    drawn = sorted(found, key=lambda pair: not (~pair[1]["agrees"]).any())[:DRAWN]
    pictures = curves([_curve(view, row, mine) for row, mine in drawn], prefix=_NAME)
    what = words.quantity(view.estimand)
    rows = [row for row, _ in found]
    ids = [name for _, mine in found for name in mine["specification_id"]]
    left = any(len(mine) > MOST for _, mine in found)
    return Figure(
        name=_NAME,
        question="Would another reasonable analysis conclude the same?",
        panes=[
            Pane(Markup("{} → {}").format(shown(row.baseline_release, 30), shown(row.release, 30)), svg,
                 series=view.series(row.family), wide=True)
            for (row, _), svg in zip(drawn, pictures, strict=True)
        ],
        population=words.population(rows, view, what=f"change in {what}, in points, one column an analysis"),
        table=_summary(found, ids),
        key=_KEY,
        notes=[
            "Above, the change with its interval, sorted; below, what each analysis chose. Verdicts are adjusted within each "
            "analysis.",
            *([f"Of more than {count(MOST)} analyses some that agree are not drawn; specifications.csv has them all."]
              if left else []),
            *([f"Curves of {in_words(DRAWN)} changes are drawn, those first that another analysis contradicts; the table has "
               f"all {count(len(found))}."] if len(found) > DRAWN else []),
        ],
    )  # fmt: skip


def _curve(view: View, row: Estimate, mine: pl.DataFrame) -> Curve:
    if len(mine) > MOST:
        every = -(-len(mine) // MOST)
        kept = (pl.int_range(pl.len()) % every == 0) | pl.col("declared") | (pl.col("agrees") == False)  # noqa: E712
        mine = mine.filter(kept)
    specs = tuple(_spec(one) for one in mine.iter_rows(named=True))
    declared = next((spec.choices for spec in specs if spec.declared), ())
    differing = dict.fromkeys(choice for spec in specs for choice in spec.choices)
    always = {choice for choice in differing if all(choice in spec.choices for spec in specs)}
    choices = sorted(set(differing) - always, key=lambda name: (name not in declared, name.startswith("without"), name))
    title = f"{cut(row.baseline_release or '', 60)} to {cut(row.release or '', 60)}: the change by every analysis"
    agree = sum(spec.agrees is True for spec in specs)
    told = (
        f"{len(specs)} analyses; {agree} with the declared verdict, {sum(spec.agrees is False for spec in specs)} with another."
    )
    return Curve(specs, tuple(choices), view.series(row.family), title, told)


def _spec(one: dict[str, object]) -> Spec:
    value = float(str(one["estimate"]))
    low, high = (value if one[name] is None else float(str(one[name])) for name in ("conf_low", "conf_high"))
    agrees = None if one["agrees"] is None else bool(one["agrees"])
    return Spec(value, low, high, agrees, bool(one["declared"]), tuple(_choices(one)))


def _choices(one: dict[str, object]) -> list[str]:
    """Return what an analysis chose, in words; who or what was left out by kind, because there are many."""
    outcome = words.quantity(str(one["estimand"]))
    threshold = f" at {one['threshold']}" if one["threshold"] is not None else ""
    found = [outcome + threshold, _UNITS.get(str(one["unit"]), str(one["unit"])), f"unrated as {one['unrated']}"]
    found.append("refusal wins" if one["coding"] == "refusal_wins" else "marks as they are")
    found.append(f"mixed model, {one['preset']}" if one["preset"] else "linearised")
    left = [name for name in ("rater", "category") if one[f"without_{name}"] is not None]
    return [*found, *(f"without one {name}" for name in left)] if left else [*found, "everybody and everything"]


def _summary(found: Found, ids: Sequence[str]) -> Table:
    columns = [
        Column("Releases"), Column("Verdict"), Column("Other analyses", numeric=True), Column("Same verdict", numeric=True),
        Column("Another", numeric=True), Column("Cannot be told", numeric=True), Column("Estimate"),
    ]  # fmt: skip
    lines: list[tuple[Text, ...]] = []
    for row, mine in found:
        others = mine.filter(~pl.col("declared"))
        same, null = int(others["agrees"].sum()), others["agrees"].null_count()
        numbers = (count(len(others)), count(same), count(len(others) - same - null), count(null))
        names = Markup("{} → {}").format(shown(row.baseline_release, tables.NAMED), shown(row.release, tables.NAMED))
        lines.append((names, row.verdict or NONE, *numbers, Markup("<code>{}</code>").format(row.estimate_id)))
    return Table("How many analyses agree with each verdict", columns, lines, ids=ids)


def _against(row: Estimate, mine: pl.DataFrame) -> Table | None:
    """Return the analyses that reach another verdict."""
    others = mine.filter(~pl.col("agrees"))
    if not len(others):
        return None
    columns = [Column("Analysis"), Column("Change, points", numeric=True), Column("Verdict"), Column("Specification")]
    lines = [
        (
            "; ".join([*_choices(one)[:-1], _left_out(one)]),
            _change(one),
            one["verdict"] or NONE,
            Markup("<code>{}</code>").format(one["specification_id"]),
        )
        for one in others.head(LISTED).iter_rows(named=True)
    ]
    caption = Markup("{} → {}: {} of {} that reach another verdict").format(
        shown(row.baseline_release, 40), shown(row.release, 40), count(len(lines)), count(len(others))
    )
    return Table(caption, columns, lines)


def _left_out(one: dict[str, object]) -> str:
    left = [cut(str(one[name]), 60) for name in ("without_rater", "without_category") if one[name] is not None]
    return f"without {' and '.join(left)}" if left else "everybody and everything"


def _change(one: dict[str, object]) -> str:
    spec = _spec(one)
    digits = places_for(spec.low, spec.high)
    value, low, high = (plain(100 * number, digits, signed=True) for number in (spec.estimate, spec.low, spec.high))
    return f"{value} ({low} to {high})"
