"""Panels that the lead paused and resumed: a row each time, the newest decides."""

import sqlalchemy as sa

from driftgauge.store.tables import pauses


def add_pause(connection: sa.Connection, panel: str, *, paused: bool, at: str, entry: int) -> None:
    """Note that a panel was paused, or resumed, at a time (UTC)."""
    row = {"panel": panel, "paused": paused, "at": at, "entry": entry}
    connection.execute(sa.insert(pauses), [row])


def paused_since(connection: sa.Connection) -> dict[str, str]:
    """Return the panels that are paused now, each with since when (UTC)."""
    newest = sa.select(sa.func.max(pauses.c.row)).group_by(pauses.c.panel)
    query = sa.select(pauses.c.panel, pauses.c.paused, pauses.c.at).where(pauses.c.row.in_(newest))
    return {row.panel: row.at for row in connection.execute(query) if row.paused}
