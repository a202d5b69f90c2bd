"""Panels that the lead paused and resumed; a row each time, and none is changed or removed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table and its triggers."""
    op.create_table(
        "pauses",
        sa.Column("row", _ROW, autoincrement=True, nullable=False),
        sa.Column("panel", sa.String(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False, comment="or resumed; the newest row decides"),
        sa.Column("at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_pauses_entry"),
        sa.PrimaryKeyConstraint("row", name="pk_pauses"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pauses_panel", "pauses", ["panel", "row"], unique=False)
    sqlite = op.get_bind().dialect.name == "sqlite"
    action = "BEGIN SELECT RAISE(ABORT, 'append-only'); END" if sqlite else "EXECUTE FUNCTION driftgauge_append_only()"
    for verb in ("DELETE", "UPDATE"):
        op.execute(f"CREATE TRIGGER pauses_no_{verb.lower()} BEFORE {verb} ON pauses FOR EACH ROW {action}")
