"""Statements about many rows that stay the same whatever their number, so that drivers and servers prepare them once."""

import json
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class Texts(sa.types.TypeDecorator[Sequence[str]]):
    """Several texts as one value: an array of PostgreSQL, JSON in SQLite."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Return how the dialect has it."""
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else ARRAY(sa.Text()))

    def process_bind_param(self, value: Sequence[str] | None, dialect: sa.Dialect) -> Any:
        """Return what the driver gets."""
        found = list(value or ())
        return json.dumps(found) if dialect.name == "sqlite" else found


class _Among(FunctionElement[bool]):
    type: ClassVar[Any] = sa.Boolean()

    def self_group(self, against: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return itself: SQLite has no flags, and what is compared with 1 is not looked up in an index."""
        return self


class _OneOf(_Among):
    name = "one_of"
    inherit_cache = True


class _NoneOf(_Among):
    name = "none_of"
    inherit_cache = True


def one_of(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    """Return whether a column holds one of the texts that are given under a name when the statement is executed."""
    return _OneOf(column, sa.bindparam(name, type_=Texts()))


def none_of(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    """Return whether a column holds none of the texts that are given under a name when the statement is executed."""
    return _NoneOf(column, sa.bindparam(name, type_=Texts()))


def _written(element: _Among, compiler: Any, *, how: str, **named: Any) -> str:
    column, texts = (compiler.process(each, **named) for each in element.clauses)
    return how.format(column, texts)


_WRITTEN: Final = {
    (_OneOf, "sqlite"): "{} IN (SELECT value FROM json_each({}))",
    (_NoneOf, "sqlite"): "{} NOT IN (SELECT value FROM json_each({}))",
    (_OneOf, "postgresql"): "{} = ANY ({})",
    (_NoneOf, "postgresql"): "{} <> ALL ({})",
}


for (_kind, _dialect), _how in _WRITTEN.items():
    compiles(_kind, _dialect)(partial(_written, how=_how))


def insert_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], *, given: str) -> dict[str, int]:
    """Add rows to a table that numbers them, and return the number of each.

    Parameters
    ----------
    connection
        Of a transaction that writes.
    table
        Has a column ``row``.
    rows
        All with the same columns.
    given
        A column that tells them apart; the numbers are by it.
    """
    if not rows:
        return {}
    names = tuple(sorted(rows[0]))
    if connection.dialect.name == "sqlite":
        added = connection.execute(sa.insert(table).returning(table.c.row, table.c[given]), [dict(row) for row in rows])
    else:
        values = {f"all_{name}": [row[name] for row in rows] for name in names}
        added = connection.execute(_from_arrays(table, names, given), values)
    return {str(key): int(row) for row, key in map(tuple[Any, ...], added)}


@cache
def _from_arrays(table: sa.Table, names: tuple[str, ...], given: str) -> Any:
    arrays = [sa.bindparam(f"all_{name}", type_=ARRAY(table.c[name].type)) for name in names]
    columns = [sa.column(name, table.c[name].type) for name in names]
    rows = sa.func.unnest(*arrays).table_valued(*columns, name="given").render_derived()
    picked = sa.select(*(rows.c[name] for name in names))
    return sa.insert(table).from_select(names, picked, include_defaults=False).returning(table.c.row, table.c[given])
