"""Options that several commands share."""

from os import cpu_count
from pathlib import Path
from typing import get_args

import click

from driftgauge.measure.mixed.engines import ENGINES
from driftgauge.rate.formats import FORMATS
from driftgauge.study import ModelPreset

out = click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
overwrite = click.option("--overwrite", is_flag=True, help="Make the results again, replacing what is in that folder.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
seed = click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of everything that is random."
)
bootstrap = click.option(
    "--bootstrap",
    type=click.IntRange(min=0),
    default=10_000,
    show_default=True,
    help="Replicates (response units get 2,000 at most); 0 leaves the bootstrap out.",
)
study = click.argument("study", type=click.Path(path_type=Path), metavar="STUDY")
file_format = click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMATS),
    default="ratings",
    show_default=True,
    help="What the files are.",
)
column_map = click.option(
    "--map",
    "column_map",
    metavar="OURS=THEIRS,…",
    help="Which column of the file is which of ours: release=model,rater=participant_id.",
)
families = click.option(
    "--families",
    type=click.Path(path_type=Path),
    help="YAML that says which release follows which: `Pixtral: [Pixtral 12B, Pixtral Large]`.",
)
protocol = click.option(
    "--protocol", type=click.Path(path_type=Path), help="YAML with the protocol (or a study file); default if absent."
)
model = click.option(
    "--model",
    type=click.Choice(get_args(ModelPreset)),
    help="Mixed model beside the primary estimates; that of the protocol if absent (design).",
)
engine = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="laplace",
    show_default=True,
    help="What fits the mixed model: maximum likelihood, or draws from its posterior (minutes; nuts: the slow referee).",
)
jobs = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=lambda: cpu_count() or 1,
    show_default="one a processor",
    help="Processes for what can be shared out; the numbers do not depend on it.",
)
robustness = click.option(
    "--robustness",
    is_flag=True,
    help="Analyse every drift in all reasonable ways as well, and say which verdicts depend on the way (about a minute).",
)


def parse_map(text: str | None) -> dict[str, str]:
    """Return the column map that ``--map`` says, empty without it."""
    found: dict[str, str] = {}
    for part in text.split(",") if text else ():
        ours, equals, theirs = part.partition("=")
        if not equals or not ours.strip() or not theirs.strip():
            raise click.BadParameter(f"{part!r} is not OURS=THEIRS", param_hint="--map")
        found[ours.strip()] = theirs.strip()
    return found
