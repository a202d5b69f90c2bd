"""The whole measurement: a ratings frame and a protocol in, estimates and findings out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.frames import FLIPS, table_frame
from driftgauge.measure.agreement import agreement_rows
from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.beneath import Answered, Beneath, beneath_questions, look_beneath
from driftgauge.measure.bootstrap import Key, Weights, draw_weights, rating_replicates, response_replicates
from driftgauge.measure.bounds import Missing, count_missing, drift_bounds, missing_in
from driftgauge.measure.calibration import calibration_rows, judge_findings
from driftgauge.measure.checks import check
from driftgauge.measure.decompose import component_rates
from driftgauge.measure.drift import (
    LogOdds,
    judge,
    log_odds,
    name_safer_by,
    odds_ratio_columns,
    part_replicates,
    part_rows,
)
from driftgauge.measure.estimate import Answer, answer, fewest_raters
from driftgauge.measure.judges import judge_disagreements
from driftgauge.measure.mixed.fit import check_engine
from driftgauge.measure.model_verdicts import disagreements
from driftgauge.measure.models import METHOD, Model, model_rows
from driftgauge.measure.outcomes import Counted, counted, sample, unmeasured
from driftgauge.measure.populations import Index, Population, Question, drifts, index, levels, modality_effects, population
from driftgauge.measure.ppi_rows import ProbabilitySample
from driftgauge.measure.rater_findings import rater_findings
from driftgauge.measure.raters import own_ratings, rater_rows
from driftgauge.measure.rates import MEANS, Rate, rates
from driftgauge.measure.rows import (
    SCENARIO,
    TWO_WAY,
    Row,
    Setting,
    answer_intervals,
    answer_rows,
    bootstrap_row,
    estimates_frame,
)
from driftgauge.measure.tipping_points import TippingPoint, tipping_points, tipping_rows
from driftgauge.measure.together import together_findings, together_rows
from driftgauge.measure.units import RESPONSE_UNITS, Contributions, Rows, common_k, contributions, unit_groups
from driftgauge.measure.variance import rater_strata
from driftgauge.records import Finding, Progress
from driftgauge.study import Protocol, Unit

RESPONSE_REPLICATES: Final = 2_000
"""Response units summarise each response anew in every replicate; they get at most this many."""
NO_MODEL: Final = Model("none")
UNITS: Final[tuple[Unit, ...]] = ("rating", "response_mean", "response_majority", "any_rater")


@dataclass(frozen=True)
class Measured:
    """What a measurement found: the `estimates` and `flips` tables, and findings."""

    estimates: pl.DataFrame
    findings: list[Finding]
    flips: pl.DataFrame


@dataclass(frozen=True)
class Pass:
    """One kind of rater on one intent: what every unit is estimated from."""

    found: Index
    rates: Mapping[str, Rate]
    missing: Missing
    weights: Weights
    scopes: tuple[str, ...]
    setting: Setting


def measure(
    ratings: pl.DataFrame,
    *,
    protocol: Protocol,
    rng: np.random.Generator,
    bootstrap: int = 10_000,
    units: Sequence[Unit] = UNITS,
    model: Model = NO_MODEL,
    sampled: ProbabilitySample | None = None,
    analysis_id: str = "",
    progress: Progress = lambda stage, done, total: None,
) -> Measured:
    """Estimate everything that statistics §1–3, §5 and §6 name, each row with its population.

    Parameters
    ----------
    ratings
        The ratings table (`frames.RATINGS`); `family` and `generation` say the lineage.
    protocol
        Thresholds, margin, level, scope, primary estimand.
    rng
        Source of the bootstrap's randomness; the only randomness there is.
    bootstrap
        Replicates for rating-unit rows; response units get at most `RESPONSE_REPLICATES`. 0 leaves the bootstrap out.
    units
        Which units to estimate; ``any_attempt`` is added when a release answered a prompt more than once.
    model
        The mixed model beside the primary estimates.
    sampled
        The probability sample of scenarios that people rated, where one was drawn: people and each judge together are
        estimated from it (`ppi_rows`).
    analysis_id
        Goes into every row and its id.
    progress
        Told of each stage.

    Returns
    -------
    Measured
        Null with a reason where the data cannot say; never an error for thin data.

    Raises
    ------
    EstimationError
        When no rating counts at all, or the model's engine lacks its libraries.
    """
    if model.preset != "none":
        check_engine(model.engine)
    ratings = ratings.sort("rating_id")  # the same numbers, to the last digit, in whatever order ratings came
    left = _some_counted(ratings, protocol)
    of_models, of_raters, of_judges = rng.spawn(3)  # children: what else is random depends on none of these
    simulated = bool(ratings["simulated"].fill_null(value=False).any())
    whose = list(_whose(left))
    told = _Told(progress, len(whose) * (len(units) + 1))
    main, rows, modelled = _OfUnits([]), list[Row](), list[Finding]()
    for kind, intent, name, frame in whose:
        setting = Setting(kind, intent, "rating", protocol.level, protocol.harmful_at, {}, simulated, name)
        one = prepare(frame, left, setting, protocol=protocol, rng=rng, bootstrap=bootstrap)
        answered = _of_units(one, units, protocol=protocol, told=told)
        rows += answered.rows
        if (kind, intent) == ("human", "adversarial"):
            main = answered
            of_model = model_rows(
                one.found, setting=setting, protocol=protocol, model=model, primary=rows, rng=of_models, said=told.say
            )
            rows += of_model.rows
            modelled += of_model.findings
    for kind in dict.fromkeys(kind for kind, _, _, _ in whose):
        told.say(f"{kind}: agreement")
        rows += _agreement(left, kind, protocol=protocol, rng=rng, bootstrap=bootstrap, simulated=simulated)
        told.done += 1
    told.say("raters")
    each_rater = rater_rows(ratings, left, protocol=protocol, simulated=simulated)
    rows += each_rater
    told.say("judges beside people")
    rows += calibration_rows(ratings, left, protocol=protocol, rng=of_judges, bootstrap=bootstrap, simulated=simulated)
    rows += together_rows(left, sampled, protocol=protocol, simulated=simulated) if sampled else ()
    progress("done", told.steps, told.steps)
    estimates = estimates_frame(rows, analysis_id=analysis_id)
    without_models = estimates.filter(~pl.col("method").str.starts_with(METHOD))
    said = [
        *check(ratings, left, without_models, protocol=protocol, tipping=main.tipping),
        *main.beneath.findings,
        *_of_judges(without_models, sampled, protocol=protocol),
        *rater_findings(each_rater, own_ratings(left, protocol), rng=of_raters),
        *modelled,
        *_disagreements(estimates, model, protocol=protocol),
    ]
    return Measured(estimates, said, table_frame(main.beneath.flips, FLIPS, analysis_id=analysis_id))


def _of_judges(estimates: pl.DataFrame, sampled: ProbabilitySample | None, *, protocol: Protocol) -> Iterator[Finding]:
    yield from judge_disagreements(estimates)
    yield from judge_findings(estimates, protocol=protocol)
    if sampled is not None:
        yield from together_findings(estimates, sampled)


@dataclass
class _Told:
    """Where a measurement stands, for who watches it."""

    progress: Progress
    steps: int
    done: int = 0

    def say(self, stage: str) -> None:
        self.progress(stage, self.done, self.steps)


@dataclass(frozen=True)
class _OfUnits:
    """The rows of one pass in every unit, with what lies beneath the protocol's, and where that would tip."""

    rows: list[Row]
    beneath: Beneath = field(default_factory=Beneath)
    tipping: Sequence[TippingPoint] = ()


