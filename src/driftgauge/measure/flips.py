"""The prompts that flipped between consecutive releases, for people to read (statistics §5)."""

import numpy as np
import polars as pl

from driftgauge.measure.arrays import IntArray
from driftgauge.measure.majorities import plain_majority, votes
from driftgauge.measure.populations import Index, Population, Question, drifts
from driftgauge.measure.rates import Rate
from driftgauge.measure.rows import Row

_PROMPT = ("scenario", "modality", "language", "harm_category", "technique", "execution")


def flip_rows(found: Index, *, rate: Rate, simulated: bool) -> list[Row]:
    """Return the prompts whose plain majority changed between consecutive releases, the clearest first.

    A tie is no majority: a prompt with a tie on a side is not listed. Several attempts count together.

    Parameters
    ----------
    found
        People's ratings of adversarial prompts.
    rate
        Attack success.
    simulated
        Whether any of the ratings was simulated.

    Returns
    -------
    list of rows
        Of `frames.FLIPS`, without the analysis.
    """
    questions = [each for each in drifts(found) if each.consecutive and not each.where]
    return [row for question in questions for row in _of_pair(found, question, rate, simulated=simulated)]


def _of_pair(found: Index, question: Question, rate: Rate, *, simulated: bool) -> list[Row]:
    before, after = (_shares(found, side, rate) for side in question.populations)
    both = before.join(after, on="cell", suffix="_after").filter(
        ((pl.col("share") < 0.5) & (pl.col("share_after") > 0.5)) | ((pl.col("share") > 0.5) & (pl.col("share_after") < 0.5))
    )
    prompts = found.sample.rows.select(_PROMPT).with_columns(cell=pl.Series(found.prompt, dtype=pl.Int64)).unique("cell")
    direction = pl.when(pl.col("share_after") > 0.5).then(pl.lit("newly_vulnerable")).otherwise(pl.lit("fixed"))
    ranked = (
        both.join(prompts, on="cell")
        .with_columns(direction=direction, size=(pl.col("share_after") - pl.col("share")).abs().round(12))
        .sort(
            ["direction", "size", pl.col("n") + pl.col("n_after"), "scenario", "modality", "language"],
            descending=[True, True, True, False, False, False],
            nulls_last=True,
        )
        .with_columns(place=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("direction"))
    )
    earlier, later = question.populations
    return [
        {
            "family": later.family,
            "release": later.release,
            "baseline_release": earlier.release,
            **{name: row[name] for name in (*_PROMPT, "direction", "place")},
            "before": row["share"],
            "after": row["share_after"],
            "n_before": row["n"],
            "n_after": row["n_after"],
            "baseline_response_id": row["response_id"],
            "response_id": row["response_id_after"],
            "simulated": simulated,
        }
        for row in ranked.iter_rows(named=True)
    ]


def _shares(found: Index, side: Population, rate: Rate) -> pl.DataFrame:
    """Return, by cell, the share of ratings that say yes, how many there are, and the first attempt."""
    of_side = votes(found, rate, side.rows)
    cells, share = plain_majority(of_side)
    n = np.bincount(np.searchsorted(cells, of_side.cell), weights=of_side.size, minlength=len(cells)).astype(np.int64)
    frame = pl.DataFrame({"cell": cells, "share": share, "n": n}, schema={"cell": pl.Int64, "share": pl.Float64, "n": pl.Int64})
    return frame.join(_first_attempts(found, side.rows), on="cell", how="left")


def _first_attempts(found: Index, rows: IntArray) -> pl.DataFrame:
    here = found.sample.rows[rows].select("attempt", "response_id").with_columns(cell=pl.Series(found.prompt[rows]))
    return here.sort("attempt", "response_id").group_by("cell", maintain_order=True).agg(pl.col("response_id").first())
