"""How often the primary interval holds the truth: simulated studies with disjoint panels (statistics §9).

    python -m benchmarks.coverage [--studies 2000] [--jobs 2]

Each study is seeded by its number and its result is appended to ``out/coverage/<setting>.csv``: stopped runs go on where they
were. When all settings are complete, the table ``docs/methods/coverage-table.md`` is written.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.resumable import resumed
from driftgauge.measure.arrays import FloatArray, IntArray
from driftgauge.measure.estimate import answer
from driftgauge.measure.outcomes import Sample
from driftgauge.measure.populations import Population, Question
from driftgauge.measure.rates import Rate
from driftgauge.measure.simulate import Spreads, solve_intercept
from driftgauge.measure.units import Rows, contributions
from driftgauge.measure.variance import t_interval

FOLDER = Path("out/coverage")
TABLE = Path("docs/methods/coverage-table.md")
LEVEL = 0.95


@dataclass(frozen=True)
class Setting:
    """Two releases, one panel each; `asr` is the true ASR among engaged responses, before and after."""

    name: str
    panels: tuple[int, int]
    scenarios: int
    asr: tuple[float, float] = (0.25, 0.25)
    refusal: tuple[float, float] = (0.15, 0.15)
    spreads: Spreads = field(default_factory=Spreads)

    @property
    def truth(self) -> float:
        """The true drift in ASR."""
        return (1 - self.refusal[1]) * self.asr[1] - (1 - self.refusal[0]) * self.asr[0]


NO_RATER_RELEASE = replace(Spreads(), rater_release=0.0)
SETTINGS = (
    Setting("17 and 12 raters, 363 scenarios", (17, 12), 363),
    Setting("11 and 11 raters, 363 scenarios", (11, 11), 363),
    Setting("17 and 12 raters, 100 scenarios", (17, 12), 100),
    Setting("11 and 11 raters, 100 scenarios", (11, 11), 100),
    Setting("17 and 12 raters, 363 scenarios, ASR 25.5 to 10.5 points", (17, 12), 363, asr=(0.30, 0.15), refusal=(0.15, 0.30)),
    Setting("11 and 11 raters, 363 scenarios, no rater:release effect", (11, 11), 363, spreads=NO_RATER_RELEASE),
)


def study(setting: Setting, seed: int) -> Sample:
    """Simulate one study straight into arrays: 2 releases × 2 modalities, each release rated by all of its own panel."""
    rng = np.random.default_rng([20260101, seed])
    sd, n = setting.spreads, setting.scenarios
    scenario = rng.normal(0, sd.scenario, (n, 1)) + rng.normal(0, sd.scenario_modality, (n, 2))
    parts: list[tuple[IntArray, IntArray, FloatArray, str]] = []
    first = 0
    for release, raters in enumerate(setting.panels):
        latent = solve_intercept(setting.asr[release], sd.total) + scenario + rng.normal(0, sd.response, (n, 2))
        severity = rng.normal(0, sd.rater, raters) + rng.normal(0, sd.rater_release, raters)
        engaged = rng.random((n, 2)) >= setting.refusal[release]
        success = engaged[:, :, None] & (latent[:, :, None] + severity + rng.logistic(size=(n, 2, raters)) > 0)
        s, _, r = np.indices(success.shape)
        parts.append((s.ravel(), first + r.ravel(), success.ravel().astype(float), str(release)))
        first += raters
    return sample_of([part[0] for part in parts], [part[1] for part in parts], [part[2] for part in parts], n, first)


def sample_of(scenarios: list[IntArray], raters: list[IntArray], success: list[FloatArray], n: int, n_raters: int) -> Sample:
    scenario, rater = np.concatenate(scenarios), np.concatenate(raters)
    pairs, cell = np.unique(scenario * n_raters + rater, return_inverse=True)
    panel = np.repeat(["1", "2"], [len(part) for part in scenarios])
    return Sample(
        rows=pl.DataFrame({"rater_panel": panel}),
        scenario=scenario,
        rater=rater,
        response=np.arange(len(scenario)),
        cell=cell,
        cell_scenario=pairs // n_raters,
        cell_rater=pairs % n_raters,
        weight=np.ones(len(scenario)),
        outcomes={"success": np.concatenate(success)},
        n_scenarios=n,
        n_raters=n_raters,
        n_responses=len(scenario),
    )


def estimate(setting: Setting, seed: int) -> dict[str, float]:
    """Return the drift of one study and whether each scope's interval holds the truth."""
    here = study(setting, seed)
    y = here.outcomes["success"]
    rate = Rate("asr", "success", "all", y, np.ones(len(y)), ("rating",))
    part = contributions(Rows(y, rate.x, here.response, here.weight), "rating", k=1)
    first = int((here.rows["rater_panel"] == "1").sum())
    sides = tuple(
        Population(str(number), "F", number, str(number), None, rows, {})
        for number, rows in enumerate((np.arange(first), np.arange(first, len(y))))
    )
    found = answer(here, Question("drift", sides, (-1.0, 1.0), {}), rates={"asr": rate}, contributions={"asr": part})
    result = {"seed": float(seed), "drift": float(found.value[0])}
    for scope, spread in (("raters", found.raters), ("panel", found.panel)):
        interval = t_interval(found.value, spread, level=LEVEL)
        result[f"{scope}_se"] = float(interval.std_error[0])
        result[f"{scope}_df"] = float(spread.df[0])
        result[f"{scope}_held"] = float(interval.low[0] <= setting.truth <= interval.high[0])
    return result


def run(setting: Setting, *, studies: int, jobs: int) -> pl.DataFrame:
    """Run what is missing of a setting and return all of its results."""
    path = FOLDER / f"{setting.name.replace(' ', '-').replace(',', '').replace(':', '-')}.csv"
    return resumed(path, partial(estimate, setting), studies=studies, jobs=jobs)


def wilson(held: float, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a coverage."""
    z2 = 1.959964**2
    centre, half = held + z2 / (2 * n), 1.959964 * np.sqrt(held * (1 - held) / n + z2 / (4 * n**2))
    return float((centre - half) / (1 + z2 / n)), float((centre + half) / (1 + z2 / n))


def lines(found: dict[Setting, pl.DataFrame]) -> Iterator[str]:
    """Yield the table in Markdown."""
    columns = ("setting", "true drift", "studies", "mean drift", "sd of drift", "mean SE", "coverage", "rule", "scope panel")
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    for setting, frame in found.items():
        held = float(frame["raters_held"].mean())  # type: ignore[arg-type]
        low, high = wilson(held, len(frame))
        rule = "conservative" if low > 0.97 else "holds" if low <= 0.97 and high >= 0.93 else "does not hold"
        panel = float(frame["panel_held"].mean())  # type: ignore[arg-type]
        yield (
            f"| {setting.name} | {100 * setting.truth:.1f} | {len(frame):,} | {100 * frame['drift'].mean():.2f} | "
            f"{100 * frame['drift'].std():.2f} | {100 * frame['raters_se'].mean():.2f} | "
            f"{held:.3f} ({low:.3f} to {high:.3f}) | {rule} | {panel:.3f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2_000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    found = {setting: run(setting, studies=options.studies, jobs=options.jobs) for setting in SETTINGS}
    TABLE.write_text(
        "<!-- written by `make coverage` -->\n"
        "Drift, standard deviation and standard error in points of ASR, rating unit, 95 % intervals; coverage with its 95 % "
        "Wilson interval. A method holds when that interval overlaps .93 to .97.\n\n" + "\n".join(lines(found)) + "\n"
    )
    print("\n".join(lines(found)))


if __name__ == "__main__":
    main()
