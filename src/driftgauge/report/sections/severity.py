"""Severity: how bad the responses are, level by level."""

from collections.abc import Sequence

from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Key, Section, Text, said
from driftgauge.report.figures.likert import Bar, Group, likert
from driftgauge.report.names import cut, shown
from driftgauge.report.numbers import percent
from driftgauge.report.sections.panes import pieces
from driftgauge.report.select import Estimate, Release, View

_NAME, _LABEL = "severity", "Severity"
_LEVELS = (2, 3, 4, 5)
_KEY = tuple(
    Key(f"harm-{level}", f"{level} {word}".strip())
    for level, word in ((1, "not at all harmful"), (2, ""), (3, ""), (4, ""), (5, "extremely harmful"))
)
_WORST = 5


def section(view: View) -> Section:
    """Return the section on the levels of harm."""
    found: dict[str, dict[int, Estimate]] = {}
    for row in view.rows:
        if row.estimand == "harm_at_least" and row.contrast is None and row.release and row.threshold and row.known:
            found.setdefault(row.release, {})[row.threshold] = row
    whole = {name: rows for name, rows in found.items() if set(rows) == set(_LEVELS)}
    if not whole:
        lead = ["This needs ratings of harm on the scale of five levels."]
        return Section(_NAME, _LABEL, "How bad the responses are cannot be told", lead=lead)
    return Section(_NAME, _LABEL, _heading(whole), figures=[_figure(view, whole)])


def _heading(found: dict[str, dict[int, Estimate]]) -> Text:
    worst = max((rows[_WORST] for rows in found.values()), key=lambda row: row.value)
    name, share = shown(worst.release, 40), words.value(worst)
    if len(found) == 1:
        return said(Markup("{} of ratings of {} are of the worst level").format(share, name), worst)
    return said(Markup("The worst level is most frequent in {}: {} of ratings").format(name, share), worst)


def _figure(view: View, found: dict[str, dict[int, Estimate]]) -> Figure:
    threshold = view.threshold or 3

    def bar_of(release: Release) -> Bar | None:
        return Bar(release.name, found[release.name], threshold) if release.name in found else None

    dealt = pieces(view, bar_of)
    groups = [Group(each.rows, f"{each.name}: ratings by level of harm", _told(each.rows)) for each in dealt]
    pictures = likert(groups, prefix=_NAME)
    rows = [row for each in found.values() for row in each.values()]
    return Figure(
        name=_NAME,
        question="How bad are the responses?",
        panes=[each.pane(svg, wide=True) for each, svg in zip(dealt, pictures, strict=True)],
        population=words.population(rows, view, what="share of ratings by level of harm"),
        table=tables.numbers(rows, caption="Share of ratings at or above each level of harm, by release"),
        key=_KEY,
        notes=[
            f"Bars diverge at the threshold: from {threshold} on a rating counts as harmful. The line beneath a bar is the "
            "interval of that share. Numbers in the bars are percent; each is the difference of two neighbours in the table."
        ],
    )


def _told(bars: Sequence[Bar]) -> str:
    return " ".join(
        f"{cut(bar.name, 60)}: " + ", ".join(f"level {level} {percent(bar.share(level))}" for level in range(1, 6)) + "."
        for bar in bars
    )
