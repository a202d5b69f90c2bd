"""How the rows of a section are dealt out to panels: by family, and in pieces that fit a screen and a printed page."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from markupsafe import Markup

from driftgauge.report.blocks import Pane
from driftgauge.report.names import cut, shown
from driftgauge.report.select import Release, View

MOST = 12
"""Rows that one panel holds."""
UNPLACED = "Releases without a family"

Row = TypeVar("Row")


@dataclass(frozen=True)
class Piece(Generic[Row]):
    """Rows of one family that share a panel."""

    family: str | None
    series: int
    rows: tuple[Row, ...]
    among: bool = True
    """Whether other families stand beside it, so that having none is worth a heading."""

    @property
    def name(self) -> str:
        """The family as plain text."""
        return UNPLACED if self.family is None else cut(self.family, 80)

    def pane(self, svg: Markup, *, wide: bool = False) -> Pane:
        """Return the drawn panel under the family's name, in the family's colour."""
        if self.family is None:
            return Pane(UNPLACED if self.among else "", svg, wide=wide)
        return Pane(shown(self.family, 80), svg, series=self.series, wide=wide)


def pieces(view: View, row_of: Callable[[Release], Row | None]) -> list[Piece[Row]]:
    """Return a row for each release that `row_of` makes one of, family by family, `MOST` to a piece."""
    return list(_pieces(view, row_of))


def _pieces(view: View, row_of: Callable[[Release], Row | None]) -> Iterator[Piece[Row]]:
    for family, members in view.families.items():
        rows = [row for row in map(row_of, members) if row is not None]
        for part in dealt(rows):
            yield Piece(family, members[0].series, tuple(part), among=len(view.families) > 1)


def dealt(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Deal rows into as few pieces as `MOST` allows, of about the same size."""
    n_pieces = -(-len(rows) // MOST)
    size = -(-len(rows) // n_pieces) if n_pieces else 1
    yield from (rows[start : start + size] for start in range(0, len(rows), size))
