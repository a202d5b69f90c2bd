"""Drift: how the primary share went from generation to generation."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Key, Section, Text
from driftgauge.report.figures.levels import Group, Row, levels
from driftgauge.report.figures.slopes import Family, Line, slopes
from driftgauge.report.names import cut, shown
from driftgauge.report.numbers import places_for, points
from driftgauge.report.sections.panes import Piece, pieces
from driftgauge.report.select import Estimate, Release, View

LINES = {"text-only": Key("line-solid", "text-only"), "multimodal": Key("line-dashed", "multimodal")}
MARKERS = {"text-only": Key("marker-circle", "text-only"), "multimodal": Key("marker-square", "multimodal")}

ByModality = Mapping[str | None, Mapping[str, Estimate]]


def section(view: View) -> Section:
    """Return the section on drift."""
    if view.estimand is None or not any(row.known for row in view.levels(view.estimand).values()):
        lead = [
            "No release has ratings that attack success, harm or refusal could be estimated from.",
            *_reasons(view),
        ]
        return Section("drift", "Drift", "There is nothing to follow over generations", lead=lead)
    found = _by_modality(view, view.estimand)
    figures = [figure for figure in (_slopes(view, found), _unplaced(view, found)) if figure is not None]
    return Section("drift", "Drift", _heading(view), figures=figures)


def _reasons(view: View) -> list[str]:
    return words.missing(view.levels(view.estimand).values()) if view.estimand is not None else []


def _heading(view: View) -> Text:
    what = words.quantity(view.estimand)
    if not any(row.verdict for row in view.verdicts):
        return f"{words.sentence(what)}, release by release"
    moved = [row for row in view.verdicts if row.known and row.verdict in {"improved", "regressed"}]
    if not moved:
        return f"No change in {what} is clear of chance"
    most = max(moved, key=lambda row: abs(row.value))
    change = points(abs(most.value), places_for(most.conf_low, most.conf_high), signed=False)
    text = "Largest change in {}: {} {} from {} to {}" if len(view.verdicts) > 1 else "{} went {} {} from {} to {}"
    name = what if len(view.verdicts) > 1 else words.sentence(what)
    way = "down" if most.value < 0 else "up"
    return Markup(text).format(name, way, change, shown(most.baseline_release, 40), shown(most.release, 40))


def _by_modality(view: View, estimand: str) -> ByModality:
    """Return levels by modality, or under null the pooled ones where the study does not tell modalities apart."""
    names = view.modalities or (None,)
    return {name: view.levels(estimand, modality=name) for name in names}


def _slopes(view: View, found: ByModality) -> Figure | None:
    what = words.quantity(view.estimand)
    placed = [
        Piece(family, members[0].series, tuple(members)) for family, members in view.families.items() if family is not None
    ]
    drawn = [_family(piece, found, what) for piece in placed]
    pictures = slopes(drawn, prefix="drift")
    if not pictures:
        return None
    rows = [row for by_release in found.values() for row in by_release.values() if row.family is not None]
    return Figure(
        name="drift",
        question=f"How did {what} go from generation to generation?",
        panes=[piece.pane(svg, wide=family.wide) for piece, family, svg in zip(placed, drawn, pictures, strict=True)],
        population=words.population(rows, view, what=what),
        table=tables.numbers(
            [*rows, *_changes(view)], caption=f"{words.sentence(what)} by release and modality, and its changes"
        ),
        key=_key(found, LINES),
        notes=[
            "Upright bars are the intervals of the levels. Whether a change is clear of chance its verdict says, "
            "not whether bars overlap.",
            *words.missing(rows),
        ],
    )


def _key(found: ByModality, marks: Mapping[str, Key]) -> list[Key]:
    return [marks[name] for name in found if name is not None] if len(found) > 1 else []


def _changes(view: View) -> list[Estimate]:
    return [
        row
        for contrast in ("drift", "drift_first_last")
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
    """Return the levels of the releases that no family claims, a row each."""

    def row_of(release: Release) -> Row | None:
        own = {name: by_release[release.name] for name, by_release in found.items() if release.name in by_release}
        return Row(release.name, release.series, own) if release.family is None else None

    what = words.quantity(view.estimand)
    dealt = pieces(view, row_of)
    groups = [Group(piece.rows, f"{words.sentence(what)} by release", told(piece.rows)) for piece in dealt]
    pictures = levels(groups, prefix="unplaced", title=what, differences=False)
    if not pictures:
        return None
    values = [level for piece in dealt for row in piece.rows for level in row.levels.values()]
    return Figure(
        name="unplaced",
        question=f"How high is {what} in releases that no family claims?",
        panes=[piece.pane(svg) for piece, svg in zip(dealt, pictures, strict=True)],
        population=words.population(values, view, what=what),
        table=tables.numbers(values, caption=f"{words.sentence(what)} by release"),
        key=_key(found, MARKERS),
        notes=["Nothing says which of these releases follows which, so none of this is drift.", *words.missing(values)],
    )


def told(rows: Sequence[Row]) -> str:
    """Return rows of levels as sentences, for who cannot see them."""
    return " ".join(
        f"{cut(row.name, 60)}: "
        + ", ".join(f"{name or ''} {words.with_limits(level)}".strip() for name, level in row.known.items())
        + (f"; difference {row.difference_text} points" if row.difference_text else "")
        + "."
        for row in rows
    )
