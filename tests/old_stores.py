"""A store as an earlier version of driftgauge left it: its schema, and what a store of today holds of it."""

import sqlalchemy as sa

from driftgauge.store import schema
from driftgauge.store.database import Database


def fill_as_of_old(old: Database, newest: Database, *, revision: str) -> None:
    """Make the tables of an earlier schema, and copy into them what a study holds."""
    with newest.reading() as source, old.writing() as target:
        schema.upgrade(target, to=revision)
        there, here = sa.MetaData(), sa.MetaData()
        there.reflect(source)
        here.reflect(target)
        for table in (each for each in here.sorted_tables if each.name != "alembic_version"):
            of_today = there.tables[table.name]
            query = sa.select(*(of_today.c[column.name] for column in table.columns))
            if found := [dict(row) for row in source.execute(query).mappings()]:
                target.execute(sa.insert(table), found)
                _count_on(target, table)


def _count_on(connection: sa.Connection, table: sa.Table) -> None:
    """Let a server number further rows after those that were copied."""
    for column in table.primary_key if connection.dialect.name == "postgresql" else ():
        if column.server_default is not None:
            sequence = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
            connection.exec_driver_sql(f"SELECT setval({sequence}, max({column.name})) FROM {table.name}")
