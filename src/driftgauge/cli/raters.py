"""The commands of ``driftgauge rate`` about raters: who is invited, how far they are, and what they rated."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from driftgauge.cli import options
from driftgauge.errors import needing

if TYPE_CHECKING:
    from driftgauge.pipeline.rating.desk import Desk
    from driftgauge.pipeline.rating.rows import PanelRow, RaterRow
    from driftgauge.pipeline.rating.steps import Role

ROLES: Final = ("rater", "lead", "author", "viewer")
ADDRESS: Final = "http://127.0.0.1:8000"
"""Where `rate serve` listens when nothing is said."""


@click.command("invite")
@options.study
@click.option("--panel", help="Whose seats, for raters.")
@click.option("--role", type=click.Choice(ROLES), default="rater", show_default=True, help="Of the accounts.")
@click.option("--count", type=click.IntRange(min=1), default=1, show_default=True, help="How many.")
@click.option("--days", type=click.IntRange(1, 365), default=14, show_default=True, help="How long the links can be used.")
@click.option("--base-url", default=ADDRESS, show_default=True, help="Where people reach the app.")
@options.as_json
def invite_command(study: Path, panel: str | None, role: "Role", count: int, days: int, base_url: str, as_json: bool) -> None:
    """Print links that invite people to the rating app of STUDY, each for one account.

    A link is a key: send each to one person, on a way that nobody else reads.
    """
    with needing("web"):
        from driftgauge.pipeline.rating.people import invite  # noqa: PLC0415 - the core has no store
        from driftgauge.pipeline.rating.serving import open_serving  # noqa: PLC0415 - the same
    with needing("web"), open_serving(study, serves=False) as serving:
        made = invite(serving, role=role, panel=panel, count=count, days=days)
    address = base_url.rstrip("/")
    if as_json:
        links = [{**asdict(each), "link": address + each.link_path, "expires_at": each.expires_at.isoformat()} for each in made]
        click.echo(json.dumps(links, indent=2))
        return
    for each in made:
        click.echo(f"{address}{each.link_path}")
    click.echo(
        f"{len(made)} for {panel or role}, each for one account, until {made[0].expires_at:%Y-%m-%d %H:%M} UTC.", err=True
    )


@click.command("status")
@options.study
@click.option("--panel", help="Of this one alone.")
@options.as_json
def status_command(study: Path, panel: str | None, as_json: bool) -> None:
    """Say how far the raters of STUDY are, how they agree, and who may need a word.

    The same figures as on the lead's desk in the app; what each means: docs/how-to/raters.md. Nothing is written.
    """
    with needing("store"):
        from driftgauge.pipeline.rating.desk import desk  # noqa: PLC0415 - the core has no store
        from driftgauge.pipeline.rating.serving import look  # noqa: PLC0415 - the same
    with needing("store"), look(study) as serving:
        found = desk(serving, panel=panel)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
        return
    _show(Console(highlight=False), found)


@click.command("pause")
@options.study
@click.option("--panel", required=True, help="Which panel.")
@options.as_json
def pause_command(study: Path, panel: str, as_json: bool) -> None:
    """Pause a panel of STUDY: its raters are shown nothing new until it is resumed.

    What is on their screens may be finished, and everything that they sent is kept. The journal says who paused it and when.
    """
    _turn(study, panel, as_json=as_json, paused=True)


@click.command("resume")
@options.study
@click.option("--panel", required=True, help="Which panel.")
@options.as_json
def resume_command(study: Path, panel: str, as_json: bool) -> None:
    """Let the raters of a paused panel of STUDY go on where they were."""
    _turn(study, panel, as_json=as_json, paused=False)


def _turn(study: Path, panel: str, *, as_json: bool, paused: bool) -> None:
    with needing("store"):
        from driftgauge.pipeline.rating.pauses import pause, resume  # noqa: PLC0415 - the core has no store
        from driftgauge.pipeline.rating.serving import look  # noqa: PLC0415 - the same
    with needing("store"), look(study) as serving:
        found = (pause if paused else resume)(serving, panel)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    elif found.entry is None:
        click.echo(f"Panel {panel} was {f'paused already, since {found.since}' if paused else 'not paused'}: nothing was done.")
    else:
        click.echo(f"Panel {panel} is {'paused' if paused else 'going on'} (journal entry {found.entry}).")


@click.command("export")
@options.study
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--panel", help="Of this one alone.")
@click.option("--everything", is_flag=True, help="Also earlier revisions, skips, calibration and control items.")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is there.")
@options.as_json
def export_command(study: Path, file: Path, panel: str | None, everything: bool, overwrite: bool, as_json: bool) -> None:
    """Write the ratings of STUDY that count to FILE: .csv, .jsonl or .parquet.

    Raters stand in it by their opaque names. `driftgauge analyze` reads the .csv and the .parquet. In a .csv, a text that a
    spreadsheet would take for a formula has an apostrophe before it. Only its owner may read the file; an erasure in the study
    does not reach it.
    """
    with needing("store"):
        from driftgauge.pipeline.rate_export import export_ratings  # noqa: PLC0415 - the core has no store
    with needing("store"):
        found = export_ratings(study, file, panel=panel, everything=everything, overwrite=overwrite)
    if as_json:
        click.echo(json.dumps({**asdict(found), "path": str(found.path)}, indent=2))
        return
    erased = f" {found.erased:,} were erased, and are not in it." if found.erased else ""
    click.echo(f"{found.ratings:,} ratings in {found.path}, readable by you alone (journal entry {found.entry}).{erased}")


def _show(console: Console, found: "Desk") -> None:
    if not found.panels:
        console.print("No panel has seats yet. Next: driftgauge rate assign")
        return
    console.print(_table(found.panels, _PANEL))
    for panel in found.panels:
        console.print(f"  [bold]{escape(panel.panel)}[/bold]")
        for sentence in _told(panel, level=found.level):
            console.print(Text(f"  {sentence}"))
        console.print(_table([each for each in found.raters if each.panel == panel.panel], _RATER))
    noted = [each for each in found.raters if each.anomalies]
    for each in noted:
        console.print(Text.assemble((f"{each.rater[:_SHOWN]}: ", "bold"), ", ".join(_NOTED[name] for name in each.anomalies)))


def _told(row: "PanelRow", *, level: float) -> Iterator[str]:
    """Yield what is to be said of a panel beside its figures."""
    if row.paired:
        alpha = _interval(row.alpha, row.alpha_low, row.alpha_high)
        ac2 = _interval(row.ac2, row.ac2_low, row.ac2_high)
        yield f"α {alpha}, AC2 {ac2}, over {row.paired:,} responses that two or more rated; {level:.0%} intervals"
    if row.missing:
        yield f"{row.missing:,} missing: their raters left, and nobody will rate them"
    if row.paused_since:
        yield f"paused since {row.paused_since[:16].replace('T', ' ')} UTC. Next: driftgauge rate resume"


def _table(rows: Sequence[Any], columns: "dict[str, Callable[[Any], str]]") -> Table:
    table = Table(box=SIMPLE, pad_edge=False, padding=(0, 1))
    for title in columns:
        left = title in {"panel", "rater", "last"}
        table.add_column(title, justify="left" if left else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(show(row)) for show in columns.values()))
    return table


def _number(value: float | None, form: str = ".2f") -> str:
    return "–" if value is None else format(value, form)


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    return _number(value) if low is None or high is None else f"{_number(value)} ({_number(low)} to {_number(high)})"


def _of(done: int, skipped: int, every: int) -> str:
    return f"{done:,}{f' +{skipped:,}' if skipped else ''} / {every:,}"


def _hours(row: "PanelRow") -> str:
    return "–" if row.seconds_left is None else f"{row.seconds_left / 3600:,.1f} h"


def _last(row: "RaterRow") -> str:
    if row.is_closed:
        return f"left, {row.missing:,} missing" if row.missing else "left"
    return (row.last_at or "–")[5:16].replace("T", " ") if row.has_account else "nobody"


_PANEL: "Final[dict[str, Callable[[PanelRow], str]]]" = {
    "panel": lambda row: row.panel,
    "joined": lambda row: f"{row.accounts} / {row.seats}",
    "rated": lambda row: _of(row.rated, row.skipped, row.assigned),
    "work left": _hours,
    "α": lambda row: _number(row.alpha),
    "AC2": lambda row: _number(row.ac2),
}
_RATER: "Final[dict[str, Callable[[RaterRow], str]]]" = {
    "rater": lambda row: row.rater[:_SHOWN],
    "rated": lambda row: _of(row.rated, row.skipped, row.assigned),
    "day": lambda row: f"{row.today:,}",
    "last": _last,
    "seconds": lambda row: _number(row.median_s, ".1f"),
    "severity": lambda row: _number(row.severity, "+.2f"),
    "gold": lambda row: f"{row.gold_right} / {row.gold}" if row.gold else "–",
    "change": lambda row: _number(row.anchor_drift, "+.2f"),
}
_SHOWN: Final = 9
"""Characters of a seat that tell it from the others of a panel, as on the desk of the app; ``--json`` has the whole."""
_NOTED: Final = {
    "too_fast": "faster than one can read",
    "straight_lining": "nearly always the same answer",
    "gold": "control items often not as expected",
    "anchor_drift": "harm has moved between the first and the second time",
    "not_admitted": "did not pass the calibration twice: admit or repeat it at the desk of the app",
}
