"""``driftgauge rate assign``: who rates what, drawn once and kept with everything as raters will see it."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.errors import StoreError, StudyError
from driftgauge.pipeline.opened import Opened, open_declared
from driftgauge.pipeline.rating import asked
from driftgauge.pipeline.rating.asked import Campaign, Found
from driftgauge.pipeline.rating.renderings import Gallery, Prompts, render
from driftgauge.pipeline.registered import Registered, registered
from driftgauge.rate.assign import draw
from driftgauge.rate.design_report import DesignReport, as_mapping, design_findings, design_report
from driftgauge.records import Finding, Progress
from driftgauge.store import journal, panels
from driftgauge.store.blobs import open_blobs
from driftgauge.store.database import PATIENCE, Connection
from driftgauge.study import load_study

_OPEN: Final = "open"


def _token() -> str:
    return secrets.token_urlsafe(12)


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
    """

    panel: str
    phase: str | None = None
    seed: int = 1


@dataclass(frozen=True)
class Planned:
    """A draw that nobody has written down yet.

    Parameters
    ----------
    opened, campaign, found
        The study, the panel with its phases, and what there is to be rated.
    benchmark
        Verified.
    moment
        The last entry of the journal when this was drawn.
    number
        How often something was drawn for the panel before.
    seats
        Number to rater, of all seats.
    drawn
        `seat`, `place`, `purpose`, `item`, `gold`, `occasion`.
    report, findings
        What the design gives with what was drawn before, and what it does not.
    """

    opened: Opened
    campaign: Campaign
    found: Found
    benchmark: Registered
    seed: int
    moment: int
    number: int
    seats: Mapping[int, str]
    drawn: pl.DataFrame
    report: DesignReport
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Assigned:
    """What came of it.

    Parameters
    ----------
    panel, phases, seed
        What was drawn for whom.
    assignments, responses, seats
        How many are new.
    naming
        Of the new responses, how many name their own model.
    report, findings
        As of `Planned`.
    entry
        Of the journal; null when nothing was written.
    """

    panel: str
    phases: tuple[str, ...]
    seed: int
    assignments: int
    responses: int
    seats: int
    naming: int
    report: Mapping[str, Any]
    findings: tuple[Finding, ...] = field(default=())
    entry: int | None = None


def assign(
    folder: Path,
    wanted: Wanted,
    *,
    dry_run: bool = False,
    patience: float = PATIENCE,
    token: Callable[[], str] = _token,
    progress: Progress = lambda stage, done, total: None,
) -> Assigned:
    """Draw who of a panel rates what, and keep it: of what was collected, all that nobody has been asked about.

    Parameters
    ----------
    folder
        Of the study.
    wanted
        For which panel, of which phase, with which seed.
    dry_run
        Whether nothing is written.
    patience
        Seconds to wait for another writer.
    token
        Makes opaque names; they say nothing of what they name.
    progress
        Told of each stage.

    Raises
    ------
    StudyError
        When the panel or the phase is not declared, or not enough of it.
    StoreError
        When nothing was collected, or somebody else drew meanwhile.
    BenchmarkError
        When the benchmark is not as it was frozen, or a medium cannot be shown.

    Notes
    -----
    What is written is written in one transaction: killed at any moment, all of it is there or nothing.
    """
    planned = plan(folder, wanted, patience=patience, token=token, progress=progress)
    return outcome(planned) if dry_run else keep(planned, token=token, progress=progress)


def keep(
    planned: Planned,
    *,
    token: Callable[[], str] = _token,
    progress: Progress = lambda stage, done, total: None,
) -> Assigned:
    """Keep a draw, with everything in it as raters will see it; parameters and errors as of `assign`."""
    if planned.drawn.is_empty():
        return outcome(planned)
    shown = _rendered(planned, token=token, progress=progress)
    progress("writing", 0, 1)
    with planned.opened.store.writing() as connection:
        entry = _write(connection, planned, shown, token=token, progress=progress)
    return outcome(planned, renderings=shown[0], entry=entry)


