"""Safer, or only refusing? The three outcomes of a response, and the parts of a change in ASR."""

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Key, Section, Text, said
from driftgauge.report.figures import parts as bars
from driftgauge.report.figures import stacks
from driftgauge.report.names import cut
from driftgauge.report.numbers import in_words, listed, percent
from driftgauge.report.sections.panes import Piece, pieces
from driftgauge.report.select import Estimate, Release, View

_OUTCOMES = ("refused", "engaged_safe", "engaged_harmful")
_PARTS = {"refusal_part": "refusal", "response_part": "responses", "inconsistent_part": "both marks"}
_WAYS = {
    "refusal": "mostly more refusal",
    "response": "mostly safer responses",
    "both": "more refusal and safer responses together",
}
_SHOWN_FROM = 0.005
"""A part by ratings with both marks is drawn from half a point on; the table has it always."""


def section(view: View) -> Section:
    """Return the section on refusal against safety."""
    shares = [view.levels(name) for name in _OUTCOMES]
    figures = [figure for figure in (_stacks(view, shares), _parts(view)) if figure is not None]
    label = "Safer or refusing"
    if figures:
        return Section("outcomes", label, _heading(view, shares[0]), figures=figures)
    lead = [
        "This needs ratings that carry both marks for one response: whether the attack succeeded, and whether it was refused."
    ]
    lead += words.missing(row for rows in shares for row in rows.values())
    return Section("outcomes", label, "Whether a release is safer or only refuses more cannot be told", lead=lead)


def _heading(view: View, refused: dict[str, Estimate]) -> Text:
    """Return what the improvements are made of, or, without one that can be told, how much was refused."""
    ways = [row.safer_by for row in view.verdicts if row.verdict == "improved" and row.safer_by]
    if len(ways) == 1:
        return f"The one improvement is {_WAYS[ways[0]]}"
    if ways:
        counts = {way: ways.count(way) for way in _WAYS if way in ways}
        if len(counts) == 1:
            return f"{'Both' if len(ways) == 2 else f'All {in_words(len(ways))}'} improvements are {_WAYS[ways[0]]}"
        told = [f"{in_words(number)} {'is' if number == 1 else 'are'} {_WAYS[way]}" for way, number in counts.items()]
        return f"Of {in_words(len(ways))} improvements, {listed(told)}"
    known = sorted((row for row in refused.values() if row.known), key=lambda row: row.value)
    if not known:
        return "What the changes in attack success are made of"
    low, high = percent(known[0].value), percent(known[-1].value)
    text = f"{low} of responses were refused" if low == high else f"Between {low} and {high} of responses were refused"
    return said(text, known[0], known[-1])


def _stacks(view: View, shares: list[dict[str, Estimate]]) -> Figure | None:
    def bar_of(release: Release) -> stacks.Bar | None:
        found = [rows[release.name] for rows in shares if release.name in rows and rows[release.name].known]
        return stacks.Bar(release.name, *found) if len(found) == len(shares) else None

    dealt = pieces(view, bar_of)
    if not dealt:
        return None
    groups = [
        stacks.Group(
            piece.rows, f"{piece.name}: refused, engaged and safe, engaged and harmful", " ".join(map(_told, piece.rows))
        )
        for piece in dealt
    ]
    pictures = stacks.stacks(groups, prefix="outcomes")
    values = [row for rows in shares for row in rows.values()]
    return Figure(
        name="outcomes",
        question="What became of the attacks: refused, answered safely, or answered with harm?",
        panes=[piece.pane(svg) for piece, svg in zip(dealt, pictures, strict=True)],
        population=words.population(values, view, what="share of ratings"),
        table=tables.numbers(values, caption="Refused, engaged and safe, engaged and harmful, by release"),
        key=[Key("refused", "refused"), Key("safe", "engaged and safe"), Key("harmful", "engaged and harmful")],
        notes=[
            "Lines beneath a bar are the intervals of the refused share (from the left) and of the harmful share (from the "
            "right). A rating with both marks counts as refused.",
            *words.missing(values),
        ],
    )


def _told(bar: stacks.Bar) -> str:
    refused, safe, harmful = (words.with_limits(row) for row in (bar.refused, bar.safe, bar.harmful))
    return f"{cut(bar.name, 60)}: refused {refused}, engaged and safe {safe}, engaged and harmful {harmful}."


def _parts(view: View) -> Figure | None:
    found = {name: _changes(view, contrast) for contrast, name in _PARTS.items()}
    dealt: list[Piece[bars.Block]] = []
    drifts = [row for row in view.contrasts("drift", estimand="asr") if row.known]
    for family, members in view.families.items():
        blocks = [_block(row, found) for row in drifts if row.family == family]
        complete = tuple(block for block in blocks if block is not None)
        if complete:
            dealt.append(Piece(family, members[0].series, complete))
    if not dealt:
        return None
    groups = [
        bars.Group(
            piece.rows,
            piece.series,
            f"{piece.name}: parts of the change in attack success",
            " ".join(map(_parts_told, piece.rows)),
        )
        for piece in dealt
    ]
    pictures = bars.parts(groups, prefix="parts")
    rows = [row for by_pair in found.values() for row in by_pair.values()] + drifts
    return Figure(
        name="parts",
        question="How much of the change in attack success is refusal, and how much is the responses themselves?",
        panes=[piece.pane(svg) for piece, svg in zip(dealt, pictures, strict=True)],
        population=words.population(rows, view, what="attack success, later minus earlier release"),
        table=tables.numbers(rows, caption="Changes in attack success and their parts"),
        notes=[
            "The parts are of the ratings that were asked both questions, and add up to the change among those (Kitagawa 1955, "
            "symmetric)."
        ],
    )


Pair = tuple[str | None, str | None]


def _changes(view: View, contrast: str) -> dict[Pair, Estimate]:
    return {(row.baseline_release, row.release): row for row in view.contrasts(contrast, estimand="asr") if row.known}


def _block(drift: Estimate, found: dict[str, dict[Pair, Estimate]]) -> bars.Block | None:
    """Return one change with its parts, or nothing when refusal or responses have none."""
    pair = (drift.baseline_release, drift.release)
    own = {name: by_pair[pair] for name, by_pair in found.items() if pair in by_pair}
    if not {"refusal", "responses"} <= set(own):
        return None
    drawn = [
        bars.Part(name, row, words.with_limits(row, signed=True))
        for name, row in own.items()
        if name != "both marks" or abs(row.value) >= _SHOWN_FROM
    ]
    whole = bars.Part("all of it", drift, words.with_limits(drift, signed=True), whole=True)
    return bars.Block(drift.baseline_release or "", drift.release or "", (*drawn, whole))


def _parts_told(block: bars.Block) -> str:
    told = ", ".join(f"{part.label} {part.text} points" for part in block.parts)
    return f"{cut(block.earlier, 60)} to {cut(block.later, 60)}: {told}."
