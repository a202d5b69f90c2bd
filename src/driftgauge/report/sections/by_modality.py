"""Levels of the shown estimand by modality: what the pictures of drift and of modality share."""

from collections.abc import Mapping, Sequence

from driftgauge.report import words
from driftgauge.report.blocks import Key
from driftgauge.report.figures.levels import Row
from driftgauge.report.names import cut
from driftgauge.report.select import Estimate, Release, View

LINES = {"text-only": Key("line-solid", "text-only"), "multimodal": Key("line-dashed", "multimodal")}
MARKERS = {"text-only": Key("marker-circle", "text-only"), "multimodal": Key("marker-square", "multimodal")}

ByModality = Mapping[str | None, Mapping[str, Estimate]]
"""Modality to release to level; under null the pooled levels, where the study does not tell modalities apart."""


def by_modality(view: View, estimand: str) -> ByModality:
    """Return the levels of an estimand by modality."""
    names = view.modalities or (None,)
    return {name: view.levels(estimand, modality=name) for name in names}


def own(found: ByModality, release: Release) -> dict[str | None, Estimate]:
    """Return the levels of one release."""
    return {name: by_release[release.name] for name, by_release in found.items() if release.name in by_release}


def all_rows(found: ByModality) -> list[Estimate]:
    """Return the levels of all releases."""
    return [row for by_release in found.values() for row in by_release.values()]


def key(found: ByModality, marks: Mapping[str, Key]) -> list[Key]:
    """Return a legend, where there is more than one modality to tell apart."""
    return [marks[name] for name in found if name is not None] if len(found) > 1 else []


def told(rows: Sequence[Row]) -> str:
    """Return rows of levels as sentences, for who cannot see them."""
    return " ".join(_told(row) for row in rows)


def _told(row: Row) -> str:
    said = ", ".join(f"{name or ''} {words.with_limits(level)}".strip() for name, level in row.known.items())
    difference = f"; difference {row.difference_text} points" if row.difference_text else ""
    return f"{cut(row.name, 60)}: {said or 'no estimate'}{difference}."
