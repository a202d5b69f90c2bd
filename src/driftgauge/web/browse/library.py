"""What the results browser shows, and who may come in by which link."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from driftgauge.pipeline.browsing.shelf import Shelf, Volume

Right = Literal["results", "texts"]
"""What somebody may see: everything without a text, or texts as well."""


@dataclass(frozen=True)
class Links:
    """What stands in the links that let somebody in; `texts` is null where nobody may see texts."""

    results: str
    texts: str | None

    def right(self, token: str) -> Right | None:
        """Return what a token gives a right to, or null."""
        if self.texts is not None and hmac.compare_digest(token.encode(), self.texts.encode()):
            return "texts"
        return "results" if hmac.compare_digest(token.encode(), self.results.encode()) else None


@dataclass(frozen=True)
class Library:
    """What all pages are made of.

    Parameters
    ----------
    shelf
        The measurements.
    links
        Who may come in.
    note
        Told of a study when the first text of it is opened.
    """

    shelf: Shelf
    links: Links
    note: Callable[[Volume], None]
    sessions: dict[str, Right] = field(default_factory=dict[str, Right])


def new_links(*, texts: bool) -> Links:
    """Return links that nobody can guess."""
    return Links(secrets.token_urlsafe(24), secrets.token_urlsafe(24) if texts else None)
