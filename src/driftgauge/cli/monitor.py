"""``driftgauge monitor``."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console
from rich.text import Text

from driftgauge.cli import options
from driftgauge.errors import DriftgaugeError, needing, shown_name

if TYPE_CHECKING:
    from driftgauge.pipeline.monitor.state import Begun, Entry, Outcome
    from driftgauge.pipeline.monitor.watch import Watched

EXIT_CODES: Final = {"within": 0, "none": 0, "alarm": 100, "identity": 100, "failed": 101}
_SHARE: Final = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command("monitor")
@options.study
@click.option("--release", required=True, help="Whose endpoint is asked.")
@click.option(
    "--baseline", "phase", help="The phase whose responses of that release are the baseline; needed at the first look."
)
@click.option("--judge", help="Who judges the baseline and each look; the patterns for stock refusals if absent.")
@click.option(
    "--outcome",
    type=click.Choice(["success", "refusal", "harmful"]),
    help="What of the judgement is compared; what the judge has.",
)
@click.option("--block", type=click.IntRange(min=1), help="Scenarios of a look; 20 if absent.")
@click.option("--margin", type=_SHARE, help="A difference of at most this is no drift; that of the protocol if absent.")
@click.option(
    "--level", type=click.FloatRange(0.5, 1, max_open=True), help="1 − the risk of ever a false alarm; the protocol's."
)
@click.option("--state", type=click.Path(path_type=Path), metavar="FILE", help="Where it is kept; STUDY/monitor/RELEASE.json.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the draws; the machine's own chance if absent.")
@click.option("--max-cost", type=click.FloatRange(0), help="Ask nothing when a look, its judge included, costs more than this.")
@click.option("--yes", is_flag=True, help="With --max-cost: ask although no price is declared.")
@click.option("--reset", is_flag=True, help="Begin a new sequence; the old file is kept under a name with the time.")
@click.option("--show", is_flag=True, help="Say where the sequence stands; ask nothing.")
@click.option("--picture", type=click.Path(path_type=Path), metavar="FILE", help="Draw the sequence: .svg.")
@options.as_json
def monitor_command(
    study: Path,
    release: str,
    phase: str | None,
    judge: str | None,
    outcome: "Outcome | None",
    block: int | None,
    margin: float | None,
    level: float | None,
    state: Path | None,
    seed: int | None,
    max_cost: float | None,
    yes: bool,
    reset: bool,
    show: bool,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Put a random block of the frozen benchmark of STUDY to a live endpoint, and say whether it has drifted.

    What comes back is judged as the baseline was, and the mean difference is followed by a confidence sequence: it may be run
    every night, for ever. Exit code 0: within the margin, as far as is known. 100: an alarm, now or before, or another model
    answered for the first time. 101: no measurement, which is never taken for "no change"; the message says what to do.
    """
    if show and reset:
        raise click.UsageError("--show asks nothing and changes nothing; leave --reset out")
    if picture is not None and picture.suffix != ".svg":
        raise click.UsageError(f"{picture.name} does not end in .svg")
    try:
        with needing("store"):
            from driftgauge.pipeline.monitor.watch import Wanted, monitor, shown  # noqa: PLC0415 - the core has no store
        wanted = Wanted(release, phase, judge, outcome, block, margin, level, state, seed, max_cost, yes, reset)
        with needing("store"):
            found = shown(study, wanted) if show else monitor(study, wanted, interrupted=_interrupted)
        if picture is not None:
            _draw(found, picture)
    except DriftgaugeError as error:
        _show_failure(error, as_json=as_json)
        sys.exit(EXIT_CODES["failed"])
    (_say_json if as_json else _say)(found)
    sys.exit(EXIT_CODES[found.verdict])


def _interrupted() -> None:
    click.echo("Stopping: what is under way is finished, and the same block is asked next time.", err=True)


def _draw(found: "Watched", picture: Path) -> None:
    from driftgauge.pipeline.monitor.picture import draw_sequence  # noqa: PLC0415 - Altair takes a second

    draw_sequence(found.state, picture)