def _of_units(one: Pass, units: Sequence[Unit], *, protocol: Protocol, told: _Told) -> _OfUnits:
    found = _OfUnits([])
    several = one.found.sample.rows["attempt"].n_unique() > 1
    again: tuple[Unit, ...] = ("any_attempt",) if several else ()
    for unit in dict.fromkeys((*units, *again)):
        whose = f"{one.setting.kind} {one.setting.intent}"
        told.say(f"{whose}: {unit}")
        answered = answer_unit(one, unit, protocol=protocol)
        rows = [*found.rows, *answered.rows]
        told.done += 1
        if _is_main(one.setting, unit, protocol):
            told.say(f"{whose}: what lies beneath")
            beneath = look_beneath(answered, success=one.rates.get("asr"))
            found = _OfUnits([*rows, *beneath.rows], beneath, answered.tipping)
        else:
            found = replace(found, rows=rows)
    return found


def _disagreements(estimates: pl.DataFrame, model: Model, *, protocol: Protocol) -> Iterator[Finding]:
    by_a_model = estimates.filter(pl.col("method").str.starts_with(METHOD)).to_dicts()
    primary = estimates.filter("primary").to_dicts()
    return disagreements(by_a_model, primary, protocol=protocol, model=str(model))


def _some_counted(ratings: pl.DataFrame, protocol: Protocol) -> Counted:
    left = counted(ratings, protocol)
    if not len(left.rows):
        raise EstimationError(
            f"No rating counts: {len(ratings):,} rows, of which {left.not_items:,} are gold or calibration and "
            f"{len(left.missing):,} are responses that were not measured",
            remedy="Give ratings with harm, success or refusal for at least one answered response.",
        )
    return left


