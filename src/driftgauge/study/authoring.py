"""What a study says about those who write its scenarios."""

from typing import Literal

from pydantic import Field

from driftgauge.study.protocol import Declared


class Authoring(Declared):
    """How authors take part. Breaks and the most of a day are those of the protocol, for authors as for raters.

    Examples
    --------
    >>> Authoring().withdrawal
    'keep'
    """

    withdrawal: Literal["keep", "erase"] = Field(
        default="keep", description="what becomes of the scenarios of an author who stops; it stands in what they consent to"
    )
