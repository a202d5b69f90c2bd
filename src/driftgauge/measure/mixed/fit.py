"""Fit a mixed model: from a formula and a frame, or from a design that a preset made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import BoolArray, FloatArray, IntArray
from driftgauge.measure.mixed import curvature, nuts, posterior, separation
from driftgauge.measure.mixed.design import Design, Request, complete, make_design, weight_values, with_all_categories
from driftgauge.measure.mixed.draws import Effects, Sampled, Sampling, check_diagnostics
from driftgauge.measure.mixed.engines import ENGINES, Engine
from driftgauge.measure.mixed.formula import fixed_names, formula_coding, parse
from driftgauge.measure.mixed.laplace import Evaluation, Laplace, Point, prepare
from driftgauge.measure.mixed.model import Family, drop_empty, validate
from driftgauge.measure.mixed.optimise import Optimum, maximise
from driftgauge.measure.mixed.result import Convergence, MixedFit
from driftgauge.measure.mixed.start import Start, start

TOLERANCE = 1e-9
MOST_EVALUATIONS = 200
_PRECISE_ENOUGH = 1e-6


def fit_mixed(
    formula: str,
    data: pl.DataFrame,
    *,
    family: Family = "cumulative",
    engine: Engine = "laplace",
    weights: str | None = None,
    offset: str | None = None,
    categories: Sequence[object] | None = None,
    reference: Mapping[str, str] | None = None,
    level: float = 0.95,
    std_errors: bool = True,
    most_evaluations: int = MOST_EVALUATIONS,
    rng: np.random.Generator | None = None,
    sampling: Sampling | None = None,
    said: Callable[[str], None] | None = None,
) -> MixedFit:
    """Fit a cumulative or Bernoulli logit model with random intercepts.

    Parameters
    ----------
    formula
        As in lme4: ``harm ~ release * modality + (1 | scenario) + (1 | scenario:release) + (1 | rater)``. The fixed part is
        formulaic's (extra ``driftgauge[model]``), with treatment coding.
    data
        One row a rating, or identical ratings together with a weight. Rows with null or NaN in a column that is used are left
        out and counted.
    family
        ``cumulative`` for ordered categories, ``bernoulli`` for 0/1.
    engine
        ``laplace``: maximum likelihood by the Laplace approximation. ``posterior``: draws by our own sampler from the posterior
        with priors Normal(0, 2) on coefficients and thresholds and Exponential(1) on standard deviations (extra
        ``driftgauge[model]``). ``nuts``: the same posterior by Bambi, PyMC and nutpie (extra ``driftgauge[bayes]``).
    weights
        Column of frequency weights: how many identical ratings a row stands for. Not for survey or bootstrap weights.
    offset
        Column with a known part of the linear predictor.
    categories
        The categories in order, where their own order is not meant.
    reference
        Reference level of factors: ``{"release": "GPT-4o"}``; the first in order otherwise.
    level
        Of the confidence intervals.
    std_errors
        Leave them out when only the estimates are wanted (leave one rater out).
    most_evaluations
        Of the log-likelihood, before the fit counts as not converged.
    rng, sampling
        Of `posterior` and `nuts`, which need the first: where their randomness comes from, and how much to draw.
    said
        Is told what is being done, for progress.

    Raises
    ------
    EstimationError
        When there is no such model: a column is missing, the outcome never varies, a grouping has one level.
    """
    asked = parse(formula)
    used = {asked.outcome, *fixed_names(asked.fixed, data.columns), *(name for each in asked.groupings for name in each)}
    used |= {name for name in (weights, offset) if name is not None}
    frame = complete(data, sorted(used))
    request = Request(asked.outcome, family, asked.groupings, formula, categories)
    if not len(frame):
        raise EstimationError("no row has a value in every column that the model uses", remedy="Look for nulls and NaN.")
    design = make_design(
        frame,
        request,
        coding=formula_coding(asked.fixed, frame, reference=reference or {}),
        weights=weight_values(frame, weights),
        offset=np.zeros(len(frame)) if offset is None else frame[offset].cast(pl.Float64).to_numpy(),
        missing=len(data) - len(frame),
    )
    if engine != "laplace":
        return draw_design(design, engine=engine, rng=rng, level=level, sampling=sampling, said=said)
    return fit_design(design, level=level, std_errors=std_errors, most_evaluations=most_evaluations)


def draw_design(
    design: Design,
    *,
    engine: Engine = "posterior",
    rng: np.random.Generator | None,
    level: float = 0.95,
    sampling: Sampling | None = None,
    said: Callable[[str], None] | None = None,
) -> MixedFit:
    """Draw from the posterior of a design, by `posterior` or `nuts`.

    Parameters
    ----------
    design
        Of a preset or a formula.
    engine, rng, level, sampling, said
        As for `fit_mixed`.
    """
    check_engine(engine)
    if engine not in _SAMPLERS:
        raise EstimationError(f"engine {engine} draws nothing", remedy="Use engine='posterior'.")
    if rng is None:
        raise EstimationError(f"engine {engine} draws at random and was given no rng", remedy="Pass a numpy.random.Generator.")
    whole = with_all_categories(design)
    found = _SAMPLERS[engine](whole, rng=rng, sampling=sampling, said=said)
    means = found.draws.flat.mean(axis=0)
    p, k = len(whole.model.columns), whole.model.n_thresholds
    problem = found.draws.problem()
    return MixedFit(
        design=whole,
        point=Point(means[:p], means[p : p + k], means[p + k :]),
        covariance=None,
        log_likelihood=float("nan"),
        convergence=Convergence(
            converged=problem is None,
            reason=problem,
            gradient=float("nan"),
            hessian_positive=None,
            boundary=(),
            separated=(),
            evaluations=found.evaluations,
        ),
        effects=found.effects,
        engine=engine,
        settings={"level": level, **found.settings},
        draws=found.draws,
    )


def check_engine(engine: str) -> None:
    """Raise the lack of an engine, or of the libraries that it needs, before there is work to lose.

    Parameters
    ----------
    engine
        One of `ENGINES`.
    """
    if engine not in ENGINES:
        raise EstimationError(f"there is no engine {engine!r}", remedy=f"Engines are {', '.join(ENGINES)}.")
    if engine != "laplace":
        check_diagnostics()
    if engine == "nuts":
        nuts.check_libraries()


_SAMPLERS: Final[Mapping[str, Callable[..., Sampled]]] = {"posterior": posterior.sample, "nuts": nuts.sample}


def fit_design(
    design: Design,
    *,
    level: float = 0.95,
    std_errors: bool = True,
    most_evaluations: int = MOST_EVALUATIONS,
    near: MixedFit | None = None,
) -> MixedFit:
    """Fit a design by maximum likelihood.

    Parameters
    ----------
    design
        Of a preset or a formula.
    level, std_errors, most_evaluations
        As for `fit_mixed`.
    near
        A fit of nearly the same data with the same parameters and standard errors, to start from.
    """
    engine = prepare(design.model)
    begin = separation.fixed_only(design.model)
    first = _from(near, engine) or start(engine, begin.parameters)
    best = maximise(engine, first, tolerance=TOLERANCE, most=most_evaluations)
    free = np.concatenate([np.ones(engine.n_fixed, dtype=np.bool_), ~best.boundary])
    hessian = None
    if std_errors and not begin.separated and best.evaluation.reached and best.decrement < 1e-3:
        hessian = curvature.hessian(engine, best.evaluation, covariance=best.inverse_hessian, free=free)
    covariance = None if hessian is None else _covariance(hessian, free)
    convergence = _convergence(design, best, separated=begin.separated, asked=hessian is not None, covariance=covariance)
    return MixedFit(
        design=design,
        point=_at_boundary(best),
        covariance=covariance if convergence.converged else None,
        log_likelihood=best.evaluation.value,
        convergence=convergence,
        effects=_effects(engine, best.evaluation),
        engine="laplace",
        settings={"level": level, "tolerance": TOLERANCE, "most_evaluations": most_evaluations},
    )


def refit(fit: MixedFit, y: IntArray, *, std_errors: bool = False) -> MixedFit:
    """Fit the same model to other outcomes of the same ratings, from where the fit ended: one draw of a parametric bootstrap.

    Parameters
    ----------
    fit
        The fit, whose `MixedFit.simulate` gave the outcomes.
    y
        Category codes.
    std_errors
        Whether to compute them.
    """
    model, unused = drop_empty(replace(fit.design.model, y=y))
    validate(model)
    return fit_design(replace(fit.design, model=model, empty=unused), level=fit.level, std_errors=std_errors, near=fit)


def _from(near: MixedFit | None, engine: Laplace) -> Start | None:
    """Return where a neighbouring fit ended, with its information, if its parameters are the same and all were free."""
    if near is None or near.covariance is None or (near.point.sigma == 0).any():
        return None
    if near.design.model.columns != engine.model.columns or len(engine.vector(near.point)) != engine.n_parameters:
        return None
    return Start(near.point, np.asarray(np.linalg.inv(near.covariance), dtype=np.float64))


def _at_boundary(best: Optimum) -> Point:
    point = best.evaluation.point
    return Point(point.beta, point.thresholds, np.where(best.boundary, 0.0, point.sigma))


def _covariance(hessian: FloatArray, free: BoolArray) -> FloatArray | None:
    """Return the inverse on the free parameters; None when the Hessian is not positive definite."""
    inner = hessian[np.ix_(free, free)]
    values = np.linalg.eigvalsh(inner / np.sqrt(np.outer(*[np.maximum(np.diag(inner), 1e-300)] * 2)))
    if not np.isfinite(values).all() or values.min() <= 1e-10:
        return None
    found = np.zeros_like(hessian)
    found[np.ix_(free, free)] = np.linalg.inv(inner)
    return found


def _convergence(
    design: Design, best: Optimum, *, separated: tuple[str, ...], asked: bool, covariance: FloatArray | None
) -> Convergence:
    names = tuple(g.name for g, zero in zip(design.model.groupings, best.boundary, strict=True) if zero)
    scaled = best.evaluation.gradient * np.sqrt(np.maximum(np.diag(best.inverse_hessian), 0.0))
    reason = None
    if separated:
        reason = f"separation: {', '.join(separated)} has no finite estimate, because the outcome never varies along it"
    elif not best.evaluation.reached:
        reason = "the modes of the random intercepts were not found"
    elif best.decrement > _PRECISE_ENOUGH:
        reason = (
            f"no maximum after {best.evaluations} evaluations: a step still promises {best.decrement:.2g} in log-likelihood"
        )
    elif asked and covariance is None:
        reason = "the Hessian is not positive definite: some parameter is not determined by the data"
    return Convergence(
        converged=reason is None,
        reason=reason,
        gradient=float(np.abs(scaled).max(initial=0.0)),
        hessian_positive=covariance is not None if asked else None,
        boundary=names,
        separated=separated,
        evaluations=best.evaluations,
    )


def _effects(engine: Laplace, at: Evaluation) -> dict[str, Effects]:
    """Return conditional modes and standard deviations by grouping."""
    scale = engine.scale(at.point.sigma)
    mode, spread = scale * at.mode, scale * np.sqrt(at.diagonal)
    return {
        each.name: Effects(engine.levels(mode, t), engine.levels(spread, t)) for t, each in enumerate(engine.model.groupings)
    }