def _whose(left: Counted) -> Iterator[tuple[str, str, str | None, pl.DataFrame]]:
    """Yield each kind × intent that has ratings, and, where several judges rated, each judge apart."""
    for kind in ("human", "judge"):
        for intent in ("adversarial", "benign"):
            frame = left.rows.filter(pl.col("kind") == kind, pl.col("intent") == intent)
            if not len(frame):
                continue
            yield kind, intent, None, frame
            judges = frame["rater"].unique().sort().to_list() if kind == "judge" else []
            if len(judges) > 1:
                yield from ((kind, intent, name, frame.filter(pl.col("rater") == name)) for name in judges)


def prepare(
    frame: pl.DataFrame,
    left: Counted,
    setting: Setting,
    *,
    protocol: Protocol,
    rng: np.random.Generator | None = None,
    bootstrap: int = 0,
) -> Pass:
    """Return what the ratings of one kind and intent (`frame`) are estimated from; without `rng` there is no bootstrap."""
    found = index(sample(frame, protocol))
    here = found.sample
    strata = rater_strata(here.membership, np.ones(here.n_raters, dtype=np.bool_))
    weights = Weights(np.ones((0, here.n_scenarios), dtype=np.float32), np.ones((0, here.n_raters), dtype=np.float32))
    if rng is not None:
        weights = draw_weights(rng, n=bootstrap, n_scenarios=here.n_scenarios, strata=strata, n_raters=here.n_raters)
    whose = pl.col("kind") == setting.kind
    if setting.judge is not None:
        whose &= pl.col("rater") == setting.judge
    of_all = pl.col("rater").is_null() & pl.col("kind").is_in(["human", setting.kind])
    lost = left.missing.filter(pl.col("intent") == setting.intent, of_all | whose)
    several = any(fewest_raters(here, [population(found, release, {})]) > 1 for release in found.releases)
    scopes = ("raters", "panel") if setting.kind == "human" and several else ("panel",)
    return Pass(
        found, rates(here, intent=setting.intent or ""), missing_in(found, unmeasured(lost, frame)), weights, scopes, setting
    )


def answer_unit(one: Pass, unit: Unit, *, protocol: Protocol, asking: Sequence[Question] | None = None) -> Answered:
    """Answer questions in a unit: those of a measurement (levels, drifts, modalities, what lies beneath), or `asking` alone."""
    here = one.found.sample
    groups = unit_groups(here)
    group = groups["attempts" if unit == "any_attempt" else "response"]
    main = {name: rate for name, rate in one.rates.items() if unit in rate.units}
    components = component_rates(here) if unit in MEANS and "asr" in main and "refusal_rate" in main else {}
    inputs = {name: Rows(rate.y, rate.x, group, here.weight) for name, rate in {**main, **components}.items()}
    setting = replace(one.setting, unit=unit, draws={name: common_k(each, unit=unit) for name, each in inputs.items()})
    parts = {name: contributions(each, unit, k=setting.draws[name]) for name, each in inputs.items()}
    questions = list(asking or _questions(one.found, every_slice=unit == protocol.primary.unit))
    further = beneath_questions(one.found, rates=main) if asking is None and _is_main(one.setting, unit, protocol) else []
    replicates = _replicates(one, setting, inputs=inputs, parts=parts, questions=[*questions, *further])
    one = replace(one, setting=setting)
    asked = [
        _ask(one, question, main=main, components=components, parts=parts, replicates=replicates) for question in questions
    ]
    answers = [each.found for each in asked]
    intervals = {scope: answer_intervals(answers, scope, level=setting.level) for scope in one.scopes}
    rows: list[Row] = []
    for place, each in enumerate(asked):
        question = each.found.question
        n_missing = count_missing(one.missing, question.populations)
        numbers = {scope: columns[place] for scope, columns in intervals.items()}
        mine = answer_rows(each.found, rates=main, setting=setting, n_missing=n_missing, numbers=numbers)
        if each.odds:
            _add_drift_columns(mine, each.found, each.odds, one=one, rates=main, parts=parts)
        rows += [*mine, *_bootstrap_twins(mine, each.found, replicates), *each.part_rows]
    family = _add_verdicts(rows, one, asked, protocol=protocol, replicates=replicates)
    tipping = tipping_points(one.found, family, protocol=protocol) if family else []
    rows += tipping_rows(family, tipping)
    return Answered(rows, one.found, setting, one.scopes, main, parts, one.missing, replicates, tipping)


