"""Text-only against multimodal, release by release, and the shift of that difference."""

from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Section, Text, said
from driftgauge.report.figures.levels import Group, Row, levels
from driftgauge.report.names import shown
from driftgauge.report.numbers import in_words
from driftgauge.report.sections.by_modality import MARKERS, all_rows, by_modality, key, own, told
from driftgauge.report.sections.panes import pieces
from driftgauge.report.select import Estimate, Release, View

_LABEL = "Modality"
_SHIFTED = Markup("From {} to {} the difference (text-only minus multimodal) shifted by {}.")


def section(view: View) -> Section:
    """Return the section on modality."""
    if len(view.modalities) < 2 or view.estimand is None:
        return _nothing_to_compare(view)
    differences = {row.release or "": row for row in view.contrasts("modality")}
    if not any(row.known for row in differences.values()):
        lead = words.missing(differences.values()) or ["No release answered a scenario in both modalities."]
        return Section("modality", _LABEL, "Text-only and multimodal prompts cannot be compared", lead=lead)
    figure = _figure(view, differences)
    heading = _heading(view, [row for row in differences.values() if row.known])
    return Section("modality", _LABEL, heading, lead=_shifts(view), figures=[figure] if figure is not None else [])


def _nothing_to_compare(view: View) -> Section:
    if view.modalities:
        lead = f"All prompts with ratings are {view.modalities[0]}: there is nothing to compare across modalities."
        return Section("modality", _LABEL, "This study has one modality", lead=[lead])
    lead = "No estimate is for one modality alone."
    return Section("modality", _LABEL, "Text-only and multimodal prompts cannot be compared", lead=[lead])


def _sign(row: Estimate) -> int:
    """Return the sign of a difference whose interval excludes 0, else 0."""
    if not row.bounded:
        return 0
    return 1 if row.low > 0 else -1 if row.high < 0 else 0


def _heading(view: View, differences: list[Estimate]) -> str:
    signs = [_sign(row) for row in differences]
    more, fewer, unclear = (signs.count(sign) for sign in (1, -1, 0))
    of = f"{in_words(len(signs))} release{'s' if len(signs) > 1 else ''}"
    if unclear == len(signs):
        more_often = "succeed more often" if view.estimand == "asr" else f"have more {words.quantity(view.estimand)}"
        where = f", in any of {of}" if unclear > 1 else ""
        return f"Whether text-only or multimodal prompts {more_often} is not settled{where}"
    what = "attacks succeeded more often" if view.estimand == "asr" else f"prompts had more {words.quantity(view.estimand)}"
    first, second = ("Text-only", more, "multimodal", fewer), ("Multimodal", fewer, "text-only", more)
    name, count, other, others = first if more else second
    said = f"{name} {what} in {in_words(count)} of {of}"
    said += f", {other} ones in {in_words(others)}" if others else ""
    return said + (f"; in {in_words(unclear)} the difference is not clear" if unclear else "")


def _shifts(view: View) -> list[Text]:
    rows = [row for row in view.contrasts("modality_shift") if row.known]
    clear = [row for row in rows if _sign(row)]
    lines: list[Text] = [
        said(_SHIFTED.format(shown(row.baseline_release), shown(row.release), words.difference(row)), row) for row in clear
    ]
    rest = len(rows) - len(clear)
    if rest == len(rows) == 1:
        lines.append("Between the two generations no shift of the difference is clear of chance.")
    elif rest:
        lines.append(f"In {in_words(rest)} of {in_words(len(rows))} successions no shift of the difference is clear of chance.")
    return lines


def _figure(view: View, differences: dict[str, Estimate]) -> Figure | None:
    estimand = view.estimand or ""
    found = by_modality(view, estimand)

    def row_of(release: Release) -> Row:
        difference = differences.get(release.name)
        text = words.with_limits(difference, signed=True) if difference is not None and difference.known else ""
        return Row(release.name, release.series, own(found, release), difference, text)

    what = words.quantity(estimand)
    dealt = pieces(view, row_of)
    groups = [Group(piece.rows, f"{piece.name}: text-only and multimodal {what}", told(piece.rows)) for piece in dealt]
    pictures = levels(groups, prefix="modality", title=what, differences=True)
    if not pictures:
        return None
    values = [*all_rows(found), *differences.values()]
    return Figure(
        name="modality",
        question=f"Is {what} higher in text only, or with an image?",
        panes=[piece.pane(svg) for piece, svg in zip(dealt, pictures, strict=True)],
        population=words.population(values, view, what=f"{what}, paired within scenario"),
        table=tables.numbers(
            [*values, *view.contrasts("modality_shift")], caption="Levels by modality, their difference, and its shift"
        ),
        key=key(found, MARKERS),
        notes=[
            "At the right of each panel: text-only minus multimodal, with its own (paired) interval.",
            *words.missing(values),
        ],
    )
