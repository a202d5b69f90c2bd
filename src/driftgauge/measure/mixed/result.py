"""What a fit gives: coefficients, thresholds, standard deviations, contrasts, probabilities, and whether to believe them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import BoolArray, FloatArray, IntArray
from driftgauge.measure.mixed import grid, printed
from driftgauge.measure.mixed.design import Design
from driftgauge.measure.mixed.draws import Draws, Effects
from driftgauge.measure.mixed.inference_data import to_inferencedata
from driftgauge.measure.mixed.laplace import Point
from driftgauge.measure.mixed.probabilities import exceedance
from driftgauge.measure.mixed.profile import profile_intervals
from driftgauge.measure.mixed.wald import std_errors, table, wald
from driftgauge.measure.verdicts import holm

Adjust = Literal["holm", "none"]
NUMBERS: Final = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")


@dataclass(frozen=True)
class Convergence:
    """Whether the fit can be believed.

    Parameters
    ----------
    converged, reason
        Whether it can, and why not.
    gradient
        Largest derivative of the log-likelihood, in units of the standard error of its parameter.
    hessian_positive
        Whether minus the second derivatives are positive definite; None when they were not asked for.
    boundary
        Groupings whose standard deviation is 0.
    separated
        Coefficients that run to infinity.
    evaluations
        Evaluations of the log-likelihood, or of the gradient of the log posterior density.
    """

    converged: bool
    reason: str | None
    gradient: float
    hessian_positive: bool | None
    boundary: tuple[str, ...]
    separated: tuple[str, ...]
    evaluations: int


@dataclass(frozen=True)
class MixedFit:
    """A fitted mixed model.

    Parameters
    ----------
    design
        What was fitted, and what was left out of it.
    point
        The estimates.
    covariance
        Of (β, θ, log σ); None when the fit did not converge or no standard errors were asked for. Rows of standard deviations
        at the boundary are 0.
    log_likelihood
        Laplace approximation.
    convergence
        Whether to believe it.
    effects
        By grouping.
    engine, settings
        How it was fitted.
    draws
        Of the posterior; None for `laplace`. With them estimates are posterior means, standard errors are posterior standard
        deviations, limits are quantiles, and there is no p; log-likelihood, AIC and BIC are NaN.
    """

    design: Design
    point: Point
    covariance: FloatArray | None
    log_likelihood: float
    convergence: Convergence
    effects: Mapping[str, Effects]
    engine: str
    settings: Mapping[str, Any]
    draws: Draws | None = None

    @property
    def converged(self) -> bool:
        """Whether the fit can be believed."""
        return self.convergence.converged

    @property
    def level(self) -> float:
        """The confidence level of intervals."""
        return float(self.settings["level"])

    @property
    def n_parameters(self) -> int:
        """Coefficients, free thresholds and standard deviations."""
        return len(self.point.beta) + len(self.point.thresholds) + len(self.point.sigma)

    @property
    def n_ratings(self) -> float:
        """Ratings, counted with their weights."""
        return float(self.design.model.weights.sum())

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return 2 * self.n_parameters - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz' criterion, with the number of ratings, as lme4 has it."""
        return float(np.log(self.n_ratings)) * self.n_parameters - 2 * self.log_likelihood

    @property
    def total_sd(self) -> float:
        """τ = √Σσ²: the standard deviation of all random intercepts together."""
        return float(np.sqrt((self.point.sigma**2).sum()))

    @cached_property
    def coefficients(self) -> pl.DataFrame:
        """One row a coefficient; a column that others add up to has no estimate."""
        model, p = self.design.model, len(self.point.beta)
        columns = self._numbers(self.point.beta, np.eye(self.n_parameters)[:p], df=None)
        found = table([{"term": name} for name in model.columns], columns | {"odds_ratio": np.exp(self.point.beta)})
        wanted = [name for name in self.design.coding.columns if model.family == "bernoulli" or name != "(Intercept)"]
        return pl.DataFrame({"term": wanted}, schema={"term": pl.String}).join(
            found.select("term", *NUMBERS, "odds_ratio"), on="term", how="left", maintain_order="left"
        )

    @cached_property
    def thresholds(self) -> pl.DataFrame:
        """One row a free threshold, named ``1|2`` by the categories beside it."""
        names, p = self.design.model.categories, len(self.point.beta)
        rows = np.eye(self.n_parameters)[p : p + len(self.point.thresholds)]
        columns = self._numbers(self.point.thresholds, rows, df=None)
        labels = [{"threshold": f"{low}|{high}"} for low, high in pairwise(names)] if len(rows) else []
        if not labels:
            return pl.DataFrame(schema={"threshold": pl.String, **dict.fromkeys(NUMBERS, pl.Float64)})
        return table(labels, columns).select("threshold", *NUMBERS)

    @cached_property
    def random_effects(self) -> pl.DataFrame:
        """One row a grouping: standard deviation, its limits (Wald, on the logarithm), and the number of levels."""
        groupings = self.design.model.groupings
        schema = {"grouping": pl.String, "std_dev": pl.Float64, "conf_low": pl.Float64, "conf_high": pl.Float64}
        if self.draws is not None:
            found = self._of_draws(self.draws.flat[:, self.n_parameters - len(groupings) :])
            columns = [found[name] for name in ("conf_low", "conf_high")]
        else:
            with np.errstate(divide="ignore"):
                logs = np.log(self.point.sigma)
            rows = np.eye(self.n_parameters)[self.n_parameters - len(groupings) :]
            found = wald(logs, std_errors(rows, self.covariance), df=None, level=self.level)
            columns = [np.exp(found[name]) for name in ("conf_low", "conf_high")]
        frame = pl.DataFrame([[g.name for g in groupings], self.point.sigma, *columns], schema=schema)
        return frame.with_columns(pl.col("conf_low", "conf_high").fill_nan(None)).with_columns(
            levels=pl.Series([g.size for g in groupings], dtype=pl.Int64)
        )

    def profile_intervals(self, *, level: float | None = None) -> pl.DataFrame:
        """Return profile-likelihood intervals of the standard deviations of `random_effects`, which take a fit for each point.

        Parameters
        ----------
        level
            Of the intervals; that of the fit if absent.

        Returns
        -------
        polars.DataFrame
            grouping, std_dev, conf_low, conf_high, reason (why a limit is null).

        Raises
        ------
        EstimationError
            When the fit did not converge, or is not one by `laplace`.
        """
        if self.engine != "laplace":
            raise EstimationError(f"engine {self.engine} has no likelihood to profile", remedy="Use engine='laplace'.")
        if not self.converged:
            raise EstimationError(f"the fit did not converge: {self.convergence.reason}", remedy="Its intervals mean nothing.")
        return profile_intervals(self.design, self.point, self.log_likelihood, level=self.level if level is None else level)

    def modes(self, grouping: str) -> pl.DataFrame:
        """Return the conditional mode (posterior mean) of each level of a grouping, with its standard deviation."""
        names = {each.name: each for each in self.design.model.groupings}
        if grouping not in names:
            raise EstimationError(f"the model has no (1 | {grouping})", remedy=f"It has {', '.join(names) or 'none'}.")
        effects = self.effects[grouping]
        return pl.DataFrame({"level": list(names[grouping].levels), "mode": effects.mode, "std_dev": effects.std_dev})

    def means(self, of: str | tuple[str, ...], *, by: str | tuple[str, ...] = (), df: float | None = None) -> pl.DataFrame:
        """Return estimated marginal means on the latent scale, as emmeans' ``mode = "latent"``.

        The mean of the linear predictor over the other factors' levels, each weighing the same, less the mean threshold.
        """
        cells = grid.cells(self.design, _tuple(of), _tuple(by))
        combinations = self._latent(cells.average @ cells.x, cuts=True)
        estimate = combinations @ self._fixed()
        unknown = cells.unknown(np.eye(len(cells.labels)))
        return table(cells.labels, _blank({"estimate": estimate, **self._numbers(estimate, combinations, df=df)}, unknown))

    def contrasts(
        self,
        of: str | tuple[str, ...],
        *,
        by: str | tuple[str, ...] = (),
        adjust: Adjust = "none",
        df: float | None = None,
    ) -> pl.DataFrame:
        """Return all differences of estimated marginal means, later minus earlier level, with odds ratios.

        Parameters
        ----------
        of, by
            The factors to compare, and those within whose levels to compare them.
        adjust
            Holm's adjustment within each level of `by`, or none.
        df
            Degrees of freedom of t; the normal distribution without.
        """
        cells = grid.cells(self.design, _tuple(of), _tuple(by))
        pairs = grid.pairs(cells, _tuple(of), _tuple(by))
        combinations = self._latent(pairs.combinations @ cells.average @ cells.x, cuts=False)
        estimate = combinations @ self._fixed()
        numbers = _blank(self._numbers(estimate, combinations, df=df), cells.unknown(pairs.combinations))
        numbers["p_adjusted"] = _adjusted(numbers["p_value"], np.array(pairs.group), adjust)
        return table(
            pairs.labels, {**numbers, **_odds_ratio(numbers), "df": np.full(len(estimate), np.nan if df is None else df)}
        )

    def probabilities(
        self,
        of: str | tuple[str, ...],
        *,
        by: str | tuple[str, ...] = (),
        at_least: object = None,
        differences: bool = False,
        df: float | None = None,
    ) -> pl.DataFrame:
        """Return population-averaged probabilities of each cell, or their differences.

        Parameters
        ----------
        of, by
            As for `contrasts`.
        at_least
            The lowest category that counts; for a Bernoulli outcome there is nothing to say.
        differences
            Give risk differences, later minus earlier level, instead of levels, with the odds ratios of the same averaged
            probabilities (not those of `contrasts`, which hold within a scenario and a rater). Limits of levels are formed on
            the logit scale.
        df
            Degrees of freedom of t; the normal distribution without.
        """
        cells = grid.cells(self.design, _tuple(of), _tuple(by))
        cut = self._cut(at_least)
        if self.draws is not None:
            return self._drawn_probabilities(self.draws.flat, cells, cut, _tuple(of), _tuple(by), differences=differences)
        value, slopes = self._averaged(cells, cut)
        if not differences:
            numbers = _logit_limits(value, std_errors(slopes, self.covariance), df=df, level=self.level)
            return table(cells.labels, _blank(numbers, cells.unknown(np.eye(len(value)))))
        pairs = grid.pairs(cells, _tuple(of), _tuple(by))
        change = pairs.combinations @ value
        errors = std_errors(pairs.combinations @ slopes, self.covariance)
        numbers = {"estimate": change, **wald(change, errors, df=df, level=self.level)}
        inside = _inside(value)
        log_odds = pairs.combinations @ np.log(inside / (1 - inside))
        errors = std_errors(pairs.combinations @ (slopes / (inside * (1 - inside))[:, None]), self.covariance)
        numbers |= _odds_ratio({"estimate": log_odds, **wald(log_odds, errors, df=df, level=self.level)})
        return table(pairs.labels, _blank(numbers, cells.unknown(pairs.combinations)))

    def _drawn_probabilities(
        self, flat: FloatArray, cells: grid.Cells, cut: int, of: tuple[str, ...], by: tuple[str, ...], *, differences: bool
    ) -> pl.DataFrame:
        p, k = len(self.point.beta), len(self.point.thresholds)
        cuts = flat[:, p + cut] if k else np.zeros(len(flat))
        tau = np.sqrt((flat[:, p + k :] ** 2).sum(axis=1))
        eta = flat[:, :p] @ cells.x.T - cuts[:, None]
        value = np.array([exceedance(each, float(t)).value for each, t in zip(eta, tau, strict=True)]) @ cells.average.T
        if not differences:
            return table(cells.labels, _blank(self._of_draws(value, short=True), cells.unknown(np.eye(len(cells.labels)))))
        pairs = grid.pairs(cells, of, by)
        numbers = self._of_draws(value @ pairs.combinations.T)
        inside = _inside(value)
        numbers |= _odds_ratio(self._of_draws(np.log(inside / (1 - inside)) @ pairs.combinations.T))
        return table(pairs.labels, _blank(numbers, cells.unknown(pairs.combinations)))

    def _of_draws(self, values: FloatArray, *, short: bool = False) -> dict[str, FloatArray]:
        """Return posterior mean, standard deviation and quantiles of each column; nothing of chains that do not agree."""
        tail = (1 - self.level) / 2
        spread, limits = values.std(axis=0, ddof=1), np.quantile(values, [tail, 1 - tail], axis=0)
        if not self.converged:
            spread, limits = np.full_like(spread, np.nan), np.full_like(limits, np.nan)
        none = np.full(values.shape[1], np.nan)
        numbers = {"estimate": values.mean(axis=0), "std_error": spread, "conf_low": limits[0], "conf_high": limits[1]}
        return numbers if short else numbers | {"statistic": none, "p_value": none}

    def diagnostics(self) -> pl.DataFrame:
        """Return R-hat, bulk and tail effective sample size of every parameter; of `laplace` there is nothing to return."""
        if self.draws is None:
            raise EstimationError(f"engine {self.engine} draws nothing", remedy="Use engine='posterior'; see `convergence`.")
        return self.draws.diagnostics()

    def to_inferencedata(self) -> Any:
        """Return the draws as an ArviZ InferenceData (extra ``driftgauge[bayes]``).

        Raises
        ------
        EstimationError
            When the engine made no draws.
        """
        if self.draws is None:
            raise EstimationError(f"engine {self.engine} draws nothing", remedy="Use engine='posterior'.")
        return to_inferencedata(self.draws, model=self.design.model)

    def predict(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the population-averaged probability of each category for the predictors of a frame."""
        x, null = self.design.estimable(frame)
        if (np.abs(null) > grid.ESTIMABLE).any():
            raise EstimationError("the data cannot tell about some of these rows: their cell has no rating")
        eta = x @ self.point.beta
        above = [np.ones(len(eta)), *(exceedance(eta - cut, self.total_sd).value for cut in self._cuts()), np.zeros(len(eta))]
        names = self.design.model.categories
        return pl.DataFrame({name: above[k] - above[k + 1] for k, name in enumerate(names)})

    def simulate(self, rng: np.random.Generator) -> IntArray:
        """Return new outcome codes for the ratings of the fit: new random intercepts, new answers."""
        model = self.design.model
        eta = (model.x @ self.point.beta + model.offset)[model.row]
        for each, sigma in zip(model.groupings, self.point.sigma, strict=True):
            eta = eta + (sigma * rng.standard_normal(each.size))[each.code]
        return np.searchsorted(self._cuts(), eta + rng.logistic(size=len(eta))).astype(np.int64)

    def to_frame(self) -> pl.DataFrame:
        """Return every parameter as a row: coefficients, thresholds, standard deviations."""
        sds = self.random_effects.select(
            pl.col("grouping").alias("term"), pl.col("std_dev").alias("estimate"), "conf_low", "conf_high"
        )
        parts = {
            "coefficient": self.coefficients,
            "threshold": self.thresholds.rename({"threshold": "term"}),
            "std_dev": sds,
        }
        frames = [frame.select(pl.lit(kind).alias("kind"), pl.all()) for kind, frame in parts.items()]
        return pl.concat(frames, how="diagonal").select("kind", "term", *NUMBERS, "odds_ratio")

    def summary(self) -> str:
        """Return the fit as text."""
        c = self.convergence
        said = printed.Said(
            formula=self.design.formula,
            family=self.design.model.family,
            engine=self.engine,
            ratings=self.n_ratings,
            missing=self.design.missing,
            quality=self._quality(),
            problem=c.reason if not c.converged else None,
            notes=(*self.design.notes, *(f"the standard deviation of {name} is at its boundary, 0" for name in c.boundary)),
        )
        return printed.summary(said, self.coefficients, self.thresholds, self.random_effects)

    def _quality(self) -> str:
        if self.draws is None:
            return f"log-likelihood {self.log_likelihood:.4f}   AIC {self.aic:.2f}   BIC {self.bic:.2f}"
        found = self.draws.diagnostics()
        smallest = found.select(pl.min_horizontal("ess_bulk", "ess_tail").min()).item()
        return (
            f"{len(self.draws.flat):,} draws   largest R-hat {found['rhat'].max():.4f}   "
            f"smallest effective sample size {smallest:.0f}   divergences {self.draws.divergences}"
        )

    def _cuts(self) -> FloatArray:
        return self.point.thresholds if len(self.point.thresholds) else np.zeros(1)

    def _fixed(self) -> FloatArray:
        return np.concatenate([self.point.beta, self.point.thresholds, np.zeros(len(self.point.sigma))])

    def _latent(self, x: FloatArray, *, cuts: bool) -> FloatArray:
        """Return combinations of all parameters from combinations of the coefficients."""
        k = len(self.point.thresholds)
        other = np.full((len(x), k), -1 / k) if cuts and k else np.zeros((len(x), k))
        return np.column_stack([x, other, np.zeros((len(x), len(self.point.sigma)))])

    def _numbers(self, estimate: FloatArray, combinations: FloatArray, *, df: float | None) -> dict[str, FloatArray]:
        if self.draws is not None:
            return self._of_draws(self.draws.flat @ combinations.T)
        return {"estimate": estimate, **wald(estimate, std_errors(combinations, self.covariance), df=df, level=self.level)}

    def _cut(self, at_least: object) -> int:
        """Return the threshold below the lowest category that counts."""
        names = self.design.model.categories
        if self.design.model.family == "bernoulli":
            return 0
        if str(at_least) not in names[1:]:
            raise EstimationError(
                f"at_least={at_least!r} is not a category above the lowest", remedy=f"One of {', '.join(names[1:])}."
            )
        return names.index(str(at_least)) - 1

    def _averaged(self, cells: grid.Cells, cut: int) -> tuple[FloatArray, FloatArray]:
        """Return the cells' probabilities and their derivatives in (β, θ, log σ)."""
        tau, k = self.total_sd, len(self.point.thresholds)
        found = exceedance(cells.x @ self.point.beta - self._cuts()[cut], tau)
        in_cuts = np.zeros((len(cells.x), k))
        if k:
            in_cuts[:, cut] = -found.slope
        in_sigma = found.in_tau[:, None] * (self.point.sigma**2 / tau if tau > 0 else 0 * self.point.sigma)
        slopes = np.column_stack([found.slope[:, None] * cells.x, in_cuts, in_sigma])
        return cells.average @ found.value, cells.average @ slopes


_ODDS: Final = {"": "estimate", "_low": "conf_low", "_high": "conf_high"}


def _inside(probability: FloatArray) -> FloatArray:
    """Return probabilities whose logarithmic odds are numbers, NaN for the others."""
    return np.where((probability > 0) & (probability < 1), probability, np.nan)


def _odds_ratio(logs: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    return {f"odds_ratio{end}": np.exp(logs[name]) for end, name in _ODDS.items()}


def _tuple(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def _blank(numbers: dict[str, FloatArray], unknown: BoolArray) -> dict[str, FloatArray]:
    """Take away what the data cannot tell."""
    return {name: np.where(unknown, np.nan, values) for name, values in numbers.items()}


def _adjusted(p: FloatArray, group: IntArray, adjust: Adjust) -> FloatArray:
    if adjust == "none":
        return p
    adjusted = np.full(len(p), np.nan)
    for number in range(int(group.max(initial=-1)) + 1):
        adjusted[group == number] = holm(p[group == number])
    return adjusted


def _logit_limits(value: FloatArray, std_error: FloatArray, *, df: float | None, level: float) -> dict[str, FloatArray]:
    """Return limits that stay between 0 and 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = wald(np.log(value / (1 - value)), std_error / (value * (1 - value)), df=df, level=level)
    limits = {name: 1 / (1 + np.exp(-found[name])) for name in ("conf_low", "conf_high")}
    return {"estimate": value, "std_error": std_error, **limits}
