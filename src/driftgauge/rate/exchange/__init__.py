"""Ratings in from outside: files that others wrote, read into the `ratings` frame or refused with every mistake named."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge import frames
from driftgauge.errors import Problem, RatingError
from driftgauge.rate.exchange import annotations, pyrit, ratings, speechmap, xstest
from driftgauge.rate.exchange.draft import Draft
from driftgauge.rate.exchange.lineage import with_lineage
from driftgauge.rate.exchange.messages import did_you_mean, shown
from driftgauge.rate.exchange.repeats import settle
from driftgauge.records import Finding, Lineage

__all__ = ["FORMATS", "Imported", "read_ratings"]

FORMATS: Final[Mapping[str, Callable[[Sequence[Path], Mapping[str, str]], Draft]]] = {
    "ratings": ratings.read,
    "annotations": annotations.read,
    "pyrit": pyrit.read,
    "xstest": xstest.read,
    "xstest-final": xstest.read_final,
    "speechmap": speechmap.read,
}
"""How each format is read: its files and a column map to a draft."""

MAPPED: Final = ("ratings", "annotations")
"""Formats whose columns may be called something else."""


@dataclass(frozen=True)
class Imported:
    """Ratings that came in, and what the reader must know about them.

    Parameters
    ----------
    ratings
        The columns of `frames.RATINGS`, then the other columns of the source as ``extra_…`` text. Of several files,
        ``extra_source_file`` says which one a row comes from.
    findings
        What was dropped, contradicts itself or is not stated.
    status_said
        Of each rating, whether the source says the status of its response; else ``answered`` is assumed.
    """

    ratings: pl.DataFrame
    findings: tuple[Finding, ...]
    status_said: pl.Series


def read_ratings(
    paths: Sequence[Path],
    *,
    format: str = "ratings",  # noqa: A002 - the word that `--format` of the command has
    column_map: Mapping[str, str] | None = None,
    lineage: Lineage | None = None,
    growing: bool = False,
) -> Imported:
    """Read rated data of one format, several files as one set; all of it or nothing.

    Parameters
    ----------
    paths
        The files.
    format
        A key of `FORMATS`.
    column_map
        Our name of a column to the name that the files have for it.
    lineage
        Which release follows which; fills `family` and `generation`.
    growing
        Whether ratings of a release may be still to come; else a release of the lineage without a rating is a mistake.

    Returns
    -------
    Imported
        The ratings, in the order of the files.

    Raises
    ------
    RatingError
        With every mistake of every file; nothing is imported then.
    """
    draft = _draft(paths, format, column_map or {})
    settled = settle(draft)
    placed = with_lineage(replace(draft, frame=settled.frame), lineage, growing=growing)
    problems = (*draft.problems, *settled.problems, *placed.problems)
    if problems:
        raise _refusal(problems)
    return Imported(_finished(placed.frame, draft), (*draft.findings, *settled.findings), placed.frame["status_said"])


def _draft(paths: Sequence[Path], name: str, column_map: Mapping[str, str]) -> Draft:
    if name not in FORMATS:
        raise RatingError(f"there is no format {shown(name)}", remedy=f"Choose {did_you_mean(name, list(FORMATS))}.")
    if not paths:
        raise RatingError("no file was given", remedy="Give at least one file of ratings.")
    if column_map and name not in MAPPED:
        raise RatingError(f"the columns of format {shown(name)} are fixed", remedy="Leave the column map out.")
    return FORMATS[name](paths, column_map)


def _refusal(problems: Sequence[Problem]) -> RatingError:
    count = f"{len(problems):,} mistake{'s' * (len(problems) != 1)}"
    return RatingError(f"{count}; nothing was imported", problems=problems, remedy="Correct them and try again.")


def _finished(frame: pl.DataFrame, draft: Draft) -> pl.DataFrame:
    """Return the columns that `Imported` promises."""
    if len(draft.sources) > 1:
        names = [source.name for source in draft.sources]
        file = pl.col("file").replace_strict(range(len(names)), names, return_dtype=pl.String)
        frame = frame.with_columns(extra_source_file=file)
    return frame.select(*frames.RATINGS, *(name for name in frame.columns if name.startswith("extra_")))
