"""``driftgauge rate detect``: patterns say which collected responses decline in stock form, before people rate."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from driftgauge.errors import StoreError
from driftgauge.pipeline.opened import open_declared
from driftgauge.pipeline.rate_import import RatingImport, add_ratings
from driftgauge.pipeline.responses import as_responses
from driftgauge.rate.detect import detect
from driftgauge.rate.exchange import Imported
from driftgauge.rate.refusals import RATER, VERSION
from driftgauge.store.collected import collected_frame
from driftgauge.store.database import PATIENCE
from driftgauge.study import load_study


@dataclass(frozen=True)
class Triage:
    """What the patterns say of the collected responses of a study.

    Parameters
    ----------
    rater
        Whose ratings they are: of kind judge, another one for other patterns.
    by_release
        By release: `refusal`, `ambiguous`, `none`, and `left_out` (what nobody is shown).
    added
        What became of the ratings. Ambiguous responses have none.
    """

    rater: str
    by_release: dict[str, dict[str, int]]
    added: RatingImport


def detect_refusals(folder: Path, *, patience: float = PATIENCE) -> Triage:
    """Rate the collected responses of a study by the patterns for stock refusals; the same again adds nothing.

    Parameters
    ----------
    folder
        Of the study.
    patience
        Seconds to wait for another writer.

    Raises
    ------
    StoreError
        When nothing was collected, or the store cannot be used.
    """
    study = load_study(folder)
    with open_declared(study, patience=patience).store.reading() as connection:
        every = collected_frame(connection, texts=True)
    responses = as_responses(every.filter(pl.col("erased").is_null()))
    if responses.is_empty():
        raise StoreError("nothing was collected yet", remedy=f"driftgauge collect {folder}")
    of_each = {str(name): detect(mine) for (name,), mine in responses.group_by("release", maintain_order=True)}
    ratings = pl.concat([each.ratings for each in of_each.values()]).filter(pl.col("refusal").is_not_null())
    said = pl.repeat(value=True, n=ratings.height, dtype=pl.Boolean, eager=True)
    added = add_ratings(
        study, Imported(ratings, (), said), verb="detect", hashes={"patterns": VERSION}, how={"rater": RATER}, patience=patience
    )
    counts = {
        name: {"refusal": each.n_refusal, "ambiguous": each.n_ambiguous, "none": each.n_none, "left_out": each.n_left_out}
        for name, each in of_each.items()
    }
    return Triage(RATER, counts, added)
