"""Look for yourself: levels by modality, language and harm category, as a table, and with filters where scripts run."""

from driftgauge.report import tables, words
from driftgauge.report.blocks import Section
from driftgauge.report.figures.explore import Level
from driftgauge.report.names import tidy
from driftgauge.report.numbers import count
from driftgauge.report.select import Estimate, View

NAME, _LABEL = "explore", "Explore"
_QUANTITIES = ("asr", "refusal_rate", "harm_rate")
MOST = 400
"""Levels that a page holds; beyond that only those of what drift is shown of, the first of each release."""


def section(view: View) -> Section:
    """Return the section that a reader searches in."""
    rows = chosen(view)
    if not rows:
        lead = ["There are no levels to look through."]
        return Section(NAME, _LABEL, "There is nothing to look through", lead=lead)
    lead = ["Levels by modality, language and harm category, one at a time; estimates.csv has every other split."]
    left = len(_slices(view)) - len(rows)
    table = tables.numbers(rows, caption="Levels by modality, language and harm category")
    closing = [f"{count(left)} further levels are in estimates.csv only; of each release the first are here."] if left else []
    return Section(NAME, _LABEL, "Look for yourself", lead=lead, folded=[table], closing=closing)


def _slices(view: View) -> list[Estimate]:
    return [row for row in view.slices if row.known and row.release is not None and row.estimand in _QUANTITIES]


def chosen(view: View) -> list[Estimate]:
    """Return the levels that the page holds."""
    rows = _slices(view)
    if len(rows) > MOST:
        rows = [row for row in rows if row.estimand == view.estimand]
    return sorted(_some_of_each(rows), key=lambda row: row.estimand != view.estimand)


def _some_of_each(rows: list[Estimate]) -> list[Estimate]:
    """Return as many rows as a page holds, as many of one release as of another, the first of each."""
    seen: dict[str | None, int] = {}
    places: list[int] = []
    for row in rows:
        places.append(seen.get(row.release, 0))
        seen[row.release] = places[-1] + 1
    kept = set(sorted(range(len(rows)), key=lambda number: places[number])[:MOST])
    return [row for number, row in enumerate(rows) if number in kept]


def levels(view: View) -> list[Level]:
    """Return the same levels for the figure with filters."""
    releases = {release.name: (place, release.series) for place, release in enumerate(view.releases)}
    rows = sorted(chosen(view), key=lambda row: (row.estimand != view.estimand, releases.get(row.release or "", (0, 0))))
    return [_level(row, releases.get(row.release or "", (0, 0))[1]) for row in rows]


def _level(row: Estimate, series: int) -> Level:
    counts = f"{count(row.n_scenarios or 0)} scenarios, {count(row.n_raters or 0)} raters"
    name = tidy(row.release or "")
    quantity = words.sentence(words.quantity(row.estimand, threshold=row.threshold))
    said = f"{words.with_limits(row)}; {counts}"
    labels = (row.modality, row.language, row.harm_category)
    return Level(name, series, quantity, *labels, row.value, row.low, row.high, said)
