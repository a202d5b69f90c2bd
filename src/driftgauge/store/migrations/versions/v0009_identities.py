"""Who signs in at a provider instead of with a password."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(), nullable=False, comment="the provider, as it calls itself"),
        sa.Column(
            "subject", sa.String(), nullable=False, comment="what it numbers somebody by; identity; the row goes on erasure"
        ),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False, comment="UTC: when the seat was taken"),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_identities_account"),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
        sa.UniqueConstraint("account", name="uq_identities_account"),
    )
