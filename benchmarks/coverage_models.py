"""How often the intervals of the mixed models hold the truth: simulated studies of two panels (statistics §4 and §9).

    python -m benchmarks.coverage_models [--studies 2000] [--posterior 500] [--jobs 2]

Each study is seeded by its number and its result is appended to ``out/coverage-models/<engine>.csv``: stopped runs go on where
they were. Then the table ``docs/methods/coverage-models-table.md`` and its picture are written, of all studies that are there.
With ``--posterior 0`` nothing new is sampled, and what was sampled before stays in the table.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.coverage import LEVEL, sample_of, wilson
from benchmarks.resumable import results_of, resumed
from driftgauge.errors import EstimationError
from driftgauge.frames import MODALITIES
from driftgauge.measure.estimate import answer
from driftgauge.measure.mixed.design import Design
from driftgauge.measure.mixed.draws import Sampling
from driftgauge.measure.mixed.fit import draw_design, fit_design
from driftgauge.measure.mixed.presets import preset_design
from driftgauge.measure.mixed.result import MixedFit
from driftgauge.measure.mixed.wald import wald
from driftgauge.measure.populations import Population, Question
from driftgauge.measure.rates import Rate
from driftgauge.measure.units import Rows, contributions

FOLDER = Path("out/coverage-models")
TABLE = Path("docs/methods/coverage-models-table.md")
PICTURE = Path("docs/methods/figures/coverage-models.svg")
SEED = 20260102

SCENARIOS, RATERS = 60, 12
PHASES = (("A1", "B1"), ("A2", "B2"))
LATENT = {"A1": 0.0, "B1": 0.5, "A2": -0.4, "B2": 0.2}
MODALITY_EFFECT = 0.3
THRESHOLDS = (-1.0, 0.0, 0.9, 2.0)
HARMFUL_AT = 3
SDS = {
    "scenario": 1.3,
    "scenario:modality": 0.5,
    "scenario:release": 0.5,
    "response": 0.7,
    "rater": 0.6,
    "rater:release": 0.3,
}
"""Standard deviations of the true effects, in logits."""


@dataclass(frozen=True)
class Contrast:
    """Later minus earlier release, averaged over modalities, on the latent scale."""

    key: str
    later: str
    earlier: str
    where: str

    @property
    def name(self) -> str:
        return f"{self.later} - {self.earlier}"

    @property
    def truth(self) -> float:
        return LATENT[self.later] - LATENT[self.earlier]


CONTRASTS = (
    Contrast("within", "B1", "A1", "within a phase, the same raters"),
    Contrast("between", "A2", "A1", "between phases, no rater in both"),
)
PRESETS = ("published", "response", "design")


def study(seed: int) -> pl.DataFrame:
    """Simulate one study: four releases in two modalities, each rated by all of its phase's raters; one row a rating."""
    rng = np.random.default_rng([SEED, seed])
    n, effect = SCENARIOS, MODALITY_EFFECT * np.arange(2)
    scenario = rng.normal(0, SDS["scenario"], (n, 1)) + rng.normal(0, SDS["scenario:modality"], (n, 2))
    parts: list[pl.DataFrame] = []
    for phase, releases in enumerate(PHASES):
        severity = rng.normal(0, SDS["rater"], RATERS)
        for release in releases:
            latent = LATENT[release] + effect + scenario + rng.normal(0, SDS["scenario:release"], (n, 1))
            latent = latent + rng.normal(0, SDS["response"], (n, 2))
            judged = latent[:, :, None] + severity + rng.normal(0, SDS["rater:release"], RATERS)
            harm = 1 + np.searchsorted(THRESHOLDS, judged + rng.logistic(size=judged.shape))
            s, m, r = (place.ravel() for place in np.indices(harm.shape))
            codes = {"s": s, "m": m, "r": phase * RATERS + r, "harm": harm.ravel()}
            parts.append(pl.DataFrame(codes).with_columns(release=pl.lit(release), phase=pl.lit(phase + 1)))
    response = pl.concat_str("s", "m", "release", separator="|")
    modality = pl.col("m").replace_strict(dict(enumerate(MODALITIES)), return_dtype=pl.String)
    text = {"scenario": pl.format("S{}", "s"), "rater": pl.format("R{}", "r"), "modality": modality, "response_id": response}
    return pl.concat(parts).with_columns(attempt=pl.lit(1), **text)


