"""One scenario of a measurement: its prompts, what each release gave to them, and what raters said of that.

Texts are confidential. They are read from the benchmark and the store only when they are asked for, held to the hashes that the
ratings were made on, and kept nowhere else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from driftgauge.clients.calls import Blob, Text
from driftgauge.errors import BenchmarkError
from driftgauge.pipeline.asked import Prompts
from driftgauge.pipeline.browsing.shelf import Volume
from driftgauge.pipeline.opened import open_study
from driftgauge.store.collected import collected_frame

_RESPONSE = ("response_id", "release", "phase", "modality", "language", "attempt", "status", "response_hash")


@dataclass(frozen=True)
class Rated:
    """What one rater said of a response; null where it was not asked. `counts` is false for what enters no level."""

    rater: str
    kind: str
    harm: int | None
    success: bool | None
    refusal: bool | None
    comment: str | None
    counts: bool


@dataclass(frozen=True)
class Answer:
    """A response with its ratings; `text` is null where it cannot be shown, and `why_no_text` says why."""

    response_id: str
    release: str
    phase: str | None
    modality: str
    language: str | None
    attempt: int
    status: str
    text: str | None
    why_no_text: str | None
    ratings: tuple[Rated, ...]


@dataclass(frozen=True)
class Part:
    """A piece of a prompt: a text, or a picture or recording by its place among the pieces."""

    role: str
    text: str | None
    medium: int | None


@dataclass(frozen=True)
class Asked:
    """A prompt in one modality and language; without parts, `why_not` says why."""

    modality: str
    language: str | None
    prompt: str | None
    parts: tuple[Part, ...]
    why_not: str | None


@dataclass(frozen=True)
class Scenario:
    """A scenario with everything that is known of it in one measurement."""

    scenario: str
    harm_category: str | None
    technique: str | None
    execution: str | None
    asked: tuple[Asked, ...]
    answers: tuple[Answer, ...]


def scenario_of(volume: Volume, scenario: str) -> Scenario | None:
    """Return a scenario, or null when the measurement has none of that name.

    Parameters
    ----------
    volume
        The measurement.
    scenario
        Its id.

    Raises
    ------
    StoreError
        When ratings of the measurement were erased since, or the store is out of reach.
    """
    ratings = volume.behind.ratings.filter(pl.col("scenario") == scenario)
    if ratings.is_empty():
        return None
    first = ratings.row(0, named=True)
    return Scenario(
        scenario,
        first["harm_category"],
        first["technique"],
        first["execution"],
        tuple(_asked(volume, ratings)),
        tuple(_answers(ratings, _texts(volume, ratings["response_id"]))),
    )


def _texts(volume: Volume, responses: pl.Series) -> Mapping[str, tuple[str | None, str | None]] | None:
    """Return hash and text of collected responses by id; null for an analysis without a store."""
    study = volume.results.study
    if study is None:
        return None
    with open_study(study).store.reading() as connection:
        found = collected_frame(connection, texts=True).filter(pl.col("response_id").is_in(responses.implode()))
    return {row[0]: (row[1], row[2]) for row in found.select("response_id", "response_hash", "text").iter_rows()}


def _answers(ratings: pl.DataFrame, texts: Mapping[str, tuple[str | None, str | None]] | None) -> Iterator[Answer]:
    order = ["modality", "language", "generation", "release", "phase", "attempt"]
    turned = [name == "modality" for name in order]  # text-only before multimodal
    for found, rows in ratings.sort(order, descending=turned, nulls_last=True).group_by(_RESPONSE, maintain_order=True):
        key: tuple[Any, ...] = found
        response, release, phase, modality, language, attempt, status, hashed = key
        text, why = _text(str(response), hashed, texts)
        yield Answer(
            response_id=str(response),
            release=str(release),
            phase=phase,
            modality=str(modality),
            language=language,
            attempt=int(attempt),
            status=status,
            text=text,
            why_no_text=why,
            ratings=tuple(_rated(rows)),
        )


def _text(
    response: str, hashed: object, texts: Mapping[str, tuple[str | None, str | None]] | None
) -> tuple[str | None, str | None]:
    if texts is None:
        return None, "An analysis of a file keeps no text."
    if response not in texts:
        return None, "This response was not collected here; imports keep no text."
    seen, text = texts[response]
    if hashed is not None and seen != hashed:
        return None, "The text that is there now is another than the one that was rated."
    return (text, None) if text else (None, "It has no text.")


def _rated(rows: pl.DataFrame) -> Iterator[Rated]:
    wanted = ("rater", "kind", "harm", "success", "refusal", "comment")
    counts = pl.col("purpose").is_in(["item", "anchor"]) & (pl.col("occasion") == 1)
    told = rows.filter(pl.col("rater").is_not_null()).sort("kind", "rater", "occasion").select(*wanted, counts=counts)
    for row in told.iter_rows():
        yield Rated(*row)


def _asked(volume: Volume, ratings: pl.DataFrame) -> Iterator[Asked]:
    prompts = _prompts(volume) if "prompt" in ratings.columns else None
    known = ratings if prompts else ratings.with_columns(prompt=pl.lit(None, pl.String), frozen_prompt=pl.lit(None, pl.String))
    each = known.select("modality", "language", "prompt", "frozen_prompt").unique(maintain_order=True)
    for modality, language, prompt, frozen in each.sort("modality", descending=True).iter_rows():
        parts, why = _parts(prompts, prompt, frozen=frozen)
        yield Asked(modality, language, prompt, parts, why)


def _prompts(volume: Volume) -> Prompts | None:
    try:
        return volume.prompts
    except BenchmarkError:  # not there, or not as it was frozen: `_parts` says so
        return None


def _parts(prompts: Prompts | None, prompt: str | None, *, frozen: str | None) -> tuple[tuple[Part, ...], str | None]:
    """Return the pieces of a prompt, or why there are none."""
    if prompts is None or prompt is None or prompt not in prompts:
        return (), "The benchmark that is there now does not hold this prompt."
    if prompts.hash_of(prompt) != frozen:
        return (), "The benchmark that is there now holds another version of this prompt."
    said = [(turn.role, part) for turn in prompts.turns(prompt) for part in turn.parts]
    return tuple(
        Part(role, part.text, None) if isinstance(part, Text) else Part(role, None, number)
        for number, (role, part) in enumerate(said)
    ), None


def medium_of(volume: Volume, prompt: str, number: int) -> Blob | None:
    """Return a picture or recording of a prompt by its place among the parts, or null when there is none.

    Raises
    ------
    BenchmarkError
        When it is not what was frozen.
    """
    if volume.prompts is None or prompt not in volume.prompts:
        return None
    parts = [part for turn in volume.prompts.turns(prompt) for part in turn.parts]
    part = parts[number] if number < len(parts) else None
    return part if isinstance(part, Blob) else None
