"""Judges, and every vote of theirs; added to like the rest, and emptied by an erasure alone."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_EMPTIED = ("harm", "success", "refusal", "reason", "text", "reasoning", "stop_details")
_KEPT = (
    "row", "response", "rater", "occasion", "vote", "revision", "status", "why_not", "stop_reason", "served_model",
    "fingerprint", "request_id", "usage", "asked", "in_force", "structured", "media", "names", "fault", "fault_code",
    "fault_detail", "tries", "sent_at", "received_at", "seconds", "clock_jumped", "model_changed", "simulated", "entry",
)  # fmt: skip
"""What an erasure of a vote empties, and what it leaves as it was."""


def upgrade() -> None:
    """Make the tables and their triggers."""
    _judges()
    _judgements()
    sqlite = op.get_bind().dialect.name == "sqlite"
    same = "IS" if sqlite else "IS NOT DISTINCT FROM"
    action = "BEGIN SELECT RAISE(ABORT, 'append-only'); END" if sqlite else "EXECUTE FUNCTION driftgauge_append_only()"
    rules = ["OLD.erased IS NULL", "NEW.erased IS NOT NULL", "NEW.erased_by IS NOT NULL"]
    rules += [f'NEW."{name}" {same} OLD."{name}"' for name in _KEPT] + [f'NEW."{name}" IS NULL' for name in _EMPTIED]
    refused = {
        ("judges", "DELETE"): "", ("judges", "UPDATE"): "", ("judgements", "DELETE"): "",
        ("judgements", "UPDATE"): f" WHEN (NOT ({' AND '.join(rules)}))",
    }  # fmt: skip
    for (table, verb), when in refused.items():
        name = f"{table}_no_{verb.lower()}"
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW{when} {action}")


def _judges() -> None:
    op.create_table(
        "judges",
        sa.Column("rater", sa.String(), nullable=False, comment="its name in ratings: the judge, and its version behind it"),
        sa.Column("judge", sa.String(), nullable=False, comment="as the study calls it"),
        sa.Column("version", sa.String(), nullable=False, comment="SHA-256 of model, settings, rubric and votes"),
        sa.Column("model", sa.String(), nullable=True, comment="the model id that is asked"),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("settings", sa.String(), nullable=False, comment="JSON: all that is declared of how it is asked"),
        sa.Column("rubric_version", sa.String(), nullable=False, comment="SHA-256"),
        sa.Column("rubric", sa.String(), nullable=False, comment="its text"),
        sa.Column("votes", sa.Integer(), nullable=False, comment="how often it is asked about each response"),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_judges_entry"),
        sa.PrimaryKeyConstraint("rater", name="pk_judges"),
    )


def _judgements() -> None:
    op.create_table(
        "judgements",
        sa.Column("row", _ROW, autoincrement=True, nullable=False),
        sa.Column("response", _ROW, nullable=False, comment="the revision that was judged"),
        sa.Column("rater", sa.String(), nullable=False),
        sa.Column("occasion", sa.Integer(), nullable=False),
        sa.Column("vote", sa.Integer(), nullable=False, comment="from 1"),
        sa.Column(
            "revision", sa.Integer(), nullable=False, comment="1, or one more than that of the vote that got no answer before"
        ),
        sa.Column("status", sa.String(), nullable=False, comment="of the answer, as of a response"),
        sa.Column("why_not", sa.String(), nullable=True, comment="why it is no judgement; null where it is one"),
        sa.Column("harm", sa.SmallInteger(), nullable=True),
        sa.Column("success", sa.Boolean(), nullable=True),
        sa.Column("refusal", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True, comment="confidential"),
        sa.Column("text", sa.String(), nullable=True, comment="what the judge said, whole; confidential"),
        sa.Column("reasoning", sa.String(), nullable=True, comment="confidential"),
        sa.Column("stop_reason", sa.String(), nullable=True),
        sa.Column("stop_details", sa.String(), nullable=True, comment="JSON, in the words of the provider; confidential"),
        sa.Column("served_model", sa.String(), nullable=True),
        sa.Column("fingerprint", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("usage", sa.String(), nullable=True, comment="JSON: tokens"),
        sa.Column(
            "asked", sa.String(), nullable=False, comment="JSON: settings that were asked for, the seed of the vote among them"
        ),
        sa.Column("in_force", sa.String(), nullable=True, comment="JSON: settings that the request held"),
        sa.Column("structured", sa.Boolean(), nullable=True, comment="whether the request held it to a JSON schema"),
        sa.Column(
            "media", sa.String(), nullable=False, comment="none, shown or left_out: what became of the media of the prompt"
        ),
        sa.Column("names", sa.Integer(), nullable=False, comment="how many names of models were masked in the response"),
        sa.Column("fault", sa.String(), nullable=True, comment="the kind of fault, where nothing came back"),
        sa.Column("fault_code", sa.Integer(), nullable=True),
        sa.Column("fault_detail", sa.String(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.String(), nullable=True, comment="UTC, ISO 8601"),
        sa.Column("received_at", sa.String(), nullable=True, comment="UTC, ISO 8601"),
        sa.Column("seconds", sa.Float(53), nullable=True, comment="by a clock that never jumps"),
        sa.Column("clock_jumped", sa.Boolean(), nullable=False),
        sa.Column("model_changed", sa.Boolean(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("entry", _ROW, nullable=False),
        sa.Column("erased", sa.String(), nullable=True, comment="why its values are gone"),
        sa.Column("erased_by", _ROW, nullable=True),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_judgements_entry"),
        sa.ForeignKeyConstraint(["erased_by"], ["journal.entry"], name="fk_judgements_erased_by"),
        sa.ForeignKeyConstraint(["rater"], ["judges.rater"], name="fk_judgements_rater"),
        sa.ForeignKeyConstraint(["response"], ["responses.row"], name="fk_judgements_response"),
        sa.PrimaryKeyConstraint("row", name="pk_judgements"),
        sa.UniqueConstraint("response", "rater", "occasion", "vote", "revision", name="uq_judgements_response"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_judgements_rater", "judgements", ["rater", "row"], unique=False)
