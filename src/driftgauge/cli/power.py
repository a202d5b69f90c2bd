"""``driftgauge power``."""

import json
from math import sqrt
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from driftgauge.cli import options
from driftgauge.cli.progress import progress_bar
from driftgauge.measure.power import Needed, power_at
from driftgauge.pipeline.power import DriftPower, Inputs, Planned, draw_power, plan_power

FEW: float = 8.0
"""Degrees of freedom below which the analytic figures are too good."""
_BASES = {
    "spec": "rates and spreads of the spec",
    "defaults": "default rates and spreads, as there are no ratings yet",
    "ratings": "variances of the ratings",
}


@click.command("power")
@click.argument("source", required=False, type=click.Path(path_type=Path), metavar="[SPEC.yaml|STUDY]")
@click.option("--in", "ratings", type=click.Path(path_type=Path), metavar="RATINGS", help="Ratings of a pilot.")
@click.option(
    "--target",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="The true drift that is to be detected; 0.05 is five points.",
)
@click.option(
    "--power",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.8,
    show_default=True,
    help="The wanted chance of detecting it.",
)
@click.option("--scenarios", type=click.IntRange(min=2), help="How many, for a study that has no benchmark yet.")
@click.option(
    "--simulate",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Check by N simulated studies for each of three drifts.",
)
@click.option("--picture", type=click.Path(path_type=Path), metavar="FILE", help="Draw the curve of power: .svg or .png.")
@options.families
@options.protocol
@options.seed
@options.jobs
@options.as_json
def power_command(
    source: Path | None,
    ratings: Path | None,
    target: float,
    power: float,
    scenarios: int | None,
    simulate: int,
    picture: Path | None,
    families: Path | None,
    protocol: Path | None,
    seed: int,
    jobs: int,
    as_json: bool,
) -> None:
    """Say which drift a planned or a running study can detect, and what a target needs.

    SPEC.yaml is a study to simulate. STUDY is the folder of a study: what it has rated says how much ratings vary; before that,
    defaults do. With --in, the ratings of a pilot do.
    """
    if source is None and ratings is None:
        raise click.UsageError("Give a spec, a study, or ratings with --in.")
    inputs = Inputs(
        source=source,
        ratings=ratings,
        families=families,
        protocol=protocol,
        scenarios=scenarios,
        target=target,
        power=power,
        simulate=simulate,
        seed=seed,
        jobs=jobs,
    )
    with progress_bar(quiet=as_json) as progress:
        found = plan_power(inputs, progress=progress)
    if picture is not None:
        draw_power(found, picture)
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
        return
    _show(Console(highlight=False), found, picture)


def _show(console: Console, found: Planned, picture: Path | None) -> None:
    inputs, test = found.inputs, found.drifts[0].test
    console.print(Text(f"{found.source}: {_BASES[found.basis]}"))
    margins = sorted({f"{100 * each.test.margin:.1f}" for each in found.drifts})
    console.print(
        f"{len(found.drifts)} drift{'s' * (len(found.drifts) != 1)} with verdicts, level {100 * test.level:g} %, margin "
        f"{' to '.join(dict.fromkeys((margins[0], margins[-1])))} points, power {100 * inputs.power:g} %"
    )
    console.print(_table(found))
    for each in found.drifts:
        console.print(Text(_needs(each, inputs)))
    console.print(_curve(found))
    if inputs.simulate:
        console.print(_check(found))
    if min(each.precision.df for each in found.drifts) < FEW:
        console.print(f"Under {FEW:g} degrees of freedom the analytic figures are too good: check them with --simulate.")
    if picture is not None:
        console.print(Text(f"Picture: {picture}"))
    for name in found.without:
        console.print(Text(f"{name}: its ratings cannot tell raters from responses; no figure."))


def _name(each: DriftPower) -> str:
    return f"{each.plan.baseline_release} → {each.plan.release}"


