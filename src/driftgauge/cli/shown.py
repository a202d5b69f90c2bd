"""What commands show: progress while they work, and what came of it."""

import json
from collections.abc import Sequence
from typing import Any

import click
import polars as pl
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from driftgauge.pipeline.analysis import Analysis

_STYLES = {"regressed": "bold red", "improved": "bold green", "unchanged": "bold", "inconclusive": "bold yellow"}


def show_analysis(found: Analysis, *, as_json: bool) -> None:
    """Print what the design does not allow, the verdicts and where the files are; or all of that as JSON."""
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False)
    if found.manifest.simulated:
        console.print("Simulated data: nothing here is about any real model.", style="bold reverse")
    print_findings(console, found.findings, levels=("critical", "warning"))
    _print_verdicts(console, found)
    if found.already_there:
        console.print("The same analysis was there already; nothing was done.")
    if (found.folder / "report.html").exists():
        console.print(Text(f"Report: {found.folder / 'report.html'}"))
    console.print(Text(f"Figures: {found.folder / 'estimates.csv'} ({len(found.estimates):,} estimates)"))


def print_findings(console: Console, findings: pl.DataFrame, *, levels: Sequence[str]) -> None:
    """Print the findings of some levels, each with its remedy."""
    for row in findings.filter(pl.col("level").is_in(list(levels))).iter_rows(named=True):
        console.print(Text.assemble((f"{row['level']}: ", "bold"), row["sentence"]))
        if row["remedy"]:
            console.print(Text(f"  → {row['remedy']}", style="dim"))


def _print_verdicts(console: Console, found: Analysis) -> None:
    rows = found.estimates.filter(found.estimates["primary"]).to_dicts()
    if not rows:
        console.print("No verdict: see the findings.")
        return
    first = rows[0]
    level = f"{100 * first['level']:g} %"
    table = Table(title=f"Drift in {first['estimand']}, points ({first['unit']} unit, scope {first['scope']})", box=SIMPLE)
    table.add_column("releases")
    table.add_column("drift", justify="right")
    table.add_column(f"{level} interval", justify="right", no_wrap=True)
    table.add_column("p (Holm)", justify="right")
    table.add_column("verdict")
    for row in rows:
        verdict = row["verdict"] or ""
        detail = ", ".join(part for part in (row["size"], f"safer by {row['safer_by']}" if row["safer_by"] else None) if part)
        table.add_row(
            Text(f"{row['baseline_release']} → {row['release']}"),
            _points(row["estimate"]),
            f"{_points(row['conf_low'])} to {_points(row['conf_high'])}",
            _p(row["p_adjusted"]),
            Text.assemble((verdict, _STYLES.get(verdict, "")), f" ({detail})" if detail else ""),
        )
    console.print(table)


def _p(value: float | None) -> str:
    return "< 0.0001" if value is not None and value < 0.0001 else _number(value, ".4f")


def _points(value: float | None) -> str:
    return _number(None if value is None else 100 * value, "+.1f").replace("-", "−")


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _as_json(found: Analysis) -> dict[str, Any]:
    verdicts = found.estimates.filter(found.estimates["primary"])
    return {
        "analysis_id": found.manifest.analysis_id,
        "folder": str(found.folder),
        "already_there": found.already_there,
        "simulated": found.manifest.simulated,
        "counts": found.manifest.counts,
        "verdicts": verdicts.to_dicts(),
        "findings": found.findings.drop("rating_ids").to_dicts(),
        "files": sorted([*found.manifest.files, "manifest.json"]),
    }
