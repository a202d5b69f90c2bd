"""Runs, and the answers that they collected; added to like the rest, and emptied by an erasure alone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_EMPTIED = ("text", "reasoning", "stop_details")
_KEPT = (
    "row", "response", "run", "stop_reason", "served_model", "fingerprint", "request_id", "usage", "asked", "in_force", "fault",
    "fault_code", "fault_detail", "tries", "sent_at", "received_at", "seconds", "clock_jumped", "model_changed", "simulated",
)  # fmt: skip
"""What an erasure of an answer empties, and what it leaves as it was."""


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "runs",
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=True, comment="the model id that is asked"),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("client_versions", sa.String(), nullable=False, comment="JSON"),
        sa.Column("settings", sa.String(), nullable=False, comment="JSON: those that are asked for"),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("study_hash", sa.String(), nullable=False),
        sa.Column("protocol_hash", sa.String(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("began_at", sa.String(), nullable=False, comment="UTC, ISO 8601"),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_runs_entry"),
        sa.ForeignKeyConstraint(["release"], ["releases.release"], name="fk_runs_release"),
        sa.ForeignKeyConstraint(["root"], ["benchmarks.root"], name="fk_runs_root"),
        sa.PrimaryKeyConstraint("run", name="pk_runs"),
    )
    op.create_table(
        "answers",
        sa.Column("row", _ROW, autoincrement=True, nullable=False),
        sa.Column("response", _ROW, nullable=False, comment="the revision it became"),
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=True, comment="what people rate; confidential"),
        sa.Column("reasoning", sa.String(), nullable=True, comment="confidential"),
        sa.Column("stop_reason", sa.String(), nullable=True),
        sa.Column("stop_details", sa.String(), nullable=True, comment="JSON, in the words of the provider; confidential"),
        sa.Column("served_model", sa.String(), nullable=True),
        sa.Column("fingerprint", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("usage", sa.String(), nullable=True, comment="JSON: tokens"),
        sa.Column("asked", sa.String(), nullable=False, comment="JSON: settings that were asked for"),
        sa.Column("in_force", sa.String(), nullable=True, comment="JSON: settings that the request held"),
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
        sa.Column("erased", sa.String(), nullable=True, comment="why its values are gone"),
        sa.Column("erased_by", _ROW, nullable=True),
        sa.ForeignKeyConstraint(["erased_by"], ["journal.entry"], name="fk_answers_erased_by"),
        sa.ForeignKeyConstraint(["response"], ["responses.row"], name="fk_answers_response"),
        sa.ForeignKeyConstraint(["run"], ["runs.run"], name="fk_answers_run"),
        sa.PrimaryKeyConstraint("row", name="pk_answers"),
        sa.UniqueConstraint("response", name="uq_answers_response"),
        sqlite_autoincrement=True,
    )
    for table, condition in (("runs", ""), ("answers", _not_an_erasure())):
        _refuse(table, "DELETE", "")
        _refuse(table, "UPDATE", condition)


def _not_an_erasure() -> str:
    same = "IS" if op.get_bind().dialect.name == "sqlite" else "IS NOT DISTINCT FROM"
    rules = ["OLD.erased IS NULL", "NEW.erased IS NOT NULL", "NEW.erased_by IS NOT NULL"]
    rules += [f"NEW.{name} {same} OLD.{name}" for name in _KEPT]
    rules += [f"NEW.{name} IS NULL" for name in _EMPTIED]
    return f" WHEN (NOT ({' AND '.join(rules)}))"


def _refuse(table: str, verb: str, condition: str) -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    action = " BEGIN SELECT RAISE(ABORT, 'append-only'); END" if sqlite else " EXECUTE FUNCTION driftgauge_append_only()"
    op.execute(f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW{condition}{action}")