def _points(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _table(found: Planned) -> Table:
    table = Table(title="What this design can see, in points", box=SIMPLE)
    table.add_column("releases")
    for name in ("interval", "detectable", "can be unchanged", "unchanged, if so"):
        table.add_column(name, justify="right")
    for each in found.drifts:
        half, can = f"±{_points(each.half_width)}", "yes" if each.can_be_unchanged else "no"
        table.add_row(Text(_name(each)), half, _points(each.detectable), can, _percent(each.curve[0][1].unchanged))
    return table


def _needs(each: DriftPower, inputs: Inputs) -> str:
    detect = f"to detect {_points(inputs.target)} points: {_said(each.needed)}"
    return f"{_name(each)}, {detect}; to call no drift unchanged: {_said(each.needed_unchanged)}"


def _said(needed: Needed) -> str:
    ways = [
        f"{needed.raters} raters a panel ({needed.raters_ratings:,} ratings)" if needed.raters else None,
        f"{needed.scenarios:,} scenarios ({needed.scenarios_ratings:,} ratings)" if needed.scenarios else None,
    ]
    said = [way for way in ways if way]
    if needed.cheapest:
        least, ratings = needed.cheapest, round(sum(needed.cheapest.ratings))
        said.append(f"fewest ratings with {least.raters[0]} raters and {least.scenarios:,} scenarios ({ratings:,})")
    return ", or ".join(said) or "no number of raters or scenarios alone is enough"


def _curve(found: Planned) -> Table:
    table = Table(title="Chance that a true drift is found significant", box=SIMPLE)
    table.add_column("points", justify="right")
    for each in found.drifts:
        table.add_column(Text(_name(each)), justify="left")
    for number, (drift, _) in enumerate(found.drifts[0].curve):
        chances = [each.curve[number][1].detect for each in found.drifts]
        cells = [f"{_percent(chance):>5} {'█' * round(12 * chance)}" for chance in chances]
        table.add_row(_points(drift), *cells)
    return table


def _check(found: Planned) -> Table:
    studies = found.inputs.simulate
    table = Table(
        title=f"{studies:,} simulated studies each (Monte Carlo error at most {50 / sqrt(studies):.1f} %)", box=SIMPLE
    )
    for name in ("releases", "points", "found", "expected", "same", "expected", "sd", "SE"):
        table.add_column(name, justify="left" if name == "releases" else "right")
    for each in found.drifts:
        for one in each.simulated:
            expected = power_at(one.drift, each.plan.components_at(one.drift), each.plan.design, test=each.test)
            chances = (one.detect, expected.detect, one.unchanged, expected.unchanged)
            spread = (f"{100 * one.sd:.2f}", f"{100 * one.mean_se:.2f}")
            table.add_row(Text(_name(each)), _points(one.drift), *(_percent(chance) for chance in chances), *spread)
    return table


def _as_json(found: Planned) -> dict[str, Any]:
    inputs = found.inputs
    asked = {"target": inputs.target, "power": inputs.power, "simulate": inputs.simulate, "seed": inputs.seed}
    return {
        "source": found.source,
        "basis": found.basis,
        **asked,
        "drifts": [_drift_json(each) for each in found.drifts],
        "without": list(found.without),
    }


def _drift_json(each: DriftPower) -> dict[str, Any]:
    design, test = each.plan.design, each.test
    return {
        "family": each.plan.family,
        "baseline_release": each.plan.baseline_release,
        "release": each.plan.release,
        "design": vars(design) | {"ratings": list(design.ratings)},
        "test": {"level": test.level, "margin": test.margin, "drifts": test.drifts},
        "components": vars(each.plan.components_at(0.0)),
        "std_error": each.precision.std_error,
        "df": each.precision.df,
        "half_width": each.half_width,
        "detectable": each.detectable,
        "can_be_unchanged": each.can_be_unchanged,
        "curve": [{"drift": drift, "detect": at.detect, "unchanged": at.unchanged} for drift, at in each.curve],
        "needed": _needed_json(each.needed),
        "needed_unchanged": _needed_json(each.needed_unchanged),
        "simulated": [vars(one) for one in each.simulated],
    }


def _needed_json(needed: Needed) -> dict[str, Any]:
    least = needed.cheapest
    cheapest = None if least is None else vars(least) | {"ratings": round(sum(least.ratings))}
    return vars(needed) | {"cheapest": cheapest}
