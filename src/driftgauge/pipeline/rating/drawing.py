"""A draw for a panel of a study, from what was collected and what was drawn before; nothing is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

import numpy as np
import polars as pl

from driftgauge.benchmark.lines import each_line
from driftgauge.errors import StudyError
from driftgauge.pipeline.opened import Opened, open_declared
from driftgauge.pipeline.rating import asked
from driftgauge.pipeline.rating.asked import Campaign, Found
from driftgauge.pipeline.rating.expected import Expected, expected
from driftgauge.pipeline.rating.practised import Practised, exercises_of, practised
from driftgauge.pipeline.rating.renderings import Prompts
from driftgauge.pipeline.rating.sampled import Sampled, sampled
from driftgauge.pipeline.registered import Registered, registered
from driftgauge.rate.assign import Design, draw
from driftgauge.rate.design_report import LINES, DesignReport, design_findings, design_report
from driftgauge.records import Finding, Progress
from driftgauge.store import journal, panels
from driftgauge.store.database import PATIENCE
from driftgauge.study import load_study


def random_token() -> str:
    """Return an opaque name: nothing can be read from it or from the order of such names."""
    return token_urlsafe(12)


@dataclass(frozen=True)
class Wanted:
    """What is to be drawn.

    Parameters
    ----------
    panel
        For whom.
    phase
        Of which phase; null for all that the panel rates.
    seed
        The same seed gives the same draw.
    ppi
        How many scenarios people rate, drawn with known probabilities for a judge who rates all; null for what was drawn
        before, or all.
    """

    panel: str
    phase: str | None = None
    seed: int = 1
    ppi: int | None = None


@dataclass(frozen=True)
class Planned:
    """A draw that nobody has written down yet.

    Parameters
    ----------
    opened, campaign, found
        The study, the panel with its phases, and what there is to be rated.
    benchmark
        Verified.
    exercises
        Calibration, then gold.
    seed
        Of the draw.
    sample
        The scenarios that people rate, with their probabilities.
    moment
        The last entry of the journal when this was drawn.
    seats
        Number to rater, of all seats.
    drawn
        `driftgauge.rate.assign.DRAWN`.
    report, expected, findings
        What the design gives with what was drawn before, how sure it is expected to be, and what it does not give.
    unread
        Language to responses, of those that no panel of their phase reads.
    """

    opened: Opened
    campaign: Campaign
    found: Found
    benchmark: Registered
    exercises: tuple[Practised, ...]
    seed: int
    sample: Sampled
    moment: int
    seats: Mapping[int, str]
    drawn: pl.DataFrame
    report: DesignReport
    expected: Expected
    findings: tuple[Finding, ...]
    unread: Mapping[str, int]


def plan(
    folder: Path,
    wanted: Wanted,
    *,
    patience: float = PATIENCE,
    token: Callable[[], str] = random_token,
    progress: Progress = lambda stage, done, total: None,
) -> Planned:
    """Draw who of a panel rates what, of all that was collected and that nobody has been asked about; nothing is written.

    Parameters
    ----------
    folder
        Of the study.
    wanted
        For which panel, of which phase, with which seed.
    patience
        Seconds to wait for another writer.
    token
        Makes opaque names.
    progress
        Told of each stage.

    Raises
    ------
    StudyError
        When the panel or the phase is not declared, or not enough of it, or its exercises cannot be read.
    StoreError
        When nothing was collected.
    BenchmarkError
        When the benchmark is not as it was frozen, or not as it was when it was collected with.
    """
    study = load_study(folder)
    of = asked.campaign(study, wanted.panel, phase=wanted.phase)
    if study.benchmark_folder is None:
        raise StudyError(f"study {study.study} names no benchmark", remedy="Add `benchmark: benchmark/` to study.yaml.")
    declared = exercises_of(study, of.panel)
    progress("verifying the benchmark", 0, 1)
    benchmark = registered(study.benchmark_folder, undone="nothing was drawn")
    opened = open_declared(study, patience=patience)
    progress("reading what was collected", 0, 1)
    with opened.store.reading() as connection:
        moment = journal.entries(connection)[-1].entry
        seeds = asked.seeds_of(of, seed=wanted.seed, draws=panels.count_draws(connection, of.name))
        rng = np.random.default_rng(seeds)  # noqa: TID251 - the edge where generators are made
        scenarios = (each for _, each in each_line(benchmark.folder))
        sample = sampled(connection, scenarios, n=wanted.ppi, seed=wanted.seed)
        found = asked.find(connection, of, twins=_twins(benchmark), rng=rng, sample=sample)
        exercises = practised(declared, panels.known_exercises(connection, of.name), token=token)
    Prompts(benchmark).require(found.responses)
    progress("drawing", 0, 1)
    counts = {purpose: [each.name for each in exercises if each.purpose == purpose] for purpose in ("calibration", "gold")}
    design = asked.design_of(of.panel, calibration=len(counts["calibration"]), gold=len(counts["gold"]))
    drawn = draw(asked.asked_of(found), design, asked.seats_of(found, of, gold=counts["gold"]), rng)
    report = design_report(_lines(found, drawn, of), raters=of.raters, day_items=study.protocol.wellbeing.day_items)
    return Planned(
        opened=opened,
        campaign=of,
        found=found,
        benchmark=benchmark,
        exercises=exercises,
        seed=wanted.seed,
        sample=sample,
        moment=moment,
        seats={number: found.seats.get(number) or f"r-{token()}" for number in range(1, of.raters + 1)},
        drawn=drawn,
        report=report,
        expected=expected(study, of.phases),
        findings=tuple(_findings(report, design, of)),
        unread=asked.unread(study, found),
    )


def _findings(report: DesignReport, design: Design, of: Campaign) -> tuple[Finding, ...]:
    """Return what the design does not give of what the panel declares."""
    gold = report.load.most // of.panel.gold.every if of.panel.gold else 0
    across = of.panel.anchor_across if of.before else 0.0
    return tuple(design_findings(report, apart=design.apart, anchors=design.anchors, across=across, gold=gold))


def _twins(benchmark: Registered) -> dict[str, str]:
    """Return the scenario whose benign twin each is: neither stands near the other."""
    return {each.scenario: each.twin_of for _, each in each_line(benchmark.folder) if each.twin_of}


def _lines(found: Found, drawn: pl.DataFrame, of: Campaign) -> pl.DataFrame:
    """Return what a panel is asked, what was drawn before included, as a report takes it."""
    kinds = found.responses.select("scenario", "kind").unique()
    before = found.drawn.join(kinds, on="scenario", how="left", maintain_order="left")
    items = found.responses.with_row_index("item").with_columns(pl.col("item").cast(pl.Int64))
    now = placed(found, drawn).join(items, on="item", how="left", maintain_order="left")
    columns = {
        "rater": pl.col("number").cast(pl.String), "response": pl.col("response_id"),
        "across": (~pl.col("phase").is_in(of.every)).fill_null(value=False),
    }  # fmt: skip
    lines = (each.with_columns(**columns).select(LINES.names()) for each in (before, now))
    return pl.concat(lines)


def placed(found: Found, drawn: pl.DataFrame) -> pl.DataFrame:
    """Return a draw with the `number` of each seat, and each `position` after all that its rater had before."""
    before = found.drawn.filter(pl.col("position") > 0).group_by("number").agg(last=pl.col("position").max())
    numbered = drawn.with_columns(number=pl.col("seat") + 1).join(before, on="number", how="left", maintain_order="left")
    last = pl.when(pl.col("place") > 0).then(pl.col("last").fill_null(0)).otherwise(0)
    return numbered.with_columns(position=pl.col("place") + last).drop("last")
