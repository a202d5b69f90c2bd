"""What a rater is asked next, and what many raters sent: few statements, however much was rated before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from driftgauge.store.lists import insert_rows, none_of, one_of
from driftgauge.store.tables import (
    accounts,
    assignments,
    exercises,
    pauses,
    pictures,
    ratings,
    renderings,
    responses,
    seats,
    sittings,
    submissions,
)

Rows = Sequence[Mapping[str, Any]]
OPEN: Final = "open"


@dataclass(frozen=True)
class Shown:
    """An assignment as it is shown: nothing in it says which release answered, in which phase, or what others said."""

    assignment: str
    purpose: str
    state: str
    prompt: str | None
    html: str | None


def next_assignment(connection: sa.Connection, rater: str, *, calibrated: bool, left_out: Sequence[str] = ()) -> str | None:
    """Return what a rater is asked next, or null when there is nothing.

    Parameters
    ----------
    connection
        Of a transaction.
    rater
        The seat.
    calibrated
        Whether the gate is passed: the calibration does not come any more then, and before that nothing else comes.
    left_out
        Harm categories that are passed over.

    Notes
    -----
    Walks the index (rater, state, position) from its first open row, so that it takes the same time at the end as at the
    beginning.
    """
    found = connection.execute(_NEXT[calibrated], {"of_rater": rater, "left_out": list(left_out)})
    row = found.first()
    return str(row[0]) if row else None


def _next(calibrated: bool) -> sa.Select[tuple[Any]]:
    category = assignments.c.harm_category
    wanted = sa.or_(category.is_(None), none_of(category, "left_out"))
    return (
        sa.select(assignments.c.assignment)
        .where(assignments.c.rater == sa.bindparam("of_rater"), assignments.c.state == OPEN)
        .where(*([assignments.c.position > 0, wanted] if calibrated else [assignments.c.position < 0]))
        .order_by(assignments.c.position)
        .limit(1)
    )


_NEXT: Final = {True: _next(True), False: _next(False)}


_FIRST = assignments.alias("every")
_OF_RESPONSE = renderings.alias("of_response")
_OF_EXERCISE = renderings.alias("of_exercise")
_SHOWN = (
    sa.select(
        assignments.c.assignment,
        assignments.c.purpose,
        assignments.c.state,
        sa.func.coalesce(_OF_RESPONSE.c.prompt, _OF_EXERCISE.c.prompt),
        sa.func.coalesce(_OF_RESPONSE.c.html, _OF_EXERCISE.c.html),
    )
    .outerjoin(_OF_RESPONSE, _OF_RESPONSE.c.response == assignments.c.response)
    .outerjoin(_OF_EXERCISE, _OF_EXERCISE.c.exercise == assignments.c.exercise)
    .where(assignments.c.rater == sa.bindparam("of_rater"))
)
_NEXT_SHOWN: Final = {
    calibrated: _SHOWN.where(assignments.c.assignment == _NEXT[calibrated].correlate(None).scalar_subquery())
    for calibrated in (True, False)
}
_SHOWN_BY_ID = _SHOWN.where(assignments.c.assignment == sa.bindparam("assignment_id"))


def shown(connection: sa.Connection, assignment: str, *, rater: str) -> Shown | None:
    """Return an assignment of a rater as it is shown; null when it is none of theirs."""
    row = connection.execute(_SHOWN_BY_ID, {"assignment_id": assignment, "of_rater": rater}).first()
    return Shown(*row) if row else None


_FIRST_OF_SEAT = (
    sa.select(assignments.c.assignment)
    .where(assignments.c.rater == seats.c.rater, assignments.c.state == OPEN, assignments.c.position > 0)
    .order_by(assignments.c.position)
    .limit(1)
    .correlate(seats)
    .scalar_subquery()
)
_ASKED_NEXT = assignments.alias("asked_next")
_NEXT_OF_MANY: Final = (
    sa.select(seats.c.rater, _ASKED_NEXT.c.assignment, _ASKED_NEXT.c.purpose, _ASKED_NEXT.c.state)
    .add_columns(sa.func.coalesce(_OF_RESPONSE.c.prompt, _OF_EXERCISE.c.prompt))
    .add_columns(sa.func.coalesce(_OF_RESPONSE.c.html, _OF_EXERCISE.c.html))
    .select_from(seats)
    .join(_ASKED_NEXT, _ASKED_NEXT.c.assignment == _FIRST_OF_SEAT)
    .outerjoin(_OF_RESPONSE, _OF_RESPONSE.c.response == _ASKED_NEXT.c.response)
    .outerjoin(_OF_EXERCISE, _OF_EXERCISE.c.exercise == _ASKED_NEXT.c.exercise)
    .where(one_of(seats.c.rater, "of_raters"))
)


def next_of_many(connection: sa.Connection, raters: Sequence[str]) -> dict[str, Shown | None]:
    """Return what each of several raters, who passed the gate and left nothing out, is asked next; null without any."""
    rows = connection.execute(_NEXT_OF_MANY, {"of_raters": list(raters)}) if raters else ()
    found: dict[str, Shown | None] = dict.fromkeys(raters)
    return found | {row[0]: Shown(*tuple(row)[1:]) for row in rows}


def next_shown(connection: sa.Connection, rater: str, *, calibrated: bool, left_out: Sequence[str] = ()) -> Shown | None:
    """Return what a rater is asked next (`next_assignment`) as it is shown."""
    row = connection.execute(_NEXT_SHOWN[calibrated], {"of_rater": rater, "left_out": list(left_out)}).first()
    return Shown(*row) if row else None


@dataclass(frozen=True)
class Last:
    """What a rater sent last."""

    row: int
    assignment: str
    purpose: str
    state: str
    answer: str | None
    correct: bool | None


_LAST = (
    sa.select(
        submissions.c.row,
        submissions.c.assignment,
        assignments.c.purpose,
        assignments.c.state,
        submissions.c.answer,
        submissions.c.correct,
    )
    .join(assignments, submissions.c.assignment == assignments.c.assignment)
    .where(submissions.c.rater == sa.bindparam("of_rater"))
    .order_by(submissions.c.row.desc())
    .limit(1)
)


def last_submission(connection: sa.Connection, rater: str) -> Last | None:
    """Return what a rater sent last, or null."""
    row = connection.execute(_LAST, {"of_rater": rater}).first()
    return Last(*row) if row else None


_EXPECTED = (
    sa.select(exercises.c.expected, exercises.c.why)
    .join(assignments, assignments.c.exercise == exercises.c.exercise)
    .where(assignments.c.assignment == sa.bindparam("assignment_id"))
)


def expected_of(connection: sa.Connection, assignment: str) -> tuple[str, str | None]:
    """Return the answers that count as right for an exercise (JSON), and why (HTML)."""
    row = connection.execute(_EXPECTED, {"assignment_id": assignment}).one()
    return str(row[0]), row[1]


@dataclass(frozen=True)
class Calibration:
    """How a rater's calibration stands: its exercises, those still open, the rounds that were completed, and those right."""

    exercises: int
    open: int
    rounds: int
    right: int


