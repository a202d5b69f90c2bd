"""What is behind the results of a study: its ratings as they were then, with their prompts, and its journal."""

from pathlib import Path

from driftgauge.errors import StoreError
from driftgauge.frames import RATINGS, empty
from driftgauge.pipeline.loaded import Behind
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rated import Moment, rated_until
from driftgauge.records import Manifest
from driftgauge.store.benchmarks import prompts_frame
from driftgauge.store.collected import collected_frame
from driftgauge.store.told import journal_frame

_PROMPT = ("scenario", "intent", "modality", "language")


def behind(study: Path, manifest: Manifest) -> Behind:
    """Return the ratings of a measurement out of the store.

    Parameters
    ----------
    study
        Its folder.
    manifest
        Of the measurement.

    Raises
    ------
    StoreError
        When ratings of it were erased since, or the study declares other families now.
    """
    opened = open_study(study)
    with opened.store.reading() as connection:
        rated = rated_until(connection, opened.study, moment_of(manifest))
        told, prompts, collected = journal_frame(connection), prompts_frame(connection), collected_frame(connection)
    if rated.data_hash != manifest.data_hash:
        raise StoreError(
            "the store no longer holds the ratings of this analysis: some were erased, or the families changed since",
            remedy=f"Measure what is there now: driftgauge measure {study}",
        )
    named = prompts.select("root", *_PROMPT, "prompt", frozen_prompt="prompt_hash")
    ratings = rated.ratings.join(named, on=["root", *_PROMPT], how="left", maintain_order="left")
    return Behind(ratings, told, collected, rated.sampled)


def unmeasured(study: Path) -> Behind:
    """Return what a study holds that was not measured yet: what it collected, and its journal."""
    opened = open_study(study)
    with opened.store.reading() as connection:
        return Behind(empty(RATINGS), journal_frame(connection), collected_frame(connection))


def moment_of(manifest: Manifest) -> Moment:
    """Return the state of the store that a measurement is of."""
    settings = manifest.settings
    rating = settings.get("rating")
    return Moment(
        int(str(settings["entry"])), int(str(settings.get("answer", 0))), None if rating is None else int(str(rating))
    )