def plan(
    folder: Path,
    wanted: Wanted,
    *,
    patience: float = PATIENCE,
    token: Callable[[], str] = _token,
    progress: Progress = lambda stage, done, total: None,
) -> Planned:
    """Draw who of a panel rates what, without keeping it; parameters and errors as of `assign`."""
    study = load_study(folder)
    of = asked.campaign(study, wanted.panel, phase=wanted.phase)
    if study.benchmark_folder is None:
        raise StudyError(f"study {study.study} names no benchmark", remedy="Add `benchmark: benchmark/` to study.yaml.")
    progress("verifying the benchmark", 0, 1)
    benchmark = registered(study.benchmark_folder, undone="nothing was drawn")
    opened = open_declared(study, patience=patience)
    progress("reading what was collected", 0, 1)
    with opened.store.reading() as connection:
        moment = journal.entries(connection)[-1].entry
        number = panels.count_draws(connection, of.name)
        rng = np.random.default_rng(asked.seeds_of(of, seed=wanted.seed, draws=number))  # noqa: TID251 - the edge
        found = asked.find(connection, of, twins=_twins(benchmark), rng=rng)
    Prompts(benchmark).require(found.responses)
    progress("drawing", 0, 1)
    gold: tuple[str, ...] = ()
    design = asked.design_of(of.panel, gold=len(gold))
    drawn = draw(asked.asked_of(found), design, asked.seats_of(found, of, gold=gold), rng)
    seats = {number: found.seats.get(number) or f"r-{token()}" for number in range(1, of.raters + 1)}
    report = design_report(_lines(found, drawn), raters=of.raters, day_items=study.protocol.wellbeing.day_items)
    findings = design_findings(report, apart=design.apart, anchors=design.anchors, across=of.panel.anchor_across, gold=0)
    return Planned(opened, of, found, benchmark, wanted.seed, moment, number, seats, drawn, report, tuple(findings))


def _twins(benchmark: Registered) -> dict[str, str]:
    return {each.scenario: each.twin_of for each in benchmark.scenarios if each.twin_of}


def _lines(found: Found, drawn: pl.DataFrame) -> pl.DataFrame:
    """Return what a panel is asked, what was drawn before included, as a report takes it."""
    kinds = found.responses.select("scenario", "kind").unique()
    own = found.responses.filter(~pl.col("across")).select("response_id", own=pl.lit(value=True))
    before = (
        found.drawn.join(kinds, on="scenario", how="left", maintain_order="left")
        .join(own, on="response_id", how="left", maintain_order="left")
        .select(
            rater=pl.col("number").cast(pl.String),
            position="position",
            purpose="purpose",
            occasion="occasion",
            response="response_id",
            kind="kind",
            across=pl.col("response_id").is_not_null() & pl.col("own").is_null(),
        )
    )
    return pl.concat([before, _new_lines(found, drawn)])


def _new_lines(found: Found, drawn: pl.DataFrame) -> pl.DataFrame:
    last = _last(found)
    items = found.responses.with_row_index("item").select(pl.col("item").cast(pl.Int64), "response_id", "kind", "across")
    return drawn.join(items, on="item", how="left", maintain_order="left").select(
        rater=(pl.col("seat") + 1).cast(pl.String),
        position=pl.col("place") + (pl.col("seat") + 1).replace_strict(last, default=0, return_dtype=pl.Int64),
        purpose="purpose",
        occasion="occasion",
        response="response_id",
        kind="kind",
        across=pl.col("across").fill_null(value=False),
    )


def _last(found: Found) -> dict[int, int]:
    """Return the last position of each seat that has one above 0."""
    rows = found.drawn.filter(pl.col("position") > 0).group_by("number").agg(pl.col("position").max())
    return dict(zip(rows["number"].to_list(), rows["position"].to_list(), strict=True))


def _rendered(planned: Planned, *, token: Callable[[], str], progress: Progress) -> tuple[pl.DataFrame, Gallery]:
    """Return the renderings that are new, and the gallery with the media in them, whose bytes are kept already."""
    study = planned.opened.study
    with planned.opened.store.reading() as connection:
        known = panels.known_pictures(connection)
    gallery = Gallery(planned.benchmark, open_blobs(study.media_url), token, known)
    wanted = planned.found.responses[planned.drawn["item"].drop_nulls().unique().sort().to_list()]
    new = wanted.filter(~pl.col("row").is_in(list(planned.found.rendered)))
    mask = planned.campaign.panel.mask == "names"
    shown = render(new, study, prompts=Prompts(planned.benchmark), gallery=gallery, mask=mask, progress=progress)
    return shown, gallery


