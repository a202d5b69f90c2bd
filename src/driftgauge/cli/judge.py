"""``driftgauge rate judge``."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from driftgauge.cli import options
from driftgauge.cli.collect import interrupted, say, show_counts, show_releases, shown_while
from driftgauge.errors import needing

if TYPE_CHECKING:
    from driftgauge.pipeline.judging.opened import PlannedJudging
    from driftgauge.pipeline.judging.run import JudgingDone
    from driftgauge.pipeline.judging.settled import Settled


@click.command("judge")
@options.study
@click.option("--judge", required=True, metavar="NAME", help="Which judge of study.yaml.")
@click.option("--phase", help="Judge the responses of this phase alone.")
@click.option("--limit", type=click.IntRange(min=1), help="Judge at most so many responses.")
@click.option(
    "--occasion",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="2, 3, …: judge the anchors once more, so that a change in the judge can be seen.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be asked and what that takes; ask nothing.")
@click.option("--yes", is_flag=True, help="Ask without a question before.")
@click.option("--judge-tested-release", is_flag=True, help="Let a judge be one of the releases under test.")
@click.option(
    "--allow-model-change",
    is_flag=True,
    help="Go on when another model answers under the name of the judge, and mark its votes; else the judge stops.",
)
@options.as_json
def judge_command(
    study: Path,
    judge: str,
    phase: str | None,
    limit: int | None,
    occasion: int,
    dry_run: bool,
    yes: bool,
    judge_tested_release: bool,
    allow_model_change: bool,
    as_json: bool,
) -> None:
    """Let a model rate the collected responses of STUDY, beside people and never among them.

    Only votes that are missing are asked for. Every vote is kept as it comes: stopped or killed at any moment, the same command
    goes on. The majority of the votes on a response is a rating of kind judge. With --json, a line of JSON for the plan, for
    where things stand, and for the end. Exit code 1 when a vote got no answer or is still missing.
    """
    with needing("store"):
        from driftgauge.pipeline.judging import opened, run  # noqa: PLC0415 - the core has no store
    wanted = opened.WantedJudging(
        judge=judge,
        phase=phase,
        limit=limit,
        occasion=occasion,
        judge_tested_release=judge_tested_release,
        allow_model_change=allow_model_change,
    )
    with needing("store"):
        planned = opened.plan_judging(study, wanted)
    _show_plan(planned, as_json=as_json)
    if dry_run:
        return
    if planned.estimate.calls and not yes:
        _agreed(planned)
    with shown_while(as_json=as_json) as told, needing("store"):
        done = run.judge(planned, told=told, interrupted=interrupted)
    later = int(planned.plan.counts["later"].sum())
    _show_done(done, study, later=later, as_json=as_json)
    if not _is_all_there(done):
        sys.exit(1)


def _agreed(planned: "PlannedJudging") -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"{planned.estimate.calls:,} calls to a judge are not made without a word: say --yes, or --dry-run"
        )
    click.confirm("Ask the judge?", abort=True, err=True)


def _show_plan(planned: "PlannedJudging", *, as_json: bool) -> None:
    judging, judge = planned.judging, planned.judging.judge
    study = judging.opened.study.study
    if as_json:
        estimate = {**asdict(planned.estimate), "calls": planned.estimate.calls, "seconds": planned.estimate.seconds}
        about = {"rater": judge.rater, "rubric": judge.rubric.version, "votes": judge.votes}
        say("plan", study=study, **about, responses=planned.responses, counts=planned.plan.counts.to_dicts(), estimate=estimate)
        return
    title = f"Votes of {judge.rater} in {study} ({judge.votes} for each response)"
    show_counts(planned.plan.counts, planned.estimate, title=title)


def _is_all_there(done: "JudgingDone") -> bool:
    return done.outcome.is_complete and not any(each.counts.get("failed") for each in done.outcome.releases)


def _show_done(done: "JudgingDone", study: Path, *, later: int, as_json: bool) -> None:
    if as_json:
        say("end", complete=_is_all_there(done), later=later, **_as_json(done))
        return
    console = Console(highlight=False)
    show_releases(console, done.outcome)
    if not done.outcome.releases:
        console.print("Every vote is there; nothing was asked.")
    for line in _settled_in_words(done.settled):
        console.print(Text(line))
    if not _is_all_there(done) or later:
        console.print(Text("Run the same command again to go on: what is there is not asked again.", style="bold"))
    else:
        console.print(Text(f"Next: driftgauge measure {study}", style="dim"))


def _settled_in_words(settled: "Settled") -> list[str]:
    votes = ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in settled.votes.items())
    added = settled.added
    lines = [f"Votes: {votes or 'none'}."]
    lines += [f"Rated: {settled.rated:,} ({added.new:,} new, {added.revised:,} changed)." if added else "Rated: none."]
    without = (
        (settled.no_majority, "have no rating, for less than a majority of the votes is valid"),
        (settled.unsupported, "are not judged, for the judge is shown no media"),
        (settled.waiting, "wait for votes"),
        (settled.ties, "are rated, with a tie in success or refusal, which is left open"),
    )
    return lines + [f"{count:,} {what}." for count, what in without if count]


def _as_json(done: "JudgingDone") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(asdict(done), default=dict))
    return {"rater": found["rater"], **found["outcome"], "settled": found["settled"]}
