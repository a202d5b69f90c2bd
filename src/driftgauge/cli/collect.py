"""``driftgauge collect``."""

import json
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from driftgauge.cli import options
from driftgauge.errors import needing

if TYPE_CHECKING:
    import polars as pl

    from driftgauge.collect.estimate import Estimate
    from driftgauge.collect.outcome import Outcome, ReleaseOutcome
    from driftgauge.collect.progress import Event, ReleaseProgress
    from driftgauge.pipeline.collect import Planned


@click.command("collect")
@options.study
@click.option("--phase", help="Which phase; needed where the study has several.")
@click.option("--release", help="Ask this release alone.")
@click.option("--limit", type=click.IntRange(min=1), help="Ask at most so many, shared out over the releases.")
@click.option("--only", type=click.Choice(["failed"]), help="Ask nothing but what failed before.")
@click.option("--dry-run", is_flag=True, help="Say what would be asked and what that takes; ask nothing.")
@click.option(
    "--allow-model-change",
    is_flag=True,
    help="Go on when another model answers under the same name, and mark its answers; else that release stops.",
)
@options.as_json
def collect_command(
    study: Path,
    phase: str | None,
    release: str | None,
    limit: int | None,
    only: Literal["failed"] | None,
    dry_run: bool,
    allow_model_change: bool,
    as_json: bool,
) -> None:
    """Put the frozen benchmark of STUDY to every release of a phase, and keep what comes back.

    Only what is missing is asked. Every answer is kept as it comes: stopped or killed at any moment, the same command goes on.
    With --json, a line of JSON for the plan, for where things stand, and for the end. Exit code 1 when something failed or is
    still missing.
    """
    with needing("store"):
        from driftgauge.pipeline.collect import Wanted, collect, plan_collection  # noqa: PLC0415 - the core has no store
    with needing("store"):
        planned = plan_collection(study, Wanted(phase, release, limit, only, allow_model_change))
    _show_plan(planned, as_json=as_json)
    if dry_run:
        return
    with shown_while(as_json=as_json) as told, needing("store"):
        outcome = collect(planned, told=told, interrupted=interrupted)
    _show_outcome(outcome, study, later=int(planned.plan.counts["later"].sum()), as_json=as_json)
    if not _all_there(outcome):
        sys.exit(1)


def interrupted() -> None:
    """Say that the first Ctrl-C has been heard."""
    click.echo("Stopping: what is under way is finished and kept. Ctrl-C again gives that up too.", err=True)


def say(what: str, **values: Any) -> None:
    """Print an event as a line of JSON."""
    click.echo(json.dumps({"event": what, **values}, ensure_ascii=False, default=str))


def _show_plan(planned: "Planned", *, as_json: bool) -> None:
    collection, counts = planned.collection, planned.plan.counts
    if as_json:
        say(
            "plan",
            study=collection.opened.study.study,
            phase=collection.phase.phase,
            benchmark=collection.benchmark.known.root,
            counts=counts.to_dicts(),
            estimate={**asdict(planned.estimate), "calls": planned.estimate.calls, "seconds": planned.estimate.seconds},
        )
        return
    show_counts(counts, planned.estimate, title=f"Phase {collection.phase.phase} of {collection.opened.study.study}")


def show_counts(counts: "pl.DataFrame", estimate: "Estimate", *, title: str) -> None:
    """Print what a plan asks of each release and modality, and what that takes."""
    table = Table(title=title, box=SIMPLE)
    columns = {
        "release": "release", "modality": "modality", "to_ask": "to ask", "again": "of these again", "there": "there",
        "unsupported": "unsupported", "later": "later",
    }  # fmt: skip
    for name, heading in columns.items():
        table.add_column(heading, justify="left" if name in ("release", "modality") else "right")
    for row in counts.iter_rows(named=True):
        table.add_row(*(Text(f"{row[name]:,}" if isinstance(row[name], int) else str(row[name])) for name in columns))
    console = Console(highlight=False)
    console.print(table)
    if estimate.calls:
        console.print(Text(f"To do: {estimate.words}."))


@contextmanager
def shown_while(*, as_json: bool) -> "Generator[Callable[[Event], None]]":
    """Yield what shows where a run stands: a bar a release, or lines of JSON."""
    if as_json:
        yield lambda event: say("progress", **asdict(event))
        return
    says = TextColumn("{task.fields[says]}", markup=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), says)
    bars = Progress(*columns, console=Console(stderr=True))
    tasks: dict[str, TaskID] = {}

    def show(event: "Event") -> None:
        if not tasks:
            bars.start()  # not before: what cannot begin has no bars
        for each in event.releases:
            if each.release not in tasks:
                tasks[each.release] = bars.add_task(each.release, total=each.total, says="")
            bars.update(tasks[each.release], completed=each.done, total=each.total, says=_says(each))

    try:
        yield show
    finally:
        if tasks:
            bars.stop()


def _says(release: "ReleaseProgress") -> str:
    if release.stopped:
        return "stopped"
    parts = [f"{release.rate:,.0f} a minute" if release.rate is not None else ""]
    parts += [f"{release.errors:,} errors" if release.errors else ""]
    parts += [f"waits {release.waits:,.0f} s" if release.waits >= 1 else ""]
    parts += [f"{_time(release.left)} left" if release.left else ""]
    return ", ".join(part for part in parts if part)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _all_there(outcome: "Outcome") -> bool:
    return outcome.is_complete and not any(each.counts.get("failed") for each in outcome.releases)


def _show_outcome(outcome: "Outcome", study: Path, *, later: int, as_json: bool) -> None:
    if as_json:
        say("end", complete=_all_there(outcome), later=later, **asdict(outcome))
        return
    console = Console(highlight=False)
    show_releases(console, outcome)
    if not outcome.releases:
        console.print("Everything is there; nothing was asked.")
    if later:
        console.print(
            Text(f"{later:,} more are missing, and were not asked for: run the same command without --limit and --only.")
        )
    elif _all_there(outcome):
        console.print(Text(f"Next: have the responses rated, then driftgauge rate import {study} FILE", style="dim"))
    else:
        console.print(Text("Run the same command again to go on: what is there is not asked again.", style="bold"))


def show_releases(console: Console, outcome: "Outcome") -> None:
    """Print what became of each release, and why one stopped."""
    for each in outcome.releases:
        console.print(Text(f"{each.release}: {became(each)}"))
        if each.stopped:
            console.print(Text.assemble(("  stopped: ", "bold"), each.stopped.sentence))
            console.print(Text(f"  → {each.stopped.remedy}", style="dim"))


def became(release: "ReleaseOutcome") -> str:
    """Return what became of a release in words."""
    said = [f"{count:,} {status}" for status, count in sorted(release.counts.items(), key=lambda item: -item[1])]
    said += [f"{release.unasked:,} not asked"] if release.unasked else []
    faults = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in release.faults.items())
    return f"{', '.join(said) or 'nothing'}{f' (faults on the way: {faults})' if faults else ''}"
