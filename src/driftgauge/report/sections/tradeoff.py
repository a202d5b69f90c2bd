"""Refusal against harm when engaged."""

from collections.abc import Sequence

from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Pane, Section, Text, said
from driftgauge.report.figures.tradeoff import Dot, Group, tradeoff
from driftgauge.report.names import cut, shown
from driftgauge.report.sections.panes import Piece, dealt
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
    return said(Markup(text).format(shown(most.name, 40), words.value(most.up)), most.up)


def _figure(view: View, dots: list[Dot], rows: list[Estimate]) -> Figure:
    together = len(dots) <= TOGETHER
    families = [dot.family for dot in dots if dot.family is not None]
    notes = {
        "Arrows point to the later release.": len(set(families)) < len(families),
        "Each family has its own marker.": len(set(families)) > 1 and together,
        "Grey dots are the other releases.": not together,
    }
    reading = " ".join(note for note, holds in notes.items() if holds)
    return Figure(
        name="tradeoff",
        question="Does a release that refuses more also do less harm when it answers?",
        panes=_together(dots) if together else [*_by_family(dots), *_unplaced(dots)],
        population=words.population(
            rows, view, what="refusal (across), attack success among ratings that are not refusals (up)"
        ),
        table=tables.numbers(rows, caption="Refusal and attack success when engaged, by release"),
        notes=[*([reading] if reading else []), _SELECTED, *words.missing(rows)],
    )


def _together(dots: list[Dot]) -> list[Pane]:
    group = Group(tuple(dots), (), "Refusal and attack success when engaged, by release", _told(dots))
    return [Pane("", svg, wide=True) for svg in tradeoff([group], prefix="tradeoff", size=LARGE, scaled_by=dots)]


def _by_family(dots: list[Dot]) -> list[Pane]:
    families: dict[str, list[Dot]] = {}
    for dot in dots:
        if dot.family is not None:
            families.setdefault(dot.family, []).append(dot)
    found = [Piece(family, members[0].series, tuple(members)) for family, members in families.items()]
    pictures = tradeoff([_group(piece, dots) for piece in found], prefix="tradeoff", size=SMALL, scaled_by=dots)
    return [piece.pane(svg) for piece, svg in zip(found, pictures, strict=True)]


def _unplaced(dots: list[Dot]) -> list[Pane]:
    """Return the releases that no family claims, in panels large enough for their names."""
    members = [dot for dot in dots if dot.family is None]
    among = len(members) < len(dots)
    found = [Piece(None, part[0].series, tuple(part), among=among) for part in dealt(members)]
    pictures = tradeoff([_group(piece, dots) for piece in found], prefix="tradeoff-unplaced", size=LARGE, scaled_by=dots)
    return [piece.pane(svg, wide=True) for piece, svg in zip(found, pictures, strict=True)]


def _group(piece: Piece[Dot], dots: list[Dot]) -> Group:
    others = tuple(dot for dot in dots if dot not in piece.rows)
    return Group(piece.rows, others, f"{piece.name}: refusal and attack success when engaged", _told(piece.rows))


def _told(dots: Sequence[Dot]) -> str:
    return " ".join(
        f"{cut(dot.name, 60)}: refused {words.with_limits(dot.across)}, harmful when engaged {words.with_limits(dot.up)}."
        for dot in dots
    )
