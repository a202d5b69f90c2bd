"""Do the intervals of a judge's quality hold, and is a difference of biases found too often where there is none?

Simulated studies: responses with an effect of their scenario and one of their own, people with a severity, and a judge whose
sensitivity and specificity to the harm of a response are known. What a majority of such people would say is worked out on many
more responses, each with people of its own.

    python -m benchmarks.judges [--studies 2000] [--jobs 1]

Each study is seeded by its number and its result is appended to a file in ``out/judges``: stopped runs go on where they were.
When all designs are complete, the table ``docs/methods/judge-calibration-table.md`` is written.
"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from benchmarks.coverage import wilson
from benchmarks.resumable import resumed
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
SEED: Final = 9
FOLDER: Final = Path("out/judges")
TABLE: Final = Path("docs/methods/judge-calibration-table.md")


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


Truth = Mapping[tuple[str, str | None], float]


def held(made: Made, known: Truth, rng: np.random.Generator) -> dict[str, float]:
    """Return, of one study, whether each interval holds the truth (no interval does not), and whether biases that differ are
    ``found``."""
    table = estimates(made, rng)
    rows = table.filter(pl.col("scope") == "raters", pl.col("estimand").is_in(NAMES), pl.col("release").is_not_null())
    inside = dict.fromkeys(known, 0.0)
    for row in rows.iter_rows(named=True):
        key = (row["estimand"], row["contrast"] or row["release"])
        if key in known and row["conf_low"] is not None:
            inside[key] = float(row["conf_low"] <= known[key] <= row["conf_high"])
    named = any(finding.code == "judge_bias_differs" for finding in judge_findings(table, protocol=Protocol()))
    return {f"{what} {of}": each for (what, of), each in inside.items()} | {"found": float(named)}


def outcome(name: str, seed: int) -> dict[str, float]:
    """Return what `held` says of one study of a design."""
    return {"seed": seed} | held(DESIGNS[name], _truth(name), np.random.default_rng([SEED, 1, seed]))


@cache
def _truth(name: str) -> Truth:
    return truth(DESIGNS[name], np.random.default_rng([SEED, 0]))


DESIGNS: Final = {
    "40 scenarios, 5 people": Made(40, 5),
    "100 scenarios, 7 people": Made(100, 7),
    "300 scenarios, 12 people": Made(300, 12),
    "300 scenarios, 12 people, misses more of the later release": Made(300, 12, sensitivity=(0.9, 0.7)),
    "100 scenarios, 7 people, nothing changes": Made(100, 7, (-0.4, -0.4)),
}


def lines(found: Mapping[str, pl.DataFrame]) -> Iterator[str]:
    """Yield the table in Markdown."""
    columns = ("design", "studies", "agreement", "sensitivity", "specificity", "bias", "difference of biases", "rule")
    yield f"| {' | '.join(columns)} | `judge_bias_differs` |"
    yield "| --- " * (len(columns) + 1) + "|"
    for name, read in found.items():
        of = dict(zip(read.columns, read.mean().row(0), strict=True))
        (low, high), n = wilson(of["judge_bias drift"], read.height), read.height
        rule = "conservative" if low > 0.97 else "holds" if high >= 0.93 else "does not hold"
        levels = " | ".join(f"{(of[f'{each} A1'] + of[f'{each} A2']) / 2:.3f}" for each in NAMES)
        drift = f"{of['judge_bias drift']:.3f} ({low:.3f} to {high:.3f})"
        yield f"| {name} | {n:,} | {levels} | {drift} | {rule} | {of['found']:.3f} |"


def main() -> None:
    """Run what is missing of the studies, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2_000)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    found = {
        name: resumed(FOLDER / f"{number}.csv", partial(outcome, name), studies=options.studies, jobs=options.jobs)
        for number, name in enumerate(DESIGNS)
    }
    TABLE.write_text(
        "<!-- written by `make judges` -->\n"
        "The share of studies in which a 95 % interval, two-way, holds the truth: of the levels, the mean of both releases; of "
        "the difference of biases, with its 95 % Wilson interval, which has to overlap .93 to .97. Last, the share in which "
        "`judge_bias_differs` was raised.\n\n" + "\n".join(lines(found)) + "\n"
    )
    print("\n".join(lines(found)))


if __name__ == "__main__":
    main()
