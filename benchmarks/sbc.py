"""Simulation-based calibration of the engine `posterior` (Talts et al. 2018; statistics §9).

    python -m benchmarks.sbc [--runs 500] [--jobs 2]

Parameters are drawn from the priors, ratings from the parameters, and draws from the posterior of the ratings; the rank of each
true parameter among 99 of its draws is then uniform, if the sampler is right. Each run is seeded by its number and its result
is appended to ``out/sbc/<setting>.csv``: stopped runs go on where they were. When all are complete, the table
``docs/methods/sbc-table.md`` and its picture are written.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import altair as alt
import numpy as np
import polars as pl

from benchmarks.resumable import resumed
from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.mixed.coding import TreatmentCoding
from driftgauge.measure.mixed.design import Request, make_design, with_all_categories
from driftgauge.measure.mixed.draws import Sampling
from driftgauge.measure.mixed.model import Family
from driftgauge.measure.mixed.posterior import sample
from driftgauge.measure.mixed.target import PRIOR_RATE, PRIOR_SD

FOLDER = Path("out/sbc")
TABLE = Path("docs/methods/sbc-table.md")
PICTURE = Path("docs/methods/figures/sbc.svg")
RANKED = 99
FACTORS = {"release": ("A", "B"), "modality": ("text-only", "multimodal")}
TERMS = (("release",), ("modality",), ("release", "modality"))


@dataclass(frozen=True)
class Setting:
    """A model, and the size of a study: two releases in two modalities, rated by everyone."""

    name: str
    family: Family
    groupings: tuple[tuple[str, ...], ...]
    scenarios: int
    raters: int

    @property
    def categories(self) -> tuple[str, ...]:
        return ("1", "2", "3", "4", "5") if self.family == "cumulative" else ("0", "1")


SETTINGS = (
    Setting("harm", "cumulative", (("scenario",), ("response",), ("rater",), ("rater", "release")), 25, 8),
    Setting("success", "bernoulli", (("scenario",), ("response",), ("rater",)), 25, 8),
)


def truth(setting: Setting, rng: np.random.Generator) -> dict[str, float]:
    """Draw the parameters from their priors, by the names that the draws have."""
    columns = TreatmentCoding(FACTORS, TERMS).columns
    kept = columns if setting.family == "bernoulli" else columns[1:]
    found = {name: float(rng.normal(0, PRIOR_SD)) for name in kept}
    if setting.family == "cumulative":
        cuts = np.sort(rng.normal(0, PRIOR_SD, len(setting.categories) - 1))
        found |= {f"{low}|{low + 1}": float(cut) for low, cut in enumerate(cuts, 1)}
    return found | {":".join(columns): float(rng.exponential(1 / PRIOR_RATE)) for columns in setting.groupings}


def ratings(setting: Setting, true: dict[str, float], rng: np.random.Generator) -> pl.DataFrame:
    """Simulate the ratings of a study."""
    shape = (setting.scenarios, 2, 2, setting.raters)
    scenario, modality, release, rater = (each.ravel() for each in np.indices(shape))
    frame = pl.DataFrame(
        {
            "scenario": scenario,
            "rater": rater,
            "modality": np.array(FACTORS["modality"])[modality],
            "release": np.array(FACTORS["release"])[release],
            "response": (scenario * 2 + modality) * 2 + release,
        }
    )
    coding = TreatmentCoding(FACTORS, TERMS)
    beta = np.array([true.get(name, 0.0) for name in coding.columns])
    eta = coding.rows(frame) @ beta
    for columns in setting.groupings:
        code = frame.select(pl.struct(columns).rank("dense")).to_series().to_numpy().astype(int) - 1
        eta = eta + rng.normal(0, true[":".join(columns)], code.max() + 1)[code]
    cuts = np.array([value for name, value in true.items() if "|" in name]) if setting.family == "cumulative" else np.zeros(1)
    y = np.searchsorted(cuts, eta + rng.logistic(size=len(eta)))
    first = int(setting.categories[0])
    return frame.with_columns(y=pl.Series(first + y))


def one(setting: Setting, seed: int) -> dict[str, float]:
    """Return the rank of each true parameter; NaN for a study in which everybody said the same, which has no model."""
    rng = np.random.default_rng([20261124, SETTINGS.index(setting), seed])
    true = truth(setting, rng)
    frame = ratings(setting, true, rng)
    request = Request("y", setting.family, setting.groupings, "", setting.categories if len(setting.categories) > 2 else None)
    result = {"seed": float(seed)}
    try:
        design = make_design(
            frame, request, coding=TreatmentCoding(FACTORS, TERMS), weights=np.ones(len(frame)), offset=np.zeros(len(frame))
        )
    except EstimationError:
        return result | dict.fromkeys(true, np.nan)
    draws = sample(with_all_categories(design), rng=rng, sampling=Sampling(draws=200, tune=120, most_draws=200)).draws
    thinned = draws.flat[np.linspace(0, len(draws.flat) - 1, RANKED).astype(int)]
    ranks = {name: float((thinned[:, j] < true[name]).sum()) for j, name in enumerate(draws.names)}
    return result | {name: ranks[name] for name in true}


def run(setting: Setting, *, runs: int, jobs: int) -> pl.DataFrame:
    """Run what is missing of a setting and return all of its results."""
    return resumed(FOLDER / f"{setting.name}.csv", partial(one, setting), studies=runs, jobs=jobs)


def distance(shares: FloatArray) -> FloatArray:
    """Return how far the ECDF of ranks, as shares of 1, is from uniform at most, in standard errors: (…, runs) → (…)."""
    grid = np.arange(1, 20) / 20
    ecdf = (shares[..., None, :] <= grid[:, None]).mean(axis=-1)
    return np.abs((ecdf - grid) / np.sqrt(grid * (1 - grid) / shares.shape[-1])).max(axis=-1)


def critical(runs: int) -> float:
    """Return the distance that 95 % of samples of uniform ranks stay within."""
    rng = np.random.default_rng(1)
    return float(np.quantile(distance((rng.integers(0, RANKED + 1, (4_000, runs)) + 0.5) / (RANKED + 1)), 0.95))


def summaries(found: dict[Setting, pl.DataFrame]) -> Iterator[dict[str, object]]:
    """Yield for each parameter how far its ranks are from uniform."""
    for setting, frame in found.items():
        for name in [each for each in frame.columns if each != "seed"]:
            ranks = frame[name].drop_nans().to_numpy()
            shares = (ranks + 0.5) / (RANKED + 1)
            yield {"setting": setting.name, "parameter": name, "runs": len(ranks), "distance": float(distance(shares)),
                   "critical": critical(len(ranks)), "shares": shares}  # fmt: skip


def picture(rows: list[dict[str, object]]) -> alt.LayerChart | alt.FacetChart:
    """Draw ECDF minus uniform of every parameter, with the envelope of uniform ranks."""
    grid = np.linspace(0, 1, 51)
    lines = [
        {"setting": row["setting"], "parameter": row["parameter"], "rank": float(at),
         "difference": float((row["shares"] <= at).mean() - at)}
        for row in rows
        for at in grid
    ]  # fmt: skip
    half = [
        {
            "setting": name,
            "rank": float(at),
            "low": -limit * np.sqrt(at * (1 - at) / n),
            "high": limit * np.sqrt(at * (1 - at) / n),
        }
        for name, limit, n in {(row["setting"], row["critical"], row["runs"]) for row in rows}
        for at in grid
    ]
    x = alt.X("rank:Q", title="rank of the truth among its draws, as a share")
    band = alt.Chart().mark_area(color="#d9d9d9").encode(x, y=alt.Y("low:Q", title="ECDF − uniform"), y2="high:Q")
    line = alt.Chart().mark_line(strokeWidth=1, opacity=0.8, color="#0072b2").encode(x, y="difference:Q", detail="parameter:N")
    charts = [
        alt.layer(
            band.properties(data=alt.Data(values=[each for each in half if each["setting"] == setting])),
            line.properties(data=alt.Data(values=[each for each in lines if each["setting"] == setting])),
        ).properties(title=str(setting), width=320, height=220)
        for setting in dict.fromkeys(row["setting"] for row in rows)
    ]
    return alt.hconcat(*charts)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    found = {setting: run(setting, runs=options.runs, jobs=options.jobs) for setting in SETTINGS}
    rows = list(summaries(found))
    columns = ("setting", "parameter", "runs", "largest distance", "95 % of uniform ranks", "within")
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for row in rows:
        within = "yes" if float(str(row["distance"])) <= float(str(row["critical"])) else "no"
        name = str(row["parameter"]).replace("|", "\\|")
        lines.append(
            f"| {row['setting']} | {name} | {row['runs']} | {row['distance']:.2f} | {row['critical']:.2f} | {within} |"
        )
    notes = []
    for setting, frame in found.items():
        without = int(frame[frame.columns[-1]].is_nan().sum())
        notes.append(f"{setting.name}: {len(frame)} runs, {without} without a model because all said the same.")
    TABLE.write_text("<!-- written by `make calibration` -->\n" + "\n".join([*lines, "", *notes]) + "\n")
    picture(rows).save(PICTURE)
    print("\n".join([*lines, *notes]))


if __name__ == "__main__":
    main()
