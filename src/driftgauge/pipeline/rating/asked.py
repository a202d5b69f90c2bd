"""What a panel is asked about: its phases, what was collected in them in its language, and what it had before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
import polars as pl

from driftgauge.errors import StoreError, StudyError
from driftgauge.pipeline.rating.sampled import Sampled
from driftgauge.rate.assign import Asked, Design, Seat
from driftgauge.rate.exchange.messages import did_you_mean, shown
from driftgauge.records import content_id
from driftgauge.store import panels
from driftgauge.store.database import Connection
from driftgauge.study import Panel, Study


@dataclass(frozen=True)
class Campaign:
    """A panel and its phases.

    Parameters
    ----------
    name, panel, raters
        As it is declared.
    phases
        Of which something is drawn.
    every
        That it rates.
    before
        Those before the first that it rates.
    """

    name: str
    panel: Panel
    raters: int
    phases: tuple[str, ...]
    every: tuple[str, ...]
    before: tuple[str, ...]


def campaign(study: Study, panel: str, *, phase: str | None = None) -> Campaign:
    """Return what a panel rates.

    Parameters
    ----------
    study
        That declares it.
    panel
        Its name.
    phase
        Of which alone something is drawn; null for all phases of the panel.

    Raises
    ------
    StudyError
        When there is no such panel or phase, the panel rates in none, or does not say how many raters it has.
    """
    if panel not in study.panels:
        raise _undeclared(study, "panel", panel, known=list(study.panels))
    declared = study.panels[panel]
    if declared.raters is None:
        raise StudyError(
            f"panel {panel} does not say how many raters it has",
            remedy=f"Declare it: `{panel}: {{raters: 12}}` under `panels:`.",
        )
    every = _phases(study, panel, phase)
    before = takewhile(lambda each: each != every[0], (each.phase for each in study.phases))
    return Campaign(panel, declared, declared.raters, every if phase is None else (phase,), every, tuple(before))


def _undeclared(study: Study, what: str, name: str, *, known: Sequence[str]) -> StudyError:
    near = did_you_mean(name, known) if known else f"a {what} under `{what}s:` of study.yaml"
    return StudyError(f"study {study.study} has no {what} {shown(name)}; expected {near}", remedy="Declare it in study.yaml.")


def _phases(study: Study, panel: str, phase: str | None) -> tuple[str, ...]:
    """Return the phases that a panel rates; the one that is asked for has to be among them."""
    mine = tuple(each.phase for each in study.phases if panel in each.panels)
    if phase is not None and phase not in {each.phase for each in study.phases}:
        raise _undeclared(study, "phase", phase, known=[each.phase for each in study.phases])
    if not mine:
        raise StudyError(f"panel {panel} rates in no phase", remedy=f"Declare `panel: {panel}` in a phase of study.yaml.")
    if phase is not None and phase not in mine:
        raise StudyError(
            f"phase {phase} is not rated by panel {panel}, which rates in {', '.join(mine)}",
            remedy=f"Declare `panel: {panel}` in that phase, or give another --phase.",
        )
    return mine


@dataclass(frozen=True)
class Found:
    """What there is to be rated, and what was drawn before.

    Parameters
    ----------
    responses
        Of `shown_responses`, with `kind` (the scenario as a number, a benign twin's that of the other), `cell` (release and
        modality as one) and `across` (whether it comes from a phase before).
    drawn
        Of `panel_assignments`: what the panel was asked before.
    seats
        Number to rater of the seats that there are.
    rendered
        Rows of responses that are rendered already.
    languages
        Responses of the phases by `phase` and `language`, whoever reads them, as `responses`.
    """

    responses: pl.DataFrame
    drawn: pl.DataFrame
    seats: Mapping[int, str]
    rendered: frozenset[int]
    languages: pl.DataFrame


def find(connection: Connection, of: Campaign, *, twins: Mapping[str, str], rng: np.random.Generator, sample: Sampled) -> Found:
    """Return what a panel can be asked about.

    Parameters
    ----------
    connection
        Of a transaction.
    of
        The panel and its phases.
    twins
        Scenario to the one whose benign twin it is.
    rng
        Draws what comes from phases before, once.
    sample
        The scenarios that people rate: nothing else is asked.

    Raises
    ------
    StoreError
        When nothing of the phases was collected that people can be shown, or nothing in the panel's language.
    """
    collected = panels.shown_responses(connection, of.phases)
    there = _readable(collected, of)
    sample.require(there["scenario"])
    own = sample.of_people(there)
    drawn = panels.panel_assignments(connection, of.name)
    has_anchors = drawn.filter(~pl.col("phase").is_in(of.every)).height > 0
    before = own.clear() if has_anchors else _before(connection, of, rng=rng)
    every = pl.concat([own.with_columns(across=pl.lit(value=False)), before.with_columns(across=pl.lit(value=True))])
    seats = panels.panel_seats(connection, of.name)
    return Found(
        responses=_numbered(every, twins),
        drawn=drawn,
        seats=dict(zip(seats["number"].to_list(), seats["rater"].to_list(), strict=True)),
        rendered=frozenset(panels.rendered(connection)["response"].to_list()),
        languages=collected.group_by("phase", "language").agg(responses=pl.len()),
    )


def unread(study: Study, found: Found) -> dict[str, int]:
    """Return how many responses there are in each language that no panel of their phase reads."""
    of_phase = {each.phase: [study.panels[name].language for name in each.panels] for each in study.phases}
    counts: dict[str, int] = {}
    for row in found.languages.sort("language").iter_rows(named=True):
        if not any(reads(panel, row["language"]) for panel in of_phase[row["phase"]]):
            counts[row["language"]] = counts.get(row["language"], 0) + row["responses"]
    return counts


def reads(panel: str | None, language: str) -> bool:
    """Return whether a panel reads a language: its own, and that without or with a region where only one of them names it.

    Examples
    --------
    >>> reads("en-US", "en"), reads("en", "en-GB"), reads("en-US", "en-GB"), reads(None, "es")
    (True, True, False, True)
    """
    if panel is None:
        return True
    mine, theirs = panel.casefold().split("-"), language.casefold().split("-")
    shared = min(len(mine), len(theirs))
    return mine[:shared] == theirs[:shared]


def _readable(responses: pl.DataFrame, of: Campaign) -> pl.DataFrame:
    phases = ", ".join(of.phases)
    if responses.is_empty():
        raise StoreError(
            f"nothing of phase {phases} was collected that people can be shown; nothing was drawn",
            remedy=f"Collect it first: driftgauge collect STUDY --phase {of.phases[0]}",
        )
    found = _in_language(responses, of.panel)
    if found.is_empty():
        there = ", ".join(sorted(set(responses["language"].to_list())))
        raise StudyError(
            f"phase {phases} has no response in the language of panel {of.name} ({of.panel.language}); there is {there}",
            remedy="Declare the language of the panel as the prompts have it, or another panel for the phase.",
        )
    return found


def _in_language(responses: pl.DataFrame, panel: Panel) -> pl.DataFrame:
    readable = [each for each in responses["language"].unique().to_list() if reads(panel.language, each)]
    return responses.filter(pl.col("language").is_in(readable))


def _before(connection: Connection, of: Campaign, *, rng: np.random.Generator) -> pl.DataFrame:
    """Return the drawn share of what people rated in the phases before, spread evenly over releases and modalities."""
    share = of.panel.anchor_across
    there = panels.shown_responses(connection, of.before) if of.before and share else None
    if there is None:
        return panels.shown_responses(connection, ())
    rated = panels.rated_by_people(connection, of.before)
    known = _in_language(there.join(rated, on="response_id", how="semi", maintain_order="left"), of.panel)
    ordered = known[rng.permutation(len(known))].sort("release", "modality", maintain_order=True)
    count = round(share * len(ordered))
    places = ((np.arange(count) + rng.random()) * len(ordered) / max(count, 1)).astype(np.int64)
    return ordered[places].sort("row")


def _numbered(responses: pl.DataFrame, twins: Mapping[str, str]) -> pl.DataFrame:
    kind = pl.col("scenario").replace(dict(twins))
    cell = pl.concat_str("release", "modality", separator="\n")
    return responses.with_columns(kind=kind.rank("dense").cast(pl.Int64), cell=cell.rank("dense").cast(pl.Int64))


def asked_of(found: Found) -> Asked:
    """Return the responses as a draw takes them."""
    columns = found.responses.select("kind", "cell", "across")
    return Asked(columns["kind"].to_numpy(), columns["cell"].to_numpy(), columns["across"].to_numpy())


def seats_of(found: Found, of: Campaign, *, gold: Sequence[str]) -> list[Seat]:
    """Return what every seat of a panel has behind it; `gold` are the opaque ids of the gold items, in order."""
    kinds = dict(zip(found.responses["scenario"].to_list(), found.responses["kind"].to_list(), strict=True))
    places = {name: place for place, name in enumerate(found.responses["response_id"].to_list())}
    own = {name for name, across in found.responses.select("response_id", "across").iter_rows() if not across}
    lines = found.drawn.partition_by("number", as_dict=True)
    return [
        _seat(lines.get((number,), found.drawn.clear()), kinds=kinds, places=places, own=own, apart=of.panel.apart, gold=gold)
        for number in range(1, of.raters + 1)
    ]


def _seat(
    line: pl.DataFrame,
    *,
    kinds: Mapping[str, int],
    places: Mapping[str, int],
    own: set[str],
    apart: int,
    gold: Sequence[str],
) -> Seat:
    had = line.filter(pl.col("response_id").is_not_null())
    done = [places[name] for name in dict.fromkeys(had["response_id"].to_list()) if name in own]
    last = line.filter(pl.col("position") > 0).tail(apart)["scenario"].to_list()
    known = set(line["exercise"].drop_nulls().to_list())
    return Seat(
        done=np.array(done, dtype=np.int64),
        load=had.height,
        before=[kinds.get(name, -1 - back) if name else -1 - back for back, name in enumerate(last)],
        gold=frozenset(place for place, name in enumerate(gold) if name in known),
        is_calibrated=bool((line["purpose"] == "calibration").any()),
    )


def design_of(panel: Panel, *, calibration: int, gold: int) -> Design:
    """Return how a panel declares that responses are shared out, with so many exercises."""
    return Design(
        sharing=panel.design if isinstance(panel.design, str) else "overlap",
        each=panel.per_response or 1,
        apart=panel.apart,
        anchors=panel.anchors,
        gold=gold,
        every=panel.gold.every if panel.gold else 0,
        calibration=calibration,
    )


def seeds_of(of: Campaign, *, seed: int, draws: int) -> tuple[int, ...]:
    """Return what the generator of a draw is made from: the seed, the panel, and how often something was drawn for it."""
    return (seed, int(content_id(of.name), 16), draws)
