"""``driftgauge report``."""

import json
from pathlib import Path

import click

from driftgauge.cli import options
from driftgauge.cli.both import Both
from driftgauge.cli.browse import browse_command
from driftgauge.cli.compared import show_compared
from driftgauge.pipeline.cards import write_cards
from driftgauge.pipeline.compare import compare_releases
from driftgauge.pipeline.papers import Tables, write_tables
from driftgauge.pipeline.report import Wanted, report
from driftgauge.report.pdf import Paper


@click.command("report", cls=Both)
@options.study
@click.option("--pdf", "paper", type=click.Choice(["a4", "letter"]), help="Write report.pdf as well, for this paper.")
@click.option("--figures", is_flag=True, help="Write each figure's data (CSV), SVG and PNG into the folder figures.")
@click.option("--static", is_flag=True, help="Leave the script out of report.html; it says the same.")
@click.option("--cards", is_flag=True, help="Write a card for each release too: a page and JSON, in the folder cards.")
@click.option(
    "--tables",
    type=click.Path(path_type=Path),
    help="Write levels and drifts for a paper too, into this folder: LaTeX (booktabs), Markdown, HTML and CSV.",
)
@click.option(
    "--compare",
    "compared",
    nargs=2,
    metavar="A B",
    help="Instead: compare any two releases, B minus A, and write the page of it into the folder compare.",
)
@options.as_json
def report_command(
    study: Path,
    paper: Paper | None,
    figures: bool,
    static: bool,
    cards: bool,
    tables: Path | None,
    compared: tuple[str, str] | None,
    as_json: bool,
) -> None:
    """Write the report of what was measured in STUDY, which may also be the --out folder of `analyze`."""
    if compared:
        if paper or figures or static or cards or tables:
            raise click.UsageError("--compare writes the page of two releases only: leave out the options of the report.")
        show_compared(compare_releases(study, compared), as_json=as_json)
        return
    found = report(study, Wanted(static=static, paper=paper, figures=figures))
    written = write_cards(study) if cards else []
    made = write_tables(study, out=tables) if tables else Tables()
    if as_json:
        shown = {"report": str(found.path), "analysis_id": found.analysis_id, "simulated": found.simulated}
        shown |= {"pdf": str(found.pdf) if found.pdf else None, "figures": str(found.figures) if found.figures else None}
        shown |= {"cards": {each.release: str(each.html) for each in written}} if cards else {}
        shown |= {"tables": [str(path) for path in made.written], "tables_left_out": made.left_out} if tables else {}
        click.echo(json.dumps(shown | {"already_there": found.already_there}, indent=2, ensure_ascii=False))
        return
    if found.already_there:
        click.echo("The same report was there already; nothing was done.")
    click.echo(f"Report: {found.path}")
    if found.pdf:
        click.echo(f"PDF: {found.pdf}")
    if found.figures:
        click.echo(f"Figures: {found.figures}")
    if cards:
        click.echo(f"Cards: {len(written)} in {found.path.parent / 'cards'}")
    if tables:
        click.echo(f"Tables: {', '.join(path.name for path in made.written)} in {tables}")
        for ending, why in made.left_out.items():
            click.echo(f"No {ending.upper()} tables: {why}.")


report_command.add_command(browse_command)
