"""Text-only against multimodal, release by release, and the shift of that difference."""

from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Pane, Section, Text
from driftgauge.report.figures import rows as row_pictures
from driftgauge.report.names import cut, shown
from driftgauge.report.numbers import in_words, listed
from driftgauge.report.sections.drift import CHUNK, MARKER_KEY, told
from driftgauge.report.select import Estimate, View


def section(view: View) -> Section:
    """Return the section on modality."""
    differences = {row.release: row for row in view.contrasts("modality") if row.release is not None}
    if len(view.modalities) < 2:
        only = view.modalities[0] if view.modalities else "one modality"
        lead = [f"All prompts with ratings are {only}: there is nothing to compare across modalities."]
        return Section("modality", "Modality", "This study has one modality", lead=lead)
    if not any(row.known for row in differences.values()):
        lead = words.missing(differences.values()) or ["No scenario was answered in both modalities by the same release."]
        return Section("modality", "Modality", "Text-only and multimodal attacks cannot be compared", lead=lead)
    figure = _figure(view, differences)
    return Section("modality", "Modality", _heading(view, list(differences.values())), lead=_shifts(view), figures=[figure] if figure else [])


def _clear(row: Estimate) -> int:
    """Return the sign of a difference whose interval excludes 0, else 0."""
    if not (row.known and row.bounded):
        return 0
    return 1 if row.low > 0 else -1 if row.high < 0 else 0


def _heading(view: View, differences: list[Estimate]) -> Text:
    signs = [_clear(row) for row in differences if row.known]
    more = "Text-only attacks succeeded" if view.estimand == "asr" else f"Text-only prompts had more {words.quantity(view.estimand)}"
    total = in_words(len(signs))
    if not any(signs):
        return f"In none of {total} releases do text-only and multimodal attacks differ clearly" if len(signs) > 1 else (
            "Text-only and multimodal attacks do not differ clearly"
        )
    often = " more often" if view.estimand == "asr" else ""
    counts = [
        f"text-only in {in_words(signs.count(1))}" if signs.count(1) else "",
        f"multimodal in {in_words(signs.count(-1))}" if signs.count(-1) else "",
        f"unclear in {in_words(signs.count(0))}" if signs.count(0) else "",
    ]
    del more, often
    what = "Which attacks succeed more often" if view.estimand == "asr" else f"Where there is more {words.quantity(view.estimand)}"
    return f"{what}, of {total} releases: {listed([text for text in counts if text])}"


def _shifts(view: View) -> list[Text]:
    rows = [row for row in view.contrasts("modality_shift") if row.known]
    clear = [row for row in rows if _clear(row)]
    if not rows:
        return []
    lines: list[Text] = [
        Markup("From {} to {} the difference shifted by {}.").format(
            shown(row.baseline_release), shown(row.release), words.difference(row)
        )
        for row in clear
    ]
    rest = len(rows) - len(clear)
    if rest:
        pairs = "the one pair" if rest == len(rows) == 1 else f"{in_words(rest)} of {in_words(len(rows))} pairs of releases"
        lines.append(f"In {pairs} no shift between generations is clear of chance.")
    return lines


def _figure(view: View, differences: dict[str, Estimate]) -> Figure | None:
    levels = {name: view.levels(view.estimand or "asr", modality=name) for name in view.modalities}
    groups: list[row_pictures.Group] = []
    headings: list[tuple[str | None, int]] = []
    for family, members in view.families.items():
        rows = [
            row_pictures.Row(
                member.name,
                member.series,
                {name: found[member.name] for name, found in levels.items() if member.name in found},
                differences.get(member.name),
                words.with_limits(differences[member.name], signed=True) if member.name in differences else "",
            )
            for member in members
        ]
        for start in range(0, len(rows), CHUNK):
            chunk = tuple(rows[start : start + CHUNK])
            title = f"{cut(family or 'Releases without a family', 80)}: text-only and multimodal {words.quantity(view.estimand)}"
            groups.append(row_pictures.Group(chunk, title, told(chunk)))
            headings.append((family, members[0].series))
    pictures = row_pictures.levels(groups, prefix="modality", differences=True)
    if not pictures:
        return None
    values = [*(row for rows in levels.values() for row in rows.values()), *differences.values()]
    return Figure(
        name="modality",
        question=f"Is {words.quantity(view.estimand)} higher in text only, or with an image?",
        panes=[
            Pane(shown(family, 80) if family is not None else "Releases without a family", svg, series=series if family is not None else None)
            for (family, series), svg in zip(headings, pictures, strict=True)
        ],
        population=words.population(values, view, what=f"{words.quantity(view.estimand)}, paired within scenario"),
        table=tables.numbers([*values, *view.contrasts("modality_shift")], caption="Levels by modality, their difference, and its shift"),
        key=[MARKER_KEY[name] for name in view.modalities],
        notes=["At the right: text-only minus multimodal in points, with its own (paired) interval.", *words.missing(values)],
    )
