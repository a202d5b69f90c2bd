"""Robustness: the verdict under every reasonable choice, and which choices move it (statistics §5)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from driftgauge.frames import SPECIFICATIONS
from driftgauge.measure.arrays import BoolArray
from driftgauge.measure.drift import judge, log_odds
from driftgauge.measure.estimate import Answer, answer
from driftgauge.measure.model_verdicts import log_odds_of, testable
from driftgauge.measure.models import Model, model_rows
from driftgauge.measure.outcomes import counted, sample
from driftgauge.measure.populations import Index, Population, Question, index, population, successions
from driftgauge.measure.rates import Rate, rates
from driftgauge.measure.robustness_findings import robustness_findings
from driftgauge.measure.rows import Row, Setting, interval_columns
from driftgauge.measure.units import Rows, common_k, contributions, unit_groups
from driftgauge.records import Finding, Progress
from driftgauge.study import ModelPreset, Protocol, Unit

UNITS: Final[tuple[Unit, ...]] = ("rating", "response_mean", "response_majority", "any_rater")
THRESHOLDS: Final = (2, 3, 4)
EVERY_JUDGE: Final = "(all judges)"
"""Stands for the judge where all judges rated together."""
MANY: Final = 100
"""With more raters than this, each is left out only where the choices are crossed: one among so many decides little."""

_CHOICES: Final = ("estimand", "threshold", "coding", "unit", "unrated", "preset", "judge", "without_rater", "without_category")

Map = Callable[[Callable[["Task"], list[Row]], Iterable["Task"]], Iterable[list[Row]]]


@dataclass(frozen=True)
class Robustness:
    """Rows of `frames.SPECIFICATIONS` (without ids), and findings."""

    rows: list[Row]
    findings: list[Finding]


@dataclass(frozen=True)
class Task:
    """All specifications of one estimand under one coding: in some units, of everybody, and without each rater and category.

    With `judges`, these judges rated instead of people, and the verdict is about these judges. With a `preset`, the one
    specification by that mixed model instead.
    """

    ratings: pl.DataFrame
    protocol: Protocol
    estimand: str
    coding: str
    units: Sequence[Unit] = UNITS
    judges: Sequence[str] = ()
    preset: ModelPreset | None = None
    primary: Sequence[Row] = ()
    rng: np.random.Generator | None = None
    leave_out: Sequence[str] = ("without_rater", "without_category")

    @property
    def judge(self) -> str | None:
        """Which judge, as the column says it; null for people."""
        return None if not self.judges else self.judges[0] if len(self.judges) == 1 else EVERY_JUDGE

    @property
    def intent(self) -> str:
        """Which prompts: benign ones for over-refusal."""
        return "benign" if self.estimand == "over_refusal" else "adversarial"


def specifications(
    ratings: pl.DataFrame,
    *,
    protocol: Protocol,
    primary: Sequence[Row],
    rng: np.random.Generator,
    crossed: bool = True,
    presets: Sequence[ModelPreset] = (),
    map_over: Map = map,
    progress: Progress = lambda stage, done, total: None,
) -> Robustness:
    """Analyse every consecutive drift in all reasonable ways.

    Parameters
    ----------
    ratings
        The ratings table.
    protocol
        As declared: margin, level, scope, primary estimand and unit.
    primary
        The rows of the verdict family, as `measure` gave them. Without any there are specifications of judges alone.
    rng
        Handed to the mixed models, which draw nothing: they are fitted by likelihood.
    crossed
        Whether choices are crossed. Else only what costs next to nothing: the declared specification, the same without each
        rater and each harm category, and by each judge.
    presets
        Mixed models whose averaged drift is a further specification each, where the declared unit is ``rating``.
    map_over
        Shares out the tasks; `map` does them one after another. Nothing is drawn at random.
    progress
        Told of each task.

    Returns
    -------
    Robustness
        One row a specification and drift.
    """
    ratings = ratings.sort("rating_id")
    tasks = [
        *_model_tasks(ratings, protocol, presets, primary, rng),
        *(_tasks(ratings, protocol, primary, crossed=crossed) if primary else ()),
        *_judge_tasks(ratings, protocol, primary, crossed=crossed),
    ]
    rows: list[Row] = []
    for number, found in enumerate(map_over(specify, tasks)):
        rows += found
        progress("robustness", number + 1, len(tasks))
    _compare(rows, primary, protocol, simulated=bool(ratings["simulated"].fill_null(value=False).any()))
    return Robustness(rows, list(robustness_findings(rows, primary, crossed=crossed)))


def _compare(rows: Sequence[Row], primary: Sequence[Row], protocol: Protocol, *, simulated: bool) -> None:
    """Say of each row, in place, whether it is the declared specification, and whether its verdict is that of the declared one.

    Where nobody but judges rated, the verdict to compare with is that of all judges together.
    """
    plain: Row = {"coding": "as_marked", "unrated": protocol.unrated, "preset": None, "without_rater": None}
    plain |= {"without_category": None}
    people = (
        plain | {"judge": None} | {name: primary[0][name] for name in ("estimand", "threshold", "unit")} if primary else None
    )
    together = plain | {"judge": EVERY_JUDGE, "unit": "rating"}
    pair = ("baseline_release", "release")
    verdicts = {tuple(row[name] for name in pair): row["verdict"] for row in primary}
    of_judges: dict[tuple[str, ...], str | None] = {}
    for row in rows:
        if all(row.get(name) == value for name, value in together.items()):
            of_judges.setdefault((row["estimand"], *(row[name] for name in pair)), row.get("verdict"))
    for row in rows:
        row["declared"] = people is not None and all(row.get(name) == value for name, value in people.items())
        place = tuple(row[name] for name in pair)
        alone = row.get("judge") is not None and (not primary or row["estimand"] == "over_refusal")
        verdict = of_judges.get((row["estimand"], *place)) if alone else verdicts.get(place)
        row["agrees"] = None if verdict is None or row.get("verdict") is None else row["verdict"] == verdict
        row["simulated"] = simulated


def _model_tasks(
    ratings: pl.DataFrame,
    protocol: Protocol,
    presets: Sequence[ModelPreset],
    primary: Sequence[Row],
    rng: np.random.Generator,
) -> Iterator[Task]:
    fits = bool(primary) and primary[0]["unit"] == "rating" and primary[0]["scope"] == "raters"
    fits = fits and primary[0]["estimand"] in ("asr", "harm_rate")
    for preset in presets if fits else ():
        yield Task(ratings, protocol, primary[0]["estimand"], "as_marked", preset=preset, primary=primary, rng=rng)


def _tasks(ratings: pl.DataFrame, protocol: Protocol, primary: Sequence[Row], *, crossed: bool) -> Iterator[Task]:
    """Yield the tasks of people's ratings: as declared alone, or all choices crossed."""
    estimand, unit = primary[0]["estimand"], primary[0]["unit"]
    if not crossed:
        few = ratings.filter(pl.col("kind") == "human")["rater"].n_unique() <= MANY
        leave_out = ("without_rater", "without_category") if few else ("without_category",)
        yield Task(ratings, protocol, estimand, "as_marked", (unit,), leave_out=leave_out)
        return
    units = UNITS if unit in UNITS else (*UNITS, unit)
    for coding, frame, here in _readings(ratings, protocol):
        for name, at in _estimands(ratings, protocol, declared=estimand, kind="human"):
            yield Task(frame, here.model_copy(update={"harmful_at": at}), name, coding, units)


