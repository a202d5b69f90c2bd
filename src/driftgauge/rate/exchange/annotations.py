"""The published annotation CSV of drift studies: one row an annotation, harm as a word and as numbers.

No sample of the file is at hand; this is how its columns are read:

- ``model`` is the release, ``participant_id`` the rater, ``item_id`` the scenario: modalities are paired only where the two
  prompts of a scenario share an ``item_id``. ``uid`` is kept as extra.
- ``harm`` is ``harm_numeric`` (1 to 5), or the word of ``harm_rating`` where there is no number.
- ``refusal`` is ``defaultresp``, or, where that is missing, whether ``rating_default`` is 0.
- ``rating_default`` (0 to 5) is 0 for a default refusal and else the harm. It is checked against the others and gives no harm:
  of a refused response it does not say how harmful it was.
- ``success`` is ``attack_success``.
- ``harm_status`` has no published meaning: it is kept as extra and used for nothing. So are gender and age.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.rate.exchange.cells import READINGS, Reading, flag, read_cells, whole
from driftgauge.rate.exchange.columns import Wanted, check_map, pick
from driftgauge.rate.exchange.draft import MARK, Draft, Part, draft_of
from driftgauge.rate.exchange.messages import in_order
from driftgauge.rate.exchange.rules import OUTCOMES, hold
from driftgauge.rate.exchange.table import Table
from driftgauge.records import Finding

WANTED: Final = Wanted(
    required=("model", "participant_id", "item_id"),
    one_of=("harm_numeric", "harm_rating", "attack_success", "defaultresp", "rating_default"),
    optional=("modality", "language", "technique", "execution", "harm_category"),
)
RENAMED: Final = {"model": "release", "participant_id": "rater", "item_id": "scenario"}

WORDS: Final = {"not at all": 1, "mildly": 2, "moderately": 3, "very": 4, "extremely": 5}
SUCCESSES: Final = {"successful": True, "not successful": False, "unsuccessful": False}
MODALITIES: Final = {
    **dict.fromkeys(("text-only", "text only", "text"), "text-only"),
    **dict.fromkeys(("multimodal", "image+text", "text+image", "image"), "multimodal"),
}


def harm_word(text: str) -> int | None:
    """Return the harm that a word of the scale stands for.

    Examples
    --------
    >>> harm_word("Not at all harmful"), harm_word("Very"), harm_word("Quite")
    (1, 4, None)
    """
    return WORDS.get(" ".join(text.casefold().split()).removesuffix(" harmful"))


def success_word(text: str) -> bool | None:
    """Return the truth value of a word for attack success, or of 0/1, true/false, yes/no."""
    return SUCCESSES.get(" ".join(text.casefold().split()), flag(text))


def modality_word(text: str) -> str | None:
    """Return the modality that one of its usual spellings stands for."""
    return MODALITIES.get(" ".join(text.casefold().replace("_", " ").split()).replace(" + ", "+"))


ANNOTATION_READINGS: Final[Mapping[str, Reading]] = {
    "harm_numeric": READINGS["harm"],
    "harm_rating": Reading(harm_word, pl.Int8, f"one of: {', '.join(WORDS)} (then “harmful”, or not)"),
    "rating_default": Reading(whole(0, 5), pl.Int8, "a whole number from 0 (default refusal) to 5"),
    "attack_success": Reading(success_word, pl.Boolean, f"one of: {', '.join(SUCCESSES)}, yes, no"),
    "defaultresp": READINGS["refusal"],
    "modality": Reading(modality_word, pl.String, f"one of: {', '.join(MODALITIES)}"),
}


@dataclass(frozen=True)
class Contradiction:
    """Two columns that should say one thing, and which of them is believed."""

    code: str
    rows: pl.Expr
    columns: str
    believed: str


_NUMBER, _WORD, _DEFAULT, _STOCK = (pl.col(name) for name in ("harm_numeric", "harm_rating", "rating_default", "defaultresp"))

CONTRADICTIONS: Final = (
    Contradiction("harm_word_contradicts", _WORD != _NUMBER, "harm_rating and harm_numeric", "harm_numeric"),
    Contradiction("refusal_mark_contradicts", (_DEFAULT == 0) != _STOCK, "rating_default and defaultresp", "defaultresp"),
    Contradiction(
        "rating_default_contradicts",
        (_DEFAULT > 0) & (pl.coalesce(_NUMBER, _WORD) != _DEFAULT),
        "rating_default and harm_numeric (or harm_rating)",
        "the latter",
    ),
)


def read(paths: Sequence[Path], column_map: Mapping[str, str]) -> Draft:
    """Read annotation files as one draft.

    Parameters
    ----------
    paths
        CSV or Parquet files.
    column_map
        The published name of a column to the files' own.
    """
    draft = draft_of(paths, partial(_read_one, column_map=column_map))
    problems = (*check_map(column_map, WANTED), *draft.problems)
    return replace(draft, problems=problems, findings=_findings(draft))


def _read_one(table: Table, *, column_map: Mapping[str, str]) -> Part:
    picked = pick(table, WANTED, column_map)
    cells = read_cells(picked, table, readings=ANNOTATION_READINGS)
    own_names = {RENAMED.get(name, name): own for name, own in picked.own_names.items()}
    if any(name in own_names for name in WANTED.one_of):
        own_names |= dict.fromkeys(OUTCOMES, "")
    ruled = hold(_meant(cells.frame), table, own_names=own_names)
    return Part(ruled.frame, (*picked.problems, *in_order([*cells.problems, *ruled.problems])))


def _meant(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of `ratings`, and a mark for each contradiction."""
    read_columns = [name for name in ANNOTATION_READINGS if name != "modality"]
    absent = [pl.lit(None, ANNOTATION_READINGS[name].dtype).alias(name) for name in read_columns if name not in frame.columns]
    outcomes = {
        "harm": pl.coalesce(_NUMBER, _WORD),
        "refusal": pl.coalesce(_STOCK, _DEFAULT == 0),
        "success": pl.col("attack_success"),
    }
    marks = [each.rows.fill_null(False).alias(MARK + each.code) for each in CONTRADICTIONS]
    return frame.with_columns(absent).with_columns(*marks, **outcomes).drop(read_columns).rename(RENAMED, strict=False)


def _findings(draft: Draft) -> tuple[Finding, ...]:
    found = [_contradiction(draft, each) for each in CONTRADICTIONS]
    if "extra_harm_status" in draft.frame.columns:
        found.append(
            Finding(
                code="harm_status_unused",
                level="info",
                sentence="Column harm_status is kept as extra and used for nothing: its meaning was never published.",
            )
        )
    return tuple(finding for finding in found if finding)


def _contradiction(draft: Draft, kind: Contradiction) -> Finding | None:
    rows = draft.marked(kind.code)
    if rows.is_empty():
        return None
    count = f"{rows.height:,} rating{'s' * (rows.height != 1)}"
    return Finding(
        code=kind.code,
        level="warning",
        sentence=f"In {count}, {kind.columns} contradict each other ({draft.places(rows)}); {kind.believed} was believed.",
        remedy="Correct the file, or look at these ratings before believing a figure that rests on them.",
        rating_ids=rows["rating_id"].to_list(),
    )
