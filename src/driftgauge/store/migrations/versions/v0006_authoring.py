"""Scenarios in writing: drafts and their revisions, reviews, pictures, and the sittings of those who write."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NEVER = ("drafts", "draft_pictures")
_ERASABLE = {
    "draft_revisions": (("row", "key", "draft", "revision", "sent", "at", "entry"), ("content", "body_hash")),
    "reviews": (("row", "key", "draft", "revision", "account", "verdict", "at", "entry"), ("note", "body_hash")),
}
"""Table to the columns that an erasure keeps and to those that it empties."""


def upgrade() -> None:
    """Make them."""
    _tables()
    for table in (*_NEVER, *_ERASABLE):
        _refuse(table, "DELETE", "")
        _refuse(table, "UPDATE", _not_an_erasure(table))


def _not_an_erasure(table: str) -> str:
    if table not in _ERASABLE:
        return ""
    same = "IS" if op.get_bind().dialect.name == "sqlite" else "IS NOT DISTINCT FROM"
    kept, emptied = _ERASABLE[table]
    rules = ["OLD.erased IS NULL", "NEW.erased IS NOT NULL", "NEW.erased_by IS NOT NULL"]
    rules += [f'NEW."{name}" {same} OLD."{name}"' for name in kept]
    rules += [f"NEW.{name} IS NULL" for name in emptied]
    return f" WHEN (NOT ({' AND '.join(rules)}))"


def _refuse(table: str, verb: str, condition: str) -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    action = " BEGIN SELECT RAISE(ABORT, 'append-only'); END" if sqlite else " EXECUTE FUNCTION driftgauge_append_only()"
    op.execute(f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW{condition}{action}")


def _tables() -> None:
    _drafts()
    op.create_table(
        "reviews",
        sa.Column("row", _ROW, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False, comment="what the page gave it, so that it counts once"),
        sa.Column("body_hash", sa.String(), nullable=True, comment="of what was sent, keyed; null once erased"),
        sa.Column("draft", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, comment="that was read"),
        sa.Column("account", sa.String(), nullable=False, comment="who reviews"),
        sa.Column("verdict", sa.String(), nullable=False, comment="taken, left, accepted or sent_back; the newest counts"),
        sa.Column("note", sa.String(), nullable=True, comment="to the author; confidential"),
        sa.Column("at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("entry", _ROW, nullable=False),
        sa.Column("erased", sa.String(), nullable=True, comment="why its values are gone"),
        sa.Column("erased_by", _ROW, nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_reviews_account"),
        sa.ForeignKeyConstraint(["draft"], ["drafts.draft"], name="fk_reviews_draft"),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_reviews_entry"),
        sa.ForeignKeyConstraint(["erased_by"], ["journal.entry"], name="fk_reviews_erased_by"),
        sa.PrimaryKeyConstraint("row", name="pk_reviews"),
        sa.UniqueConstraint("key", name="uq_reviews_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reviews_draft", "reviews", ["draft", "revision"], unique=False)
    op.create_table(
        "author_sittings",
        sa.Column("sitting", _ROW, autoincrement=True, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("began_at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("last_at", sa.String(), nullable=False, comment="UTC: the newest sign of life"),
        sa.Column("items", sa.Integer(), nullable=False, comment="scenarios begun and reviews given in it"),
        sa.Column("offered_at", sa.Integer(), nullable=False, comment="items when a break was offered last"),
        sa.Column("ended_at", sa.String(), nullable=True, comment="UTC: when it ended by a break, a cap or the author's wish"),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_author_sittings_account"),
        sa.PrimaryKeyConstraint("sitting", name="pk_author_sittings"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_author_sittings_account", "author_sittings", ["account"], unique=False)


def _drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("draft", sa.String(), nullable=False, comment="opaque; the id of the scenario that it becomes"),
        sa.Column("account", sa.String(), nullable=False, comment="who writes it"),
        sa.Column("created_at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_drafts_account"),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_drafts_entry"),
        sa.PrimaryKeyConstraint("draft", name="pk_drafts"),
    )
    op.create_index("ix_drafts_account", "drafts", ["account"], unique=False)
    op.create_table(
        "draft_revisions",
        sa.Column("row", _ROW, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False, comment="what the page gave it, so that it counts once"),
        sa.Column("body_hash", sa.String(), nullable=True, comment="of what was sent, keyed; null once erased"),
        sa.Column("draft", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, comment="1 for the first; the newest counts"),
        sa.Column("content", sa.String(), nullable=True, comment="JSON: labels, texts, pictures by name; confidential"),
        sa.Column("sent", sa.Boolean(), nullable=False, comment="whether it was sent for review"),
        sa.Column("at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("entry", _ROW, nullable=False),
        sa.Column("erased", sa.String(), nullable=True, comment="why its values are gone"),
        sa.Column("erased_by", _ROW, nullable=True),
        sa.ForeignKeyConstraint(["draft"], ["drafts.draft"], name="fk_draft_revisions_draft"),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_draft_revisions_entry"),
        sa.ForeignKeyConstraint(["erased_by"], ["journal.entry"], name="fk_draft_revisions_erased_by"),
        sa.PrimaryKeyConstraint("row", name="pk_draft_revisions"),
        sa.UniqueConstraint("draft", "revision", name="uq_draft_revisions_draft"),
        sa.UniqueConstraint("key", name="uq_draft_revisions_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "draft_pictures",
        sa.Column("picture", sa.String(), nullable=False, comment="opaque"),
        sa.Column("account", sa.String(), nullable=False, comment="whose it is"),
        sa.Column("sha256", sa.String(), nullable=False, comment="of the picture as it was decoded and written again"),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_draft_pictures_account"),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_draft_pictures_entry"),
        sa.PrimaryKeyConstraint("picture", name="pk_draft_pictures"),
    )
