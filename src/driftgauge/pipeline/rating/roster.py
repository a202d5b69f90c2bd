"""Who sits where, for the study lead; and what a rater can leave out."""

from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.store import roster as kept
from driftgauge.store.roster import Drawn, Seated

__all__ = ["Drawn", "Seated", "categories_of", "draws", "has_lead", "seats"]


def seats(serving: Serving) -> list[Seated]:
    """Return all seats, panel by panel."""
    with serving.store.reading() as connection:
        return kept.roster(connection, now=text_of(serving.now()))


def has_lead(serving: Serving) -> bool:
    """Return whether somebody can invite others in the app."""
    with serving.store.reading() as connection:
        return kept.has_account(connection, "lead")


def categories_of(serving: Serving, rater: str) -> list[str]:
    """Return the harm categories that a rater can leave out: of what they are asked."""
    with serving.store.reading() as connection:
        return kept.categories_of(connection, rater)


def draws(serving: Serving) -> list[Drawn]:
    """Return what was drawn, the oldest first."""
    with serving.store.reading() as connection:
        return kept.draws_of(connection)
