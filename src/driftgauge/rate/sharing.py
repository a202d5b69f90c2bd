"""Who rates what: responses shared out among the raters of a panel."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
Sharing = Literal["full", "overlap", "balanced"]


def share_out(
    sharing: Sharing, cells: IntArray, *, raters: int, each: int, rng: np.random.Generator, loads: IntArray | None = None
) -> BoolArray:
    """Return which rater (row) is asked about which response (column).

    Parameters
    ----------
    sharing
        ``full``: everybody everything. ``overlap``: `each` raters a response, loads equal, pairs as they come. ``balanced``:
        the same, and every two raters meet as often as any other two, as nearly as a walk over the responses gets.
    cells
        Of each response what loads should be equal in: its release and modality.
    raters, each
        How many there are, and how many of them each response has.
    rng
        Source of randomness.
    loads
        What the raters have to do already; null for nothing.

    Notes
    -----
    Responses are shared out cell by cell, always to those who have the least to do: at every moment loads differ by one at
    most (from equal ones on), and within a cell by two.
    """
    if sharing == "full" or each >= raters:
        return np.ones((raters, len(cells)), dtype=np.bool_)
    asked = np.zeros((raters, len(cells)), dtype=np.bool_)
    load = np.zeros(raters) if loads is None else (loads - loads.min()).astype(np.float64)
    met = np.zeros((raters, raters))
    mixed = rng.permutation(len(cells))
    for response in mixed[np.argsort(cells[mixed], kind="stable")]:
        chosen = _chosen(load, met if sharing == "balanced" else None, each=each, rng=rng)
        asked[chosen, response] = True
        load[chosen] += 1
        met[np.ix_(chosen, chosen)] += 1
    return asked


def _chosen(load: NDArray[np.float64], met: NDArray[np.float64] | None, *, each: int, rng: np.random.Generator) -> list[int]:
    """Return the raters with the least to do; among equals those who met the chosen ones least, then by lot."""
    lot = rng.random(len(load))
    if met is None:
        return [int(rater) for rater in np.lexsort((lot, load))[:each]]
    chosen: list[int] = []
    together = np.zeros(len(load))
    for _ in range(each):
        free = np.ones(len(load), dtype=np.bool_)
        free[chosen] = False
        best = int(np.lexsort((lot, together, load, ~free))[0])
        chosen.append(best)
        together += met[best]
    return chosen
