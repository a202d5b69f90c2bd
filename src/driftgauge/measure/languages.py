"""Languages: one language against another within a release, and panels made alike in who their raters are (statistics §5).

The raters of two languages are mostly different people. Whether prompts in one language get more harm, or its raters are more
severe, these ratings alone do not tell; matching the panels on what is known of the raters takes away one reason for it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import Final

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.measure import units
from driftgauge.measure.arrays import FloatArray, IntArray
from driftgauge.measure.bootstrap import Key
from driftgauge.measure.bounds import Missing, count_missing
from driftgauge.measure.estimate import Answer, answer
from driftgauge.measure.outcomes import Sample, codes_of
from driftgauge.measure.populations import Index, Population, Question, population
from driftgauge.measure.rates import MEANS, Rate
from driftgauge.measure.rows import Row, Setting, answer_intervals, answer_rows, bootstrap_row
from driftgauge.measure.units import Contributions

CONTRAST: Final = "language"
MATCHED: Final = "raters matched on"
AGE_BANDS: Final = (30, 45, 60)
DEMOGRAPHICS: Final = ("gender", "age")
_COLUMN: Final = r"^extra_(?:participant_|rater_|annotator_)?{}$"
_ALONE: Final = "no scenario was rated in both languages"


def baseline_language(found: Index) -> str | None:
    """Return the language that the others are compared with: English if there is one, else the most rated; null without any.

    Of several kinds of English (`en`, `en-US`, …) the most rated; ties by name.
    """
    values = found.values["language"]
    times = np.bincount(found.codes["language"] + 1, minlength=len(values) + 1)[1:]
    english = [value.casefold().split("-")[0].split("_")[0] == "en" for value in values]
    order = sorted(range(len(values)), key=lambda n: (not english[n], -int(times[n]), values[n]))
    return values[order[0]] if order else None


def language_questions(found: Index) -> list[Question]:
    """Return, per release, every other language minus the baseline language, paired within scenario and modality.

    Returns
    -------
    list of questions
        Their populations are (baseline, other), on the scenarios × modalities that were rated in both; ``uncompared`` counts
        the prompts that were rated in one of them only. Populations are empty where there is nothing in common.
    """
    baseline = baseline_language(found)
    others = [value for value in found.values["language"] if value != baseline]
    pairs = [(release, other) for release in found.releases for other in others]
    cells = codes_of(found.sample.rows, "scenario", "modality") if pairs else np.zeros(0, dtype=np.int64)
    questions: list[Question] = []
    for release, other in pairs:
        sides = [population(found, release, {"language": each}) for each in (baseline, other) if each is not None]
        if not len(sides[1].rows):
            continue
        paired = _paired(sides, cells)
        uncompared = _n_prompts(found, sides) - _n_prompts(found, paired)
        questions.append(Question(CONTRAST, tuple(paired), (-1.0, 1.0), {}, uncompared))
    return questions


def _paired(sides: Sequence[Population], cells: IntArray) -> list[Population]:
    """Restrict both sides to the cells that both have."""
    first, last = (cells[side.rows] for side in sides)
    both = np.intersect1d(first, last)
    return [replace(side, rows=side.rows[np.isin(cells[side.rows], both)]) for side in sides]


def _n_prompts(found: Index, sides: Sequence[Population]) -> int:
    return sum(len(np.unique(found.prompt[side.rows])) for side in sides)


def language_rows(
    found: Index,
    *,
    setting: Setting,
    rates: Mapping[str, Rate],
    contributions: Mapping[str, Contributions],
    scopes: Sequence[str],
    missing: Missing | None = None,
    replicates: Mapping[str, Mapping[Key, FloatArray]] | None = None,
) -> list[Row]:
    """Return the language contrast of every rate and release, for each scope, with its primary interval.

    Parameters
    ----------
    found, setting, rates, contributions
        The ratings, what rows are labelled with, the rates by name, and each rate's contributions in the setting's unit.
    scopes
        ``raters``, ``panel``.
    missing
        Responses that failed or were unsupported, to be counted.
    replicates
        By scope, of every rate over the populations of `language_questions`: each row gets its bootstrap twin. Null for none.

    Returns
    -------
    list of rows
        `language` is compared with `baseline_language`. Null with a reason where no scenario was rated in both.
    """
    here = _by_language(found.sample)
    asked = [
        answer(here, question, rates=rates, contributions=contributions, unit=setting.unit).without_linearisation()
        for question in language_questions(found)
    ]
    mine = _labelled(asked, rates=rates, setting=setting, scopes=scopes, missing=missing)
    if not replicates:
        return [row for rows in mine for row in rows]
    rows: list[Row] = []
    for each, of_answer in zip(asked, mine, strict=True):
        for number, row in enumerate(of_answer):
            before, after = (
                replicates[row["scope"]][each.names[number % len(each.names)], side.key] for side in each.question.populations
            )
            rows += [row, bootstrap_row(row, after - before)]
    return rows


def _by_language(sample: Sample) -> Sample:
    """Return the sample with the raters of a panel told apart by the languages that they rated: the strata of this contrast."""
    panel = pl.concat_str("rater_panel", "language", separator=" ", ignore_nulls=True)
    return replace(sample, rows=sample.rows.with_columns(rater_panel=panel))


def _labelled(
    asked: Sequence[Answer],
    *,
    rates: Mapping[str, Rate],
    setting: Setting,
    scopes: Sequence[str],
    missing: Missing | None,
) -> Iterator[list[Row]]:
    """Yield the rows of each answer, in the words of this contrast."""
    intervals = {scope: answer_intervals(asked, scope, level=setting.level) for scope in scopes}
    for place, each in enumerate(asked):
        question = each.question
        first, last = question.populations
        n_missing = count_missing(missing, question.populations) if missing else 0
        plain = replace(each, question=replace(question, uncompared=0))
        numbers = {scope: columns[place] for scope, columns in intervals.items()}
        rows = answer_rows(plain, rates=rates, setting=setting, n_missing=n_missing, numbers=numbers)
        for row in rows:
            row |= {"language": last.where["language"], "baseline_language": first.where["language"]}
            _left_out(row, question.uncompared, "prompts that were rated in one of the languages only")
            if not len(first.rows):
                row["reason_null"] = _ALONE
        yield rows


def _left_out(row: Row, n: int, what: str) -> None:
    """Add to what was left out of a row, in place."""
    if n:
        row["n_excluded"] += n
        row["reason_excluded"] = "; ".join(filter(None, (row["reason_excluded"], f"{n} {what}")))


def age_bands(values: pl.Series, *, edges: Sequence[int] = AGE_BANDS) -> pl.Series:
    """Return ages in years as bands; text that is no number stays as it is (it may be a band already), null stays null.

    Parameters
    ----------
    values
        Ages, as numbers or text.
    edges
        The first age of each band but the first, ascending.

    Examples
    --------
    >>> age_bands(pl.Series(["29", "30", "61", "25-34", None])).to_list()
    ['under 30', '30 to 44', '60 and over', '25-34', None]
    """
    names = [f"under {edges[0]}", *(f"{a} to {b - 1}" for a, b in pairwise(edges)), f"{edges[-1]} and over"]
    text = values.cast(pl.String).str.strip_chars()
    years = text.cast(pl.Float64, strict=False)
    known = years.is_not_null().to_numpy()
    band = np.searchsorted(np.asarray(edges), years.fill_null(0.0).to_numpy(), side="right")
    return pl.Series(
        values.name, [names[b] if is_age else other for b, is_age, other in zip(band, known, text, strict=True)], pl.String
    )


def with_demographics(rows: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the rows with what the source says of its raters as columns `gender` and `age`, and which of them there are.

    Parameters
    ----------
    rows
        Ratings. Read are ``extra_gender``, ``extra_participant_gender`` and the like; ages in years become bands. Blank text is
        null: unknown.
    """
    return with_covariates(rows, DEMOGRAPHICS)


