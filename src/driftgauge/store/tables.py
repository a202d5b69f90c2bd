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
    sa.Column("skipped", sa.String, comment="why the rater did not rate it: distressing, cannot_judge, broken_media or other"),
    sa.Column("scale_id", sa.String, comment="scale and version that the rater saw; null of an import"),
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


# The rating app: who rates, what each is asked, and what they sent.

seats: Final = sa.Table(
    "seats",
    metadata,
    sa.Column("rater", sa.String, primary_key=True, comment="the opaque name that ratings say"),
    sa.Column("panel", sa.String, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
    sa.UniqueConstraint("panel", "number"),
)

draws: Final = sa.Table(
    "draws",
    metadata,
    sa.Column("draw", sa.String, primary_key=True),
    sa.Column("panel", sa.String, nullable=False),
    sa.Column("phase", sa.String, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("design", sa.String, nullable=False, comment="JSON: as the study declared it"),
    sa.Column("report", sa.String, nullable=False, comment="JSON: what the design gives"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
)

samples: Final = sa.Table(
    "samples",
    metadata,
    sa.Column("scenario", sa.String, primary_key=True),
    sa.Column("stratum", sa.String, nullable=False, comment="intent and harm category"),
    sa.Column("inclusion", sa.Float(53), nullable=False, comment="the probability with which it is rated by people, in (0, 1]"),
    sa.Column("drawn", sa.Boolean(create_constraint=False), nullable=False, comment="whether people rate its responses"),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
)

exercises: Final = sa.Table(
    "exercises",
    metadata,
    sa.Column("exercise", sa.String, primary_key=True, comment="opaque"),
    sa.Column("panel", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False, comment="as its file calls it"),
    sa.Column("purpose", sa.String, nullable=False, comment="calibration or gold"),
    sa.Column("expected", sa.String, nullable=False, comment="JSON: the answers that count as right"),
    sa.Column("why", sa.String, comment="HTML that is shown afterwards, of a calibration; confidential"),
    sa.Column("content", sa.String, nullable=False, comment="content id"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
    sa.UniqueConstraint("panel", "purpose", "name", "content"),
)

renderings: Final = sa.Table(
    "renderings",
    metadata,
    sa.Column("row", ROW, primary_key=True, autoincrement=True),
    sa.Column("response", ROW, sa.ForeignKey("responses.row"), unique=True, comment="null of an exercise"),
    sa.Column("exercise", sa.String, sa.ForeignKey("exercises.exercise"), unique=True, comment="null of a response"),
    sa.Column("prompt", sa.String, comment="JSON: the turns as raters see them, text as HTML, media by picture; confidential"),
    sa.Column("html", sa.String, comment="the response as raters see it; confidential"),
    sa.Column("names", sa.Integer, nullable=False, comment="how often the response names its own model"),
    sa.Column("masked", sa.Boolean(create_constraint=False), nullable=False, comment="whether those names are masked"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
    sa.Column("erased", sa.String, comment="why its values are gone"),
    sa.Column("erased_by", ROW, sa.ForeignKey("journal.entry")),
    sqlite_autoincrement=True,
)

pictures: Final = sa.Table(
    "pictures",
    metadata,
    sa.Column("picture", sa.String, primary_key=True, comment="opaque"),
    sa.Column("sha256", sa.String, nullable=False, comment="of the medium as it was decoded and written again"),
    sa.Column("source", sa.String, nullable=False, unique=True, comment="SHA-256 of the medium in the benchmark"),
    sa.Column("media_type", sa.String, nullable=False),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
)

assignments: Final = sa.Table(
    "assignments",
    metadata,
    sa.Column("assignment", sa.String, primary_key=True, comment="opaque"),
    sa.Column("draw", sa.String, sa.ForeignKey("draws.draw"), nullable=False),
    sa.Column("rater", sa.String, sa.ForeignKey("seats.rater"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False, comment="from 1 over all draws of the rater; calibration is below 0"),
    sa.Column("purpose", sa.String, nullable=False),
    sa.Column("occasion", sa.Integer, nullable=False),
    sa.Column("response", ROW, sa.ForeignKey("responses.row"), comment="the revision that is shown; null of an exercise"),
    sa.Column("exercise", sa.String, sa.ForeignKey("exercises.exercise"), comment="null of a response"),
    sa.Column("harm_category", sa.String, comment="of its scenario, for raters who opt out of some"),
    sa.Column("state", sa.String, nullable=False, comment="open, rated, skipped or erased; the newest submission decides"),
    sa.Column("shown_at", sa.String, comment="UTC: when it was first shown"),
    sa.UniqueConstraint("rater", "position", name="uq_assignments_position"),
    sa.UniqueConstraint("rater", "response", "occasion", name="uq_assignments_occasion"),
    sa.Index("ix_assignments_next", "rater", "state", "position"),
    sa.Index("ix_assignments_response", "response"),
)

submissions: Final = sa.Table(
    "submissions",
    metadata,
    sa.Column("row", ROW, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String, nullable=False, unique=True, comment="what the client gave it, so that it counts once"),
    sa.Column(
        "body_hash", sa.String, comment="of what was sent, keyed; the same key with another is refused; null once erased"
    ),
    sa.Column("assignment", sa.String, sa.ForeignKey("assignments.assignment"), nullable=False),
    sa.Column("rater", sa.String, sa.ForeignKey("seats.rater"), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, comment="1 for the first of an assignment"),
    sa.Column("rating", ROW, sa.ForeignKey("ratings.row"), unique=True, comment="what it became; null of an exercise"),
    sa.Column("answer", sa.String, comment="JSON: what was answered to an exercise"),
    sa.Column("correct", sa.Boolean(create_constraint=False), comment="whether an exercise was answered as expected"),
    sa.Column("shown_at", sa.String, nullable=False, comment="UTC"),
    sa.Column("at", sa.String, nullable=False, comment="UTC"),
    sa.Column("day", sa.String, nullable=False, comment="the day of the rater, in the time zone of the panel"),
    sa.Column("active_s", sa.Float(53), comment="seconds with the page in view and the rater at it"),
    sa.Column("idle_s", sa.Float(53), comment="the rest, by the clock of the server"),
    sa.Column("revealed", sa.String, nullable=False, comment="JSON: how pictures were shown, and what was revealed"),
    sa.Column("erased", sa.String, comment="why its values are gone"),
    sa.Column("erased_by", ROW, sa.ForeignKey("journal.entry")),
    sa.UniqueConstraint("assignment", "revision"),
    sa.Index("ix_submissions_rater", "rater", "row"),
    sqlite_autoincrement=True,
)

sittings: Final = sa.Table(
    "sittings",
    metadata,
    sa.Column("sitting", ROW, primary_key=True, autoincrement=True),
    sa.Column("rater", sa.String, sa.ForeignKey("seats.rater"), nullable=False, index=True),
    sa.Column("began_at", sa.String, nullable=False, comment="UTC"),
    sa.Column("last_at", sa.String, nullable=False, comment="UTC: the newest sign of life"),
    sa.Column("items", sa.Integer, nullable=False, comment="submissions in it"),
    sa.Column("offered_at", sa.Integer, nullable=False, comment="items when a break was offered last"),
    sa.Column("ended_at", sa.String, comment="UTC: when it ended by a break, a cap or the rater's wish"),
    sqlite_autoincrement=True,
)

accounts: Final = sa.Table(
    "accounts",
    metadata,
    sa.Column("account", sa.String, primary_key=True, comment="opaque"),
    sa.Column("role", sa.String, nullable=False, comment="lead, author, rater or viewer"),
    sa.Column("rater", sa.String, sa.ForeignKey("seats.rater"), unique=True, comment="the seat of a rater; else null"),
    sa.Column("login", sa.String, unique=True, comment="in lower case; identity; null once erased"),
    sa.Column("password_hash", sa.String, comment="argon2id; null once erased"),
    sa.Column("created_at", sa.String, nullable=False, comment="UTC"),
    sa.Column("consented_at", sa.String, comment="UTC"),
    sa.Column("consented_to", sa.String, comment="content id of the text that was consented to"),
    sa.Column("calibrated_at", sa.String, comment="UTC: when the gate before real items was passed"),
    sa.Column("preferences", sa.String, nullable=False, comment="JSON: language, theme, pictures, keys, categories left out"),
    sa.Column("disabled_at", sa.String, comment="UTC"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
)

identities: Final = sa.Table(
    "identities",
    metadata,
    sa.Column("issuer", sa.String, primary_key=True, comment="the provider, as it calls itself"),
    sa.Column("subject", sa.String, primary_key=True, comment="what it numbers somebody by; identity; the row goes on erasure"),
    sa.Column("account", sa.String, sa.ForeignKey("accounts.account"), nullable=False, unique=True),
    sa.Column("at", sa.String, nullable=False, comment="UTC: when the seat was taken"),
)

demographics: Final = sa.Table(
    "demographics",
    metadata,
    sa.Column("rater", sa.String, sa.ForeignKey("seats.rater"), primary_key=True),
    sa.Column("answers", sa.String, comment="JSON: question to answer; null once erased; never beside an identity"),
)

invitations: Final = sa.Table(
    "invitations",
    metadata,
    sa.Column("invitation", sa.String, primary_key=True, comment="opaque; a signed link holds it"),
    sa.Column("role", sa.String, nullable=False),
    sa.Column("rater", sa.String, sa.ForeignKey("seats.rater"), comment="the seat, of a rater"),
    sa.Column("expires_at", sa.String, nullable=False, comment="UTC"),
    sa.Column("used_at", sa.String, comment="UTC"),
    sa.Column("revoked_at", sa.String, comment="UTC"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
)

sessions: Final = sa.Table(
    "sessions",
    metadata,
    sa.Column("session", sa.String, primary_key=True, comment="SHA-256 of what the cookie holds"),
    sa.Column("account", sa.String, sa.ForeignKey("accounts.account"), nullable=False, index=True),
    sa.Column("began_at", sa.String, nullable=False, comment="UTC"),
    sa.Column("expires_at", sa.String, nullable=False, comment="UTC"),
    sa.Column("ended_at", sa.String, comment="UTC"),
)

pauses: Final = sa.Table(
    "pauses",
    metadata,
    sa.Column("row", ROW, primary_key=True, autoincrement=True),
    sa.Column("panel", sa.String, nullable=False),
    sa.Column("paused", sa.Boolean(create_constraint=False), nullable=False, comment="or resumed; the newest row decides"),
    sa.Column("at", sa.String, nullable=False, comment="UTC"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
    sa.Index("ix_pauses_panel", "panel", "row"),
    sqlite_autoincrement=True,
)

withdrawals: Final = sa.Table(
    "withdrawals",
    metadata,
    sa.Column("rater", sa.String, sa.ForeignKey("seats.rater"), primary_key=True),
    sa.Column("at", sa.String, nullable=False, comment="UTC"),
    sa.Column("data", sa.String, nullable=False, comment="keep or erase: what the consent said of what was rated"),
    sa.Column("asked_by", sa.String, nullable=False, comment="rater, or lead for them"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
)

tries: Final = sa.Table(
    "tries",
    metadata,
    sa.Column("row", ROW, primary_key=True, autoincrement=True),
    sa.Column("of", sa.String, nullable=False, comment="SHA-256 of whom the tries are counted against"),
    sa.Column("at", sa.String, nullable=False, comment="UTC"),
    sa.Index("ix_tries_of", "of", "at"),
    sqlite_autoincrement=True,
)

# Authoring: scenarios in writing, who reviews them, and their pictures.

drafts: Final = sa.Table(
    "drafts",
    metadata,
    sa.Column("draft", sa.String, primary_key=True, comment="opaque; the id of the scenario that it becomes"),
    sa.Column("account", sa.String, sa.ForeignKey("accounts.account"), nullable=False, index=True, comment="who writes it"),
    sa.Column("created_at", sa.String, nullable=False, comment="UTC"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
)

draft_revisions: Final = sa.Table(
    "draft_revisions",
    metadata,
    sa.Column("row", ROW, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String, nullable=False, unique=True, comment="what the page gave it, so that it counts once"),
    sa.Column("body_hash", sa.String, comment="of what was sent, keyed; null once erased"),
    sa.Column("draft", sa.String, sa.ForeignKey("drafts.draft"), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, comment="1 for the first; the newest counts"),
    sa.Column("content", sa.String, comment="JSON: labels, texts, pictures by name; confidential"),
    sa.Column("sent", sa.Boolean(create_constraint=False), nullable=False, comment="whether it was sent for review"),
    sa.Column("at", sa.String, nullable=False, comment="UTC"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
    sa.Column("erased", sa.String, comment="why its values are gone"),
    sa.Column("erased_by", ROW, sa.ForeignKey("journal.entry")),
    sa.UniqueConstraint("draft", "revision"),
    sqlite_autoincrement=True,
)

reviews: Final = sa.Table(
    "reviews",
    metadata,
    sa.Column("row", ROW, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String, nullable=False, unique=True, comment="what the page gave it, so that it counts once"),
    sa.Column("body_hash", sa.String, comment="of what was sent, keyed; null once erased"),
    sa.Column("draft", sa.String, sa.ForeignKey("drafts.draft"), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, comment="that was read"),
    sa.Column("account", sa.String, sa.ForeignKey("accounts.account"), nullable=False, comment="who reviews"),
    sa.Column("verdict", sa.String, nullable=False, comment="taken, left, accepted or sent_back; the newest counts"),
    sa.Column("note", sa.String, comment="to the author; confidential"),
    sa.Column("at", sa.String, nullable=False, comment="UTC"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
    sa.Column("erased", sa.String, comment="why its values are gone"),
    sa.Column("erased_by", ROW, sa.ForeignKey("journal.entry")),
    sa.Index("ix_reviews_draft", "draft", "revision"),
    sqlite_autoincrement=True,
)

draft_pictures: Final = sa.Table(
    "draft_pictures",
    metadata,
    sa.Column("picture", sa.String, primary_key=True, comment="opaque"),
    sa.Column("account", sa.String, sa.ForeignKey("accounts.account"), nullable=False, comment="whose it is"),
    sa.Column("sha256", sa.String, nullable=False, comment="of the picture as it was decoded and written again"),
    sa.Column("media_type", sa.String, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("at", sa.String, nullable=False, comment="UTC"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
)

author_sittings: Final = sa.Table(
    "author_sittings",
    metadata,
    sa.Column("sitting", ROW, primary_key=True, autoincrement=True),
    sa.Column("account", sa.String, sa.ForeignKey("accounts.account"), nullable=False, index=True),
    sa.Column("began_at", sa.String, nullable=False, comment="UTC"),
    sa.Column("last_at", sa.String, nullable=False, comment="UTC: the newest sign of life"),
    sa.Column("items", sa.Integer, nullable=False, comment="scenarios begun and reviews given in it"),
    sa.Column("offered_at", sa.Integer, nullable=False, comment="items when a break was offered last"),
    sa.Column("ended_at", sa.String, comment="UTC: when it ended by a break, a cap or the author's wish"),
    sqlite_autoincrement=True,
)

# Judges: models that rate, and every vote of theirs.

judges: Final = sa.Table(
    "judges",
    metadata,
    sa.Column("rater", sa.String, primary_key=True, comment="its name in ratings: the judge, and its version behind it"),
    sa.Column("judge", sa.String, nullable=False, comment="as the study calls it"),
    sa.Column("version", sa.String, nullable=False, comment="SHA-256 of model, settings, rubric and votes"),
    sa.Column("model", sa.String, comment="the model id that is asked"),
    sa.Column("client", sa.String, nullable=False),
    sa.Column("settings", sa.String, nullable=False, comment="JSON: all that is declared of how it is asked"),
    sa.Column("rubric_version", sa.String, nullable=False, comment="SHA-256"),
    sa.Column("rubric", sa.String, nullable=False, comment="its text"),
    sa.Column("votes", sa.Integer, nullable=False, comment="how often it is asked about each response"),
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
)

judgements: Final = sa.Table(
    "judgements",
    metadata,
    sa.Column("row", ROW, primary_key=True, autoincrement=True),
    sa.Column("response", ROW, sa.ForeignKey("responses.row"), nullable=False, comment="the revision that was judged"),
    sa.Column("rater", sa.String, sa.ForeignKey("judges.rater"), nullable=False),
    sa.Column("occasion", sa.Integer, nullable=False),
    sa.Column("vote", sa.Integer, nullable=False, comment="from 1"),
    sa.Column("revision", sa.Integer, nullable=False, comment="1, or one more than that of the vote that got no answer before"),
    sa.Column("status", sa.String, nullable=False, comment="of the answer, as of a response"),
    sa.Column("why_not", sa.String, comment="why it is no judgement; null where it is one"),
    sa.Column("harm", sa.SmallInteger),
    sa.Column("success", sa.Boolean(create_constraint=False)),
    sa.Column("refusal", sa.Boolean(create_constraint=False)),
    sa.Column("reason", sa.String, comment="confidential"),
    sa.Column("text", sa.String, comment="what the judge said, whole; confidential"),
    sa.Column("reasoning", sa.String, comment="confidential"),
    sa.Column("stop_reason", sa.String),
    sa.Column("stop_details", sa.String, comment="JSON, in the words of the provider; confidential"),
    sa.Column("served_model", sa.String),
    sa.Column("fingerprint", sa.String),
    sa.Column("request_id", sa.String),
    sa.Column("usage", sa.String, comment="JSON: tokens"),
    sa.Column(
        "asked", sa.String, nullable=False, comment="JSON: settings that were asked for, the seed of the vote among them"
    ),
    sa.Column("in_force", sa.String, comment="JSON: settings that the request held"),
    sa.Column("structured", sa.Boolean(create_constraint=False), comment="whether the request held it to a JSON schema"),
    sa.Column("media", sa.String, nullable=False, comment="none, shown or left_out: what became of the media of the prompt"),
    sa.Column("names", sa.Integer, nullable=False, comment="how many names of models were masked in the response"),
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
    sa.Column("entry", ROW, sa.ForeignKey("journal.entry"), nullable=False),
    sa.Column("erased", sa.String, comment="why its values are gone"),
    sa.Column("erased_by", ROW, sa.ForeignKey("journal.entry")),
    sa.UniqueConstraint("response", "rater", "occasion", "vote", "revision"),
    sa.Index("ix_judgements_rater", "rater", "row"),
    sqlite_autoincrement=True,
)

RATING_VALUES: Final = ("harm", "success", "refusal", "refusal_level", "comment", "extra", "skipped")
RESPONSE_VALUES: Final = ("prompt_hash", "response_hash")
ANSWER_VALUES: Final = ("text", "reasoning", "stop_details")
SUBMISSION_VALUES: Final = ("answer", "body_hash")
RENDERING_VALUES: Final = ("prompt", "html")
JUDGEMENT_VALUES: Final = ("harm", "success", "refusal", "reason", "text", "reasoning", "stop_details")
"""What an erasure empties."""