def _judge_tasks(ratings: pl.DataFrame, protocol: Protocol, primary: Sequence[Row], *, crossed: bool) -> Iterator[Task]:
    """Yield the tasks of judges, each alone and, where there are several, all together; people's words do not enter them."""
    rated = ratings.filter(pl.col("kind") == "judge", pl.col("rater").is_not_null())
    names = rated["rater"].unique().sort().to_list()
    protocol = protocol.model_copy(update={"scope": "panel"})
    readings = _readings(ratings, protocol) if crossed else [("as_marked", ratings, protocol)]
    declared = primary[0]["estimand"] if primary else protocol.primary.estimand
    for coding, frame, here in readings:
        asked = list(_estimands(rated, protocol, declared=declared, kind="judge"))
        main = next((each for each in asked if each == (declared, protocol.harmful_at)), next(iter(asked), None))
        benign = rated.filter(pl.col("intent") == "benign")["refusal"].is_not_null().any()
        chosen = [*(asked if crossed else [main] if main else []), *([("over_refusal", protocol.harmful_at)] if benign else [])]
        for judges in ([names] if len(names) > 1 else []) + [[name] for name in names]:
            units: tuple[Unit, ...] = UNITS if crossed and len(judges) > 1 else ("rating",)
            for name, at in chosen:
                at_threshold = here.model_copy(update={"harmful_at": at})
                leave_out = ("without_category",) if crossed else ()
                yield Task(frame, at_threshold, name, coding, units, judges, leave_out=leave_out)


