"""The tables of a study: journal, protocols, benchmarks and prompts, releases, responses, ratings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "journal",
        sa.Column("entry", _ROW, autoincrement=True, nullable=False),
        sa.Column("at", sa.String(), nullable=False, comment="UTC, ISO 8601"),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("counts", sa.String(), nullable=False, comment="JSON: what was added, by name"),
        sa.Column("hashes", sa.String(), nullable=False, comment="JSON: of files, protocol and benchmark"),
        sa.Column("detail", sa.String(), nullable=False, comment="JSON: settings and findings; never a text of anybody"),
        sa.PrimaryKeyConstraint("entry", name="pk_journal"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "benchmarks",
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("frozen_at", sa.String(), nullable=False),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_benchmarks_entry"),
        sa.PrimaryKeyConstraint("root", name="pk_benchmarks"),
    )
    op.create_table(
        "protocols",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("protocol_hash", sa.String(), nullable=False),
        sa.Column("declared", sa.String(), nullable=False, comment="JSON"),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_protocols_entry"),
        sa.PrimaryKeyConstraint("version", name="pk_protocols"),
        sa.UniqueConstraint("protocol_hash", name="uq_protocols_protocol_hash"),
    )
    op.create_table(
        "releases",
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=True, comment="as the first source said that said it"),
        sa.Column("generation", sa.Integer(), nullable=True),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_releases_entry"),
        sa.PrimaryKeyConstraint("release", name="pk_releases"),
    )
    op.create_table(
        "prompts",
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("prompt", sa.String(), nullable=False, comment="scenario/modality/language"),
        sa.Column("prompt_hash", sa.String(), nullable=False),
        sa.Column("scenario", sa.String(), nullable=False),
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["root"], ["benchmarks.root"], name="fk_prompts_root"),
        sa.PrimaryKeyConstraint("root", "prompt", name="pk_prompts"),
    )
    op.create_table(
        "responses",
        sa.Column("row", _ROW, autoincrement=True, nullable=False),
        sa.Column("response_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("scenario", sa.String(), nullable=False),
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("harm_category", sa.String(), nullable=True),
        sa.Column("technique", sa.String(), nullable=True),
        sa.Column("execution", sa.String(), nullable=True),
        sa.Column("prompt_hash", sa.String(), nullable=True),
        sa.Column("response_hash", sa.String(), nullable=True),
        sa.Column("root", sa.String(), nullable=True, comment="the benchmark that its prompt is of"),
        sa.Column("content", sa.String(), nullable=False, comment="content id of what may be revised"),
        sa.Column("entry", _ROW, nullable=False),
        sa.Column("erased", sa.String(), nullable=True, comment="why its values are gone"),
        sa.Column("erased_by", _ROW, nullable=True),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_responses_entry"),
        sa.ForeignKeyConstraint(["erased_by"], ["journal.entry"], name="fk_responses_erased_by"),
        sa.ForeignKeyConstraint(["release"], ["releases.release"], name="fk_responses_release"),
        sa.ForeignKeyConstraint(["root"], ["benchmarks.root"], name="fk_responses_root"),
        sa.PrimaryKeyConstraint("row", name="pk_responses"),
        sa.UniqueConstraint("response_id", "revision", name="uq_responses_response_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ratings",
        sa.Column("row", _ROW, autoincrement=True, nullable=False),
        sa.Column("rating_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("response", _ROW, nullable=False, comment="the revision that was rated"),
        sa.Column("rater", sa.String(), nullable=True),
        sa.Column("panel", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("occasion", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("harm", sa.SmallInteger(), nullable=True),
        sa.Column("success", sa.Boolean(), nullable=True),
        sa.Column("refusal", sa.Boolean(), nullable=True),
        sa.Column("refusal_level", sa.String(), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("created_at", sa.String(), nullable=True),
        sa.Column("line", sa.BigInteger(), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("extra", sa.String(), nullable=True, comment="JSON: further columns of the source"),
        sa.Column("content", sa.String(), nullable=False, comment="content id of what may be revised"),
        sa.Column("entry", _ROW, nullable=False),
        sa.Column("erased", sa.String(), nullable=True, comment="why its values are gone"),
        sa.Column("erased_by", _ROW, nullable=True),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_ratings_entry"),
        sa.ForeignKeyConstraint(["erased_by"], ["journal.entry"], name="fk_ratings_erased_by"),
        sa.ForeignKeyConstraint(["response"], ["responses.row"], name="fk_ratings_response"),
        sa.PrimaryKeyConstraint("row", name="pk_ratings"),
        sa.UniqueConstraint("rating_id", "revision", name="uq_ratings_rating_id"),
        sqlite_autoincrement=True,
    )
