"""Scenarios in writing: added revision by revision, read with what became of the newest one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa

from driftgauge.store.tables import author_sittings, draft_pictures, draft_revisions, drafts, reviews

Rows = Sequence[Mapping[str, Any]]
State = Literal["writing", "waiting", "in_review", "sent_back", "accepted", "erased"]
_STATES: Final[Mapping[str | None, State]] = {
    None: "waiting", "left": "waiting", "taken": "in_review", "sent_back": "sent_back", "accepted": "accepted",
}  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """A draft at its newest revision, and the newest thing that was said of that revision.

    Parameters
    ----------
    draft
        The id of the scenario that it becomes.
    account
        Who writes it.
    revision, content, sent, at
        The newest revision; `content` is JSON, null once erased.
    verdict, reviewer, note
        Of it; null where nobody has looked at it.
    """

    draft: str
    account: str
    revision: int
    content: str | None
    sent: bool
    at: str
    verdict: str | None
    reviewer: str | None
    note: str | None

    @property
    def state(self) -> State:
        """Where it stands."""
        if self.content is None:
            return "erased"
        return _STATES[self.verdict] if self.sent else "writing"


_LAST = (
    sa.select(draft_revisions.c.draft, sa.func.max(draft_revisions.c.revision).label("revision"))
    .group_by(draft_revisions.c.draft)
    .subquery()
)
_SAID = (
    sa.select(reviews.c.draft, reviews.c.revision, sa.func.max(reviews.c.row).label("row"))
    .group_by(reviews.c.draft, reviews.c.revision)
    .subquery()
)
_KEPT = (
    sa.select(
        drafts.c.draft,
        drafts.c.account,
        draft_revisions.c.revision,
        draft_revisions.c.content,
        draft_revisions.c.sent,
        draft_revisions.c.at,
        reviews.c.verdict,
        reviews.c.account.label("reviewer"),
        reviews.c.note,
    )
    .join(_LAST, _LAST.c.draft == drafts.c.draft)
    .join(
        draft_revisions,
        sa.and_(draft_revisions.c.draft == _LAST.c.draft, draft_revisions.c.revision == _LAST.c.revision),
    )
    .outerjoin(_SAID, sa.and_(_SAID.c.draft == _LAST.c.draft, _SAID.c.revision == _LAST.c.revision))
    .outerjoin(reviews, reviews.c.row == _SAID.c.row)
    .order_by(draft_revisions.c.row)
)


def every_draft(connection: sa.Connection, *, account: str | None = None) -> list[Kept]:
    """Return drafts at their newest revision, the one that was changed longest ago first; of one author, or of all."""
    query = _KEPT if account is None else _KEPT.where(drafts.c.account == account)
    return [Kept(*row) for row in connection.execute(query)]


def find_draft(connection: sa.Connection, draft: str) -> Kept | None:
    """Return a draft, or null."""
    row = connection.execute(_KEPT.where(drafts.c.draft == draft)).first()
    return Kept(*row) if row else None


def reviewers_of(connection: sa.Connection) -> dict[str, set[str]]:
    """Return, of each draft, who has taken any revision of it for review."""
    found: dict[str, set[str]] = {}
    for row in connection.execute(sa.select(reviews.c.draft, reviews.c.account).distinct()):
        found.setdefault(row.draft, set()).add(row.account)
    return found


def last_note(connection: sa.Connection, draft: str) -> str | None:
    """Return what a reviewer wrote when the draft was sent back last, or null."""
    query = (
        sa.select(reviews.c.note)
        .where(reviews.c.draft == draft, reviews.c.verdict == "sent_back")
        .order_by(reviews.c.row.desc())
        .limit(1)
    )
    return connection.execute(query).scalar()


def add_draft(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    """Add a draft, before its first revision: `draft`, `account`, `created_at`, `entry`."""
    connection.execute(sa.insert(drafts), [dict(row)])


def add_revision(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    """Add a revision of a draft."""
    connection.execute(sa.insert(draft_revisions), [dict(row)])


def add_review(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    """Add what somebody said of a revision, or that they took or left it."""
    connection.execute(sa.insert(reviews), [dict(row)])


def erase_author(connection: sa.Connection, account: str, *, reason: str, entry: int) -> int:
    """Empty every revision that an author wrote, the notes to them and their own; return how many rows became tombstones."""
    theirs = sa.select(drafts.c.draft).where(drafts.c.account == account)
    gone = {"body_hash": None, "erased": reason, "erased_by": entry}
    written = sa.update(draft_revisions).where(draft_revisions.c.draft.in_(theirs), draft_revisions.c.erased.is_(None))
    of_them = sa.or_(reviews.c.draft.in_(theirs), reviews.c.account == account)
    said = sa.update(reviews).where(of_them, reviews.c.erased.is_(None))
    done = [connection.execute(each.values(gone | {name: None})) for each, name in ((written, "content"), (said, "note"))]
    return sum(int(each.rowcount) for each in done)


def pictures_of(connection: sa.Connection, account: str) -> list[str]:
    """Return the SHA-256 of the pictures that an author alone brought."""
    others = sa.select(draft_pictures.c.sha256).where(draft_pictures.c.account != account)
    mine = (draft_pictures.c.account == account, draft_pictures.c.sha256.not_in(others))
    return sorted(connection.execute(sa.select(draft_pictures.c.sha256).where(*mine)).scalars())


@dataclass(frozen=True)
class Before:
    """What has been taken under a key."""

    body_hash: str | None
    draft: str
    revision: int


def taken_before(connection: sa.Connection, key: str, *, of: Literal["revision", "review"]) -> Before | None:
    """Return what has been taken under a key, or null."""
    table = draft_revisions if of == "revision" else reviews
    row = connection.execute(sa.select(table.c.body_hash, table.c.draft, table.c.revision).where(table.c.key == key)).first()
    return Before(*row) if row else None


@dataclass(frozen=True)
class Picture:
    """A picture of a draft as it may be shown."""

    picture: str
    account: str
    sha256: str
    media_type: str
    width: int
    height: int


_PICTURE = [draft_pictures.c[name] for name in ("picture", "account", "sha256", "media_type", "width", "height")]


def add_picture(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    """Add a picture."""
    connection.execute(sa.insert(draft_pictures), [dict(row)])


def find_pictures(connection: sa.Connection, names: Sequence[str]) -> dict[str, Picture]:
    """Return pictures by their names; those that are not there are left out."""
    if not names:
        return {}
    rows = connection.execute(sa.select(*_PICTURE).where(draft_pictures.c.picture.in_(names)))
    return {row.picture: Picture(*row) for row in rows}


_SITTING = [
    author_sittings.c[name] for name in ("sitting", "began_at", "last_at", "items", "offered_at", "ended_at")
]  # fmt: skip


def sittings_of(connection: sa.Connection, account: str, *, since: str) -> list[sa.Row[Any]]:
    """Return the sittings of an author since a time, the oldest first."""
    query = sa.select(*_SITTING).where(author_sittings.c.account == account, author_sittings.c.last_at >= since)
    return [*connection.execute(query.order_by(author_sittings.c.sitting))]


def keep_sittings(connection: sa.Connection, changed: Rows) -> None:
    """Add sittings without a number, and change those that have one."""
    for row in changed:
        values = {name: value for name, value in row.items() if name != "sitting"}
        if row["sitting"] is None:
            connection.execute(sa.insert(author_sittings), [values])
        else:
            connection.execute(sa.update(author_sittings).where(author_sittings.c.sitting == row["sitting"]).values(values))
