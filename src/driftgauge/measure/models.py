"""Mixed-model rows beside the primary ones (statistics §4): latent contrasts, odds ratios and population-averaged rates.

One model an outcome over all ratings of people on adversarial prompts. Its numbers are of another kind than the primary ones
(a model of how ratings come about, not a mean with its design-based variance), and carry no verdict; where they would have led
to another verdict, a finding says so.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.measure.mixed.aside import set_aside
from driftgauge.measure.mixed.design import Design
from driftgauge.measure.mixed.draws import Sampling
from driftgauge.measure.mixed.engines import Engine
from driftgauge.measure.mixed.fit import draw_design, fit_design
from driftgauge.measure.mixed.presets import preset_design
from driftgauge.measure.mixed.result import MixedFit
from driftgauge.measure.mixed.wald import wald
from driftgauge.measure.model_verdicts import ODDS, QUANTILES, log_odds_of, number
from driftgauge.measure.modelled import covariate_differences, left_out_by, modelled
from driftgauge.measure.populations import Index, drifts, levels
from driftgauge.measure.rows import IDENTITY, TWO_WAY, Row, Setting, question_labels
from driftgauge.records import Finding
from driftgauge.study import ModelPreset, Protocol

METHOD: Final = "mixed model"
"""How the method of every row from here begins."""


@dataclass(frozen=True)
class Model:
    """Which mixed model to fit beside the primary estimates, and by what.

    Parameters
    ----------
    preset
        Random intercepts and factors; ``none`` is no model.
    engine
        As for `fit_mixed`.
    jobs
        Processes that share the chains of an engine that draws.
    covariates
        What is known of raters that is a fixed effect each: of the protocol.
    """

    preset: ModelPreset
    engine: Engine = "laplace"
    jobs: int = 1
    covariates: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """What of it changes a number; for the most common engine the preset alone, as it was before there were others."""
        return (self.preset,) if self.engine == "laplace" or self.preset == "none" else (self.preset, self.engine)

    def __str__(self) -> str:
        return f"{self.preset}, {self.engine}" + (f"; adjusted for {', '.join(self.covariates)}" if self.covariates else "")


@dataclass(frozen=True)
class _Outcome:
    """What is modelled, and what its averaged and its latent rows are called."""

    column: str
    averaged: str
    latent: str


_OUTCOMES: Final = (
    _Outcome("success", "asr", "latent_success"),
    _Outcome("harm", "harm_rate", "latent_harm"),
)


@dataclass(frozen=True)
class Modelled:
    """The rows of the models, and what a reader must know of them."""

    rows: list[Row]
    findings: list[Finding]


@dataclass(frozen=True)
class _Fitted:
    outcome: _Outcome
    found: Index
    fit: MixedFit
    shared: Row
    harmful_at: int
    method: str
    aside: pl.DataFrame | None = None
    """Ratings that become certain in the limit, and that the fit is without."""

    @property
    def at_least(self) -> str | None:
        """The lowest category of harm in the data that counts as harmful; null for success."""
        if self.outcome.column != "harm":
            return None
        return next((each for each in self.fit.design.model.categories if int(each) >= self.harmful_at), None)

    def interval(self, df: float | None) -> str:
        """Return what intervals are, for a method: by draws, by t or (nothing said) by the normal distribution."""
        if self.fit.draws:
            return QUANTILES
        return "" if df is None else ", t"

    @property
    def has_average(self) -> bool:
        """Whether some rating is harmful and some is not, so that there is a rate to average."""
        return self.outcome.column != "harm" or self.at_least not in {None, self.fit.design.model.categories[0]}


def model_rows(
    found: Index,
    *,
    setting: Setting,
    protocol: Protocol,
    model: Model,
    primary: Sequence[Row],
    rng: np.random.Generator,
    said: Callable[[str], None],
) -> Modelled:
    """Fit the models and return their rows.

    Parameters
    ----------
    found
        Counted ratings of people on adversarial prompts.
    setting
        Of their pass.
    protocol
        Threshold, margin, level.
    model
        Which; ``none`` gives no rows.
    primary
        The rows of the pass: drifts lend their degrees of freedom, and verdicts are compared.
    rng
        For engines that draw.
    said
        Is told what is being done.

    Returns
    -------
    Modelled
        A model that did not converge keeps its rows, without any number and with the reason.
    """
    if model.preset == "none":
        return Modelled([], [])
    rows: list[Row] = []
    findings: list[Finding] = []
    for outcome in _OUTCOMES:
        if modelled(found.sample.rows, outcome.column).is_empty():
            continue
        what = f"mixed model of {outcome.column} ({model})"
        try:
            used = modelled(found.sample.rows, outcome.column, model.covariates)
            build = partial(
                preset_design,
                preset=model.preset,
                outcome=outcome.column,
                harmful_at=protocol.harmful_at,
                releases=_present(found, used),
                covariates=model.covariates,
            )
            design = build(used)
            said(what)
            fit = _fit(design, model, level=setting.level, rng=rng, said=lambda doing, what=what: said(f"{what}: {doing}"))
        except EstimationError as error:
            findings.append(_not_fitted(outcome, model, error.message))
            continue
        shared = _shared(used, len(found.sample.rows) - len(used), setting, model)
        one = _Fitted(outcome, found, fit, shared, protocol.harmful_at, f"{METHOD}; {model}")
        if fit.convergence.separated:
            said(f"{what}: without the ratings that never vary")
            one = _in_the_limit(one, used, build, level=setting.level) or one
        findings += [*_told(one, model), *_sampled(one, model)]
        findings += left_out_by(used, model.preset, what=f"{outcome.column} ({model})") if one.fit.converged else ()
        findings += covariate_differences(one.fit, model.covariates, what=f"{outcome.column} ({model})")
        rows += [*(_levels(one) if one.has_average else ()), *_drifts(one, primary)]
    return Modelled(rows, findings)


def _in_the_limit(one: _Fitted, used: pl.DataFrame, build: Callable[[pl.DataFrame], Design], *, level: float) -> _Fitted | None:
    """Return the fit of the ratings that are left when separated ones are set aside, if it says anything of a change."""
    found = set_aside(used, build)
    if found is None or len(found.design.coding.factors.get("release", ())) < 2:
        return None
    return replace(one, fit=fit_design(found.design, level=level), aside=found.ratings)


def _told(one: _Fitted, model: Model) -> Iterator[Finding]:
    """Yield why a model gives no numbers, or none of some releases."""
    if not one.fit.converged:
        reason, separated = str(one.fit.convergence.reason), bool(one.fit.convergence.separated)
        yield _not_fitted(one.outcome, model, reason, separated=separated)
    elif one.aside is not None:
        cells = ", ".join(f"{release} ({modality})" for release, modality in _cells(one.aside))
        yield Finding(
            "model_set_aside",
            "info",
            f"The mixed model of {one.outcome.column} ({model}) says nothing of {cells}: every rating there is the same, and "
            f"no finite odds fit that best. Its {len(one.aside):,} ratings were set aside, as the likelihood does in the "
            "limit: what it says of the other releases is finite, and stands.",
            "Nothing needs doing. With --engine posterior a prior keeps the odds finite, and these releases have numbers too.",
        )


def _cells(ratings: pl.DataFrame) -> list[tuple[str, str]]:
    return sorted(ratings.select("release", "modality").unique().iter_rows())


def _fit(design: Design, model: Model, *, level: float, rng: np.random.Generator, said: Callable[[str], None]) -> MixedFit:
    if model.engine == "laplace":
        return fit_design(design, level=level)
    return draw_design(design, engine=model.engine, rng=rng, level=level, sampling=Sampling(n_jobs=model.jobs), said=said)


def _sampled(one: _Fitted, model: Model) -> Iterator[Finding]:
    """Yield how well the chains of a model agree, for engines that draw."""
    if one.fit.draws is None or not one.fit.converged:
        return
    found = one.fit.diagnostics()
    smallest = found.select(pl.min_horizontal("ess_bulk", "ess_tail").min()).item()
    sentence = (
        f"The mixed model of {one.outcome.column} ({model}) was drawn {len(one.fit.draws.flat):,} times: largest R-hat of a "
        f"parameter {found['rhat'].max():.4f}, smallest effective sample size {smallest:,.0f}, divergences "
        f"{one.fit.draws.divergences}."
    )
    yield Finding("model_sampled", "info", sentence, None)


def _present(found: Index, used: pl.DataFrame) -> list[str]:
    there = set(used["release"].unique())
    return [release for release in found.releases if release in there]


def _shared(used: pl.DataFrame, n_left: int, setting: Setting, model: Model) -> Row:
    unknown = f", or by raters whose {' or '.join(model.covariates)} is not known" if model.covariates else ""
    return setting.labels() | {
        "unit": "rating",
        "scope": "raters",
        "filter": "all",
        "n_scenarios": used["scenario"].n_unique(),
        "n_responses": used["response_id"].n_unique(),
        "n_raters": used["rater"].n_unique(),
        "n_ratings": len(used),
        "n_excluded": n_left,
        "reason_excluded": f"{n_left} ratings without this outcome or filled in with part of a weight{unknown}"
        if n_left
        else None,
    }


def _levels(one: _Fitted) -> Iterator[Row]:
    """Yield the averaged rate of each release, over modalities that weigh the same, and in each modality."""
    frames = [one.fit.probabilities("release", by=by, at_least=one.at_least) for by in ((), ("modality",))]
    cells = {(each["release"], each.get("modality")): each for frame in frames for each in frame.iter_rows(named=True)}
    for question in levels(one.found):
        cell = cells.get((question.populations[0].release, question.where.get("modality")))
        if (cell is not None or one.aside is not None) and not set(question.where) - {"modality"}:
            method = f"{one.method}; population-averaged{one.interval(None)}"
            yield {**one.shared, **question_labels(question), **_averaged(one), **_numbers(one, cell), "method": method}


def _drifts(one: _Fitted, primary: Sequence[Row]) -> Iterator[Row]:
    """Yield, for consecutive releases of a family, the risk difference and the difference on the latent scale."""
    latent = {each["contrast"]: each for each in one.fit.contrasts("release").iter_rows(named=True)}
    averaged: dict[str, dict[str, Any]] = {}
    if one.has_average:
        changes = one.fit.probabilities("release", differences=True, at_least=one.at_least)
        averaged = {each["contrast"]: each for each in changes.iter_rows(named=True)}
    for question in drifts(one.found):
        earlier, later = (side.release for side in question.populations)
        name = f"{later} - {earlier}"
        if question.where or not question.consecutive or not (name in latent or one.aside is not None):
            continue
        labels = one.shared | question_labels(question)
        df = None if one.fit.draws else _df(primary, labels | _averaged(one))
        labels["df"], by_t = df, one.interval(df)
        if one.has_average:
            numbers = _change(one, averaged.get(name), df, level=labels["level"])
            yield {**labels, **_averaged(one), **numbers, "method": f"{one.method}; population-averaged{by_t}"}
        named = {"estimand": one.outcome.latent, "outcome": one.outcome.column, "method": f"{one.method}; latent{by_t}"}
        yield {**labels, **named, **_change(one, latent.get(name), df, level=labels["level"])}


def _change(one: _Fitted, each: dict[str, Any] | None, df: float | None, *, level: float) -> Row:
    """Return the columns of numbers of a contrast, odds ratio included, by t where degrees of freedom are known."""
    numbers = _numbers(one, each)
    odds = {name: number((each or {}).get(name)) if one.fit.converged else float("nan") for name in ODDS}
    if df is None:
        return numbers | odds
    change = log_odds_of(odds, df=None, level=one.fit.level)
    by_t = wald(np.array([change.value]), np.array([change.std_error]), df=df, level=level)
    limits = [odds["odds_ratio"], *(float(np.exp(by_t[name][0])) for name in ("conf_low", "conf_high"))]
    return _with_t(numbers, df, level=level) | dict(zip(ODDS, limits, strict=True))


def _averaged(one: _Fitted) -> Row:
    return {
        "estimand": one.outcome.averaged,
        "outcome": one.outcome.column,
        "threshold": one.harmful_at if one.outcome.column == "harm" else None,
    }


def _df(primary: Sequence[Row], asked: Row) -> float | None:
    """Return the degrees of freedom of §3 for the same drift: with few raters the model's own would be too many."""
    for row in primary:
        if row["method"] == TWO_WAY and all(row.get(name) == asked.get(name) for name in IDENTITY):
            return None if np.isnan(row["df"]) else float(row["df"])
    return None


