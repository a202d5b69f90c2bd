"""``driftgauge doctor``."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.text import Text

from driftgauge.cli import options
from driftgauge.clients import environment
from driftgauge.pipeline.doctor import Check, State, doctor
from driftgauge.pipeline.loaded import is_study

_MARKS: Final[dict[State, tuple[str, str]]] = {
    "ok": ("ok", "green"),
    "warning": ("warning", "bold yellow"),
    "error": ("error", "bold red"),
}


@click.command("doctor")
@click.argument("study", required=False, type=click.Path(path_type=Path), metavar="[STUDY]")
@click.option("--offline", is_flag=True, help="Ask no address whether it answers.")
@options.as_json
def doctor_command(study: Path | None, offline: bool, as_json: bool) -> None:
    """Look at what STUDY needs before it collects: keys, endpoints, what releases take, benchmark, store, disk and clock.

    Without STUDY: the study in this folder, or the installation alone. No model is asked, nothing is kept, and no key is shown.
    Exit code 1 when there is an error.
    """
    folder = study or (Path() if is_study(Path()) else None)
    if folder:
        environment.load(folder)
    found = doctor(folder, offline=offline)
    counts: Counter[State] = Counter(check.state for check in found)
    if as_json:
        checks = [asdict(check) for check in found]
        click.echo(json.dumps({"checks": checks, "errors": counts["error"], "warnings": counts["warning"]}, indent=2))
    else:
        _show(found, counts)
    sys.exit(1 if counts["error"] else 0)


def _show(found: Sequence[Check], counts: Counter[State]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for check in found:
        mark, style = _MARKS[check.state]
        console.print(Text.assemble((f"{mark:8}", style), f"{check.area} {check.about}: {check.said}"))
        if check.remedy:
            console.print(Text(f"        → {check.remedy}", style="dim"))
    console.print(Text(f"{counts['error']} errors, {counts['warning']} warnings, {counts['ok']} ok."))