def _readings(ratings: pl.DataFrame, protocol: Protocol) -> Iterator[tuple[str, pl.DataFrame, Protocol]]:
    """Yield each coding of double marks with each way that responses which nobody saw may count, where there are any."""
    marked = ratings["refusal"].fill_null(value=False)
    clash = marked & (ratings["success"].fill_null(value=False) | (ratings["harm"].fill_null(1) > 1))
    codings = {"as_marked": ratings}
    if clash.any():
        codings["refusal_wins"] = ratings.with_columns(
            success=pl.when(pl.col("refusal")).then(pl.col("success") & False).otherwise("success"),
            harm=pl.when(pl.col("refusal") & pl.col("harm").is_not_null())
            .then(1)
            .otherwise("harm")
            .cast(ratings.schema["harm"]),
        )
    unseen = ratings["status"].is_in(["refused", "filtered", "empty"]).any()
    for coding, frame in codings.items():
        for unrated in ("refusal", "missing") if unseen else (protocol.unrated,):
            yield coding, frame, protocol.model_copy(update={"unrated": unrated})


def _estimands(ratings: pl.DataFrame, protocol: Protocol, *, declared: str, kind: str) -> Iterator[tuple[str, int]]:
    """Yield what can stand for harm, with its threshold: refusal only where it was declared or nothing else was rated."""
    rated = ratings.filter(pl.col("kind") == kind, pl.col("intent") == "adversarial")
    success, harm, refusal = (bool(rated[name].is_not_null().any()) for name in ("success", "harm", "refusal"))
    if success:
        yield "asr", protocol.harmful_at
    for threshold in sorted({*THRESHOLDS, protocol.harmful_at}) if harm else ():
        yield "harm_rate", threshold
    if refusal and (declared == "refusal_rate" or not (success or harm)):
        yield "refusal_rate", protocol.harmful_at


def specify(task: Task) -> list[Row]:
    """Return the rows of one task.

    Parameters
    ----------
    task
        What to analyse.
    """
    left = counted(task.ratings, task.protocol)
    frame = left.rows.filter(pl.col("kind") == ("judge" if task.judges else "human"), pl.col("intent") == task.intent)
    if task.judges:
        frame = frame.filter(pl.col("rater").is_in(list(task.judges)))
    if not len(frame):
        return []
    found = index(sample(frame, task.protocol))
    if task.preset is not None and task.rng is not None:
        return _by_model(task, found, Model(task.preset, covariates=task.protocol.covariates), task.rng)
    rate = rates(found.sample, intent=task.intent).get(task.estimand)
    pairs = [(a, b) for a, b, contrast in successions(found) if contrast == "drift"]
    if rate is None or not pairs:
        return []
    shared: Row = {
        "estimand": task.estimand,
        "threshold": task.protocol.harmful_at if rate.uses_threshold else None,
        "coding": task.coding,
        "unrated": task.protocol.unrated,
        "judge": task.judge,
    }
    rows: list[Row] = []
    for left_out, keep in _left_out(found, task.leave_out):
        questions = [_question(found, pair, keep) for pair in pairs]
        kept = replace(rate, y=np.where(keep, rate.y, np.nan))
        for unit in task.units:
            rows += _family(found, kept, questions, unit, protocol=task.protocol, shared=shared | left_out | {"unit": unit})
    return rows


