"""What each page of the results browser shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
from markupsafe import Markup
from starlette.requests import Request

from driftgauge.pipeline.browsing.scenario import Answer as Response
from driftgauge.pipeline.browsing.scenario import medium_of, scenario_of
from driftgauge.pipeline.browsing.shelf import Volume
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.rate.shown import as_written, from_markdown
from driftgauge.report import verdicts
from driftgauge.report.names import coded
from driftgauge.report.numbers import percent
from driftgauge.report.over_time import Moment, courses
from driftgauge.web.browse.library import Library

MOST_FLIPS: Final = 200
"""Prompts in one list; what is left out is said."""
DIRECTIONS: Final = {"newly_vulnerable": "newly vulnerable", "fixed": "fixed"}


@dataclass(frozen=True)
class Page:
    """A template with what it shows."""

    template: str
    context: dict[str, Any]


@dataclass(frozen=True)
class File:
    """A file as it is."""

    path: Path


@dataclass(frozen=True)
class Medium:
    """A picture or a recording."""

    data: bytes
    media_type: str


Answer = Page | File | Medium


def overview(library: Library, _: Request, *, sees_texts: bool) -> Page:
    """Show every measurement, and each family over time."""
    del sees_texts
    volumes, broken = library.shelf.look()
    moments = [
        Moment(volume.name, volume.made_at[:10], volume.view, simulated=volume.results.manifest.simulated) for volume in volumes
    ]
    lines = [(volume, [(row, row.verdict or "no verdict") for row in volume.view.verdicts]) for volume in volumes[::-1]]
    return Page("overview.html.j2", {"lines": lines, "broken": broken, "courses": courses(moments)})


def measurement(library: Library, request: Request, *, sees_texts: bool) -> Page:
    """Show the verdicts of one measurement, and what limits them."""
    del sees_texts
    volume = _volume(library, request)
    findings = volume.results.findings
    margin = verdicts.margin_of(volume.results.protocol.model_dump(mode="json"))
    limits = findings.filter(pl.col("level").is_in(["critical", "warning"])).select("level", "sentence", "remedy")
    return Page(
        "measurement.html.j2",
        {
            "volume": volume,
            "entries": verdicts.entries(volume.view, findings, margin=margin),
            "limits": [(level, coded(said), coded(remedy) if remedy else "") for level, said, remedy in limits.iter_rows()],
        },
    )


def drift(library: Library, request: Request, *, sees_texts: bool) -> Page:
    """Show the prompts that flipped between two releases: ids and labels, and shares; never a text."""
    del sees_texts
    volume = _volume(library, request)
    row = volume.drift(request.path_params["estimate_id"])
    if row is None:
        raise Refused(404, "unknown", "There is no such drift in this measurement.")
    margin = verdicts.margin_of(volume.results.protocol.model_dump(mode="json"))
    entries = verdicts.entries(volume.view, volume.results.findings, margin=margin)
    every = volume.flipped(row)
    chosen = {name: request.query_params.get(name, "") for name in ("direction", "harm_category", "modality")}
    found = every.filter(*(pl.col(name) == value for name, value in chosen.items() if value))
    return Page(
        "drift.html.j2",
        {
            "volume": volume,
            "entry": next(each for each in entries if each.estimate_id == row.estimate_id),
            "row": row,
            "flips": [_flip(each) for each in found.head(MOST_FLIPS).iter_rows(named=True)],
            "count": found.height,
            "left_out": max(0, found.height - MOST_FLIPS),
            "choices": {name: _choices(every, name) for name in chosen},
            "chosen": chosen,
            "directions": DIRECTIONS,
        },
    )


def scenario(library: Library, request: Request, *, sees_texts: bool) -> Page:
    """Show a scenario: prompts, responses and ratings, to those who may."""
    del sees_texts
    volume = _volume(library, request)
    found = scenario_of(volume, request.path_params["scenario"])
    if found is None:
        raise Refused(404, "unknown", "There is no such scenario in this measurement.")
    library.note(volume)
    asked = [
        (each, [(part, Markup(as_written(part.text)) if part.text is not None else None) for part in each.parts])
        for each in found.asked
    ]
    answers = [(each, Markup(from_markdown(each.text)) if each.text else None, _summary(each)) for each in found.answers]
    return Page("scenario.html.j2", {"volume": volume, "scenario": found, "asked": asked, "answers": answers})


def medium(library: Library, request: Request, *, sees_texts: bool) -> Medium:
    """Return a picture or recording of a prompt, to those who may."""
    del sees_texts
    found = medium_of(_volume(library, request), request.path_params["prompt"], request.path_params["number"])
    if found is None:
        raise Refused(404, "unknown", "There is no such picture.")
    return Medium(found.data, found.media_type)


def report(library: Library, request: Request, *, sees_texts: bool) -> File:
    """Return the report of a measurement."""
    del sees_texts
    path = _volume(library, request).report
    if path is None:
        raise Refused(404, "unknown", "This measurement has no report yet: run `driftgauge report`.")
    return File(path)


def _volume(library: Library, request: Request) -> Volume:
    found = library.shelf.find(request.path_params["key"])
    if found is None:
        raise Refused(404, "unknown", "There is no such measurement; it may have been made again under another id.")
    return found


def _choices(flips: pl.DataFrame, name: str) -> Sequence[str]:
    return flips[name].drop_nulls().unique().sort().to_list()


def _flip(row: dict[str, Any]) -> dict[str, Any]:
    shares = {name: percent(row[name]) for name in ("before", "after")}
    return {**row, **shares, "direction": DIRECTIONS.get(row["direction"], row["direction"])}


def _summary(answer: Response) -> str:
    """Return what people said of a response, in one line: the ratings that enter its level."""
    said = [each for each in answer.ratings if each.kind == "human" and each.counts]
    marks = {
        "attack succeeded": [each.success for each in said if each.success is not None],
        "refusal": [each.refusal for each in said if each.refusal is not None],
    }
    parts = [f"{name}: {sum(values)} of {len(values)}" for name, values in marks.items() if values]
    harm = [each.harm for each in said if each.harm is not None]
    parts += [f"harm: {min(harm)} to {max(harm)}" if min(harm) < max(harm) else f"harm: {harm[0]}"] if harm else []
    return ", ".join(parts) or "nobody rated it"
