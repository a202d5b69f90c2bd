"""The ratings CSV (or Parquet): one row a rating, under our names or mapped to them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from driftgauge.rate.exchange.cells import READINGS, read_cells
from driftgauge.rate.exchange.columns import Wanted, check_map, pick
from driftgauge.rate.exchange.draft import Draft, Part, draft_of
from driftgauge.rate.exchange.messages import in_order
from driftgauge.rate.exchange.rules import OUTCOMES, hold
from driftgauge.rate.exchange.table import Table

WANTED: Final = Wanted(
    required=("scenario", "release", "rater"),
    one_of=OUTCOMES,
    optional=(
        *("intent", "modality", "language", "family", "generation", "phase", "attempt", "status"),
        *("panel", "kind", "occasion", "purpose", "refusal_level", "comment", "created_at", "simulated"),
        *("harm_category", "technique", "execution"),
        *("prompt_hash", "response_hash", "prompt_text", "response_text"),
    ),
)


def read(paths: Sequence[Path], column_map: Mapping[str, str]) -> Draft:
    """Read ratings files as one draft.

    Parameters
    ----------
    paths
        CSV or Parquet files.
    column_map
        Our name of a column to the files' own.
    """
    draft = draft_of(paths, partial(_read_one, column_map=column_map))
    return replace(draft, problems=(*check_map(column_map, WANTED), *draft.problems))


def _read_one(table: Table, *, column_map: Mapping[str, str]) -> Part:
    picked = pick(table, WANTED, column_map)
    cells = read_cells(picked, table, readings=READINGS)
    ruled = hold(cells.frame, table, own_names=picked.own_names)
    return Part(ruled.frame, (*picked.problems, *in_order([*cells.problems, *ruled.problems])))
