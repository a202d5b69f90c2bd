"""A panel is paused and resumed by the lead: its raters are shown nothing new meanwhile, and lose nothing."""

from dataclasses import dataclass

from driftgauge.errors import RatingError
from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.store import accounts, journal
from driftgauge.store import pauses as kept
from driftgauge.store.database import Connection


@dataclass(frozen=True)
class Paused:
    """What became of it.

    Parameters
    ----------
    panel
        Whose.
    since
        When it was paused (UTC); null when it is not.
    entry
        Of the journal; null when it was so already, and nothing was written.
    """

    panel: str
    since: str | None
    entry: int | None


def pause(serving: Serving, panel: str) -> Paused:
    """Show the raters of a panel nothing new from now on.

    What is on their screens may be finished and is kept. Nobody is logged out, and no cap or break moves.

    Raises
    ------
    RatingError
        When the panel has no seats.
    """
    return _turn(serving, panel, paused=True)


def resume(serving: Serving, panel: str) -> Paused:
    """Let the raters of a panel go on where they were.

    Raises
    ------
    RatingError
        When the panel has no seats.
    """
    return _turn(serving, panel, paused=False)


def _turn(serving: Serving, panel: str, *, paused: bool) -> Paused:
    at = text_of(serving.now())
    with serving.store.writing() as connection:
        _seated(connection, panel)
        since = kept.paused_since(connection).get(panel)
        if (since is not None) == paused:
            return Paused(panel, since, None)
        entry = journal.append(connection, serving.author, "pause" if paused else "resume", detail={"panel": panel})
        kept.add_pause(connection, panel, paused=paused, at=at, entry=entry)
    return Paused(panel, at if paused else None, entry)


def _seated(connection: Connection, panel: str) -> None:
    if not panel.isprintable() or not accounts.count_seats(connection, panel):
        raise RatingError(
            f"panel {panel[:60]!r} has no seats, so nobody of it rates", remedy="See the panels: driftgauge rate status STUDY."
        )
