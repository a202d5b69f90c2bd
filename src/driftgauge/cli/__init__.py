"""The command line: one thin module per verb; errors become exit codes here and progress is shown here.

Exit codes: 0 done, 1 error, 2 usage, 100 gate not passed, 101 gate undecided.
"""

import sys

import click

from driftgauge.cli.analyze import analyze_command
from driftgauge.cli.benchmark import benchmark_command
from driftgauge.cli.check import check_command
from driftgauge.cli.collect import collect_command
from driftgauge.cli.demo import demo_command
from driftgauge.cli.doctor import doctor_command
from driftgauge.cli.gate import gate_command
from driftgauge.cli.init import init_command
from driftgauge.cli.measure import measure_command
from driftgauge.cli.power import power_command
from driftgauge.cli.rate import rate_command
from driftgauge.cli.report import report_command
from driftgauge.cli.responses import responses_command
from driftgauge.cli.simulate import simulate_command
from driftgauge.cli.trace import trace_command
from driftgauge.errors import DriftgaugeError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="driftgauge")
def cli() -> None:
    """Measure alignment drift: how the harm that models do changes from one release to the next."""


cli.add_command(analyze_command)
cli.add_command(benchmark_command)
cli.add_command(check_command)
cli.add_command(collect_command)
cli.add_command(demo_command)
cli.add_command(doctor_command)
cli.add_command(gate_command)
cli.add_command(init_command)
cli.add_command(measure_command)
cli.add_command(power_command)
cli.add_command(rate_command)
cli.add_command(report_command)
cli.add_command(responses_command)
cli.add_command(simulate_command)
cli.add_command(trace_command)


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