_CALIBRATING = sa.select(assignments.c.assignment).where(
    assignments.c.rater == sa.bindparam("of_rater"), assignments.c.position < 0
)
_ROUNDS = (
    sa.select(submissions.c.assignment, sa.func.max(submissions.c.revision).label("revision"))
    .where(submissions.c.assignment.in_(_CALIBRATING))
    .group_by(submissions.c.assignment)
    .subquery()
)
_NEWEST = submissions.alias("newest")
_CALIBRATION = (
    sa.select(assignments.c.state, _NEWEST.c.revision, _NEWEST.c.correct)
    .outerjoin(_ROUNDS, _ROUNDS.c.assignment == assignments.c.assignment)
    .outerjoin(_NEWEST, sa.and_(_NEWEST.c.assignment == _ROUNDS.c.assignment, _NEWEST.c.revision == _ROUNDS.c.revision))
    .where(assignments.c.rater == sa.bindparam("of_rater"), assignments.c.position < 0)
)


def calibration_of(connection: sa.Connection, rater: str) -> Calibration:
    """Return how the calibration of a rater stands; `right` is of the newest answer to each exercise."""
    rows = connection.execute(_CALIBRATION, {"of_rater": rater}).all()
    done = [row.revision or 0 for row in rows]
    still, right = sum(row.state == OPEN for row in rows), sum(bool(row.correct) for row in rows)
    return Calibration(len(rows), still, min(done, default=0), right)


def reopen_calibration(connection: sa.Connection, rater: str) -> None:
    """Ask the calibration of a rater once more."""
    connection.execute(
        sa.update(assignments).where(assignments.c.rater == rater, assignments.c.position < 0).values(state=OPEN)
    )


@dataclass(frozen=True)
class Extent:
    """How much there is: the first and the last position (null without assignments), and first answers given so far."""

    first: int | None
    last: int | None
    answered: int


@dataclass(frozen=True)
class Standing:
    """Where somebody with a seat stands: their account, how much there is, and what they sent last (null before anything).

    `paused` is whether the lead paused their panel.
    """

    account: str
    panel: str
    consented_at: str | None
    calibrated_at: str | None
    preferences: str
    extent: Extent
    last: Last | None
    paused: bool


