"""The command line: one thin module per verb; errors become exit codes here and progress is shown here.

Exit codes: 0 done, 1 error, 2 usage, 100 gate not passed or the monitor's alarm, 101 gate undecided or no measurement.
"""

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final, cast

import click

from driftgauge.errors import DriftgaugeError

VERBS: Final = (
    "analyze", "benchmark", "check", "collect", "demo", "doctor", "gate", "init", "measure", "monitor", "move", "power",
    "rate", "report", "responses", "simulate", "trace",
)  # fmt: skip


class _Late(Mapping[str, click.Command]):
    """The commands by name, each imported when it is asked for: what measures and draws takes seconds to import."""

    def __getitem__(self, name: str) -> click.Command:
        if name not in VERBS:
            raise KeyError(name)
        return getattr(import_module(f"driftgauge.cli.{name}"), f"{name}_command")

    def __iter__(self) -> Iterator[str]:
        return iter(VERBS)

    def __len__(self) -> int:
        return len(VERBS)


@click.group(commands=cast(Any, _Late()), context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="driftgauge")
def cli() -> None:
    """Measure alignment drift: how the harm that models do changes from one release to the next."""


def main() -> None:
    """Run the command line; an error of ours is its message on standard error and exit code 1."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. Nothing is half-written; run the same command to start again.", err=True)
        sys.exit(1)
    except DriftgaugeError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
