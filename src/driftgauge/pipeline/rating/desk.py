"""The live desk of a study's lead: how far raters are, how they agree, and who may need a word."""

from dataclasses import dataclass

from driftgauge.pipeline.rating.rows import PanelRow, RaterRow
from driftgauge.pipeline.rating.serving import Serving, text_of


@dataclass(frozen=True)
class Desk:
    """The figures of the desk, at one moment (UTC); `level` is that of its intervals."""

    at: str
    level: float
    panels: tuple[PanelRow, ...]
    raters: tuple[RaterRow, ...]


def desk(serving: Serving, *, panel: str | None = None) -> Desk:
    """Return the figures of the desk, of one panel or of all.

    Parameters
    ----------
    serving
        The study.
    panel
        One that has seats; null for all.
    """
    from driftgauge.pipeline.rating.figures import figures  # noqa: PLC0415 - frames, which nothing else of the app needs

    found = figures(serving, panel=panel)
    return Desk(text_of(serving.now()), serving.study.protocol.level, *found)