def _questions(found: Index, *, every_slice: bool) -> Iterator[Question]:
    for question in (*levels(found), *drifts(found), *modality_effects(found)):
        if every_slice or "harm_category" not in question.where:
            yield question


def _is_main(setting: Setting, unit: Unit, protocol: Protocol) -> bool:
    """Return whether this is what verdicts are about: people's ratings of adversarial prompts, in the protocol's unit."""
    return (setting.kind, setting.intent, unit) == ("human", "adversarial", protocol.primary.unit)


@dataclass(frozen=True)
class _Asked:
    """What is kept of one question: the answer without its linearisation, which is as large as the data."""

    found: Answer
    odds: LogOdds | None
    part_rows: list[Row]


def _ask(
    one: Pass,
    question: Question,
    *,
    main: Mapping[str, Rate],
    components: Mapping[str, Rate],
    parts: Mapping[str, Contributions],
    replicates: Mapping[str, Mapping[Key, FloatArray]],
) -> _Asked:
    here = one.found.sample
    unit = one.setting.unit
    found = answer(here, question, rates=main, contributions={name: parts[name] for name in main}, unit=unit)
    odds, rows = None, list[Row]()
    if (question.contrast or "").startswith("drift"):
        odds = log_odds(here, found, proportions=[main[name].is_proportion for name in found.names])
    if components and question.contrast == "drift":
        chosen = {name: parts[name] for name in components}
        of_parts = answer(here, question, rates=components, contributions=chosen, unit=unit)
        n_missing = count_missing(one.missing, question.populations)
        rows = part_rows(here, of_parts, setting=one.setting, scopes=one.scopes, n_missing=n_missing, replicates=replicates)
    return _Asked(found.without_linearisation(), odds, rows)


def _replicates(
    one: Pass,
    setting: Setting,
    *,
    inputs: Mapping[str, Rows],
    parts: Mapping[str, Contributions],
    questions: Sequence[Question],
) -> dict[str, dict[Key, FloatArray]]:
    """Return, by scope, the replicates of every rate over every distinct population; nothing without a bootstrap."""
    here = one.found.sample
    if not len(one.weights.scenario) or not inputs:
        return {}
    distinct: dict[tuple[str, bytes], Population] = {
        side.key: side for question in questions for side in question.populations if len(side.rows)
    }
    populations = list(distinct.values())
    empty = {side.key for question in questions for side in question.populations if not len(side.rows)}
    found: dict[str, dict[Key, FloatArray]] = {}
    for scope in one.scopes:
        weights = one.weights if scope == "raters" else one.weights.raters_fixed()
        if setting.unit in RESPONSE_UNITS:
            weights = weights.first(RESPONSE_REPLICATES)
            found[scope] = response_replicates(
                weights, here, rates=inputs, unit=setting.unit, draws=setting.draws, populations=populations
            )
        else:
            found[scope] = rating_replicates(weights, here, rates=parts, populations=populations)
        nothing = np.full(len(weights.scenario), np.nan)
        found[scope] |= {(name, key): nothing for name in inputs for key in empty}
    return found


def _bootstrap_twins(mine: Sequence[Row], found: Answer, replicates: Mapping[str, Mapping[Key, FloatArray]]) -> list[Row]:
    if not replicates:
        return []
    question = found.question
    n_names = len(found.names)
    twins: list[Row] = []
    for number, row in enumerate(mine):
        drawn = replicates[row["scope"]]
        name = found.names[number % n_names]
        value = sum(c * drawn[name, side.key] for c, side in zip(question.coefficients, question.populations, strict=True))
        twins.append(bootstrap_row(row, np.asarray(value, float)))
    return twins