def _numbers(one: _Fitted, each: dict[str, Any] | None) -> Row:
    """Return the columns of numbers; none of a fit that cannot be believed, or of a cell without ratings."""
    if each is None or not one.fit.converged or np.isnan(number(each["estimate"])):
        return dict.fromkeys(_NUMBERS, float("nan")) | {"reason_null": _why_none(one)}
    return {name: number(each[name]) for name in _NUMBERS if name in each}


_NUMBERS: Final = ("estimate", "std_error", "conf_low", "conf_high", "p_value")


def _why_none(one: _Fitted) -> str:
    if not one.fit.converged:
        return f"the model did not converge: {one.fit.convergence.reason}"
    if one.aside is not None:
        return "separation: the outcome never varies, and no finite odds fit that best"
    covariates = [name for name in one.fit.design.coding.factors if name not in ("release", "modality")]
    told = f", or it cannot be told from the {', '.join(covariates)} of raters" if covariates else ""
    return f"no rating of this cell{told}"


def _with_t(numbers: Row, df: float | None, *, level: float) -> Row:
    """Return a contrast with its interval and p by t instead of the normal distribution."""
    if df is None:
        return numbers
    by_t = wald(np.array([numbers["estimate"]]), np.array([numbers["std_error"]]), df=df, level=level)
    return numbers | {name: float(by_t[name][0]) for name in ("conf_low", "conf_high", "p_value")}


def _not_fitted(outcome: _Outcome, model: Model, reason: str, *, separated: bool = False) -> Finding:
    remedy = (
        "Nothing needs doing. With --engine posterior a prior keeps the odds finite, and the other releases have their numbers."
        if separated
        else "Try another model (--model response or published), or leave it out (--model none)."
    )
    sentence = (
        f"The mixed model of {outcome.column} ({model}) gives no numbers: {reason}. The primary estimates do not need it."
    )
    return Finding("model_not_fitted", "info", sentence, remedy)