def degrees_of_freedom(frame: pl.DataFrame) -> dict[str, float]:
    """Return, by contrast, the degrees of freedom of the primary variance (statistics §3) of the drift in harm rate."""
    phases = frame.partition_by("phase", maintain_order=True)
    harmful = [(part["harm"] >= HARMFUL_AT).cast(pl.Float64).to_numpy() for part in phases]
    scenarios, raters = ([part[name].to_numpy() for part in phases] for name in ("s", "r"))
    here = sample_of(scenarios, raters, harmful, SCENARIOS, RATERS * len(PHASES))
    y = np.concatenate(harmful)
    rate = Rate("harm_rate", "harm", "all", y, np.ones(len(y)), ("rating",))
    part = contributions(Rows(y, rate.x, here.response, here.weight), "rating", k=1)
    found: dict[str, float] = {}
    for contrast in CONTRASTS:
        rows = [np.flatnonzero((frame["release"] == name).to_numpy()) for name in (contrast.earlier, contrast.later)]
        sides = tuple(Population(str(number), "F", number, str(number), None, each, {}) for number, each in enumerate(rows))
        asked = Question("drift", sides, (-1.0, 1.0), {})
        found[contrast.key] = float(answer(here, asked, rates={"h": rate}, contributions={"h": part}).raters.df[0])
    return found


@dataclass(frozen=True)
class Held:
    """One contrast of one fit; what is not known is NaN, and an interval that is not there does not hold."""

    converged: float
    estimate: float
    se: float
    z: float
    t: float


def laplace(seed: int) -> dict[str, float]:
    """Fit every preset to one study; return each contrast with whether its normal and its t interval hold the truth."""
    frame = study(seed)
    df = degrees_of_freedom(frame)
    result: dict[str, float] = {"seed": seed} | {f"df_{key}": value for key, value in df.items()}
    for preset in PRESETS:
        fit = _fitted(frame, preset, lambda design: fit_design(design, level=LEVEL))
        for contrast in CONTRASTS:
            each = _number(fit, contrast)
            estimate, se = each["estimate"], each["std_error"]
            held = {name: _holds(contrast, *_limits(estimate, se, by)) for name, by in (("z", None), ("t", df[contrast.key]))}
            one = Held(each["converged"], estimate, se, **held)
            result |= {f"{preset}_{contrast.key}_{name}": value for name, value in asdict(one).items()}
    return result


def posterior(seed: int) -> dict[str, float]:
    """Sample the posterior of the design preset for one study; return whether the quantile limits hold the truth."""
    fit = _fitted(study(seed), "design", lambda design: posterior_fit(design, seed))
    result: dict[str, float] = {"seed": seed}
    for contrast in CONTRASTS:
        each = _number(fit, contrast)
        numbers = {
            "converged": each["converged"],
            "estimate": each["estimate"],
            "se": each["std_error"],
            "quantiles": _holds(contrast, each["conf_low"], each["conf_high"]),
        }
        result |= {f"design_{contrast.key}_{name}": value for name, value in numbers.items()}
    return result


def posterior_fit(design: Design, seed: int) -> MixedFit:
    """Return the posterior of a design by 600 draws, which is enough for limits; whether the chains agree is not asked."""
    sampling = Sampling(draws=150, tune=90, most_draws=150)
    fit = draw_design(design, rng=np.random.default_rng([SEED, seed, 1]), level=LEVEL, sampling=sampling)
    return replace(fit, convergence=replace(fit.convergence, converged=True))


def _fitted(frame: pl.DataFrame, preset: Any, fit: Callable[[Design], MixedFit]) -> MixedFit | None:
    try:
        return fit(preset_design(frame, preset))
    except EstimationError:
        return None


def _number(fit: MixedFit | None, contrast: Contrast) -> dict[str, float]:
    names = ("estimate", "std_error", "conf_low", "conf_high")
    if fit is None or not fit.converged:
        return dict.fromkeys(names, float("nan")) | {"converged": 0}
    row = fit.contrasts("release").row(by_predicate=pl.col("contrast") == contrast.name, named=True)
    return {name: float("nan") if row.get(name) is None else float(row[name]) for name in names} | {"converged": 1}


