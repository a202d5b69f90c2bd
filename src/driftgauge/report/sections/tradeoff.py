"""Refusal against harm when engaged."""

from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Pane, Section, Text
from driftgauge.report.figures.tradeoff import Dot, Group, tradeoff
from driftgauge.report.names import cut, shown
from driftgauge.report.sections.drift import share
from driftgauge.report.select import Estimate, View

TOGETHER = 12
"""Up to so many releases share one picture; more get one a family, the others grey behind."""
LARGE, SMALL = (470, 360), (284, 250)
_SELECTED = (
    "Harm when engaged is taken over what a release chose to answer: one that refuses more is judged on fewer and other responses, "
    "so a point further up is not by itself a worse release."
)


def section(view: View) -> Section:
    """Return the section on refusal and conditional ASR."""
    across, up = view.levels("refusal_rate"), view.levels("conditional_asr", engaged=True)
    dots = [
        Dot(release.name, release.family, release.series, across[release.name], up[release.name])
        for release in view.releases
        if release.name in across and release.name in up and across[release.name].known and up[release.name].known
    ]
    if not dots:
        reasons = words.missing([*across.values(), *up.values()])
        lead = reasons or ["This needs ratings of both attack success and default refusal."]
        return Section("tradeoff", "Refusal and harm", "How harmful the engaged responses were cannot be told", lead=lead)
    rows = [row for dot in dots for row in (dot.across, dot.up)]
    return Section("tradeoff", "Refusal and harm", _heading(dots), figures=[_figure(view, dots, rows)])


def _heading(dots: list[Dot]) -> Text:
    most = max(dots, key=lambda dot: dot.up.value)
    if len(dots) == 1:
        return Markup("When it did not refuse, {} was judged harmful in {} of ratings").format(shown(most.name, 40), share(most.up))
    return Markup("When it did not refuse, {} was judged harmful most often: in {} of ratings").format(shown(most.name, 40), share(most.up))


def _figure(view: View, dots: list[Dot], rows: list[Estimate]) -> Figure:
    if len(dots) <= TOGETHER:
        groups = [Group(tuple(dots), (), "Refusal and attack success when engaged, by release", _told(dots))]
        headings: list[tuple[Text, int | None]] = [("", None)]
        size = LARGE
    else:
        families = {dot.family: [other for other in dots if other.family == dot.family] for dot in dots}
        groups = [
            Group(
                tuple(members),
                tuple(dot for dot in dots if dot not in members),
                f"{cut(family or 'Releases without a family', 80)}: refusal and attack success when engaged",
                _told(members),
            )
            for family, members in families.items()
        ]
        headings = [
            (shown(family, 80), members[0].series) if family is not None else ("Releases without a family", None)
            for family, members in families.items()
        ]
        size = SMALL
    pictures = tradeoff(groups, prefix="tradeoff", size=size)
    return Figure(
        name="tradeoff",
        question="Does a release that refuses more also do less harm when it answers?",
        panes=[Pane(heading, svg, series=series, wide=size == LARGE) for (heading, series), svg in zip(headings, pictures, strict=True)],
        population=words.population(rows, view, what="refusal (across), attack success among ratings that are not refusals (up)"),
        table=tables.numbers(rows, caption="Refusal and attack success when engaged, by release"),
        notes=[
            "Arrows point to the later release."
            + (" Grey points are the releases of other families." if size == SMALL else " Each family has its own marker."),
            _SELECTED,
        ],
    )


def _told(dots: list[Dot]) -> str:
    return " ".join(
        f"{cut(dot.name, 60)}: refused {words.with_limits(dot.across)}, harmful when engaged {words.with_limits(dot.up)}." for dot in dots
    )