def _add_drift_columns(
    mine: Sequence[Row],
    found: Answer,
    odds: LogOdds,
    one: Pass,
    *,
    rates: Mapping[str, Rate],
    parts: Mapping[str, Contributions],
) -> None:
    columns = {scope: odds_ratio_columns(odds, scope, level=one.setting.level) for scope in one.scopes}
    bounded = one.setting.unit in MEANS
    for number, row in enumerate(mine):
        place = number % len(found.names)
        name = found.names[place]
        row |= {key: values[place] for key, values in columns[row["scope"]].items()}
        if bounded and rates[name].filter == "all" and not np.isnan(row["estimate"]):
            low, high = row["estimate"], row["estimate"]
            if len(one.missing.rows):
                low, high = drift_bounds(one.found, found.question, rate=rates[name], part=parts[name], missing=one.missing)
            row |= {"bound_low": low, "bound_high": high}


def primary_estimand(one: Mapping[str, Rate], protocol: Protocol) -> str | None:
    """Return the estimand that carries the verdicts: the protocol's, else the first of ASR, harm rate, refusal rate rated."""
    order = (protocol.primary.estimand, "asr", "harm_rate", "refusal_rate")
    return next((name for name in order if name in one), None)


def _add_verdicts(
    rows: list[Row],
    one: Pass,
    asked: Sequence[_Asked],
    *,
    protocol: Protocol,
    replicates: Mapping[str, Mapping[Key, FloatArray]],
) -> list[Row]:
    """Put verdicts on the rows that the protocol declared primary, in place, and return these rows."""
    setting = one.setting
    estimand = primary_estimand(one.rates, protocol)
    if setting.kind != "human" or setting.intent != "adversarial" or setting.unit != protocol.primary.unit or not estimand:
        return []
    scope = protocol.scope if protocol.scope in one.scopes else "panel"
    compared = [each for each in asked if each.found.question.contrast == "drift" and not each.found.question.where]
    if scope == "panel":
        compared = [each for each in compared if not _panels_differ(one, each.found.question)]
    judged = {each.found.question.populations[-1].release for each in compared}
    family = [row for row in rows if _is_primary(row, estimand, scope) and row["release"] in judged]
    odds = [each.odds.change(each.found.names.index(estimand), scope) for each in compared if each.odds]
    judge(family, odds=odds, margin=protocol.margin, level=protocol.level)
    if estimand != "asr" or scope not in replicates:
        return family
    for drift, each in zip(family, compared, strict=True):
        mine = [row for row in each.part_rows if row["scope"] == scope and row["method"] in (TWO_WAY, SCENARIO)]
        if mine:
            name_safer_by(drift, mine, replicates=part_replicates(each.found.question, replicates[scope]))
    return family


def _is_primary(row: Row, estimand: str | None, scope: str) -> bool:
    return (
        row["contrast"] == "drift"
        and row["estimand"] == estimand
        and row["filter"] == "all"
        and row["scope"] == scope
        and row["method"].startswith((TWO_WAY, SCENARIO))
        and not any(row.get(name) for name in ("modality", "language", "harm_category"))
    )


def _panels_differ(one: Pass, question: Question) -> bool:
    earlier, later = (set(one.found.sample.rater[side.rows].tolist()) for side in question.populations)
    return earlier != later


def _agreement(
    left: Counted, kind: str, *, protocol: Protocol, rng: np.random.Generator, bootstrap: int, simulated: bool
) -> list[Row]:
    rows = left.rows.filter(pl.col("kind") == kind)
    here = sample(rows, protocol)
    intents = rows["intent"].unique().to_list()
    setting = Setting(
        kind, intents[0] if len(intents) == 1 else None, "rating", protocol.level, protocol.harmful_at, {}, simulated
    )
    size = min(bootstrap, RESPONSE_REPLICATES)
    drawn = draw_weights(rng, n=size, n_scenarios=here.n_scenarios, strata=[], n_raters=1)
    return list(agreement_rows(here, setting=setting, weights=drawn.scenario.astype(float)))