def _limits(estimate: float, se: float, df: float | None) -> tuple[float, float]:
    found = wald(np.array([estimate]), np.array([se]), df=df, level=LEVEL)
    return float(found["conf_low"][0]), float(found["conf_high"][0])


def _holds(contrast: Contrast, low: float, high: float) -> int:
    return int(low <= contrast.truth <= high)


ENGINES: dict[str, Callable[[int], dict[str, float]]] = {"laplace": laplace, "posterior": posterior}


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    contrast: Contrast
    preset: str
    engine: str
    limits: str
    studies: int
    not_converged: int
    mean: float
    sd: float
    se: float
    coverage: float

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.coverage, self.studies)

    @property
    def rule(self) -> str:
        low, high = self.interval
        return "conservative" if low > 0.97 else "holds" if high >= 0.93 else "does not hold"


def lines(found: dict[str, pl.DataFrame]) -> Iterator[Line]:
    """Yield the rows of the table; estimates and standard errors are of the fits that converged."""
    kinds = {"laplace": (PRESETS, ("z", "t")), "posterior": (("design",), ("quantiles",))}
    for contrast in CONTRASTS:
        for engine, frame in found.items():
            presets, limits = kinds[engine]
            for preset, limit in ((preset, limit) for preset in presets for limit in limits):
                column = f"{preset}_{contrast.key}"
                held = float(frame[f"{column}_{limit}"].to_numpy().mean())
                known = frame.filter(pl.col(f"{column}_converged") == 1)
                estimate, se = known[f"{column}_estimate"].to_numpy(), known[f"{column}_se"].to_numpy()
                counts = (len(frame), len(frame) - len(known))
                numbers = (float(estimate.mean()), float(estimate.std(ddof=1)), float(se.mean()), held)
                yield Line(contrast, preset, engine, limit, *counts, *numbers)


def table(rows: list[Line], found: dict[str, pl.DataFrame]) -> Iterator[str]:
    """Yield the table in Markdown, with what is in it."""
    parts = ", ".join(f"{name} {value}" for name, value in SDS.items())
    error = {}
    for row in rows:
        error[row.studies] = max(error.get(row.studies, 0.0), np.sqrt(row.coverage * (1 - row.coverage) / row.studies))
    errors = " and ".join(f"at most {value:.3f} with {n:,} studies" for n, value in error.items())
    yield "<!-- written by `python -m benchmarks.coverage_models` -->"
    yield (
        f"Each study has {SCENARIOS} scenarios in two modalities, four releases and two panels of {RATERS} raters. "
        f"That is {SCENARIOS * 2 * RATERS * len(LATENT):,} ratings of `harm` on five categories. "
        f"Standard deviations of the true effects, in logits: {parts}."
    )
    yield ""
    yield (
        "Contrasts are differences of releases in logits. Limits are 95 %. "
        "`z` is by the normal distribution. `t` has the degrees of freedom of the primary variance of the drift in harm rate"
        f"{_medians(found)}. Coverage stands with its 95 % Wilson interval. "
        "A method holds when that interval overlaps .93 to .97. "
        f"Monte Carlo standard error of a coverage: {errors}."
    )
    yield ""
    yield (
        "A fit that did not converge counts as an interval that does not hold the truth. "
        "Means and standard deviations are of the fits that converged. "
        "A model that leaves effects out has a narrower latent scale, and so its contrasts are nearer to 0."
        + (
            " Of a posterior, the SE is its standard deviation and the limits are its quantiles."
            if "posterior" in found
            else ""
        )
    )
    columns = ("contrast", "preset", "engine", "limits", "studies", "not converged", "true", "mean", "sd", "mean SE")
    for contrast in CONTRASTS:
        yield ""
        yield f"**{contrast.name}**: {contrast.where}."
        yield ""
        yield f"| {' | '.join((*columns, 'coverage', 'rule'))} |"
        yield "|---" * (len(columns) + 2) + "|"
        for row in rows:
            if row.contrast == contrast:
                low, high = row.interval
                numbers = " | ".join(f"{value:.3f}" for value in (row.mean, row.sd, row.se))
                yield (
                    f"| {contrast.name} | {row.preset} | {row.engine} | {row.limits} | {row.studies:,} | {row.not_converged} | "
                    f"{contrast.truth:.1f} | {numbers} | {row.coverage:.3f} ({low:.3f} to {high:.3f}) | {row.rule} |"
                )


