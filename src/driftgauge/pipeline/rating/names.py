"""The names of models that a study could be betrayed by, found in what they said."""

from collections.abc import Mapping
from re import Pattern
from typing import Any

import polars as pl

from driftgauge.rate.blind import names_of, pattern_of
from driftgauge.study import Study


class Names:
    """What finds the names of the model of each response, and those of every model of a study; made once for each.

    Parameters
    ----------
    study
        Whose releases are named.
    responses
        With `release`, `family`, `model` and `served_model`.
    """

    def __init__(self, study: Study, responses: pl.DataFrame) -> None:
        self._families = {each.release: family for family, releases in study.families.items() for each in releases}
        self._known: dict[tuple[str | None, ...], Pattern[str] | None] = {}
        declared = [
            {"release": each.release, "family": family, "model": each.model, "served_model": None}
            for family, releases in study.families.items()
            for each in releases
        ]
        seen = responses.select("release", "family", "model", "served_model").unique(maintain_order=True)
        said = [name for row in (*declared, *seen.iter_rows(named=True)) for name in self._of(row)]
        self.every = pattern_of(dict.fromkeys(said))

    def own(self, row: Mapping[str, Any]) -> Pattern[str] | None:
        """Return what finds the names of the model of a response."""
        key = (row["release"], row["model"], row["served_model"])
        if key not in self._known:
            self._known[key] = pattern_of(self._of(row))
        return self._known[key]

    def _of(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        family = self._families.get(row["release"]) or row["family"]
        return names_of(release=row["release"], family=family, model=row["model"], served=row["served_model"])
