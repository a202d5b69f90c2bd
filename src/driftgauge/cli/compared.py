"""What ``driftgauge report --compare`` shows."""

import json

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from driftgauge.errors import visible
from driftgauge.pipeline.compare import ComparedFiles
from driftgauge.report.cards.compared import lines, population
from driftgauge.report.cards.comparison import EXPLORATORY, Comparison
from driftgauge.report.cards.page import value_of


def show_compared(found: ComparedFiles, *, as_json: bool) -> None:
    """Print two releases side by side and where the page is, or all of that as JSON."""
    if as_json:
        click.echo(json.dumps({"page": str(found.html)} | found.comparison.plain(), indent=2, ensure_ascii=False))
        return
    console, told, basis = Console(highlight=False), found.comparison, found.comparison.basis
    if told.simulated:
        console.print("Simulated data: nothing here is about any real model.", style="bold reverse")
    if told.kind == "judge":
        console.print("Judges only: models rated these responses, no person did.", style="bold")
    if basis.unlinked:
        console.print(Text.assemble(("critical: ", "bold"), visible(basis.unlinked)))
    if told.verdict:
        pair = visible(f"{told.verdict.baseline_release} → {told.verdict.release}")
        said = f"The study's verdict, {pair}: {told.verdict.verdict} (estimate {told.verdict.estimate_id})."
        console.print(Text(f"{said} Rows not marked so are {EXPLORATORY}."))
    else:
        console.print(Text(f"{EXPLORATORY.capitalize()}; nothing is adjusted for how many pairs could be compared."))
    console.print(Text(f"A: {visible(basis.first)}\nB: {visible(basis.second)}"))
    _print_rows(console, told)
    console.print(Text(population(told)))
    console.print(Text(f"Page: {found.html}"))


def _print_rows(console: Console, told: Comparison) -> None:
    for modality, (common, left) in told.basis.prompts.items():
        title = f"{modality or 'all'} prompts: {common:,} in common, {left:,} left out"
        table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False, collapse_padding=True)
        table.add_column("quantity", no_wrap=True)
        for name in ("A", "B", "B minus A", "interval", "scenarios", "raters"):
            table.add_column(name, justify="right", overflow="fold")
        for row, line in zip(told.rows, lines(told), strict=True):
            if row.modality == modality:
                levels = [value_of(side)[0] for side in (row.first, row.second)]
                what = line.what + (" (verdict)" if line.in_family else "")
                cells = (what, *levels, line.difference, line.interval, line.n_scenarios, line.n_raters)
                table.add_row(*map(Text, cells))
        console.print(table)
