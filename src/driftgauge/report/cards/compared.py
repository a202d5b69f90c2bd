"""The page of two releases: self-contained HTML, one sheet of A4, in the style of the release cards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from driftgauge.frames import ESTIMATES, schema
from driftgauge.report import words
from driftgauge.report.cards.card import Number
from driftgauge.report.cards.comparison import EXPLORATORY, Comparison, Contrast
from driftgauge.report.cards.page import ENVIRONMENT, VERDICTS, value_of
from driftgauge.report.figures import theme
from driftgauge.report.figures.levels import AFTER, BEFORE, Group, Row, levels
from driftgauge.report.names import cut, shown
from driftgauge.report.numbers import PROPORTIONS, count, in_words, percent, some
from driftgauge.report.select import Estimate, records


@dataclass(frozen=True)
class Line:
    """One quantity as it is printed."""

    what: str
    first: str
    second: str
    difference: str
    interval: str
    n_scenarios: str
    n_raters: str
    estimate_id: str | None
    in_family: bool


def compared_page(found: Comparison) -> str:
    """Return the comparison as HTML with its picture and style sheet inside; names that came with the data are escaped."""
    basis = found.basis
    page = {
        "card": found,
        "title": words.sentence(f"{cut(basis.first, 40)} and {cut(basis.second, 40)} compared"),
        "first": shown(basis.first, 60),
        "second": shown(basis.second, 60),
        "first_short": shown(basis.first, 20),
        "second_short": shown(basis.second, 20),
        "verdict": _verdict(found),
        "exploratory": EXPLORATORY,
        "population": population(found),
        "tables": list(_tables(found)),
        "picture": _picture(found),
        "threshold": next((row.difference.threshold for row in found.rows if row.difference.threshold), None),
        "paints": theme.PAINTS,
    }
    return ENVIRONMENT.get_template("compare.html.j2").render(page)


def population(found: Comparison) -> str:
    """Return whose ratings these are, over which prompts, and what the intervals are for, as one sentence."""
    basis = found.basis
    who = ("judge (a model)", "judges (models)") if basis.kind == "judge" else ("person", "people")
    common, left = basis.prompts[None]
    some_both = f"{in_words(basis.n_raters_both)} of them rated both" if basis.n_raters_both else "nobody rated both"
    both = "the same for both" if basis.same_raters else some_both
    level = percent(next((row.difference.level for row in found.rows if row.difference.level is not None), 0.95))
    raters = "judges" if basis.kind == "judge" else "raters"
    whose = f"{raters} like these" if basis.scope == "raters" else f"these {raters} only"
    return (
        f"Rated by {count(basis.n_raters_first)} and {some(basis.n_raters_second, *who)} ({both}), "
        f"{some(common, 'prompt')} (scenario, modality, language) that both answered, {count(left)} left out that only one of "
        f"them answered; {level} intervals for {whose}."
    )


def lines(found: Comparison) -> list[Line]:
    """Return every row as it is printed."""
    return [_line(row) for row in found.rows]


def _verdict(found: Comparison) -> dict[str, object] | None:
    told = found.verdict
    if told is None:
        return None
    return {
        "word": VERDICTS.get(told.verdict, told.verdict),
        "class": told.verdict,
        "of": words.short(told.estimand),
        "from": shown(told.baseline_release, 60),
        "to": shown(told.release, 60),
        "estimate_id": told.estimate_id,
        "turned": told.release == found.basis.first,
    }


def _tables(found: Comparison) -> Iterator[tuple[str, str, Sequence[Line]]]:
    for modality, (common, left) in found.basis.prompts.items():
        mine = [_line(row) for row in found.rows if row.modality == modality]
        prompts = f"{some(common, 'prompt')} in common, {count(left)} left out"
        yield f"{words.sentence(modality)} prompts alone" if modality else "All prompts together", prompts, mine


def _line(row: Contrast) -> Line:
    difference, interval = value_of(row.difference)
    return Line(
        _short(row.difference),
        _level(row.first),
        _level(row.second),
        difference,
        interval,
        count(row.difference.n_scenarios or 0),
        count(row.difference.n_raters or 0),
        row.difference.estimate_id,
        row.difference.verdict is not None,
    )


def _level(number: Number) -> str:
    value, interval = value_of(number)
    return value if number.conf_low is None else f"{value} ({interval})"


def _picture(found: Comparison) -> Markup | None:
    """Return the shares, all prompts together, as dumbbells with their differences; null where there is none."""
    rows = [_row(row) for row in found.rows if row.modality is None and row.difference.estimand in PROPORTIONS]
    drawn = [row for row in rows if row.known]
    said = "; ".join(
        f"{row.name}: {', '.join(words.with_limits(level) for level in row.known.values())}, "
        f"difference {row.difference_text or 'unknown'} points"
        for row in drawn
    )
    names = f"{cut(found.basis.first, 40)} and {cut(found.basis.second, 40)}"
    group = Group(tuple(drawn), f"{names}, with the second minus the first", f"{said}.")
    panels = levels([group], prefix="compared", title="share of ratings", differences=True)
    return panels[0] if panels else None


def _row(row: Contrast) -> Row:
    difference = _estimate(row.difference)
    text = words.with_limits(difference, signed=True) if difference.known else ""
    sides: dict[str | None, Estimate] = {BEFORE: _estimate(row.first), AFTER: _estimate(row.second)}
    return Row(_short(row.difference), 0, sides, difference, text)


def _short(number: Number) -> str:
    return words.sentence(words.short(number.estimand))


def _estimate(number: Number) -> Estimate:
    given = {name: getattr(number, name) for name in Number.__dataclass_fields__ if name in ESTIMATES}
    [found] = records(pl.DataFrame([given], schema=schema(ESTIMATES)))
    return found
