"""More than two generations: each change from the one before, and from the first."""

from collections.abc import Iterator, Sequence

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Key
from driftgauge.report.figures.timeline import Course, timeline
from driftgauge.report.names import cut
from driftgauge.report.sections.panes import Piece
from driftgauge.report.select import Estimate, Release, View

FEWEST = 3
"""Generations from which the change since the first is another than that since the one before."""
_KEY = (Key("marker-circle", "since the one before"), Key("marker-square", "since the first"))


def figure(view: View) -> Figure | None:
    """Return the timeline of every family of three generations or more; nothing where there is none."""
    what = words.quantity(view.estimand)
    placed = [
        Piece(family, members[0].series, tuple(members))
        for family, members in view.families.items()
        if family is not None and len(members) >= FEWEST
    ]
    consecutive = _by_release(view.contrasts("drift"))
    cumulative = consecutive | _by_release([*view.contrasts("drift_cumulative"), *view.contrasts("drift_first_last")])
    # The second release has one change, which is both.
    courses = [_course(piece, consecutive, cumulative, what) for piece in placed]
    pictures = timeline(courses, prefix="timeline")
    if not pictures:
        return None
    rows = list(_rows(placed, consecutive, cumulative))
    return Figure(
        name="timeline",
        question=f"How far did {what} move from one generation to the next, and in all?",
        panes=[piece.pane(svg, wide=True) for piece, svg in zip(placed, pictures, strict=True)],
        population=words.population(rows, view, what=words.quantity(view.estimand, threshold=view.threshold)),
        table=tables.numbers(rows, caption=f"Changes in {what}, in points, over generations"),
        key=_KEY,
        notes=[
            "In points; above 0 is more than before. Only changes from one generation to the next have verdicts; "
            "each change is over the prompts that both of its releases answered, so changes need not add up.",
            *words.missing(rows),
        ],
    )


def _by_release(rows: Sequence[Estimate]) -> dict[str, Estimate]:
    return {row.release: row for row in rows if row.release is not None}


def _course(piece: Piece[Release], consecutive: dict[str, Estimate], cumulative: dict[str, Estimate], what: str) -> Course:
    names = [member.name for member in piece.rows]
    return Course(
        releases=tuple(names),
        consecutive=tuple(consecutive.get(name) for name in names),
        cumulative=tuple(_since_first(cumulative.get(name), names[0]) for name in names),
        series=piece.series,
        title=f"{piece.name}: changes in {what} by generation",
        description=" ".join(_told(name, consecutive.get(name), cumulative.get(name)) for name in names[1:]),
    )


def _since_first(row: Estimate | None, first: str) -> Estimate | None:
    """Return a change if it is since the first release: a generation that is missing leaves only its neighbour's."""
    return row if row is not None and row.baseline_release == first else None


def _told(name: str, before: Estimate | None, first: Estimate | None) -> str:
    """Return the changes of one release as a sentence."""
    said = [
        f"{words.difference(row)} since {cut(row.baseline_release or '', 60)}"
        for row in dict.fromkeys((before, first))
        if row is not None and row.known
    ]
    return f"{cut(name, 60)}: {', '.join(said) or 'no estimate'}."


def _rows(
    placed: Sequence[Piece[Release]], consecutive: dict[str, Estimate], cumulative: dict[str, Estimate]
) -> Iterator[Estimate]:
    for piece in placed:
        for member in piece.rows:
            yield from dict.fromkeys(row for row in (consecutive.get(member.name), cumulative.get(member.name)) if row)
