"""``driftgauge rate assign``: a draw kept once, with everything as raters will see it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from driftgauge.errors import StoreError
from driftgauge.pipeline.provenance import file_hash
from driftgauge.pipeline.rating.drawing import Planned, Wanted, placed, plan, random_token
from driftgauge.pipeline.rating.practised import Practised, exercise_renderings, exercise_rows, file_hashes
from driftgauge.pipeline.rating.renderings import Gallery, Prompts, render
from driftgauge.rate.design_report import as_mapping
from driftgauge.records import Finding, Progress
from driftgauge.store import journal, panels, samples
from driftgauge.store.blobs import open_blobs
from driftgauge.store.database import PATIENCE, Connection

_OPEN: Final = "open"


@dataclass(frozen=True)
class Assigned:
    """What came of a draw.

    Parameters
    ----------
    panel, phases, seed
        What was drawn for whom.
    assignments, responses, seats, exercises
        How many are new.
    naming
        Of the new responses, how many name their own model.
    report, findings
        As of `Planned`.
    entry
        Of the journal; null when nothing was written.
    unread
        Language to responses, of those that no panel of their phase reads: nobody is asked about them.
    """

    panel: str
    phases: tuple[str, ...]
    seed: int
    assignments: int
    responses: int
    seats: int
    exercises: int
    naming: int
    report: Mapping[str, Any]
    findings: tuple[Finding, ...]
    entry: int | None
    unread: Mapping[str, int]


def assign(
    folder: Path,
    wanted: Wanted,
    *,
    dry_run: bool = False,
    patience: float = PATIENCE,
    token: Callable[[], str] = random_token,
    progress: Progress = lambda stage, done, total: None,
) -> Assigned:
    """Draw who of a panel rates what, and keep it.

    Parameters
    ----------
    folder, wanted, patience, token, progress
        As of `plan`.
    dry_run
        Whether nothing is written.

    Raises
    ------
    StudyError, StoreError, BenchmarkError
        As of `plan` and `keep`.
    """
    planned = plan(folder, wanted, patience=patience, token=token, progress=progress)
    return outcome(planned) if dry_run else keep(planned, token=token, progress=progress)


@dataclass(frozen=True)
class _Shown:
    """What raters will see of a draw, as far as the store does not have it yet."""

    exercises: tuple[Practised, ...]
    renderings: pl.DataFrame
    pictures: tuple[Mapping[str, Any], ...]


def keep(
    planned: Planned,
    *,
    token: Callable[[], str] = random_token,
    progress: Progress = lambda stage, done, total: None,
) -> Assigned:
    """Keep a draw, with everything in it as raters will see it.

    Parameters
    ----------
    planned
        Of `plan`.
    token
        Makes opaque names.
    progress
        Told of each stage.

    Raises
    ------
    StoreError
        When somebody drew or erased something meanwhile, or the store cannot be written.
    BenchmarkError
        When a medium cannot be shown.

    Notes
    -----
    What takes long is done before the store is written, so that raters at work wait for nothing. One transaction: killed at any
    moment, all of it is there or nothing, and the same command does it.
    """
    if planned.drawn.is_empty():
        return outcome(planned)
    shown = _shown(planned, token=token, progress=progress)
    assignments = _assignments(planned, token=token)
    progress("writing", 0, 1)
    with planned.opened.store.writing() as connection:
        _require_unchanged(connection, planned)
        entry = _entry(connection, planned, shown)
        _write(connection, planned, shown, assignments=assignments, entry=entry, progress=progress)
    return outcome(planned, renderings=shown.renderings, entry=entry)


def _shown(planned: Planned, *, token: Callable[[], str], progress: Progress) -> _Shown:
    """Return what is new to be seen; the bytes of media are kept by their hash already."""
    study = planned.opened.study
    with planned.opened.store.reading() as connection:
        known = panels.known_pictures(connection)
    gallery = Gallery(planned.benchmark, open_blobs(study.media_url), token, known)
    drawn = planned.found.responses[planned.drawn["item"].drop_nulls().unique().sort().to_list()]
    new = drawn.filter(~pl.col("row").is_in(list(planned.found.rendered)))
    mask = planned.campaign.panel.mask == "names"
    rendered = render(new, study, prompts=Prompts(planned.benchmark), gallery=gallery, mask=mask, progress=progress)
    exercises = tuple(each for each in planned.exercises if each.is_new)
    return _Shown(exercises, pl.concat([rendered, exercise_renderings(exercises)]), tuple(gallery.added))


def _require_unchanged(connection: Connection, planned: Planned) -> None:
    """See that nobody drew or erased anything since this was drawn."""
    since = {each.verb for each in journal.entries(connection) if each.entry > planned.moment}
    if since & {"assign", "erase"}:
        raise StoreError(
            "somebody drew or erased something while this was drawn; nothing was written", remedy="Run the same command again."
        )


def _entry(connection: Connection, planned: Planned, shown: _Shown) -> int:
    of, study = planned.campaign, planned.opened.study
    counts = {
        "assignments": planned.drawn.height, "seats": len(_new_seats(planned)), "renderings": shown.renderings.height,
        "exercises": len(shown.exercises), "pictures": len(shown.pictures),
    }  # fmt: skip
    hashes = {"benchmark": planned.benchmark.known.root, "protocol": study.protocol.hash}
    hashes |= {purpose: file_hash(path) for purpose, path in file_hashes(study, of.panel).items()}
    if planned.sample.is_new:
        counts["sampled"] = int(planned.sample.scenarios["drawn"].sum())
    detail = {"panel": of.name, "phases": list(of.phases), "seed": planned.seed}
    return journal.append(connection, planned.opened.author, "assign", counts=counts, hashes=hashes, detail=detail)


def _new_seats(planned: Planned) -> dict[int, str]:
    return {number: name for number, name in planned.seats.items() if number not in planned.found.seats}


def _write(
    connection: Connection,
    planned: Planned,
    shown: _Shown,
    *,
    assignments: pl.DataFrame,
    entry: int,
    progress: Progress,
) -> None:
    panel = planned.campaign.name
    panels.add_seats(connection, panel, _new_seats(planned), entry=entry)
    panels.add_draw(connection, _draw_row(planned, assignments["draw"][0], entry=entry))
    panels.add_pictures(connection, shown.pictures, entry=entry)
    if planned.sample.is_new:
        samples.add_sample(connection, planned.sample.scenarios, entry=entry)
    panels.add_exercises(connection, exercise_rows(shown.exercises, panel=panel), entry=entry)
    panels.add_renderings(connection, shown.renderings, entry=entry)
    panels.add_assignments(connection, assignments, progress=progress)


def _draw_row(planned: Planned, name: str, *, entry: int) -> dict[str, Any]:
    of = planned.campaign
    names = {"raters", "design", "anchors", "anchor_across", "apart", "mask", "gold", "calibration"}
    return {
        "draw": name,
        "panel": of.name,
        "phase": ", ".join(of.phases),
        "seed": planned.seed,
        "design": json.dumps(of.panel.model_dump(mode="json", by_alias=True, include=names), ensure_ascii=False),
        "report": json.dumps(_report(planned), ensure_ascii=False),
        "entry": entry,
    }


def _report(planned: Planned) -> dict[str, Any]:
    """Return what a design gives as JSON holds it and people read it."""
    drifts = {
        f"{each.baseline_release} → {each.release}": {"std_error": each.std_error, "half_width": each.half_width}
        for each in planned.expected.drifts
    }
    sample = {"sample": _strata(planned)} if planned.sample.scenarios.height else {}
    return {**as_mapping(planned.report), **sample, "expected_drifts": drifts or planned.expected.unsaid}


def _strata(planned: Planned) -> list[dict[str, Any]]:
    """Return the strata of the sample: `stratum`, `scenarios`, `drawn`, `inclusion`."""
    by_stratum = planned.sample.scenarios.group_by("stratum", "inclusion").agg(scenarios=pl.len(), drawn=pl.col("drawn").sum())
    return by_stratum.sort("stratum").select("stratum", "scenarios", "drawn", "inclusion").to_dicts()


def _assignments(planned: Planned, *, token: Callable[[], str]) -> pl.DataFrame:
    """Return the rows of a draw as the store keeps them; what a rater was shown before comes on a further occasion."""
    found = planned.found
    names = [{"purpose": each.purpose, "exercise": place, "name": each.name} for place, each in _numbered(planned)]
    exercises = pl.DataFrame(names, schema={"purpose": pl.String, "exercise": pl.Int64, "name": pl.String})
    responses = found.responses.with_row_index("item")
    items = responses.select(pl.col("item").cast(pl.Int64), "row", "response_id", "harm_category")
    had = found.drawn.filter(pl.col("response_id").is_not_null()).group_by("number", "response_id").len("had")
    every = placed(found, planned.drawn).join(items, on="item", how="left", maintain_order="left")
    every = every.join(had, on=["number", "response_id"], how="left", maintain_order="left")
    every = every.join(exercises, on=["purpose", "exercise"], how="left", maintain_order="left")
    return every.select(
        assignment=pl.Series([token() for _ in range(every.height)], dtype=pl.String),
        draw=pl.lit(token()),
        rater=pl.col("number").replace_strict(dict(planned.seats), return_dtype=pl.String),
        position="position",
        purpose="purpose",
        occasion=pl.col("occasion") + pl.col("had").fill_null(0).cast(pl.Int64),
        response="row",
        exercise="name",
        harm_category="harm_category",
        state=pl.lit(_OPEN),
        shown_at=pl.lit(None, pl.String),
    )


def _numbered(planned: Planned) -> list[tuple[int, Practised]]:
    """Return the exercises with their places among those of their purpose."""
    by_purpose = {purpose: [e for e in planned.exercises if e.purpose == purpose] for purpose in ("calibration", "gold")}
    return [numbered for several in by_purpose.values() for numbered in enumerate(several)]


def outcome(planned: Planned, *, renderings: pl.DataFrame | None = None, entry: int | None = None) -> Assigned:
    """Return what came, or would come, of a draw."""
    return Assigned(
        panel=planned.campaign.name,
        phases=planned.campaign.phases,
        seed=planned.seed,
        assignments=planned.drawn.height,
        responses=planned.drawn["item"].drop_nulls().n_unique(),
        seats=len(_new_seats(planned)),
        exercises=sum(each.is_new for each in planned.exercises),
        naming=0 if renderings is None else renderings.filter(pl.col("names") > 0).height,
        report=_report(planned),
        findings=planned.findings,
        entry=entry,
        unread=planned.unread,
    )