def with_covariates(rows: pl.DataFrame, names: Sequence[str]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the rows with what the source says of its raters as columns of these names, and which of them there are.

    Parameters
    ----------
    rows
        Ratings.
    names
        For ``region``, read is ``extra_region``, ``extra_participant_region``, ``extra_rater_region`` or
        ``extra_annotator_region``. Text is in lower case, blank text is null, and ages in years become bands.

    Examples
    --------
    >>> frame, there = with_covariates(pl.DataFrame({"extra_rater_region": ["North", " "]}), ["region", "age"])
    >>> frame["region"].to_list(), there
    (['north', None], ('region',))
    """
    there: dict[str, pl.Series] = {}
    for name in names:
        columns = rows.select(pl.col(_COLUMN.format(re.escape(name)))).columns
        if columns:
            text = rows[columns[0]].cast(pl.String).str.strip_chars().str.to_lowercase()
            known = text.replace("", None)
            there[name] = age_bands(known) if name == "age" else known
    return rows.with_columns(**there), tuple(there)


def matched_weights(
    frame: pl.DataFrame, *, panels: Sequence[str], covariates: Sequence[str], by: str = "panel"
) -> pl.DataFrame:
    """Return a weight for each rater, so that the raters of all panels have the same distribution over the covariates.

    Parameters
    ----------
    frame
        Ratings with `rater`, the column `by` and the covariates (text). A rater's covariate is the one value that is not null;
        without any, or with several, it is unknown.
    panels
        The values of `by` whose raters are matched, two or more.
    covariates
        Together they make the strata.
    by
        The column that says which panel a rating is of.

    Returns
    -------
    frame
        One row a panel and rater, in order: ``panel``, ``rater``, ``weight``, ``reason``. In a stratum that every panel has,
        the weight is the common share of the stratum over its share in this panel, and the weights of a panel have mean 1.
        The common share is the mean of the panels' shares over these strata: each panel weighs the same. Other raters have a
        null weight, and the reason.

    Raises
    ------
    EstimationError
        When there are fewer than two panels, or no covariate.

    Examples
    --------
    Two women and a man against a woman and two men: in common are halves.

    >>> frame = pl.DataFrame({"panel": list("aaabbb"), "rater": list("uvwxyz"), "gender": list("ffmfmm")})
    >>> matched_weights(frame, panels=["a", "b"], covariates=["gender"])["weight"].to_list()
    [0.75, 0.75, 1.5, 1.5, 0.75, 0.75]
    """
    if len(set(panels)) < 2 or not covariates:
        raise EstimationError(
            f"{len(set(panels))} panels and {len(covariates)} covariates: there is nothing to match",
            remedy="Give two panels or more, and at least one covariate.",
        )
    raters = _strata(frame, panels=panels, covariates=covariates, by=by)
    n_panels = len(set(panels))
    known = raters.filter(pl.col("reason").is_null())
    everywhere = known.group_by(covariates).agg(n=pl.n_unique("panel")).filter(pl.col("n") == n_panels).select(covariates)
    kept = known.join(everywhere, on=list(covariates), how="semi")
    cells = (
        kept.group_by("panel", *covariates).agg(n=pl.len()).with_columns(share=pl.col("n") / pl.col("n").sum().over("panel"))
    )
    weights = cells.with_columns(weight=pl.col("share").sum().over(covariates) / n_panels / pl.col("share"))
    joined = raters.join(
        weights.select("panel", *covariates, "weight"), on=["panel", *covariates], how="left", maintain_order="left"
    )
    absent = pl.col("weight").is_null() & pl.col("reason").is_null()
    reason = pl.when(absent).then(pl.lit("whose like another panel lacks")).otherwise("reason")
    return joined.select("panel", "rater", "weight", reason=reason)


def _strata(frame: pl.DataFrame, *, panels: Sequence[str], covariates: Sequence[str], by: str) -> pl.DataFrame:
    """Return panel, rater, the covariates and, where one of them is unknown, the reason."""
    values = [pl.col(name).drop_nulls().unique() for name in covariates]
    raters = frame.group_by("rater").agg(values)
    one = [pl.when(pl.col(name).list.len() == 1).then(pl.col(name).list.first()).alias(name) for name in covariates]
    unknown = [pl.when(pl.col(name).is_null()).then(pl.lit(f"of unknown {name}")) for name in covariates]
    of_panel = (
        frame.filter(pl.col(by).is_in(list(panels))).select(pl.col(by).alias("panel"), "rater").unique().sort("panel", "rater")
    )
    joined = of_panel.join(raters.with_columns(one), on="rater", how="left", maintain_order="left")
    return joined.with_columns(reason=pl.coalesce(*unknown, pl.lit(None, pl.String)))


@dataclass(frozen=True)
class _Matched:
    """A language question among raters who can be matched: their weights, a rating each, and who was left out."""

    question: Question
    weight: FloatArray
    lost: tuple[tuple[int, str], ...]


def matched_rows(
    found: Index,
    *,
    setting: Setting,
    rates: Mapping[str, Rate],
    scopes: Sequence[str],
    missing: Missing | None = None,
) -> list[Row]:
    """Return the language contrasts with the raters of the two languages matched on gender and age, where these are known.

    Parameters
    ----------
    found, setting, rates, scopes, missing
        As for `language_rows`. Units are ``rating`` and ``response_mean``: the others have no weights.

    Returns
    -------
    list of rows
        As the language contrasts, with a `method` that says what raters were matched on. Weights are taken as known. None when
        nothing is known of the raters; null with a reason when no rater of the two languages is alike.
    """
    covariates = with_demographics(found.sample.rows)[1]
    matched = _matches(found) if setting.unit in MEANS else []
    asked = [_weighted_answer(found, each, rates=rates, setting=setting) for each in matched]
    names = ", ".join(covariates)
    labelled = list(_labelled(asked, rates=rates, setting=setting, scopes=scopes, missing=missing))
    for each, rows in zip(matched, labelled, strict=True):
        for row in rows:
            row["method"] = f"{row['method']}; {MATCHED} {names}"
            for n, what in each.lost:
                _left_out(row, n, what)
            if each.lost and not len(each.question.populations[0].rows):
                row["reason_null"] = f"no scenario was rated by raters of both languages who are alike in {names}"
    return list(chain.from_iterable(labelled))


def matched_questions(found: Index) -> list[Question]:
    """Return the language questions among the raters who can be matched: which ratings the matched rows are of."""
    return [each.question for each in _matches(found)]


def _matches(found: Index) -> list[_Matched]:
    frame, covariates = with_demographics(found.sample.rows)
    if not covariates:
        return []
    cells = codes_of(frame, "scenario", "modality")
    return [_match(each, frame=frame, covariates=covariates, cells=cells) for each in language_questions(found)]


def _match(question: Question, *, frame: pl.DataFrame, covariates: Sequence[str], cells: IntArray) -> _Matched:
    """Leave out whom the other side lacks, pair again, and weigh; until nobody else falls out."""
    sides, lost = list(question.populations), dict[str, tuple[int, int]]()
    weight = np.ones(len(frame))
    while all(len(side.rows) for side in sides):
        languages = [side.where["language"] for side in sides]
        rows = np.sort(np.concatenate([side.rows for side in sides]))
        here = frame[rows].filter(~pl.col("imputed"))
        raters = matched_weights(here, panels=languages, covariates=covariates, by="language")
        place = pl.DataFrame({"row": rows, "panel": frame["language"][rows], "rater": frame["rater"][rows]})
        joined = place.join(raters, on=["panel", "rater"], how="left", maintain_order="left")
        weight[rows] = joined["weight"].fill_null(0.0).to_numpy()
        for reason, n, people in _gone(joined):
            before = lost.get(reason, (0, 0))
            lost[reason] = (before[0] + n, before[1] + people)
        kept = [replace(side, rows=side.rows[weight[side.rows] > 0]) for side in sides]
        if not any(len(new.rows) < len(old.rows) for new, old in zip(kept, sides, strict=True)):
            break
        sides = _paired(kept, cells)
    told = tuple((n, f"ratings by {people} raters {reason}") for reason, (n, people) in sorted(lost.items()))
    n_before, n_after = (sum(len(side.rows) for side in each) for each in (question.populations, sides))
    rest = n_before - n_after - sum(n for n, _ in told)
    told += ((rest, "ratings of prompts that no such rater rated in the other language"),) if rest else ()
    return _Matched(replace(question, populations=tuple(sides)), weight, told)


def _gone(joined: pl.DataFrame) -> list[tuple[str, int, int]]:
    gone = joined.filter(pl.col("weight").is_null()).with_columns(pl.col("reason").fill_null("who rated nothing else"))
    return gone.group_by("reason").agg(n=pl.len(), people=pl.n_unique("rater")).rows()


def _weighted_answer(found: Index, matched: _Matched, *, rates: Mapping[str, Rate], setting: Setting) -> Answer:
    here = replace(_by_language(found.sample), weight=found.sample.weight * matched.weight)
    group = units.unit_groups(here)["response"]
    parts = {
        name: units.contributions(units.Rows(rate.y, rate.x, group, here.weight), setting.unit, k=1)
        for name, rate in rates.items()
        if setting.unit in rate.units
    }
    return answer(here, matched.question, rates=rates, contributions=parts, unit=setting.unit).without_linearisation()
