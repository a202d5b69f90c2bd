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
    made = [(row["baseline_rater"], _estimate(row)) for row in chosen.values()]
    own = tuple(row for other, row in made if other is None)
    return Judged(judge, intent, own, tuple((other, row) for other, row in made if other is not None))


@dataclass(frozen=True)
class Together:
    """A change by people and a judge together, beside that by people alone.

    Parameters
    ----------
    judge
        Whose ratings of all responses were used.
    both
        The change by both.
    alone
        The same change by the people who rated the drawn part, each scenario weighing as many as it stands for; null where
        there is none.
    gained
        How many more of people's ratings would have been as good; null where it is not known.
    """

    judge: str
    both: Estimate
    alone: Estimate | None
    gained: Estimate | None


def together(estimates: pl.DataFrame) -> list[Together]:
    """Return the changes by people and each judge together, in the order of the frame; those without a number are left out.

    Parameters
    ----------
    estimates
        The `estimates` table.
    """
    both = estimates.filter(pl.col("kind") == "human+judge", pl.col("contrast") == "drift", pl.col("estimate").is_not_null())
    gained = {_change(row): row for row in both.filter(pl.col("estimand") == "ratings_gained").iter_rows(named=True)}
    people = estimates.filter(
        pl.col("kind") == "human",
        pl.col("contrast") == "drift",
        pl.col("method") == "inverse-probability two-way t",
    )
    alone = {(row["estimand"], *_change(row)[1:]): row for row in people.iter_rows(named=True)}
    return [
        Together(
            row["rater"],
            _estimate(row),
            _found(alone.get((row["estimand"], *_change(row)[1:]))),
            _found(gained.get(_change(row))),
        )
        for row in both.filter(pl.col("estimand") != "ratings_gained").iter_rows(named=True)
    ]


def _change(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("rater", "outcome", "threshold", "release", "baseline_release"))


def _found(row: dict[str, Any] | None) -> Estimate | None:
    return None if row is None else _estimate(row)


def _estimate(row: dict[str, Any]) -> Estimate:
    return Estimate(**{name: row[name] for name in _FIELDS})
