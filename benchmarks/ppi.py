"""Whether prediction-powered intervals hold, and what a judge gains: simulated studies (statistics §7 and §9).

    python -m benchmarks.ppi [--studies 2000] [--jobs 1]

Each study is seeded by its number and its result is appended to ``out/ppi/<setting>.csv``: stopped runs go on where they were.
When all settings are complete, the table ``docs/methods/ppi-table.md`` is written.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.coverage import wilson
from benchmarks.resumable import resumed
from driftgauge.measure.arrays import BoolArray, FloatArray
from driftgauge.measure.bootstrap import draw_weights, percentiles
from driftgauge.measure.ppi import Judged, Ppi, Rated, ppi
from driftgauge.measure.ppi_bootstrap import ppi_replicates
from driftgauge.measure.simulate import Spreads, solve_intercept
from driftgauge.rate.sampling import FEWEST, SampledScenarios, draw_counts, draw_scenarios

FOLDER = Path("out/ppi")
TABLE = Path("docs/methods/ppi-table.md")
REPLICATES = 400
BOOTSTRAPPED = 500
"""The studies of a setting that are bootstrapped as well: the first ones."""


@dataclass(frozen=True)
class Setting:
    """Two releases × two modalities; people rate `drawn` of the scenarios, a judge all.

    `noise` is the sd of the judge's own view of a response, in logits; `shift` how much more harmful it finds each release;
    `shared` raters rate each response to a drawn scenario.
    """

    name: str
    noise: float
    shift: tuple[float, float] = (0.0, 0.0)
    raters: tuple[int, int] = (12, 0)
    shared: int = 3
    neyman: bool = False
    scenarios: int = 200
    drawn: int = 60
    asr: tuple[float, float] = (0.40, 0.30)
    refusal: tuple[float, float] = (0.10, 0.20)

    @property
    def truth(self) -> float:
        """The true drift in ASR."""
        return (1 - self.refusal[1]) * self.asr[1] - (1 - self.refusal[0]) * self.asr[0]


SETTINGS = (
    Setting("good judge", 0.5),
    Setting("poor judge", 6.0),
    Setting("biased judge", 0.5, shift=(1.5, 1.5)),
    Setting("release-dependent judge", 0.5, shift=(-1.0, 1.0)),
    Setting("good judge, Neyman", 0.5, neyman=True),
    Setting("good judge, a panel for each release", 0.5, raters=(12, 12)),
    Setting("good judge, 30 of 200 scenarios", 0.5, drawn=30),
    Setting("good judge, all 12 raters rate what is drawn", 0.5, shared=12),
)


_intercept = cache(solve_intercept)


@dataclass(frozen=True)
class Study:
    """One simulated study."""

    judged: Judged
    rated: Rated
    strata: list[np.ndarray]


def study(setting: Setting, seed: int) -> Study:
    """Simulate one study into arrays; responses are numbered scenario by scenario, modality, then release."""
    rng = np.random.default_rng([20260907, seed])
    sd, n = Spreads(), setting.scenarios
    effect = rng.normal(0, sd.scenario, (n, 1, 1))
    intercept = np.array([_intercept(asr, sd.total) for asr in setting.asr])
    latent = intercept + effect + rng.normal(0, sd.scenario_modality, (n, 2, 1)) + rng.normal(0, sd.response, (n, 2, 2))
    engaged = rng.random((n, 2, 2)) >= np.array(setting.refusal)
    seen = latent + np.array(setting.shift) + rng.normal(0, setting.noise, (n, 2, 2))
    judge = (engaged & (seen > 0)).astype(float)
    sample = _sampled(setting, effect[:, 0, 0], judge, rng)
    s, _, release = np.indices(latent.shape).reshape(3, -1)
    judged = Judged(s, release, judge.ravel(), sample.inclusion[s])
    return Study(judged, *_ratings(setting, judged, latent.ravel(), engaged.ravel(), drawn=sample.drawn, rng=rng))


def _sampled(setting: Setting, effect: FloatArray, judge: FloatArray, rng: np.random.Generator) -> SampledScenarios:
    """Draw within four strata that go together with how hard a scenario is."""
    place = (effect + rng.normal(0, 1, len(effect))).argsort().argsort()
    strata = [str(each) for each in place * 4 // len(effect)]
    if not setting.neyman:
        return draw_scenarios(strata, setting.drawn, rng)
    drift = (judge[:, :, 1] - judge[:, :, 0]).mean(axis=1)
    code = np.array(strata).astype(int)
    return draw_counts(code, _neyman(drift, code, setting.drawn), rng)


def _neyman(values: FloatArray, code: np.ndarray, n: int) -> list[int]:
    """Return how many of each stratum are drawn by size × spread (Neyman 1934), no spread below a quarter of the largest."""
    sizes = np.bincount(code)
    spread = np.array([values[code == number].std() for number in range(len(sizes))])
    share = sizes * np.maximum(spread, 0.25 * spread.max())
    taken = np.full(len(sizes), FEWEST)
    while taken.sum() < n:
        taken[int(np.where(taken < sizes, share / (taken + 0.5), -1.0).argmax())] += 1
    return [int(each) for each in taken]


def _ratings(
    setting: Setting, judged: Judged, latent: FloatArray, engaged: BoolArray, *, drawn: BoolArray, rng: np.random.Generator
) -> tuple[Rated, list[np.ndarray]]:
    """Let some raters, by lot, rate each response to a drawn scenario."""
    sd, (first, second) = Spreads(), setting.raters
    severity = rng.normal(0, sd.rater, (first + second, 1)) + rng.normal(0, sd.rater_release, (first + second, 2))
    asked = np.flatnonzero(drawn[judged.scenario])
    own = (judged.side[asked] == 1) & (second > 0)
    order = rng.random((len(asked), max(first, second))).argsort(axis=1)[:, : setting.shared] + first * own[:, None]
    response, rater = np.repeat(asked, setting.shared), order.ravel()
    harm = latent[response] + severity[rater, judged.side[response]] + rng.logistic(size=len(response)) > 0
    panels = [np.arange(first), np.arange(first, first + second)]
    return Rated(response, rater, (engaged[response] & harm).astype(float)), [each for each in panels if len(each)]


def estimate(setting: Setting, seed: int) -> dict[str, float]:
    """Return the drift of one study and whether each interval holds the truth."""
    here = study(setting, seed)
    found = ppi(here.judged, here.rated, signs=(-1.0, 1.0), strata=here.strata)
    level = ppi(*_of_first(here), strata=here.strata[:1])
    low, high = _bootstrap(setting, here, seed) if seed < BOOTSTRAPPED else (np.nan, np.nan)
    truth, of_level = setting.truth, (1 - setting.refusal[0]) * setting.asr[0]
    return {
        "seed": float(seed),
        "drift": found.value,
        "people": found.people,
        "held": float(found.interval.low[0] <= truth <= found.interval.high[0]),
        "people_held": float(found.people_interval.low[0] <= truth <= found.people_interval.high[0]),
        "bootstrap_held": float(low <= truth <= high) if seed < BOOTSTRAPPED else np.nan,
        "level_held": float(level.interval.low[0] <= of_level <= level.interval.high[0]),
        "level_ratio": float(level.interval.std_error[0] / level.people_interval.std_error[0]),
        "se": float(found.interval.std_error[0]),
        "people_se": float(found.people_interval.std_error[0]),
        "width": _width(found, people=False),
        "people_width": _width(found, people=True),
        "power": found.power,
        "effective": found.effective / found.n_responses,
    }


def _of_first(here: Study) -> tuple[Judged, Rated]:
    """Return the responses of the earlier release and what people said of them."""
    inside = here.judged.side == 0
    place = np.cumsum(inside) - 1
    rows = inside[here.rated.response]
    judged = Judged(*(each[inside] for each in vars(here.judged).values()))
    return judged, Rated(place[here.rated.response[rows]], here.rated.rater[rows], here.rated.value[rows])


def _bootstrap(setting: Setting, here: Study, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng([20260908, seed])
    weights = draw_weights(rng, n=REPLICATES, n_scenarios=setting.scenarios, strata=here.strata, n_raters=sum(setting.raters))
    found = percentiles(ppi_replicates(weights, here.judged, here.rated, signs=(-1.0, 1.0)).both, level=0.95)
    return found.low, found.high


def _width(found: Ppi, *, people: bool) -> float:
    interval = found.people_interval if people else found.interval
    return float(interval.high[0] - interval.low[0])


def lines(found: dict[Setting, pl.DataFrame]) -> Iterator[str]:
    """Yield the table in Markdown."""
    columns = (
        "setting", "studies", "bias", "sd", "mean SE", "mean λ", "coverage", "rule", "coverage of the bootstrap",
        "of people alone", "of the level", "width ÷ people's", "sd ÷ people's", "effective ÷ rated",
    )  # fmt: skip
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    for setting, read in found.items():
        frame = read.cast(pl.Float64)  # a study that was not bootstrapped is "nan" in the file
        of = {name: float(np.nanmean(frame[name].to_numpy())) for name in frame.columns}
        sd, of_people = (float(frame[name].to_numpy().std(ddof=1)) for name in ("drift", "people"))
        n, error = len(frame), sd / len(frame) ** 0.5
        low, high = wilson(of["held"], n)
        rule = "conservative" if low > 0.97 else "holds" if low <= 0.97 and high >= 0.93 else "does not hold"
        ratio, off = _ratio(frame)
        yield (
            f"| {setting.name} | {n:,} | {100 * (of['drift'] - setting.truth):+.2f} ± {196 * error:.2f} | "
            f"{100 * sd:.2f} | {100 * of['se']:.2f} | {of['power']:.2f} | "
            f"{of['held']:.3f} ({low:.3f} to {high:.3f}) | {rule} | {of['bootstrap_held']:.3f} | "
            f"{of['people_held']:.3f} | {of['level_held']:.3f} | "
            f"{ratio:.3f} ± {off:.3f} | {sd / of_people:.3f} | "
            f"{np.median(frame['effective'].to_numpy()):.2f} |"
        )


def _ratio(frame: pl.DataFrame) -> tuple[float, float]:
    """Return the mean ratio of widths and 1.96 Monte Carlo standard errors of it."""
    ratio = (frame["width"] / frame["people_width"]).to_numpy()
    return float(ratio.mean()), float(1.96 * ratio.std() / len(ratio) ** 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2_000)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    found = {
        setting: resumed(
            FOLDER / f"{setting.name.replace(' ', '-').replace(',', '')}.csv",
            partial(estimate, setting),
            studies=options.studies,
            jobs=options.jobs,
        )
        for setting in SETTINGS
    }
    TABLE.write_text(
        "<!-- written by `make ppi` -->\n"
        "Drift in ASR from one release to the next, 95 % intervals, two-way; bias (with 1.96 Monte Carlo standard errors), "
        "standard deviation and standard error in points; coverage with its 95 % Wilson interval (of the bootstrap, in the "
        f"first {BOOTSTRAPPED} studies; of the ASR of the earlier release). A method holds when it overlaps .93 to .97.\n\n"
        + "\n".join(lines(found))
        + "\n"
    )
    print("\n".join(lines(found)))


if __name__ == "__main__":
    main()
