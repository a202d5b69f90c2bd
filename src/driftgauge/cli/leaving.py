"""``driftgauge rate withdraw``: somebody stops taking part, for good."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftgauge.cli import options
from driftgauge.errors import RatingError, needing

if TYPE_CHECKING:
    from driftgauge.pipeline.rating.closing import Closed
    from driftgauge.pipeline.rating.serving import Serving
    from driftgauge.pipeline.rating.withdrawals import Withdrawn


@click.command("withdraw")
@options.study
@click.option("--rater", help="The seat of a rater.")
@click.option("--login", help="The login of a lead, an author or a viewer.")
@click.option("--erase", is_flag=True, help="Erase what they rated or wrote, whatever they consented to.")
@options.as_json
def withdraw_command(study: Path, rater: str | None, login: str | None, erase: bool, as_json: bool) -> None:
    """Let somebody of STUDY stop taking part, for good: their account is closed and their sessions end.

    What a rater rated and what an author wrote is kept or erased as they consented. With --erase it is erased, and so is
    the login: what stays of each row is its id, the time and the reason. A frozen version of the benchmark stays as it is.
    """
    with needing("store"):
        from driftgauge.pipeline.rating.serving import look  # noqa: PLC0415 - the core has no store
        from driftgauge.pipeline.rating.steps import Refused  # noqa: PLC0415 - the same
    if (rater is None) == (login is None):
        raise click.UsageError("give --rater or --login")
    with needing("store"), look(study) as serving:
        try:
            found = _leave_seat(serving, rater, erases=erase) if rater else _close(serving, login or "", erases=erase)
        except Refused as refusal:
            raise RatingError(str(refusal), remedy="Copy the seat from: driftgauge rate status STUDY --json") from None
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
        return
    if not found.cleared:
        click.echo("Somebody else uses the store: traces may be left in its files until the next erasure.", err=True)
    for sentence in _left(found):
        click.echo(sentence)


def _leave_seat(serving: "Serving", rater: str, *, erases: bool) -> "Withdrawn":
    from driftgauge.pipeline.rating.withdrawals import withdraw  # noqa: PLC0415 - the core has no store

    return withdraw(serving, rater, asked_by="lead", erases=erases)


def _close(serving: "Serving", login: str, *, erases: bool) -> "Closed":
    from driftgauge.pipeline.rating.closing import (  # noqa: PLC0415 - the core has no store
        account_of_login,
        close,
        what_becomes,
    )

    account = account_of_login(serving, login)
    return close(serving, account, data="erase" if erases else what_becomes(serving, account))


def _left(found: "Withdrawn | Closed") -> Iterator[str]:
    became = f"erased ({found.erased:,} rows)" if found.data == "erase" else "kept"
    yield f"Closed for good; what they did is {became} (journal entry {found.entry})."
    if missing := getattr(found, "missing", 0):
        yield f"{missing:,} assignments are missing now: nobody else is given them."
    if pictures := getattr(found, "pictures", ()):
        yield f"{len(pictures):,} pictures that they alone brought; their files stay among the media, remove them by hand:"
        yield from (f"  {each}" for each in pictures)
