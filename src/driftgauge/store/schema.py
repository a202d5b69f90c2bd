"""Which schema a database has, and bringing an older one to ours: whole or not at all."""

from importlib.resources import files
from typing import Final

import sqlalchemy as sa

from driftgauge.errors import StoreError

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
"""Every schema there was, in order; the last is ours."""


def current(connection: sa.Connection, name: str) -> str | None:
    """Return the schema that a database has, or null when it is empty.

    Raises
    ------
    StoreError
        When it is newer than this version, or not ours.
    """
    there = sa.inspect(connection).get_table_names()
    if not there:
        return None
    if "alembic_version" not in there:
        raise StoreError(f"{name} holds other tables, none of a study", remedy="Give a database of its own to each study.")
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if found not in REVISIONS:
        raise StoreError(
            f"{name} has schema {found}, and this version of driftgauge knows {REVISIONS[-1]} as the newest",
            remedy="It was written by a newer driftgauge: install that one. Nothing was changed.",
        )
    return found


def upgrade(connection: sa.Connection, *, to: str = "head") -> None:
    """Bring the tables to a schema, inside the transaction of `connection`."""
    from alembic import command  # noqa: PLC0415 - only when there is something to do
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files("driftgauge.store") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
