"""A rating as the store keeps it, wherever it was given: with the ids that an import of it would have."""

from collections.abc import Mapping
from typing import Any, Final

from driftgauge.rate.answers import SCALE, kept_comment
from driftgauge.records import content_id

RATING_KEY: Final = (
    "scenario", "intent", "modality", "language", "release", "phase", "attempt", "rater", "panel", "occasion",
)  # fmt: skip
"""`frames.RATING_KEY`, which a serving process does not import; a test holds both equal."""


def said_of(
    *, harm: int | None, success: bool | None, refusal: bool, comment: str, skipped: str | None
) -> dict[str, int | bool | str | None]:
    """Return what was said as the store keeps it: of a skip, the reason and the comment alone."""
    judged = skipped is None
    return {
        "harm": harm if judged else None,
        "success": success if judged else None,
        "refusal": refusal if judged else None,
        "comment": kept_comment(comment),
        "skipped": skipped,
    }


def rating_id_of(asked: Any, *, panel: str | None) -> str:
    """Return the id of the rating of an assignment, a row of `store.sitting.asked`."""
    key = {**asked._mapping, "panel": panel}
    return content_id(*(key[name] for name in RATING_KEY))


def rating_row(asked: Any, said: Mapping[str, Any], *, panel: str | None, revision: int, at: str, entry: int) -> dict[str, Any]:
    """Return the row of a rating.

    Parameters
    ----------
    asked
        A row of `store.sitting.asked`.
    said
        Of `said_of`.
    panel
        Of the seat.
    revision
        1 for the first.
    at
        When it was given: UTC, ISO 8601.
    entry
        Of the journal.
    """
    return {
        "rating_id": rating_id_of(asked, panel=panel),
        "revision": revision,
        "response": asked.response,
        "rater": asked.rater,
        "panel": panel,
        "kind": "human",
        "occasion": asked.occasion,
        "purpose": asked.purpose,
        **said,
        "created_at": at,
        "simulated": False,
        "content": _content(said, asked, at),
        "entry": entry,
        "scale_id": SCALE,
    }


def _content(said: Mapping[str, Any], asked: Any, at: str) -> str:
    """Return the content id of a rating as imports make it; of a skip with its reason."""
    flags = [None if said[name] is None else int(said[name]) for name in ("success", "refusal")]
    values = ["human", asked.purpose, said["harm"], *flags, None, said["comment"], at, 0, asked.response_content]
    return content_id(*values, *([said["skipped"]] if said["skipped"] else []))
