"""``driftgauge rate``: ratings into a study, and out of it again where a rater has the right to it."""

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
from driftgauge.cli.assign import assign_command
from driftgauge.cli.elsewhere import import_elsewhere, tasks_command
from driftgauge.cli.judge import judge_command
from driftgauge.cli.leaving import withdraw_command
from driftgauge.cli.progress import progress_bar
from driftgauge.cli.raters import (
    export_command,
    invite_command,
    pause_command,
    resume_command,
    status_command,
)
from driftgauge.errors import needing
from driftgauge.rate.formats import ELSEWHERE, FORMATS

if TYPE_CHECKING:
    from driftgauge.pipeline.rate_import import RatingImport


@click.group("rate")
def rate_command() -> None:
    """Let people rate, and bring ratings into a study and out of it."""


@rate_command.command("import")
@options.study
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(sorted((*FORMATS, *ELSEWHERE))),
    default="ratings",
    show_default=True,
    help="What the files are; argilla, label-studio, potato and tasks: what `rate tasks` wrote, rated there.",
)
@options.column_map
@click.option("--rater", help="With these four: the seat whose tasks FILE holds; else that of its first record.")
@click.option("--revise", is_flag=True, help="Record ratings that are there with other values as corrections of them.")
@options.as_json
def import_command(
    study: Path,
    files: tuple[Path, ...],
    file_format: str,
    column_map: str | None,
    rater: str | None,
    revise: bool,
    as_json: bool,
) -> None:
    """Import ratings from FILE into STUDY: all of it, or nothing and every mistake.

    The same ratings again add nothing. The first import fixes the protocol of study.yaml.
    """
    if file_format in ELSEWHERE:
        if column_map:
            raise click.UsageError(f"the columns of format {file_format} are fixed; leave --map out")
        found = import_elsewhere(study, files, file_format=file_format, rater=rater, revise=revise)
    elif rater:
        raise click.UsageError(f"format {file_format} says the rater of each rating; leave --rater out")
    else:
        found = _import_ratings(study, files, file_format, column_map, revise=revise, quiet=as_json)
    _show_import(study, found, as_json=as_json)


def _import_ratings(
    study: Path, files: tuple[Path, ...], file_format: str, column_map: str | None, *, revise: bool, quiet: bool
) -> "RatingImport":
    with needing("store"):
        from driftgauge.pipeline.rate_import import Ratings, import_ratings  # noqa: PLC0415 - the core has no store
    ratings = Ratings(files=files, format=file_format, column_map=options.parse_map(column_map), revise=revise)
    with progress_bar(quiet=quiet) as progress, needing("store"):
        return import_ratings(study, ratings, progress=progress)


def _show_import(study: Path, found: "RatingImport", *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False)
    counts = (("new", found.new), ("corrected", found.revised), ("there already", found.same), ("erased before", found.erased))
    said = ", ".join(f"{count:,} {what}" for what, count in counts if count or what == "new")
    console.print(Text(f"Ratings: {said}. Responses: {found.responses:,} new. Protocol version {found.protocol_version}."))
    for sentence in found.findings:
        console.print(Text.assemble(("warning: ", "bold"), sentence))
    if found.entry is None:
        console.print("Nothing was added.")
    console.print(Text(f"Next: driftgauge measure {study}", style="dim"))


@rate_command.command("serve")
@options.study
@click.option("--host", default="127.0.0.1", show_default=True, help="What to listen on; 0.0.0.0 for the whole network.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes; several need PostgreSQL.")
@click.option("--base-url", help="Where people reach it, such as https://rate.example.org.")
@click.option("--proxy-headers", is_flag=True, help="Believe the proxy in front about who asks, and about https.")
def serve_command(study: Path, host: str, port: int, workers: int, base_url: str | None, proxy_headers: bool) -> None:
    """Serve the rating app of STUDY until Ctrl-C.

    Where nobody can invite others yet, an invitation of a first lead is printed. What is in flight at Ctrl-C is finished.
    """
    with needing("web"):
        from driftgauge.web.serve import Place, first_invitation, free_port, serve  # noqa: PLC0415 - the core has no server
    place = Place(study, host, free_port(port, host=host), workers, base_url, proxy_headers)
    with needing("web"):
        invitation = first_invitation(place)
        click.echo(f"Rating app of {study}: {place.address} (Ctrl-C ends it)")
        if invitation:
            click.echo(f"Nobody leads it yet. For the study lead, once, within 14 days: {place.address}{invitation}")
        serve(place)


@rate_command.command("detect")
@options.study
@options.as_json
def detect_command(study: Path, as_json: bool) -> None:
    """Say which collected responses of STUDY decline in stock form, by patterns for English and Spanish.

    For triage before people rate. The patterns are a rater of kind judge, beside people and never among them; what they are not
    sure of gets no rating. What they are worth: docs/methods/refusal-detector.md.
    """
    with needing("store"):
        from driftgauge.pipeline.detect import detect_refusals  # noqa: PLC0415 - the core has no store
    with needing("store"):
        found = detect_refusals(study)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False)
    table = Table(box=SIMPLE)
    for title in ("release", "declines", "ambiguous", "does not", "not looked at"):
        table.add_column(title, justify="left" if title == "release" else "right")
    for release, counts in found.by_release.items():
        table.add_row(Text(release), *(f"{counts[name]:,}" for name in ("refusal", "ambiguous", "none", "left_out")))
    console.print(table)
    console.print(Text(f"Ratings by {found.rater}: {found.added.new:,} new, {found.added.same:,} there already."))


@rate_command.command("erase")
@options.study
@click.option("--rater", help="Whose ratings.")
@click.option("--response", help="Id of a response.")
@click.option("--reason", required=True, help="Why; it stays on what is left.")
@options.as_json
def erase_command(study: Path, rater: str | None, response: str | None, reason: str, as_json: bool) -> None:
    """Erase the values of a rater's ratings, or of a response, for good.

    What is left of each is its id, the time and the reason. Copies that were exported, and results that were measured before,
    are not reached: measure again.
    """
    with needing("store"):
        from driftgauge.pipeline.erase import erase  # noqa: PLC0415 - the core has no store
    if (rater is None) == (response is None):
        raise click.UsageError("give --rater or --response")
    with needing("store"):
        erased = erase(study, of="rater" if rater else "response", identifier=rater or response or "", reason=reason)
    if as_json:
        click.echo(json.dumps(asdict(erased), indent=2, ensure_ascii=False))
        return
    if not erased.cleared:
        click.echo("Somebody else uses the store: traces may be left in its files until the next erasure.", err=True)
    click.echo(f"Erased: {erased.rows:,} (journal entry {erased.entry}). Next: driftgauge measure {study}")


for _command in (
    assign_command, judge_command, invite_command, status_command, pause_command, resume_command, withdraw_command,
    export_command, tasks_command,
):  # fmt: skip
    rate_command.add_command(_command)
