"""``driftgauge rate assign``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from driftgauge.cli import options
from driftgauge.cli.progress import progress_bar
from driftgauge.errors import needing

if TYPE_CHECKING:
    from driftgauge.pipeline.rating.assign import Assigned
    from driftgauge.pipeline.rating.drawing import Planned
    from driftgauge.pipeline.rating.expected import ExpectedDrift
    from driftgauge.rate.design_report import Range


@click.command("assign")
@options.study
@click.option("--panel", required=True, help="For which panel of study.yaml.")
@click.option("--phase", help="Of this phase alone; else of all that the panel rates.")
@options.seed
@click.option(
    "--ppi",
    type=click.IntRange(min=2),
    metavar="N",
    help="People rate N scenarios alone, drawn with known probabilities once for the study; a judge rates all.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be drawn and what that gives; write nothing.")
@options.as_json
def assign_command(
    study: Path, panel: str, phase: str | None, seed: int, ppi: int | None, dry_run: bool, as_json: bool
) -> None:
    """Draw who of a panel rates what in STUDY, and keep it, with everything as raters will see it.

    Drawn once: run again, it adds what was collected since, and changes nothing that was drawn. What the design gives is shown
    before anybody rates.
    """
    with needing("web"):
        from driftgauge.pipeline.rating.assign import keep, outcome  # noqa: PLC0415 - the core has no store
        from driftgauge.pipeline.rating.drawing import Wanted, plan  # noqa: PLC0415
    with progress_bar(quiet=as_json) as progress, needing("web"):
        planned = plan(study, Wanted(panel, phase, seed, ppi), progress=progress)
    if not as_json:
        _show_design(planned)
    with progress_bar(quiet=as_json) as progress, needing("web"):
        found = outcome(planned) if dry_run else keep(planned, progress=progress)
    if as_json:
        click.echo(json.dumps({"dry_run": dry_run, **asdict(found)}, indent=2, ensure_ascii=False))
    else:
        _show_outcome(found, study, dry_run=dry_run)
        _show_unread(found)


def _show_design(planned: "Planned") -> None:
    console = Console(highlight=False)
    of = planned.campaign
    table = Table(title=f"Panel {of.name}, phase {', '.join(of.phases)}", box=SIMPLE, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in _rows(planned):
        table.add_row(name, Text(value))
    console.print(table)
    if planned.expected.unsaid:
        console.print(Text(f"How sure it will be of a drift is not told: {planned.expected.unsaid}.", style="dim"))
    for finding in planned.findings:
        console.print(Text.assemble((f"{finding.level}: ", "bold"), finding.sentence))
        if finding.remedy:
            console.print(Text(f"  → {finding.remedy}", style="dim"))


def _rows(planned: "Planned") -> list[tuple[str, str]]:
    report = planned.report
    return [
        ("raters", f"{report.raters:,}"),
        *_sampled(planned),
        ("responses", f"{report.responses:,}"),
        ("ratings", f"{report.ratings:,}"),
        ("raters of a response", _range(report.per_response)),
        ("responses of a rater, anchors and gold included", _range(report.load)),
        ("days of the busiest rater, at the cap", f"{report.days:,}"),
        ("responses that two raters share", _range(report.together)),
        ("groups that share nothing", f"{report.groups:,}"),
        ("shown again to the same rater", f"{report.anchors:,}"),
        ("shown again from earlier phases", f"{report.across:,}"),
        ("gold items of a rater, at most", f"{report.gold:,}"),
        ("calibration items of a rater", f"{report.calibration:,}"),
        ("others between two of a scenario, at least", "–" if report.apart is None else f"{report.apart:,}"),
        *((f"drift {each.baseline_release} → {each.release}", _sure(each)) for each in planned.expected.drifts),
    ]


def _sampled(planned: "Planned") -> list[tuple[str, str]]:
    """Return a line on the sample, when people rate a sample, and its chances."""
    scenarios = planned.sample.scenarios
    if scenarios.is_empty():
        return []
    least, most = scenarios["inclusion"].min(), scenarios["inclusion"].max()
    chance = f"{least:.2f}" if least == most else f"{least:.2f} to {most:.2f}"
    strata = scenarios["stratum"].n_unique()
    return [
        ("scenarios that people rate", f"{scenarios['drawn'].sum():,} of {scenarios.height:,}"),
        ("each drawn with probability", f"{chance}, {strata:,} {'stratum' if strata == 1 else 'strata'}"),
    ]


def _sure(drift: "ExpectedDrift") -> str:
    return f"± {100 * drift.half_width:.1f} points expected"


def _range(found: "Range") -> str:
    if found.least == found.most:
        return f"{found.most:,}"
    return f"{found.least:,} to {found.most:,}, median {found.middle:,g}"


def _show_outcome(found: "Assigned", study: Path, *, dry_run: bool) -> None:
    console = Console(highlight=False)
    if not found.assignments:
        console.print(
            Text(f"Nothing is new: panel {found.panel} has been asked about all that it reads of what was collected.")
        )
    elif dry_run:
        console.print(Text(f"{found.assignments:,} assignments would be written; nothing was."))
    else:
        naming = f" {found.naming:,} name their own model." if found.naming else ""
        console.print(
            Text(
                f"Drawn with seed {found.seed}: {found.assignments:,} assignments of {found.responses:,} responses, "
                f"{found.seats:,} new seats.{naming}"
            )
        )
        console.print(Text(f"Next: driftgauge rate serve {study}", style="dim"))


def _show_unread(found: "Assigned") -> None:
    """Say which responses nobody will be asked about, and what brings them to somebody."""
    if not found.unread:
        return
    console = Console(highlight=False)
    many = ", ".join(f"{number:,} in {language}" for language, number in found.unread.items())
    first = next(iter(found.unread))
    remedy = f"Declare a panel with `language: {first}`, and name it in the phase beside {found.panel}; then assign to it."
    said = f"No panel of their phase reads some responses, and nobody is asked about them: {many}."
    console.print(Text.assemble(("warning: ", "bold"), said))
    console.print(Text(f"  → {remedy}", style="dim"))
