"""The rating app: seats of a panel, what each is asked, what they sent; accounts, invitations and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NEVER = ("seats", "draws", "exercises", "pictures")
_ERASABLE = {
    "submissions": (
        (
            "row", "key", "assignment", "rater", "revision", "rating", "correct", "shown_at", "at", "day", "active_s", "idle_s",
            "revealed",
        ),
        ("answer", "body_hash"),
    ),
    "renderings": (("row", "response", "exercise", "names", "masked", "entry"), ("prompt", "html")),
}  # fmt: skip
"""Table to the columns that an erasure keeps and to those that it empties."""


def upgrade() -> None:
    """Make them."""
    _tables()
    for table in (*_NEVER, *_ERASABLE):
        _refuse(table, "DELETE", "")
        _refuse(table, "UPDATE", _not_an_erasure(table))
    _refuse("assignments", "DELETE", "")


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
    op.create_table(
        "tries",
        sa.Column("row", _ROW, autoincrement=True, nullable=False),
        sa.Column("of", sa.String(), nullable=False, comment="SHA-256 of whom the tries are counted against"),
        sa.Column("at", sa.String(), nullable=False, comment="UTC"),
        sa.PrimaryKeyConstraint("row", name="pk_tries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tries_of", "tries", ["of", "at"], unique=False)
    op.create_table(
        "draws",
        sa.Column("draw", sa.String(), nullable=False),
        sa.Column("panel", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("design", sa.String(), nullable=False, comment="JSON: as the study declared it"),
        sa.Column("report", sa.String(), nullable=False, comment="JSON: what the design gives"),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_draws_entry"),
        sa.PrimaryKeyConstraint("draw", name="pk_draws"),
    )
    op.create_table(
        "exercises",
        sa.Column("exercise", sa.String(), nullable=False, comment="opaque"),
        sa.Column("panel", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False, comment="as its file calls it"),
        sa.Column("purpose", sa.String(), nullable=False, comment="calibration or gold"),
        sa.Column("expected", sa.String(), nullable=False, comment="JSON: the answers that count as right"),
        sa.Column("why", sa.String(), nullable=True, comment="HTML that is shown afterwards, of a calibration; confidential"),
        sa.Column("content", sa.String(), nullable=False, comment="content id"),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_exercises_entry"),
        sa.PrimaryKeyConstraint("exercise", name="pk_exercises"),
        sa.UniqueConstraint("panel", "purpose", "name", "content", name="uq_exercises_panel"),
    )
    op.create_table(
        "pictures",
        sa.Column("picture", sa.String(), nullable=False, comment="opaque"),
        sa.Column("sha256", sa.String(), nullable=False, comment="of the medium as it was decoded and written again"),
        sa.Column("source", sa.String(), nullable=False, comment="SHA-256 of the medium in the benchmark"),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_pictures_entry"),
        sa.PrimaryKeyConstraint("picture", name="pk_pictures"),
        sa.UniqueConstraint("source", name="uq_pictures_source"),
    )
    op.create_table(
        "seats",
        sa.Column("rater", sa.String(), nullable=False, comment="the opaque name that ratings say"),
        sa.Column("panel", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_seats_entry"),
        sa.PrimaryKeyConstraint("rater", name="pk_seats"),
        sa.UniqueConstraint("panel", "number", name="uq_seats_panel"),
    )
    op.create_table(
        "accounts",
        sa.Column("account", sa.String(), nullable=False, comment="opaque"),
        sa.Column("role", sa.String(), nullable=False, comment="lead, author, rater or viewer"),
        sa.Column("rater", sa.String(), nullable=True, comment="the seat of a rater; else null"),
        sa.Column("login", sa.String(), nullable=True, comment="in lower case; identity; null once erased"),
        sa.Column("password_hash", sa.String(), nullable=True, comment="argon2id; null once erased"),
        sa.Column("created_at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("consented_at", sa.String(), nullable=True, comment="UTC"),
        sa.Column("consented_to", sa.String(), nullable=True, comment="content id of the text that was consented to"),
        sa.Column("calibrated_at", sa.String(), nullable=True, comment="UTC: when the gate before real items was passed"),
        sa.Column(
            "preferences", sa.String(), nullable=False, comment="JSON: language, theme, pictures, keys, categories left out"
        ),
        sa.Column("disabled_at", sa.String(), nullable=True, comment="UTC"),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_accounts_entry"),
        sa.ForeignKeyConstraint(["rater"], ["seats.rater"], name="fk_accounts_rater"),
        sa.PrimaryKeyConstraint("account", name="pk_accounts"),
        sa.UniqueConstraint("login", name="uq_accounts_login"),
        sa.UniqueConstraint("rater", name="uq_accounts_rater"),
    )
    op.create_table(
        "demographics",
        sa.Column("rater", sa.String(), nullable=False),
        sa.Column(
            "answers",
            sa.String(),
            nullable=True,
            comment="JSON: question to answer; null once erased; never beside an identity",
        ),
        sa.ForeignKeyConstraint(["rater"], ["seats.rater"], name="fk_demographics_rater"),
        sa.PrimaryKeyConstraint("rater", name="pk_demographics"),
    )
    op.create_table(
        "invitations",
        sa.Column("invitation", sa.String(), nullable=False, comment="opaque; a signed link holds it"),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("rater", sa.String(), nullable=True, comment="the seat, of a rater"),
        sa.Column("expires_at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("used_at", sa.String(), nullable=True, comment="UTC"),
        sa.Column("revoked_at", sa.String(), nullable=True, comment="UTC"),
        sa.Column("entry", _ROW, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_invitations_entry"),
        sa.ForeignKeyConstraint(["rater"], ["seats.rater"], name="fk_invitations_rater"),
        sa.PrimaryKeyConstraint("invitation", name="pk_invitations"),
    )
    op.create_table(
        "sittings",
        sa.Column("sitting", _ROW, autoincrement=True, nullable=False),
        sa.Column("rater", sa.String(), nullable=False),
        sa.Column("began_at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("last_at", sa.String(), nullable=False, comment="UTC: the newest sign of life"),
        sa.Column("items", sa.Integer(), nullable=False, comment="submissions in it"),
        sa.Column("offered_at", sa.Integer(), nullable=False, comment="items when a break was offered last"),
        sa.Column("ended_at", sa.String(), nullable=True, comment="UTC: when it ended by a break, a cap or the rater's wish"),
        sa.ForeignKeyConstraint(["rater"], ["seats.rater"], name="fk_sittings_rater"),
        sa.PrimaryKeyConstraint("sitting", name="pk_sittings"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sittings_rater", "sittings", ["rater"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("assignment", sa.String(), nullable=False, comment="opaque"),
        sa.Column("draw", sa.String(), nullable=False),
        sa.Column("rater", sa.String(), nullable=False),
        sa.Column(
            "position", sa.Integer(), nullable=False, comment="from 1 over all draws of the rater; calibration is below 0"
        ),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("occasion", sa.Integer(), nullable=False),
        sa.Column("response", _ROW, nullable=True, comment="the revision that is shown; null of an exercise"),
        sa.Column("exercise", sa.String(), nullable=True, comment="null of a response"),
        sa.Column("harm_category", sa.String(), nullable=True, comment="of its scenario, for raters who opt out of some"),
        sa.Column(
            "state", sa.String(), nullable=False, comment="open, rated, skipped or erased; the newest submission decides"
        ),
        sa.Column("shown_at", sa.String(), nullable=True, comment="UTC: when it was first shown"),
        sa.ForeignKeyConstraint(["draw"], ["draws.draw"], name="fk_assignments_draw"),
        sa.ForeignKeyConstraint(["exercise"], ["exercises.exercise"], name="fk_assignments_exercise"),
        sa.ForeignKeyConstraint(["rater"], ["seats.rater"], name="fk_assignments_rater"),
        sa.ForeignKeyConstraint(["response"], ["responses.row"], name="fk_assignments_response"),
        sa.PrimaryKeyConstraint("assignment", name="pk_assignments"),
        sa.UniqueConstraint("rater", "position", name="uq_assignments_position"),
        sa.UniqueConstraint("rater", "response", "occasion", name="uq_assignments_occasion"),
    )
    op.create_index("ix_assignments_next", "assignments", ["rater", "state", "position"], unique=False)
    op.create_index("ix_assignments_response", "assignments", ["response"], unique=False)
    op.create_table(
        "renderings",
        sa.Column("row", _ROW, autoincrement=True, nullable=False),
        sa.Column("response", _ROW, nullable=True, comment="null of an exercise"),
        sa.Column("exercise", sa.String(), nullable=True, comment="null of a response"),
        sa.Column(
            "prompt",
            sa.String(),
            nullable=True,
            comment="JSON: the turns as raters see them, text as HTML, media by picture; confidential",
        ),
        sa.Column("html", sa.String(), nullable=True, comment="the response as raters see it; confidential"),
        sa.Column("names", sa.Integer(), nullable=False, comment="how often the response names its own model"),
        sa.Column("masked", sa.Boolean(), nullable=False, comment="whether those names are masked"),
        sa.Column("entry", _ROW, nullable=False),
        sa.Column("erased", sa.String(), nullable=True, comment="why its values are gone"),
        sa.Column("erased_by", _ROW, nullable=True),
        sa.ForeignKeyConstraint(["entry"], ["journal.entry"], name="fk_renderings_entry"),
        sa.ForeignKeyConstraint(["erased_by"], ["journal.entry"], name="fk_renderings_erased_by"),
        sa.ForeignKeyConstraint(["exercise"], ["exercises.exercise"], name="fk_renderings_exercise"),
        sa.ForeignKeyConstraint(["response"], ["responses.row"], name="fk_renderings_response"),
        sa.PrimaryKeyConstraint("row", name="pk_renderings"),
        sa.UniqueConstraint("exercise", name="uq_renderings_exercise"),
        sa.UniqueConstraint("response", name="uq_renderings_response"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sessions",
        sa.Column("session", sa.String(), nullable=False, comment="SHA-256 of what the cookie holds"),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("began_at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("expires_at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("ended_at", sa.String(), nullable=True, comment="UTC"),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_sessions_account"),
        sa.PrimaryKeyConstraint("session", name="pk_sessions"),
    )
    op.create_index("ix_sessions_account", "sessions", ["account"], unique=False)
    op.create_table(
        "submissions",
        sa.Column("row", _ROW, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False, comment="what the client gave it, so that it counts once"),
        sa.Column(
            "body_hash",
            sa.String(),
            nullable=True,
            comment="of what was sent, keyed; the same key with another is refused; null once erased",
        ),
        sa.Column("assignment", sa.String(), nullable=False),
        sa.Column("rater", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, comment="1 for the first of an assignment"),
        sa.Column("rating", _ROW, nullable=True, comment="what it became; null of an exercise"),
        sa.Column("answer", sa.String(), nullable=True, comment="JSON: what was answered to an exercise"),
        sa.Column("correct", sa.Boolean(), nullable=True, comment="whether an exercise was answered as expected"),
        sa.Column("shown_at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("at", sa.String(), nullable=False, comment="UTC"),
        sa.Column("day", sa.String(), nullable=False, comment="the day of the rater, in the time zone of the panel"),
        sa.Column(
            "active_s", sa.Float(precision=53), nullable=True, comment="seconds with the page in view and the rater at it"
        ),
        sa.Column("idle_s", sa.Float(precision=53), nullable=True, comment="the rest, by the clock of the server"),
        sa.Column("revealed", sa.String(), nullable=False, comment="JSON: how pictures were shown, and what was revealed"),
        sa.Column("erased", sa.String(), nullable=True, comment="why its values are gone"),
        sa.Column("erased_by", _ROW, nullable=True),
        sa.ForeignKeyConstraint(["assignment"], ["assignments.assignment"], name="fk_submissions_assignment"),
        sa.ForeignKeyConstraint(["erased_by"], ["journal.entry"], name="fk_submissions_erased_by"),
        sa.ForeignKeyConstraint(["rater"], ["seats.rater"], name="fk_submissions_rater"),
        sa.ForeignKeyConstraint(["rating"], ["ratings.row"], name="fk_submissions_rating"),
        sa.PrimaryKeyConstraint("row", name="pk_submissions"),
        sa.UniqueConstraint("assignment", "revision", name="uq_submissions_assignment"),
        sa.UniqueConstraint("key", name="uq_submissions_key"),
        sa.UniqueConstraint("rating", name="uq_submissions_rating"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_submissions_rater", "submissions", ["rater", "row"], unique=False)
    op.add_column(
        "ratings",
        sa.Column(
            "skipped",
            sa.String(),
            nullable=True,
            comment="why the rater did not rate it: distressing, cannot_judge, broken_media or other",
        ),
    )
    op.add_column(
        "ratings",
        sa.Column("scale_id", sa.String(), nullable=True, comment="scale and version that the rater saw; null of an import"),
    )
