"""Do the intervals of a judge's quality hold, and is a difference of biases found too often where there is none?

Simulated studies: responses with an effect of their scenario and one of their own, people with a severity, and a judge whose
sensitivity and specificity to the harm of a response are known. What a majority of such people would say is worked out on many
more responses, each with people of its own. Run: ``python -m benchmarks.judges --studies 1000``; the table is in
``docs/methods/judge-calibration.md``.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.frames import RATING_KEY, RATINGS, RESPONSE_KEY, conform
from driftgauge.measure.calibration import calibration_rows, judge_findings
from driftgauge.measure.outcomes import counted
from driftgauge.measure.rows import estimates_frame
from driftgauge.rate.exchange.ids import content_ids
from driftgauge.study import Protocol

JUDGE: Final = "made-up@00000000"
NAMES: Final = ("judge_agreement", "judge_sensitivity", "judge_specificity", "judge_bias")
SPREADS: Final = (1.0, 0.7, 0.5)
"""Of scenarios, responses and raters, in logits."""
ENOUGH: Final = 400_000


@dataclass(frozen=True)
class Made:
    """A design with its judge.

    Parameters
    ----------
    scenarios, raters
        Each scenario is put to both releases, and everybody rates everything.
    middle
        The logit of harm of each release.
    sensitivity, specificity
        Of the judge, of each release, against whether the response is harmful.
    """

    scenarios: int
    raters: int
    middle: tuple[float, float] = (0.0, -0.8)
    sensitivity: tuple[float, float] = (0.9, 0.9)
    specificity: tuple[float, float] = (0.85, 0.85)


def draw(made: Made, rng: np.random.Generator, *, panels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return people's marks (scenarios, 2, raters) and the judge's (scenarios, 2); each panel is of other people."""
    of_scenario, of_response, of_rater = SPREADS
    harm = np.array(made.middle) + rng.normal(0, of_scenario, (made.scenarios, 1))
    harm = harm + rng.normal(0, of_response, (made.scenarios, 2))
    severity = np.repeat(rng.normal(0, of_rater, (panels, made.raters)), made.scenarios // panels, axis=0)
    marks = 1 / (1 + np.exp(-2 * (harm[..., None] + severity[:, None, :])))
    people = rng.random(marks.shape) < marks
    chance = np.where(harm > 0, np.array(made.sensitivity), 1 - np.array(made.specificity))
    return people, rng.random((made.scenarios, 2)) < chance


def ratings(made: Made, rng: np.random.Generator) -> pl.DataFrame:
    """Return the ratings table of one simulated study."""
    people, judge = draw(made, rng)
    marks = np.concatenate([people, judge[..., None]], axis=2)
    scenario, release, rater = (code.ravel() for code in np.indices(marks.shape))
    last = rater == made.raters
    frame = pl.DataFrame({"s": scenario, "g": release + 1, "r": rater, "success": marks.ravel()}).select(
        pl.format("s{}", "s").alias("scenario"),
        pl.format("A{}", "g").alias("release"),
        pl.lit("A").alias("family"),
        pl.col("g").alias("generation"),
        pl.when(pl.Series(last)).then(pl.lit(JUDGE)).otherwise(pl.format("p{}", "r")).alias("rater"),
        pl.when(pl.Series(last)).then(pl.lit("judge")).otherwise(pl.lit("human")).alias("kind"),
        "success",
        intent=pl.lit("adversarial"), modality=pl.lit("text-only"), attempt=1, occasion=1, purpose=pl.lit("item"),
        status=pl.lit("answered"), simulated=True,
    )  # fmt: skip
    full = conform(frame, RATINGS)
    return full.with_columns(response_id=content_ids(full, RESPONSE_KEY), rating_id=content_ids(full, RATING_KEY))


def estimates(made: Made, rng: np.random.Generator) -> pl.DataFrame:
    """Return the calibration of the judge of one simulated study."""
    table, protocol = ratings(made, rng), Protocol()
    left = counted(table, protocol)
    rows = calibration_rows(table, left, protocol=protocol, rng=rng, bootstrap=0, simulated=True)
    return estimates_frame(list(rows), analysis_id="")


def truth(made: Made, rng: np.random.Generator) -> dict[tuple[str, str | None], float]:
    """Return what the figures are about: the judge against majorities of as many raters like these, of releases and drift."""
    many = Made(ENOUGH, made.raters, made.middle, made.sensitivity, made.specificity)
    people, judge = draw(many, rng, panels=ENOUGH)
    share = people.mean(axis=2)
    majority = np.where(share == 0.5, 0.5, share > 0.5)
    found: dict[tuple[str, str | None], float] = {}
    for number, release in enumerate(("A1", "A2")):
        m, q, y = majority[:, number], judge[:, number], share[:, number]
        found["judge_agreement", release] = float((m * q + (1 - m) * (1 - q)).mean())
        found["judge_sensitivity", release] = float((m * q).sum() / m.sum())
        found["judge_specificity", release] = float(((1 - m) * (1 - q)).sum() / (1 - m).sum())
        found["judge_bias", release] = float((q - y).mean())
    found["judge_bias", "drift"] = found["judge_bias", "A2"] - found["judge_bias", "A1"]
    return found


def covered(made: Made, *, studies: int, seed: int) -> dict[tuple[str, str | None], float]:
    """Return in which share of studies the interval held the truth, and, as ``found``, in which a different bias was found."""
    known = truth(made, np.random.default_rng([seed, 0]))
    inside = dict.fromkeys(known, 0)
    named = 0
    for number in range(studies):
        table = estimates(made, np.random.default_rng([seed, 1, number]))
        rows = table.filter(pl.col("scope") == "raters", pl.col("estimand").is_in(NAMES), pl.col("release").is_not_null())
        for row in rows.iter_rows(named=True):
            key = (row["estimand"], row["contrast"] or row["release"])
            if key in known and row["conf_low"] is not None:
                inside[key] += row["conf_low"] <= known[key] <= row["conf_high"]
        named += any(finding.code == "judge_bias_differs" for finding in judge_findings(table, protocol=Protocol()))
    return {key: n / studies for key, n in inside.items()} | {("found", None): named / studies}


DESIGNS: Final = {
    "40 scenarios, 5 people": Made(40, 5),
    "100 scenarios, 7 people": Made(100, 7),
    "300 scenarios, 12 people": Made(300, 12),
    "300 scenarios, 12 people, misses more of the later release": Made(300, 12, sensitivity=(0.9, 0.7)),
    "100 scenarios, 7 people, nothing changes": Made(100, 7, (-0.4, -0.4)),
}


def lines(*, studies: int, seed: int) -> Iterator[str]:
    """Yield the table, line by line."""
    yield "| design | agreement | sensitivity | specificity | bias | difference of biases | `judge_bias_differs` |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, made in DESIGNS.items():
        found = covered(made, studies=studies, seed=seed)
        cells: list[Any] = [(found[each, "A1"] + found[each, "A2"]) / 2 for each in NAMES]
        cells += [found["judge_bias", "drift"], found["found", None]]
        yield f"| {name} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=9)
    arguments = parser.parse_args()
    for line in lines(studies=arguments.studies, seed=arguments.seed):
        print(line, flush=True)


if __name__ == "__main__":
    main()