def _medians(found: dict[str, pl.DataFrame]) -> str:
    if "laplace" not in found:
        return ""
    within, between = (np.median(found["laplace"][f"df_{contrast.key}"].to_numpy()) for contrast in CONTRASTS)
    return f" (median {within:.0f} within a phase, {between:.0f} between phases)"


def picture(rows: list[Line]) -> str:
    """Return the coverage of each row with its Wilson interval, grouped by contrast, as SVG."""
    import altair as alt
    import vl_convert

    ink, paper = "#1f2933", "#fbfbf9"
    data = [
        {
            "contrast": f"{row.contrast.name}: {row.contrast.where}",
            "method": f"{row.preset}, {row.engine}, {row.limits}",
            "rule": row.rule,
            "coverage": row.coverage,
            "low": row.interval[0],
            "high": row.interval[1],
        }
        for row in rows
    ]
    order = list(dict.fromkeys(str(each["method"]) for each in data))
    lowest = np.floor(min([0.9, *(row.interval[0] for row in rows)]) * 20) / 20
    scale = alt.Scale(domain=[float(lowest), 1.0], nice=False, zero=False)
    rules = {"holds": "#0072b2", "conservative": "#00664a", "does not hold": "#b34700"}
    shapes = alt.Scale(domain=list(rules), range=["circle", "triangle-up", "square"])
    colour = alt.Color("rule:N", title=None, scale=alt.Scale(domain=list(rules), range=list(rules.values())))
    y = alt.Y("method:N", sort=order, title=None)
    x = alt.X("low:Q", scale=scale, title="share of studies whose 95 % interval holds the truth", axis=alt.Axis(format=".2f"))
    base, one = alt.Chart(), alt.Chart(alt.Data(values=[{"from": 0.93, "to": 0.97, "aim": LEVEL}]))
    band = one.mark_rect(opacity=0.15, color="#00664a").encode(x=alt.X("from:Q", scale=scale), x2="to:Q")
    aim = one.mark_rule(strokeDash=[4, 3], color=ink, opacity=0.5).encode(x=alt.X("aim:Q", scale=scale))
    span = base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q", y=y, color=colour)
    point = base.mark_point(filled=True, size=50, opacity=1).encode(
        x=alt.X("coverage:Q", scale=scale), y=y, color=colour, shape=alt.Shape("rule:N", title=None, scale=shapes)
    )
    title = alt.Header(title=None, labelOrient="top", labelAnchor="start", labelFontWeight="bold", labelFontSize=13)
    facets = alt.layer(band, aim, span, point, data=alt.Data(values=data)).properties(width=420, height=22 * len(order))
    chart = facets.facet(row=alt.Row("contrast:N", sort=[each["contrast"] for each in data], header=title))
    said = "Coverage of the intervals of each mixed model, with its Wilson interval; .93 to .97 is shaded"
    fonts = {"font": "system-ui, sans-serif", "background": paper, "padding": 12, "view": {"stroke": None}}
    looks = {"axis": {"labelLimit": 300, "grid": False, "labelColor": ink, "titleColor": ink}, "legend": {"orient": "bottom"}}
    page = chart.properties(description=said).configure(**fonts, **looks).to_dict()
    svg = vl_convert.vegalite_to_svg(page, allowed_base_urls=[])
    return svg.replace(">", f' role="img"><title>{said}</title>', 1) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=2_000)
    parser.add_argument("--posterior", type=int, default=500, help="of the studies, how many by the posterior as well")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    wanted = {"laplace": options.studies, "posterior": options.posterior}
    found: dict[str, pl.DataFrame] = {}
    for engine, n in wanted.items():
        path = FOLDER / f"{engine}.csv"
        frame = resumed(path, ENGINES[engine], studies=n, jobs=options.jobs) if n else results_of(path)
        if frame is not None:
            found[engine] = frame
    rows = list(lines(found))
    text = "\n".join(table(rows, found)) + "\n"
    TABLE.write_text(text)
    PICTURE.write_text(picture(rows))
    print(text)


if __name__ == "__main__":
    main()
