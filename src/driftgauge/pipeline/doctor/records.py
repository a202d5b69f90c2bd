"""What a check found."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    area
        What it belongs to: ``study``, ``extra``, ``release``, ``key``, ``endpoint``, ``benchmark``, ``store``, ``clock``,
        ``disk``, ``sign-in``.
    about
        Which one.
    state
        ``error``: it stops something that the study declares. ``warning``: it may.
    said
        What was seen. Never the value of a key, and of an address no more than host and port.
    remedy
        The next step; null where nothing needs doing.
    """

    area: str
    about: str
    state: State
    said: str
    remedy: str | None = None
