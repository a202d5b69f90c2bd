"""What a study says about those who write its scenarios."""

from typing import Literal

from pydantic import Field

from driftgauge.study.protocol import Declared
from driftgauge.study.words import Count, Name


class Authoring(Declared):
    """How authors take part. Breaks and the most of a day are those of the protocol, for authors as for raters.

    Examples
    --------
    >>> Authoring().withdrawal, Authoring().may_try
    ('keep', ())
    """

    withdrawal: Literal["keep", "erase"] = Field(
        default="keep", description="what becomes of the scenarios of an author who stops; it stands in what they consent to"
    )
    may_try: tuple[Name, ...] = Field(
        default=(), alias="try", description="the releases that an author may try a prompt against; they learn these names"
    )
    tries: Count = Field(default=20, description="the most tries of an author in a day, by UTC")
