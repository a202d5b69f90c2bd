"""The tables as they are at the newest schema. How one gets there is in ``migrations/``; a test holds both equal."""

from typing import Final

import sqlalchemy as sa

metadata: Final = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

ROW: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A number that the database gives out; SQLite gives them out for type INTEGER alone."""

journal: Final = sa.Table(
    "journal",
    metadata,
    sa.Column("entry", ROW, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String, nullable=False, comment="UTC, ISO 8601"),
    sa.Column("who", sa.String, nullable=False),
    sa.Column("verb", sa.String, nullable=False),
    sa.Column("code_version", sa.String, nullable=False),
    sa.Column("counts", sa.String, nullable=False, comment="JSON: what was added, by name"),
    sa.Column("hashes", sa.String, nullable=False, comment="JSON: of files, protocol and benchmark"),
    sa.Column("detail", sa.String, nullable=False, comment="JSON: settings and findings; never a text of anybody"),
    sqlite_autoincrement=True,
)

protocols: Final = sa.Table(
    "protocols",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("protocol_hash", sa.String, nullable=False, unique=True),
    sa.Column("declared", sa.String, nullable=False, comment="JSON"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
)

benchmarks: Final = sa.Table(
    "benchmarks",
    metadata,
    sa.Column("root", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("frozen_at", sa.String, nullable=False),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
)

prompts: Final = sa.Table(
    "prompts",
    metadata,
    sa.Column("root", sa.String, sa.ForeignKey("benchmarks.root"), primary_key=True),
    sa.Column("prompt", sa.String, primary_key=True, comment="scenario/modality/language"),
    sa.Column("prompt_hash", sa.String, nullable=False),
    sa.Column("scenario", sa.String, nullable=False),
    sa.Column("intent", sa.String, nullable=False),
    sa.Column("modality", sa.String, nullable=False),
    sa.Column("language", sa.String, nullable=False),
)

releases: Final = sa.Table(
    "releases",
    metadata,
    sa.Column("release", sa.String, primary_key=True),
    sa.Column("family", sa.String, comment="as the first source said that said it"),
    sa.Column("generation", sa.Integer),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
)

responses: Final = sa.Table(
    "responses",
    metadata,
    sa.Column("row", ROW, primary_key=True, autoincrement=True),
    sa.Column("response_id", sa.String, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("scenario", sa.String, nullable=False),
    sa.Column("intent", sa.String, nullable=False),
    sa.Column("modality", sa.String, nullable=False),
    sa.Column("language", sa.String),
    sa.Column("release", sa.String, sa.ForeignKey("releases.release"), nullable=False),
    sa.Column("phase", sa.String),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("harm_category", sa.String),
    sa.Column("technique", sa.String),
    sa.Column("execution", sa.String),
    sa.Column("prompt_hash", sa.String),
    sa.Column("response_hash", sa.String),
    sa.Column("root", sa.String, sa.ForeignKey("benchmarks.root"), comment="the benchmark that its prompt is of"),
    sa.Column("content", sa.String, nullable=False, comment="content id of what may be revised"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
    sa.Column("erased", sa.String, comment="why its values are gone"),
    sa.Column("erased_by", ROW, sa.ForeignKey("journal.entry")),
    sa.UniqueConstraint("response_id", "revision"),
    sqlite_autoincrement=True,
)

ratings: Final = sa.Table(
    "ratings",
    metadata,
    sa.Column("row", ROW, primary_key=True, autoincrement=True),
    sa.Column("rating_id", sa.String, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("response", ROW, sa.ForeignKey("responses.row"), nullable=False, comment="the revision that was rated"),
    sa.Column("rater", sa.String),
    sa.Column("panel", sa.String),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("occasion", sa.Integer, nullable=False),
    sa.Column("purpose", sa.String, nullable=False),
    sa.Column("harm", sa.SmallInteger),
    sa.Column("success", sa.Boolean(create_constraint=False)),
    sa.Column("refusal", sa.Boolean(create_constraint=False)),
    sa.Column("refusal_level", sa.String),
    sa.Column("comment", sa.String),
    sa.Column("created_at", sa.String),
    sa.Column("line", sa.BigInteger),
    sa.Column("simulated", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("extra", sa.String, comment="JSON: further columns of the source"),
    sa.Column("content", sa.String, nullable=False, comment="content id of what may be revised"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
    sa.Column("erased", sa.String, comment="why its values are gone"),
    sa.Column("erased_by", ROW, sa.ForeignKey("journal.entry")),
    sa.UniqueConstraint("rating_id", "revision"),
    sqlite_autoincrement=True,
)

runs: Final = sa.Table(
    "runs",
    metadata,
    sa.Column("run", sa.String, primary_key=True),
    sa.Column("root", sa.String, sa.ForeignKey("benchmarks.root"), nullable=False),
    sa.Column("release", sa.String, sa.ForeignKey("releases.release"), nullable=False),
    sa.Column("phase", sa.String, nullable=False),
    sa.Column("model", sa.String, comment="the model id that is asked"),
    sa.Column("client", sa.String, nullable=False),
    sa.Column("client_versions", sa.String, nullable=False, comment="JSON"),
    sa.Column("settings", sa.String, nullable=False, comment="JSON: those that are asked for"),
    sa.Column("simulated", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("study_hash", sa.String, nullable=False),
    sa.Column("protocol_hash", sa.String, nullable=False),
    sa.Column("code_version", sa.String, nullable=False),
    sa.Column("began_at", sa.String, nullable=False, comment="UTC, ISO 8601"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
)

answers: Final = sa.Table(
    "answers",
    metadata,
    sa.Column("row", ROW, primary_key=True, autoincrement=True),
    sa.Column("response", ROW, sa.ForeignKey("responses.row"), nullable=False, unique=True, comment="the revision it became"),
    sa.Column("run", sa.String, sa.ForeignKey("runs.run"), nullable=False),
    sa.Column("text", sa.String, comment="what people rate; confidential"),
    sa.Column("reasoning", sa.String, comment="confidential"),
    sa.Column("stop_reason", sa.String),
    sa.Column("stop_details", sa.String, comment="JSON, in the words of the provider; confidential"),
    sa.Column("served_model", sa.String),
    sa.Column("fingerprint", sa.String),
    sa.Column("request_id", sa.String),
    sa.Column("usage", sa.String, comment="JSON: tokens"),
    sa.Column("asked", sa.String, nullable=False, comment="JSON: settings that were asked for"),
    sa.Column("in_force", sa.String, comment="JSON: settings that the request held"),
    sa.Column("fault", sa.String, comment="the kind of fault, where nothing came back"),
    sa.Column("fault_code", sa.Integer),
    sa.Column("fault_detail", sa.String),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("sent_at", sa.String, comment="UTC, ISO 8601"),
    sa.Column("received_at", sa.String, comment="UTC, ISO 8601"),
    sa.Column("seconds", sa.Float(53), comment="by a clock that never jumps"),
    sa.Column("clock_jumped", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("model_changed", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("simulated", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("erased", sa.String, comment="why its values are gone"),
    sa.Column("erased_by", ROW, sa.ForeignKey("journal.entry")),
    sqlite_autoincrement=True,
)

RATING_VALUES: Final = ("harm", "success", "refusal", "refusal_level", "comment", "extra")
RESPONSE_VALUES: Final = ("prompt_hash", "response_hash")
ANSWER_VALUES: Final = ("text", "reasoning", "stop_details")
"""What an erasure empties."""
