"""The database itself refuses what is not appending: no row is removed, and none is changed but to erase its values."""

from alembic import op

revision = "0002"
down_revision = "0001"

_NEVER = ("journal", "protocols", "benchmarks", "prompts")
_ERASABLE = {
    "ratings": (
        ("rating_id", "revision", "response", "entry"),
        ("harm", "success", "refusal", "refusal_level", "comment", "extra"),
    ),
    "responses": (("response_id", "revision", "entry"), ("prompt_hash", "response_hash")),
}
"""Table to the columns that an erasure keeps and to those that it empties."""


def upgrade() -> None:
    """Make the triggers."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute(
            "CREATE FUNCTION driftgauge_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'append-only' USING ERRCODE = 'restrict_violation'; END $$"
        )
    for table in (*_NEVER, *_ERASABLE):
        _refuse(table, "DELETE", when=None, sqlite=sqlite)
        _refuse(table, "UPDATE", when=_not_an_erasure(table), sqlite=sqlite)


def _not_an_erasure(table: str) -> str | None:
    if table not in _ERASABLE:
        return None
    kept, emptied = _ERASABLE[table]
    rules = ["OLD.erased IS NULL", "NEW.erased IS NOT NULL"]
    rules += [f"NEW.{name} = OLD.{name}" for name in kept]
    rules += [f"NEW.{name} IS NULL" for name in emptied]
    return f"NOT ({' AND '.join(rules)})"


def _refuse(table: str, verb: str, *, when: str | None, sqlite: bool) -> None:
    begin = f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW"
    condition = f" WHEN ({when})" if when else ""
    action = " BEGIN SELECT RAISE(ABORT, 'append-only'); END" if sqlite else " EXECUTE FUNCTION driftgauge_append_only()"
    op.execute(begin + condition + action)
