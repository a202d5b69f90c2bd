"""``make monitoring``: false alarms and delays of the monitor, beside a fixed-sample test and naive testing every night.

    python -m benchmarks.monitoring [--runs 1000]

Writes docs/methods/monitoring-table.md. A run is a benchmark of scenarios that differ, one frozen baseline answer to each of
its prompts, and a block of scenarios each night. The truth of a night is the mean over the benchmark of the probability of an
attack success minus the baseline, put exactly where the setting says. Resumable: runs are kept in out/monitoring.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.coverage import wilson
from benchmarks.resumable import resumed
from driftgauge.measure.sequence import Look, Monitoring, Rule

Floats = npt.NDArray[np.float64]
ROOT = Path(__file__).resolve().parents[1]
OUT, TABLE = ROOT / "out" / "monitoring", ROOT / "docs" / "methods" / "monitoring-table.md"
SCENARIOS, PROMPTS, BLOCK, NIGHTS = 363, 2, 20, 200
RULE = Rule(margin=0.05, level=0.95)
D = RULE.margin
Z = 1.959963984540054
FIXED = 31
"""Nights of the fixed-sample test: 80 % power at 2δ if each difference had a standard deviation of 0.44."""
QUIET = 60
"""Nights before the drift that begins late."""
METHODS = ("sequence", "fixed", "naive")
WORDS = {"sequence": "the monitor", "fixed": f"one test, after {FIXED} nights", "naive": "a test every night"}


@dataclass(frozen=True)
class Setting:
    """Where the truth is each night; `begins` is the first night of a drift, null where none is."""

    name: str
    title: str
    path: tuple[float, ...]
    begins: int | None = None


SETTINGS = (
    Setting("zero", "truth at 0", (0.0,) * NIGHTS),
    Setting("margin", "truth at +δ", (D,) * NIGHTS),
    Setting("moving", "truth from +δ to −δ and back every 20 nights", tuple(D * (-1) ** (n // 20) for n in range(NIGHTS))),
    Setting("walking", "truth walks at random within ±δ", ()),
    Setting("drift", "drift of 2δ from the first night", (2 * D,) * NIGHTS, 0),
    Setting("late", f"drift of 2δ after {QUIET} nights at 0", (0.0,) * QUIET + (2 * D,) * NIGHTS, QUIET),
    Setting("large", f"drift of 4δ after {QUIET} nights at 0", (0.0,) * QUIET + (4 * D,) * NIGHTS, QUIET),
)


def expit(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


class Town:
    """A benchmark with its baseline, and an endpoint whose mean difference to it can be put anywhere."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._logits = rng.normal(-1.3, 1.5, SCENARIOS)[:, None] + rng.normal(0, 0.5, (SCENARIOS, PROMPTS))
        self._baseline = (rng.random((SCENARIOS, PROMPTS)) < expit(self._logits)).astype(float)
        self._known: dict[float, Floats] = {}

    def night(self, truth: float) -> Floats:
        """Return the differences of a block."""
        if truth not in self._known:
            self._known[truth] = self._moved(truth)
        chosen = self._rng.choice(SCENARIOS, BLOCK, replace=False)
        answers = self._rng.random((BLOCK, PROMPTS)) < self._known[truth][chosen]
        return (answers - self._baseline[chosen]).mean(axis=1)

    def _moved(self, truth: float) -> Floats:
        low, high = -10.0, 10.0
        for _ in range(50):
            middle = (low + high) / 2
            below = expit(self._logits + middle).mean() - self._baseline.mean() < truth
            low, high = (middle, high) if below else (low, middle)
        return expit(self._logits + low)


def walked(rng: np.random.Generator) -> list[float]:
    """Return a walk within the margin, in steps of a fifth of it, reflected at its ends."""
    place, found = 0, []
    for step in rng.choice([-1, 1], NIGHTS):
        place = place + step if abs(place + step) <= 5 else place - step
        found.append(D * place / 5)
    return found


def one(setting: Setting, seed: int) -> dict[str, float]:
    """Return the night of the first alarm of each method, from 1; 0 for never."""
    rng = np.random.default_rng([20261125, SETTINGS.index(setting), seed])
    town, sequence = Town(rng), Monitoring(RULE)
    seen: list[Floats] = []
    alarms = dict.fromkeys(METHODS, 0)
    for night, truth in enumerate(setting.path or walked(rng), start=1):
        seen.append(town.night(truth))
        sequence.take(Look(seen[-1], seen[-1]))
        outside = _is_outside(np.concatenate(seen))
        told = {"sequence": sequence.alarm is not None, "fixed": outside and night == FIXED, "naive": outside and night > 1}
        for method, raised in told.items():
            alarms[method] = alarms[method] or night * raised
    return {"seed": seed, **alarms}


def _is_outside(values: Floats) -> bool:
    """Whether the usual 95 % interval of all scenarios so far is disjoint from [−δ, δ]."""
    return bool(abs(values.mean()) - Z * values.std(ddof=1) / math.sqrt(values.size) > D)


def share(found: Sequence[bool]) -> str:
    interval = wilson(float(np.mean(found)), len(found))
    return f"{np.mean(found):.3f} ({interval[0]:.3f} to {interval[1]:.3f})"


def null_row(setting: Setting, runs: pl.DataFrame) -> Iterator[str]:
    for method in METHODS:
        first = runs[method].to_numpy()
        by = [np.mean((first > 0) & (first <= night)) for night in (10, 50)]
        yield f"| {setting.title} | {WORDS[method]} | {by[0]:.3f} | {by[1]:.3f} | {share((first > 0).tolist())} |"


def drift_row(setting: Setting, runs: pl.DataFrame) -> Iterator[str]:
    begins = setting.begins or 0
    for method in METHODS:
        first = runs[method].to_numpy().astype(float)
        before = np.mean((first > 0) & (first <= begins))
        delay = np.where(first > begins, first - begins, np.inf)[~((first > 0) & (first <= begins))]
        cells = [_nights(np.quantile(delay, q, method="higher")) for q in (0.5, 0.9)]
        yield f"| {setting.title} | {WORDS[method]} | {before:.3f} | {np.mean(np.isfinite(delay)):.3f} | {' | '.join(cells)} |"


def _nights(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else "never"


def page(results: dict[str, pl.DataFrame], runs: int) -> str:
    nulls, drifts = ([each for each in SETTINGS if (each.begins is None) is quiet] for quiet in (True, False))
    lines = [
        "<!-- written by `make monitoring` -->",
        f"{runs:,} runs of each setting: {SCENARIOS} scenarios of {PROMPTS} prompts, {BLOCK} scenarios a night, {NIGHTS} "
        f"nights, δ = {D:g}, level {RULE.level:g}.\n",
        "No drift: the share of runs with a false alarm by a night, and at any (with its 95 % Wilson interval).\n",
        f"| truth | method | by night 10 | by night 50 | ever, in {NIGHTS} nights |",
        "| --- | --- | --- | --- | --- |",
        *(row for each in nulls for row in null_row(each, results[each.name])),
        f"\nA drift: alarms before it, the share of the other runs in which it is found within {NIGHTS} nights, and the nights "
        "that takes in half and in nine tenths of them.\n",
        "| truth | method | before it | found | nights, median | nights, 90 % |",
        "| --- | --- | --- | --- | --- | --- |",
        *(row for each in drifts for row in drift_row(each, results[each.name])),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    results = {
        each.name: resumed(OUT / f"{each.name}.csv", partial(one, each), studies=chosen.runs, jobs=chosen.jobs)
        for each in SETTINGS
    }
    text = page(results, chosen.runs)
    TABLE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