def _by_model(task: Task, found: Index, model: Model, rng: np.random.Generator) -> list[Row]:
    protocol = task.protocol
    setting = Setting("human", "adversarial", "rating", protocol.level, protocol.harmful_at, {}, simulated=False)
    made = model_rows(
        found, setting=setting, protocol=protocol, model=model, primary=task.primary, rng=rng, said=lambda doing: None
    )
    mine = [testable(row) for row in made.rows if row["contrast"] == "drift" and row["estimand"] == task.estimand]
    known = [row for row in mine if row["df"] is not None and not np.isnan(row["estimate"])]
    odds = [log_odds_of(row, df=row["df"], level=protocol.level) for row in known]
    judge(known, odds=odds, margin=protocol.margin, level=protocol.level)
    shared = {"coding": "as_marked", "unrated": protocol.unrated, "preset": model.preset}
    columns = tuple(SPECIFICATIONS)
    return [{name: value for name, value in (row | shared).items() if name in columns} for row in mine]


def _left_out(found: Index, leave_out: Sequence[str]) -> Iterator[tuple[Row, BoolArray]]:
    """Yield nobody, each rater and each harm category (as asked), with the ratings that are left."""
    here = found.sample
    yield {}, np.ones(len(here), dtype=np.bool_)
    names = here.rows["rater"].to_numpy()
    raters = sorted(set(names.tolist()))
    if len(raters) > 2 and "without_rater" in leave_out:
        yield from (({"without_rater": rater}, names != rater) for rater in raters)
    categories = found.values["harm_category"]
    if len(categories) > 1 and "without_category" in leave_out:
        codes = found.codes["harm_category"]
        yield from (({"without_category": name}, codes != number) for number, name in enumerate(categories))


def _question(found: Index, pair: tuple[str, str], keep: BoolArray) -> Question:
    """Return the drift over the cells that both releases still have."""
    sides = [population(found, release, {}) for release in pair]
    sides = [replace(side, rows=side.rows[keep[side.rows]]) for side in sides]
    both = np.intersect1d(found.prompt[sides[0].rows], found.prompt[sides[1].rows])
    here = np.zeros(int(found.prompt.max(initial=-1)) + 1, dtype=np.bool_)
    here[both] = True
    shared: list[Population] = [replace(side, rows=side.rows[here[found.prompt[side.rows]]]) for side in sides]
    return Question("drift", tuple(shared), (-1.0, 1.0), {}, consecutive=True)


def _family(
    found: Index, rate: Rate, questions: Sequence[Question], unit: Unit, *, protocol: Protocol, shared: Row
) -> list[Row]:
    """Return the drifts of one specification with their verdicts, which are adjusted for one another."""
    here = found.sample
    group = unit_groups(here)["attempts"] if unit == "any_attempt" else here.response
    inputs = Rows(rate.y, rate.x, group, here.weight)
    part = contributions(inputs, unit, k=common_k(inputs, unit=unit))
    answers = [answer(here, each, rates={"it": rate}, contributions={"it": part}, unit=unit) for each in questions]
    rows = [shared | _numbers(each, protocol) for each in answers]
    judged = [(row, each) for row, each in zip(rows, answers, strict=True) if _has_verdict(found, each, rate, protocol)]
    for row in rows:
        if row["reason_null"] is None and not any(row is other for other, _ in judged):
            row["reason_null"] = "different raters rated the two sides, and the scope is these raters: no verdict"
    scope = protocol.scope
    odds = [log_odds(here, each, proportions=[True]).change(0, scope) for _, each in judged]
    judge([row for row, _ in judged], odds=odds, margin=protocol.margin, level=protocol.level)
    columns = tuple(SPECIFICATIONS)
    return [{name: value for name, value in row.items() if name in columns} for row in rows]


def _numbers(found: Answer, protocol: Protocol) -> Row:
    spread = found.raters if protocol.scope == "raters" else found.panel
    numbers: Row = {
        name: float(values[0]) for name, values in interval_columns(found.value, spread, protocol.level, contrast=True).items()
    }
    earlier, later = found.question.populations
    reason = "no number can be had of what is left" if np.isnan(numbers["estimate"]) else None
    labels = {"family": later.family, "release": later.release, "baseline_release": earlier.release, "reason_null": reason}
    return numbers | labels


def _has_verdict(found: Index, each: Answer, rate: Rate, protocol: Protocol) -> bool:
    """Return whether there is a number, and, for conclusions about these raters, whether both sides had the same ones."""
    if np.isnan(each.value[0]):
        return False
    asked = [side.rows[~np.isnan(rate.y[side.rows])] for side in each.question.populations]
    earlier, later = (set(found.sample.rater[rows].tolist()) for rows in asked)
    return protocol.scope == "raters" or earlier == later
