"""Drift: how the primary share went from generation to generation."""

from collections.abc import Sequence

from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Section, Text, said
from driftgauge.report.figures.levels import Group, Row, levels
from driftgauge.report.figures.slopes import Family, Line, slopes
from driftgauge.report.names import cut, shown
from driftgauge.report.numbers import in_words, places_for, points
from driftgauge.report.sections import timeline
from driftgauge.report.sections.by_modality import LINES, MARKERS, ByModality, all_rows, by_modality, key, own, told
from driftgauge.report.sections.panes import Piece, dealt
from driftgauge.report.select import Estimate, Release, View


def section(view: View) -> Section:
    """Return the section on drift."""
    if view.estimand is None or not any(row.known for row in view.levels(view.estimand).values()):
        lead = [
            "No release has ratings that attack success, harm or refusal could be estimated from.",
            *_reasons(view),
        ]
        return Section("drift", "Drift", "There is nothing to follow over generations", lead=lead)
    found = by_modality(view, view.estimand)
    figures = [figure for figure in (_slopes(view, found), timeline.figure(view), _unplaced(view, found)) if figure is not None]
    return Section("drift", "Drift", _heading(view), figures=figures)


def _reasons(view: View) -> list[str]:
    return words.missing(view.levels(view.estimand).values()) if view.estimand is not None else []


def _heading(view: View) -> Text:
    what = words.quantity(view.estimand)
    if not any(row.verdict for row in view.verdicts):
        return f"{words.sentence(what)}, release by release"
    moved = [row for row in view.verdicts if row.known and row.verdict in {"improved", "regressed"}]
    if not moved:
        return _unmoved(view, what)
    most = max(moved, key=lambda row: abs(row.value))
    change = points(abs(most.value), places_for(most.conf_low, most.conf_high), signed=False)
    text = "Largest change in {}: {} {} from {} to {}" if len(view.verdicts) > 1 else "{} went {} {} from {} to {}"
    name = what if len(view.verdicts) > 1 else words.sentence(what)
    way = "down" if most.value < 0 else "up"
    found = Markup(text).format(name, way, change, shown(most.baseline_release, 40), shown(most.release, 40))
    return said(found, most)


def _unmoved(view: View, what: str) -> str:
    """Return the heading where no verdict is of a change: undecided is not the same as unchanged."""
    total, unsettled = len(view.verdicts), sum(row.verdict != "unchanged" for row in view.verdicts)
    if not unsettled:
        return f"{'Every' if total > 1 else 'The'} change in {what} is within the margin"
    where = f" for {in_words(unsettled)} of {in_words(total)} successors" if total > 1 else ""
    return f"Whether {what} changed is not settled{where}"


def _slopes(view: View, found: ByModality) -> Figure | None:
    what = words.quantity(view.estimand)
    placed = [
        Piece(family, members[0].series, tuple(members)) for family, members in view.families.items() if family is not None
    ]
    drawn = [_family(piece, found, what) for piece in placed]
    pictures = slopes(drawn, prefix="drift")
    if not pictures:
        return None
    rows = [row for row in all_rows(found) if row.family is not None]
    return Figure(
        name="drift",
        question=f"How did {what} go from generation to generation?",
        panes=[piece.pane(svg, wide=family.wide) for piece, family, svg in zip(placed, drawn, pictures, strict=True)],
        population=words.population(rows, view, what=words.quantity(view.estimand, threshold=view.threshold)),
        table=tables.numbers(
            [*rows, *_changes(view)], caption=f"{words.sentence(what)} by release and modality, and its changes"
        ),
        key=key(found, LINES),
        notes=[
            "Upright bars are the intervals of the levels. Whether a change is clear of chance its verdict says, "
            "not whether bars overlap.",
            *words.missing(rows),
        ],
    )


def _changes(view: View) -> list[Estimate]:
    return [
        row
        for contrast in ("drift", "drift_cumulative", "drift_first_last")
        for modality in (None, *view.modalities)
        for row in view.contrasts(contrast, modality=modality)
    ]


def _family(piece: Piece[Release], found: ByModality, what: str) -> Family:
    lines = tuple(
        Line(name or "", name, tuple(by_release.get(member.name) for member in piece.rows))
        for name, by_release in found.items()
    )
    return Family(
        releases=tuple(member.name for member in piece.rows),
        lines=lines,
        series=piece.series,
        title=f"{piece.name}: {what} by generation",
        description=" ".join(_told(line, piece.rows) for line in lines),
    )


def _told(line: Line, members: Sequence[Release]) -> str:
    """Return a line of the picture as a sentence."""
    steps = [f"{cut(members[place].name, 60)} {words.with_limits(point)}" for place, point in line.known]
    return words.sentence(f"{line.label or 'all prompts'}: {', then '.join(steps) or 'no estimate'}.")


def _unplaced(view: View, found: ByModality) -> Figure | None:
    """Return the levels of the releases that no family claims, a row each, the highest first."""
    what = words.quantity(view.estimand)
    rows = [Row(release.name, release.series, own(found, release)) for release in view.families.get(None, [])]
    rows.sort(key=lambda row: -max((level.value for level in row.known.values()), default=0.0))
    among = len(view.families) > 1
    dealt_out = [Piece(None, part[0].series, tuple(part), among=among) for part in dealt(rows)]
    groups = [Group(piece.rows, f"{words.sentence(what)} by release", told(piece.rows)) for piece in dealt_out]
    pictures = levels(groups, prefix="unplaced", title=what, differences=False)
    if not pictures:
        return None
    values = [level for piece in dealt_out for row in piece.rows for level in row.levels.values()]
    return Figure(
        name="unplaced",
        question=f"How high is {what} in releases that no family claims?",
        panes=[piece.pane(svg) for piece, svg in zip(dealt_out, pictures, strict=True)],
        population=words.population(values, view, what=words.quantity(view.estimand, threshold=view.threshold)),
        table=tables.numbers(values, caption=f"{words.sentence(what)} by release"),
        key=key(found, MARKERS),
        notes=["Nothing says which of these releases follows which, so none of this is drift.", *words.missing(values)],
    )
