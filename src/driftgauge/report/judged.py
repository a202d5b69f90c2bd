"""Which rows of the estimates a report shows of judges: one of each figure, judge by judge."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

import polars as pl

from driftgauge.report.select import Estimate

_FIELDS: Final = tuple(field.name for field in fields(Estimate))
_ORDER: Final = ("success", "harm", "refusal")
_BESIDE: Final = "people_share"


@dataclass(frozen=True)
class Judged:
    """What the estimates say of one judge on prompts of one intent.

    Parameters
    ----------
    judge, intent
        Of the rows.
    rows
        One row a figure, in the protocol's scope where it has an interval there.
    against
        Paired differences to other judges, by the other one's name.
    """

    judge: str
    intent: str
    rows: tuple[Estimate, ...]
    against: tuple[tuple[str, Estimate], ...]

    @property
    def outcome(self) -> tuple[str, int | None] | None:
        """The outcome that is shown first (with its threshold): success, else harm at the threshold, else refusal."""
        known = [row for row in self.rows if row.estimand == "judge_agreement" and row.known and row.outcome]
        found = sorted({(row.outcome or "", row.threshold) for row in known}, key=lambda pair: _ORDER.index(pair[0]))
        return found[0] if found else None

    def pick(
        self, estimand: str, *, release: str | None = None, modality: str | None = None, contrast: str | None = None
    ) -> Estimate | None:
        """Return a figure of the first outcome, or nothing where there is none."""
        wanted = (estimand, release, modality, contrast, *(self.outcome or (None, None)))
        return next(
            (
                row
                for row in self.rows
                if (row.estimand, row.release, row.modality, row.contrast, row.outcome, row.threshold) == wanted
            ),
            None,
        )


def judged(estimates: pl.DataFrame, *, scope: str) -> list[Judged]:
    """Return what the estimates say of each judge beside people, adversarial prompts first.

    Parameters
    ----------
    estimates
        The `estimates` table.
    scope
        Of the protocol; a figure without an interval there is shown for these people only.
    """
    about = pl.col("estimand").str.starts_with("judge_") | (pl.col("estimand") == _BESIDE)
    rows = estimates.filter(pl.col("kind") == "judge", pl.col("rater").is_not_null(), about)
    rows = rows.filter(~pl.col("method").str.contains("two-way bootstrap"))
    alone = ~pl.col("method").str.starts_with("scenario bootstrap") | pl.col("estimand").is_in(["judge_ac2", "judge_alpha"])
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows.filter(alone).iter_rows(named=True):
        found.setdefault((row["intent"], row["rater"]), []).append(row)
    return [_judged(judge, intent, mine, scope=scope) for (intent, judge), mine in sorted(found.items())]


def _judged(judge: str, intent: str, rows: Iterable[dict[str, Any]], *, scope: str) -> Judged:
    chosen: dict[tuple[Any, ...], dict[str, Any]] = {}
    names = ("estimand", "contrast", "outcome", "threshold", "release", "baseline_release", "modality", "baseline_rater")
    for row in sorted(rows, key=lambda row: (row["scope"] != scope, row["scope"])):
        key = tuple(row[name] for name in names)
        if key not in chosen or (chosen[key]["conf_low"] is None and row["conf_low"] is not None):
            chosen[key] = row
    made = [(row["baseline_rater"], Estimate(**{name: row[name] for name in _FIELDS})) for row in chosen.values()]
    own = tuple(row for other, row in made if other is None)
    return Judged(judge, intent, own, tuple((other, row) for other, row in made if other is not None))