def _mine(query: sa.Select[tuple[Any]], rater: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    return query.where(rater == accounts.c.rater).correlate(accounts).scalar_subquery()


_SENT = submissions.alias("sent")
_PAUSED = (
    sa.select(pauses.c.paused)
    .where(pauses.c.panel == seats.c.panel)
    .order_by(pauses.c.row.desc())
    .limit(1)
    .correlate(seats)
    .scalar_subquery()
)
_STANDING = (
    sa.select(
        accounts.c.account,
        seats.c.panel,
        accounts.c.consented_at,
        accounts.c.calibrated_at,
        accounts.c.preferences,
        _mine(sa.select(sa.func.min(_FIRST.c.position)), _FIRST.c.rater),
        _mine(sa.select(sa.func.max(_FIRST.c.position)), _FIRST.c.rater),
        _mine(sa.select(sa.func.coalesce(sa.func.sum(sittings.c["items"]), 0)), sittings.c.rater),
        _PAUSED,
        submissions.c.row,
        submissions.c.assignment,
        assignments.c.purpose,
        assignments.c.state,
        submissions.c.answer,
        submissions.c.correct,
    )
    .join(seats, seats.c.rater == accounts.c.rater)
    .outerjoin(submissions, submissions.c.row == _mine(sa.select(sa.func.max(_SENT.c.row)), _SENT.c.rater))
    .outerjoin(assignments, assignments.c.assignment == submissions.c.assignment)
    .add_columns(accounts.c.rater)
)
_STANDING_OF_ONE: Final = _STANDING.where(accounts.c.rater == sa.bindparam("of_rater"))
_STANDING_OF_MANY: Final = _STANDING.where(one_of(accounts.c.rater, "of_raters"))


def standing(connection: sa.Connection, rater: str) -> Standing:
    """Return where somebody with a seat stands, by one statement."""
    return _standing_of(connection.execute(_STANDING_OF_ONE, {"of_rater": rater}).one())


def standings(connection: sa.Connection, raters: Sequence[str]) -> dict[str, Standing]:
    """Return where each of several raters stands, by one statement."""
    return {row[-1]: _standing_of(row) for row in connection.execute(_STANDING_OF_MANY, {"of_raters": list(raters)})}


def _standing_of(found: sa.Row[Any]) -> Standing:
    row = tuple(found)[:-1]
    last = Last(*row[9:]) if row[9] is not None else None
    account, panel, consented_at, calibrated_at, preferences, first, latest, answered, paused = row[:9]
    extent = Extent(first, latest, int(answered))
    return Standing(account, panel, consented_at, calibrated_at, preferences, extent, last, bool(paused))


_SITTING_COLUMNS = [
    sittings.c.rater, sittings.c.sitting, sittings.c.began_at, sittings.c.last_at, sittings.c["items"], sittings.c.offered_at,
    sittings.c.ended_at,
]  # fmt: skip
_SITTINGS_OF = (
    sa.select(*_SITTING_COLUMNS)
    .where(one_of(sittings.c.rater, "of_raters"), sittings.c.last_at >= sa.bindparam("since"))
    .order_by(sittings.c.sitting)
)


def sittings_of(connection: sa.Connection, raters: Sequence[str], *, since: str) -> dict[str, list[sa.Row[Any]]]:
    """Return the sittings of raters since a time, the oldest first: `sitting`, `began_at`, `last_at`, `items`, …."""
    found: dict[str, list[sa.Row[Any]]] = {rater: [] for rater in raters}
    for row in connection.execute(_SITTINGS_OF, {"of_raters": list(raters), "since": since}):
        found[row.rater].append(row)
    return found


_CHANGE_SITTING = (
    sa.update(sittings)
    .where(sittings.c.sitting == sa.bindparam("number"))
    .values({name: sa.bindparam(f"new_{name}") for name in ("last_at", "items", "offered_at", "ended_at")})
)


def keep_sittings(connection: sa.Connection, changed: Rows) -> None:
    """Add sittings without a number, and change those that have one."""
    new = [{name: value for name, value in row.items() if name != "sitting"} for row in changed if row["sitting"] is None]
    old = [
        {"number": row["sitting"]} | {f"new_{name}": row[name] for name in ("last_at", "items", "offered_at", "ended_at")}
        for row in changed
        if row["sitting"] is not None
    ]
    if new:
        connection.execute(sa.insert(sittings), new)
    if old:
        connection.execute(_CHANGE_SITTING, old)


@dataclass(frozen=True)
class Before:
    """A submission that has been taken."""

    key: str
    body_hash: str | None
    assignment: str
    rater: str
    revision: int


_TAKEN = sa.select(
    submissions.c.key, submissions.c.body_hash, submissions.c.assignment, submissions.c.rater, submissions.c.revision
).where(one_of(submissions.c.key, "keys"))


def taken_before(connection: sa.Connection, keys: Sequence[str]) -> dict[str, Before]:
    """Return the submissions that have one of these keys."""
    return {row.key: Before(*row) for row in connection.execute(_TAKEN, {"keys": list(keys)})}


_OTHER = assignments.alias("other")
_FIRST_OPEN = (
    sa.select(_OTHER.c.assignment)
    .where(_OTHER.c.rater == assignments.c.rater, _OTHER.c.state == OPEN)
    .order_by(_OTHER.c.position)
    .limit(1)
    .correlate(assignments)
    .scalar_subquery()
)
_LOWEST = (
    sa.select(sa.func.min(_OTHER.c.position))
    .where(_OTHER.c.rater == assignments.c.rater)
    .correlate(assignments)
    .scalar_subquery()
)
_REVISION = (
    sa.select(sa.func.max(submissions.c.revision))
    .where(submissions.c.assignment == assignments.c.assignment)
    .correlate(assignments)
    .scalar_subquery()
)
_RESPONSE_KEY = ("scenario", "intent", "modality", "language", "release", "phase", "attempt")
_ASKED = (
    sa.select(
        assignments.c.assignment,
        assignments.c.rater,
        assignments.c.purpose,
        assignments.c.occasion,
        assignments.c.state,
        assignments.c.shown_at,
        assignments.c.response,
        exercises.c.expected,
        responses.c.content.label("response_content"),
        *(responses.c[name] for name in _RESPONSE_KEY),
        _FIRST_OPEN.label("first_open"),
        _LOWEST.label("lowest"),
        _REVISION.label("revision"),
    )
    .outerjoin(responses, assignments.c.response == responses.c.row)
    .outerjoin(exercises, assignments.c.exercise == exercises.c.exercise)
    .where(one_of(assignments.c.assignment, "wanted"))
)


def asked(connection: sa.Connection, wanted: Sequence[str]) -> dict[str, sa.Row[Any]]:
    """Return assignments with all that a rating of them needs, and what their raters are asked first of what is open."""
    return {row.assignment: row for row in connection.execute(_ASKED, {"wanted": list(wanted)})}


_SETTLE = (
    sa.update(assignments)
    .where(assignments.c.assignment == sa.bindparam("settled"))
    .values(state=sa.bindparam("new_state"), shown_at=sa.func.coalesce(assignments.c.shown_at, sa.bindparam("seen_at")))
)
_MARK = (
    sa.update(assignments)
    .where(assignments.c.assignment == sa.bindparam("seen"), assignments.c.shown_at.is_(None))
    .values(shown_at=sa.bindparam("seen_at"))
)


def add_ratings(connection: sa.Connection, rows: Rows) -> list[int]:
    """Add ratings, no two of them revisions of one, and return their rows, in order."""
    placed = insert_rows(connection, ratings, rows, given="rating_id")
    return [placed[row["rating_id"]] for row in rows]


def add_submissions(connection: sa.Connection, rows: Rows) -> None:
    """Add submissions, and let the state of their assignments follow: `state` beside the columns of the table."""
    if not rows:
        return
    kept = [{name: value for name, value in row.items() if name != "state"} for row in rows]
    insert_rows(connection, submissions, kept, given="key")
    settled = [{"settled": row["assignment"], "new_state": row["state"], "seen_at": row["shown_at"]} for row in rows]
    connection.execute(_SETTLE, settled)


def mark_shown(connection: sa.Connection, seen: Mapping[str, str]) -> None:
    """Note when assignments were shown first, where nothing is noted."""
    if seen:
        connection.execute(_MARK, [{"seen": name, "seen_at": at} for name, at in sorted(seen.items())])


def has_picture(connection: sa.Connection, picture: str, *, rater: str | None) -> bool:
    """Return whether a picture stands in a prompt that a rater is asked about; without a rater, in any prompt."""
    quoted = f'"{picture}"'
    if rater is None:
        query = sa.select(renderings.c.row).where(renderings.c.prompt.contains(quoted, autoescape=True)).limit(1)
        return connection.execute(query).first() is not None
    mine = sa.select(assignments.c.assignment).where(assignments.c.rater == rater)
    found = [
        mine.join(renderings, renderings.c[name] == assignments.c[name])
        .where(renderings.c.prompt.contains(quoted, autoescape=True))
        .limit(1)
        for name in ("response", "exercise")
    ]
    return any(connection.execute(query).first() is not None for query in found)


def find_picture(connection: sa.Connection, picture: str) -> tuple[str, str] | None:
    """Return SHA-256 and media type of a picture, or null."""
    row = connection.execute(sa.select(pictures.c.sha256, pictures.c.media_type).where(pictures.c.picture == picture)).first()
    return (str(row[0]), str(row[1])) if row else None


def panels_of(connection: sa.Connection) -> dict[str, str]:
    """Return the panel of each seat."""
    return {row.rater: row.panel for row in connection.execute(sa.select(seats.c.rater, seats.c.panel))}
