"""Drift: how the primary share went from generation to generation."""

from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Key, Pane, Section, Text
from driftgauge.report.figures import rows as row_pictures
from driftgauge.report.figures.slopes import Family, Line, slopes
from driftgauge.report.names import cut, shown
from driftgauge.report.numbers import percent, places_for, points
from driftgauge.report.select import Estimate, Release, View

MODALITY_KEY = {"text-only": Key("line-solid", "text-only"), "multimodal": Key("line-dashed", "multimodal")}
MARKER_KEY = {"text-only": Key("marker-circle", "text-only"), "multimodal": Key("marker-square", "multimodal")}
CHUNK = 12
"""Rows that one panel of releases without a family holds."""


def section(view: View) -> Section:
    """Return the section on drift."""
    what = words.quantity(view.estimand)
    if view.estimand is None or not any(level.known for level in view.levels(view.estimand).values()):
        lead = ["No release has ratings that attack success, harm or refusal could be estimated from.", *view.notes]
        return Section("drift", "Drift", "There is nothing to follow over generations", lead=lead)
    figures = [figure for figure in (_slopes(view, what), _unplaced(view, what)) if figure is not None]
    return Section("drift", "Drift", _heading(view, what), figures=figures)


def _heading(view: View, what: str) -> Text:
    moved = [row for row in view.verdicts if row.known and row.verdict in {"improved", "regressed"}]
    if not moved:
        return f"No change in {what} is clear of chance" if view.verdicts else f"{words.sentence(what)}, release by release"
    most = max(moved, key=lambda row: abs(row.value))
    pair = Markup("from {} to {}").format(shown(most.baseline_release, 40), shown(most.release, 40))
    change = points(abs(most.value), places_for(most.conf_low, most.conf_high), signed=False)
    verb = "fell" if most.value < 0 else "rose"
    rank = "moved most: it " if len(view.verdicts) > 1 else ""
    return Markup("{} {}{} by {} {}").format(words.sentence(what), rank, verb, change, pair)


def _by_modality(view: View) -> dict[str, dict[str, Estimate]]:
    """Return levels by modality, or the pooled ones where the study does not tell modalities apart."""
    estimand = view.estimand or "asr"
    split = {name: view.levels(estimand, modality=name) for name in view.modalities}
    return split or {"pooled": view.levels(estimand)}


def _slopes(view: View, what: str) -> Figure | None:
    levels = _by_modality(view)
    families = {family: members for family, members in view.families.items() if family is not None}
    drawn = [_family(family, members, levels, what) for family, members in families.items()]
    pictures = slopes(drawn, prefix="drift")
    if not pictures:
        return None
    names = list(families)
    panes = [
        Pane(shown(name, 80), svg, series=family.series, wide=family.wide)
        for name, family, svg in zip(names, drawn, pictures, strict=True)
    ]
    shown_rows = [row for rows in levels.values() for row in rows.values() if row.family is not None]
    notes = ["Bars are intervals of each level; whether a change is clear of chance is said by its verdict, not by bars that overlap."]
    return Figure(
        name="drift",
        question=f"How did {what} go from generation to generation?",
        panes=panes,
        population=words.population(shown_rows, view, what=what),
        table=tables.numbers([*shown_rows, *_changes(view)], caption=f"{words.sentence(what)} by release and modality, and its changes"),
        key=[MODALITY_KEY[name] for name in levels if name in MODALITY_KEY] if len(levels) > 1 else [],
        notes=[*notes, *words.missing(shown_rows)],
    )


def _changes(view: View) -> list[Estimate]:
    return [
        row
        for contrast in ("drift", "drift_first_last")
        for modality in (None, *view.modalities)
        for row in view.contrasts(contrast, modality=modality)
    ]


def _family(family: str, members: list[Release], levels: dict[str, dict[str, Estimate]], what: str) -> Family:
    lines = tuple(Line(_label(name), name, tuple(rows.get(member.name) for member in members)) for name, rows in levels.items())
    return Family(
        releases=tuple(member.name for member in members),
        lines=lines,
        series=members[0].series,
        title=f"{cut(family, 80)}: {what} by generation",
        description=" ".join(_told(line, members) for line in lines),
    )


def _label(modality: str) -> str:
    return "" if modality == "pooled" else modality


def _told(line: Line, members: list[Release]) -> str:
    """Return a line of the picture as a sentence."""
    steps = [
        f"{cut(member.name, 60)} {words.with_limits(point)}"
        for member, point in zip(members, line.points, strict=True)
        if point is not None and point.known
    ]
    return words.sentence(f"{line.label or 'all prompts'}: {', then '.join(steps) or 'no estimate'}.")


def _unplaced(view: View, what: str) -> Figure | None:
    """Return the levels of the releases that no family claims, a row each."""
    members = view.families.get(None, [])
    levels = _by_modality(view)
    rows = [
        row_pictures.Row(member.name, member.series, {name: found[member.name] for name, found in levels.items() if member.name in found})
        for member in members
    ]
    chunks = [tuple(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)]
    groups = [row_pictures.Group(chunk, f"{words.sentence(what)} by release", told(chunk)) for chunk in chunks]
    pictures = row_pictures.levels(groups, prefix="unplaced", differences=False)
    if not pictures:
        return None
    values = [level for row in rows for level in row.levels.values()]
    return Figure(
        name="unplaced",
        question=f"How high is {what} in releases that no family claims?",
        panes=[Pane("", svg) for svg in pictures],
        population=words.population(values, view, what=what),
        table=tables.numbers(values, caption=f"{words.sentence(what)} by release"),
        key=[MARKER_KEY[name] for name in levels if name in MARKER_KEY] if len(levels) > 1 else [],
        notes=["Without families nothing says which release follows which, so nothing here is drift.", *words.missing(values)],
    )


def told(rows: tuple[row_pictures.Row, ...]) -> str:
    """Return rows of levels as sentences, for who cannot see them."""
    return " ".join(
        f"{cut(row.name, 60)}: "
        + ", ".join(f"{_label(name)} {words.with_limits(level)}".strip() for name, level in row.levels.items())
        + (f"; difference {row.difference_text}" if row.difference_text else "")
        + "."
        for row in rows
    )


def share(row: Estimate) -> str:
    """Return a share with the digits that its interval supports."""
    return percent(row.value, places_for(row.conf_low, row.conf_high, apart_from=(0.0, 1.0)))
