"""The ratings of a study as a file that the lead takes out of the app."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.steps import Refused

Form = Literal["csv", "parquet"]


def outgoing(serving: Serving, form: Form, *, panel: str | None = None) -> bytes:
    """Return the ratings that count, as `driftgauge rate export` writes them, and note in the journal who took them out.

    Raises
    ------
    Refused
        404 ``nothing_rated`` when there is nothing of that.
    """
    from driftgauge.pipeline.rate_export import take_out  # noqa: PLC0415 - frames, which nothing else of the app needs

    with TemporaryDirectory(prefix="driftgauge-") as folder:
        out = Path(folder) / f"ratings.{form}"
        if take_out(serving.store, serving.author, out, panel=panel) is None:
            raise Refused(404, "nothing_rated", "nothing of that was rated")
        return out.read_bytes()