def _show_failure(error: DriftgaugeError, *, as_json: bool) -> None:
    if as_json:
        why = getattr(error, "why", None)
        click.echo(json.dumps({"verdict": "failed", "why": why, "message": error.message, "remedy": error.remedy}))
    click.echo(f"No measurement: {error}", err=True)


def _say_json(found: "Watched") -> None:
    state = found.state
    last = state.looks[-1] if state.looks else None
    said: dict[str, Any] = {
        "verdict": found.verdict,
        "state": str(found.path),
        "begun": state.begun.model_dump(mode="json"),
        "looks": len(state.looks),
        "failed": len(state.looks) - len(state.seen),
        "last": last.model_dump(mode="json") if last else None,
        "alarm": state.alarm.number if state.alarm else None,
    }
    click.echo(json.dumps(said, indent=2, ensure_ascii=False))


def _say(found: "Watched") -> None:
    """Say who answered first, then where the sequence stands."""
    console, state = Console(highlight=False), found.state
    if state.begun.simulated:
        console.print("Simulated data: nothing here is about any real model.", style="bold reverse")
    last = state.looks[-1] if state.looks else None
    if last and last.kind == "seen":
        _say_who(console, state.begun, last)
    if last and last.kind == "failed":
        console.print(Text(f"Look {last.number} was no measurement: {last.said}"))
    if state.seen:
        _say_standing(console, found, state.seen[-1])
    _say_luck(console, state.begun)
    looks, failed = len(state.looks), len(state.looks) - len(state.seen)
    console.print(Text(f"State: {found.path} ({looks} look{'s' * (looks != 1)}, {failed} failed)", style="dim"))


def _say_who(console: Console, begun: "Begun", last: "Entry") -> None:
    if last.new:
        console.print(
            Text(f"ANOTHER MODEL ANSWERED: {_names(last.new)}; the baseline is of {_names(begun.served)}.", style="bold red")
        )
    elif not begun.served:
        console.print("The baseline does not say which model gave it: whether another one answers is not known.")
    elif set(last.served) - set(begun.served):
        console.print(Text(f"Still answered by {_names(last.served)}, not by {_names(begun.served)} of the baseline."))
    if begun.fingerprints and set(last.fingerprints) - set(begun.fingerprints):
        console.print(Text(f"Another fingerprint than in the baseline: {_names(last.fingerprints)}."))


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(map(shown_name, names)) or "nobody who says a name"


def _say_standing(console: Console, found: "Watched", last: "Entry") -> None:
    begun, alarm = found.state.begun, found.state.alarm
    interval = f"{_points(last.conf_low)} to {_points(last.conf_high)} points"
    missing = f", {last.missing} of {last.asked} prompts without an outcome" if last.missing else ""
    block = f"{begun.outcome} against phase {begun.phase}, {_points(last.look.mean)} points in this block"
    rule = f"{100 * begun.level:g} % confidence sequence; margin ±{100 * begun.margin:g} points"
    console.print(Text(f"Look {last.number}: {block}{missing}."))
    console.print(Text(f"Mean difference: {interval} ({rule})."))
    if alarm:
        console.print(Text(f"ALARM since look {alarm.number} ({alarm.at[:10]}): {alarm.alarm} the margin.", style="bold red"))
    else:
        console.print("No alarm: the interval is not outside the margin. That is not the same as no change.")


def _say_luck(console: Console, begun: "Begun") -> None:
    if 2 * begun.luck > begun.margin:
        luck, margin = f"±{200 * begun.luck:.1f}", f"{100 * begun.margin:g}"
        console.print(
            Text(
                f"warning: where answers vary from one asking to the next, an unchanged model may be up to {luck} points from "
                f"this baseline (two standard errors), and the margin is {margin}. A wider margin, or a baseline of more "
                "scenarios or attempts, would allow for that."
            )
        )


def _points(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:+.1f}".replace("-", "−")
