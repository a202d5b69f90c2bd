"""Panels that the lead paused and resumed, and raters who stopped taking part; no row is changed or removed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables and their triggers."""
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
    op.create_table(
        "withdrawals",
        sa.Column("rater", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("data", sa.String(), nullable=False, comment="keep or erase: what the consent said of what was rated"),
        sa.Column("asked_by", sa.String(), nullable=False, comment="rater, or lead for them"),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_withdrawals_entry"),
        sa.ForeignKeyConstraint(["rater"], ["seats.rater"], name="fk_withdrawals_rater"),
        sa.PrimaryKeyConstraint("rater", name="pk_withdrawals"),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    action = "BEGIN SELECT RAISE(ABORT, 'append-only'); END" if sqlite else "EXECUTE FUNCTION driftgauge_append_only()"
    for table in ("pauses", "withdrawals"):
        for verb in ("DELETE", "UPDATE"):
            op.execute(f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW {action}")
