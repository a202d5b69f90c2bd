"""Safer, or only refusing? The three outcomes of a response, and the parts of a change in ASR."""

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Key, Pane, Section, Text
from driftgauge.report.figures import parts as part_pictures
from driftgauge.report.figures import rows as row_pictures
from driftgauge.report.names import cut, shown
from driftgauge.report.numbers import in_words, percent
from driftgauge.report.select import Estimate, Release, View

_PARTS = {"refusal_part": "refusal", "response_part": "responses", "inconsistent_part": "both marks"}
CHUNK = 12


def section(view: View) -> Section:
    """Return the section on refusal against safety."""
    shares = {name: view.levels(name) for name in row_pictures.OUTCOMES}
    figures = [figure for figure in (_stacks(view, shares), _parts(view)) if figure is not None]
    if not figures:
        lead = [
            "This needs ratings that carry both marks, attack success and default refusal, for the same response.",
            *words.missing(row for rows in shares.values() for row in rows.values())[:1],
        ]
        return Section("outcomes", "Safer or refusing", "Whether a release is safer or only refuses cannot be told", lead=lead)
    return Section("outcomes", "Safer or refusing", _heading(view, shares["refused"]), figures=figures)


def _heading(view: View, refused: dict[str, Estimate]) -> Text:
    ways = [row.safer_by for row in view.verdicts if row.verdict == "improved" and row.safer_by]
    total = in_words(len(ways))
    if ways.count("refusal"):
        which = "The improvement is" if len(ways) == 1 else f"Of {total} improvements, {in_words(ways.count('refusal'))} "
        which += "" if len(ways) == 1 else ("is" if ways.count("refusal") == 1 else "are")
        return f"{which} mostly more refusal"
    if ways.count("response"):
        return "The improvement is mostly safer responses, not more refusal" if len(ways) == 1 else (
            f"Of {total} improvements, {in_words(ways.count('response'))} "
            f"{'is' if ways.count('response') == 1 else 'are'} mostly safer responses"
        )
    if ways:
        return "More refusal and safer responses both count in what improved"
    values = [row.value for row in refused.values() if row.known]
    if len(values) > 1:
        return f"Between {percent(min(values))} and {percent(max(values))} of responses were refused"
    return f"{percent(values[0])} of responses were refused" if values else "What the changes in attack success are made of"


def _complete(members: list[Release], shares: dict[str, dict[str, Estimate]]) -> list[row_pictures.Row]:
    """Return a row for every release of which all three shares are known."""
    rows: list[row_pictures.Row] = []
    for member in members:
        found = {name: rows_of[member.name] for name, rows_of in shares.items() if member.name in rows_of}
        if len(found) == 3 and all(row.known for row in found.values()):
            rows.append(row_pictures.Row(member.name, member.series, found))
    return rows


def _stacks(view: View, shares: dict[str, dict[str, Estimate]]) -> Figure | None:
    groups: list[row_pictures.Group] = []
    headings: list[tuple[str | None, int]] = []
    for family, members in view.families.items():
        rows = _complete(members, shares)
        for start in range(0, len(rows), CHUNK):
            chunk = tuple(rows[start : start + CHUNK])
            title = f"{cut(family or 'Releases without a family', 80)}: refused, engaged and safe, engaged and harmful"
            groups.append(row_pictures.Group(chunk, title, " ".join(_told(row) for row in chunk)))
            headings.append((family, members[0].series))
    pictures = row_pictures.stacks(groups, prefix="outcomes")
    if not pictures:
        return None
    values = [row for rows in shares.values() for row in rows.values()]
    return Figure(
        name="outcomes",
        question="What became of the attacks: refused, answered safely, or answered with harm?",
        panes=[_pane(family, series, svg) for (family, series), svg in zip(headings, pictures, strict=True)],
        population=words.population(values, view, what="share of ratings"),
        table=tables.numbers(values, caption="Refused, engaged and safe, engaged and harmful, by release"),
        key=[Key("refused", "refused"), Key("safe", "engaged and safe"), Key("harmful", "engaged and harmful")],
        notes=[
            "Lines beneath a bar are the intervals of the refused share (left) and of the harmful share (right). "
            "A rating with both marks counts as refused.",
            *words.missing(values),
        ],
    )


def _pane(family: str | None, series: int, svg: Text) -> Pane:
    from markupsafe import Markup

    heading = shown(family, 80) if family is not None else "Releases without a family"
    return Pane(heading, Markup(svg), series=series if family is not None else None)


def _told(row: row_pictures.Row) -> str:
    refused, safe, harmful = (words.with_limits(row.levels[name]) for name in row_pictures.OUTCOMES)
    return f"{cut(row.name, 60)}: refused {refused}, engaged and safe {safe}, engaged and harmful {harmful}."


def _parts(view: View) -> Figure | None:
    groups: list[part_pictures.Group] = []
    headings: list[tuple[str | None, int]] = []
    rows: list[Estimate] = []
    for family, members in view.families.items():
        drifts = [row for row in view.contrasts("drift", estimand="asr") if row.family == family and row.known]
        blocks = [block for block in (_block(drift, view, rows) for drift in drifts) if block is not None]
        if blocks:
            title = f"{cut(family or '', 80)}: parts of the change in attack success"
            groups.append(part_pictures.Group(tuple(blocks), members[0].series, title, " ".join(_block_told(b) for b in blocks)))
            headings.append((family, members[0].series))
    if not groups:
        return None
    pictures = part_pictures.parts(groups, prefix="parts")
    return Figure(
        name="parts",
        question="How much of the change in attack success is refusal, and how much is the responses themselves?",
        panes=[_pane(family, series, svg) for (family, series), svg in zip(headings, pictures, strict=True)],
        population=words.population(rows, view, what="points of attack success"),
        table=tables.numbers(rows, caption="Changes in attack success and their parts"),
        notes=[
            "To the left is safer. The parts add up to the change among ratings that carry both marks (Kitagawa 1955, symmetric)."
        ],
    )


def _block(drift: Estimate, view: View, rows: list[Estimate]) -> part_pictures.Block | None:
    """Return the parts of one change and keep their rows; a part that is nothing is in the table only."""
    pair = (drift.baseline_release, drift.release)
    found = {
        label: row
        for contrast, label in _PARTS.items()
        for row in view.contrasts(contrast, estimand="asr")
        if (row.baseline_release, row.release) == pair and row.known
    }
    if not {"refusal", "responses"} <= set(found):
        return None
    rows.extend([*found.values(), drift])
    drawn = [
        part_pictures.Part(label, row, words.with_limits(row, signed=True))
        for label, row in found.items()
        if label != "both marks" or abs(row.value) >= 0.005
    ]
    whole = part_pictures.Part("all of it", drift, words.with_limits(drift, signed=True), whole=True)
    return part_pictures.Block(drift.baseline_release or "", drift.release or "", (*drawn, whole))


def _block_told(block: part_pictures.Block) -> str:
    told = ", ".join(f"{part.label} {part.text} points" for part in block.parts)
    return f"{cut(block.earlier, 60)} to {cut(block.later, 60)}: {told}."