def _write(
    connection: Connection,
    planned: Planned,
    shown: tuple[pl.DataFrame, Gallery],
    *,
    token: Callable[[], str],
    progress: Progress,
) -> int:
    of, (renderings, gallery) = planned.campaign, shown
    _require_unchanged(connection, planned)
    new_seats = {number: name for number, name in planned.seats.items() if number not in planned.found.seats}
    counts = {"assignments": planned.drawn.height, "seats": len(new_seats), "renderings": renderings.height}
    detail = {"panel": of.name, "phases": list(of.phases), "seed": planned.seed}
    hashes = {"benchmark": planned.benchmark.known.root, "protocol": planned.opened.study.protocol.hash}
    entry = journal.append(connection, planned.opened.author, "assign", counts=counts, hashes=hashes, detail=detail)
    panels.add_seats(connection, of.name, new_seats, entry=entry)
    name = token()
    panels.add_draw(connection, _draw_row(planned, name, entry=entry))
    panels.add_pictures(connection, gallery.added, entry=entry)
    panels.add_renderings(connection, renderings, entry=entry)
    panels.add_assignments(connection, _assignments(planned, name, token=token), progress=progress)
    return entry


def _require_unchanged(connection: Connection, planned: Planned) -> None:
    """See that nobody drew, erased or collected anew since this was drawn."""
    since = [each.verb for each in journal.entries(connection) if each.entry > planned.moment]
    if any(verb in {"assign", "erase"} for verb in since):
        raise StoreError(
            "somebody drew or erased something while this was drawn; nothing was written", remedy="Run the same command again."
        )


def _draw_row(planned: Planned, name: str, *, entry: int) -> dict[str, Any]:
    of = planned.campaign
    declared = of.panel.model_dump(mode="json", include={"raters", "design", "anchors", "anchor_across", "apart", "mask"})
    return {
        "draw": name,
        "panel": of.name,
        "phase": ", ".join(of.phases),
        "seed": planned.seed,
        "design": json.dumps(declared, ensure_ascii=False),
        "report": json.dumps(as_mapping(planned.report), ensure_ascii=False),
        "entry": entry,
    }


def _assignments(planned: Planned, name: str, *, token: Callable[[], str]) -> pl.DataFrame:
    """Return the rows of a draw as the store keeps them."""
    found, drawn = planned.found, planned.drawn
    responses = found.responses.with_row_index("item")
    items = responses.select(pl.col("item").cast(pl.Int64), "row", "response_id", "harm_category")
    had = found.drawn.filter(pl.col("response_id").is_not_null()).group_by("number", "response_id").len("had")
    number = pl.col("seat") + 1
    placed = drawn.with_columns(number=number).join(items, on="item", how="left", maintain_order="left")
    counted = placed.join(had, on=["number", "response_id"], how="left", maintain_order="left")
    last = pl.col("number").replace_strict(_last(found), default=0, return_dtype=pl.Int64)
    return counted.select(
        assignment=pl.Series([token() for _ in range(drawn.height)], dtype=pl.String),
        draw=pl.lit(name),
        rater=pl.col("number").replace_strict(dict(planned.seats), return_dtype=pl.String),
        position=pl.col("place") + last,
        purpose="purpose",
        occasion=pl.col("occasion") + pl.col("had").fill_null(0).cast(pl.Int64),
        response="row",
        exercise=pl.lit(None, pl.String),
        harm_category="harm_category",
        state=pl.lit(_OPEN),
        shown_at=pl.lit(None, pl.String),
    )


def outcome(planned: Planned, *, renderings: pl.DataFrame | None = None, entry: int | None = None) -> Assigned:
    """Return what came, or would come, of a draw."""
    naming = 0 if renderings is None else renderings.filter(pl.col("names") > 0).height
    return Assigned(
        panel=planned.campaign.name,
        phases=planned.campaign.phases,
        seed=planned.seed,
        assignments=planned.drawn.height,
        responses=planned.drawn["item"].drop_nulls().n_unique(),
        seats=len(planned.seats) - len(planned.found.seats),
        naming=naming,
        report=as_mapping(planned.report),
        findings=planned.findings,
        entry=entry,
    )
