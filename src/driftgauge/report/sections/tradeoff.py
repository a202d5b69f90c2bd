"""Refusal against harm when engaged."""

from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Pane, Section, Text
from driftgauge.report.figures.tradeoff import Dot, Group, tradeoff
from driftgauge.report.names import cut, shown
from driftgauge.report.sections.panes import Piece
from driftgauge.report.select import Estimate, View

TOGETHER = 12
"""Up to so many releases share one picture; more get one a family, the others grey behind."""
LARGE, SMALL = (480, 360), (284, 240)
_SELECTED = (
    "Harm when engaged is taken over what a release chose to answer. One that refuses more is judged on fewer and other "
    "responses, so a point further up is not by itself a worse release."
)


def section(view: View) -> Section:
    """Return the section on refusal and conditional ASR."""
    across, up = view.levels("refusal_rate"), view.levels("conditional_asr", engaged=True)
    dots = [
        Dot(release.name, release.family, release.series, across[release.name], up[release.name])
        for release in view.releases
        if all(release.name in rows and rows[release.name].known for rows in (across, up))
    ]
    if dots:
        return Section(
            "tradeoff", "Refusal and harm", _heading(dots), figures=[_figure(view, dots, [*across.values(), *up.values()])]
        )
    lead = words.missing([*across.values(), *up.values()])
    lead = lead or ["This needs ratings of both: whether the attack succeeded, and whether the response was a refusal."]
    return Section("tradeoff", "Refusal and harm", "How harmful the engaged responses were cannot be told", lead=lead)


def _heading(dots: list[Dot]) -> Text:
    most = max(dots, key=lambda dot: dot.up.value)
    text = "When it did not refuse, {} was judged harmful in {} of ratings"
    if len(dots) > 1:
        text = "When it did not refuse, {} was judged harmful most often: in {} of ratings"
    return Markup(text).format(shown(most.name, 40), words.value(most.up))


def _figure(view: View, dots: list[Dot], rows: list[Estimate]) -> Figure:
    return Figure(
        name="tradeoff",
        question="Does a release that refuses more also do less harm when it answers?",
        panes=_together(dots) if len(dots) <= TOGETHER else _apart(dots),
        population=words.population(
            rows, view, what="refusal (across), attack success among ratings that are not refusals (up)"
        ),
        table=tables.numbers(rows, caption="Refusal and attack success when engaged, by release"),
        notes=[
            "Arrows point to the later release. "
            + ("Each family has its own marker." if len(dots) <= TOGETHER else "Grey dots are the releases of other families."),
            _SELECTED,
            *words.missing(rows),
        ],
    )


def _together(dots: list[Dot]) -> list[Pane]:
    group = Group(tuple(dots), (), "Refusal and attack success when engaged, by release", _told(dots))
    return [Pane("", svg, wide=True) for svg in tradeoff([group], prefix="tradeoff", size=LARGE)]


def _apart(dots: list[Dot]) -> list[Pane]:
    families: dict[str | None, list[Dot]] = {}
    for dot in dots:
        families.setdefault(dot.family, []).append(dot)
    dealt = [Piece(family, members[0].series, tuple(members)) for family, members in families.items()]
    groups = [
        Group(
            piece.rows,
            tuple(dot for dot in dots if dot.family != piece.family),
            f"{piece.name}: refusal and attack success when engaged",
            _told(piece.rows),
        )
        for piece in dealt
    ]
    return [piece.pane(svg) for piece, svg in zip(dealt, tradeoff(groups, prefix="tradeoff", size=SMALL), strict=True)]


def _told(dots: list[Dot] | tuple[Dot, ...]) -> str:
    return " ".join(
        f"{cut(dot.name, 60)}: refused {words.with_limits(dot.across)}, harmful when engaged {words.with_limits(dot.up)}."
        for dot in dots
    )
