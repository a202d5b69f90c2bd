"""The scenarios that people rate where judges rate all, and with which probability; no row is changed or removed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table and its triggers."""
    op.create_table(
        "samples",
        sa.Column("scenario", sa.String(), nullable=False),
        sa.Column("stratum", sa.String(), nullable=False, comment="intent and harm category"),
        sa.Column(
            "inclusion", sa.Float(53), nullable=False, comment="the probability with which it is rated by people, in (0, 1]"
        ),
        sa.Column("drawn", sa.Boolean(), nullable=False, comment="whether people rate its responses"),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_samples_entry"),
        sa.PrimaryKeyConstraint("scenario", name="pk_samples"),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    action = "BEGIN SELECT RAISE(ABORT, 'append-only'); END" if sqlite else "EXECUTE FUNCTION driftgauge_append_only()"
    for verb in ("DELETE", "UPDATE"):
        op.execute(f"CREATE TRIGGER samples_no_{verb.lower()} BEFORE {verb} ON samples FOR EACH ROW {action}")
