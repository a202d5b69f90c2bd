"""Is a sequence still about the same? Its rule, benchmark, baseline, judge and settings are those that it began with."""

from collections.abc import Mapping
from typing import Any

from driftgauge.pipeline.monitor.failed import LookFailedError
from driftgauge.pipeline.monitor.judging import Judge
from driftgauge.pipeline.monitor.look import Asking
from driftgauge.pipeline.monitor.state import Begun
from driftgauge.study import Study


def see_that_the_rule_is_the_same(begun: Begun, given: Mapping[str, Any]) -> None:
    """Raise where the command names another rule than the sequence began with."""
    other = [name for name, value in given.items() if value is not None and value != getattr(begun, name)]
    if other:
        raise LookFailedError(
            "rule",
            f"the sequence began with another {', '.join(other)}; that is fixed before the first look",
            remedy="Leave it out, or begin anew: --reset",
        )


def see_that_it_is_the_same(begun: Begun, asking: Asking, study: Study) -> None:
    """Raise where a sequence would go on about something else."""
    if study.study != begun.study:
        raise LookFailedError(
            "study",
            f"the study is {study.study}, and the sequence began in {begun.study}",
            remedy="Give the state of this study.",
        )
    root = asking.collection.benchmark.known.root
    if root != begun.root:
        raise LookFailedError(
            "benchmark",
            f"the benchmark has root {root[:16]}, and the sequence began with {begun.root[:16]}",
            remedy="Put the benchmark back that it began with, or begin anew: --reset",
        )
    if asking.baseline.identifier != begun.baseline:
        raise LookFailedError(
            "baseline",
            f"the responses of {begun.release} in phase {begun.phase} are not those that the sequence began with",
            remedy="Restore the store, or begin anew: --reset",
        )
    see_that_it_is_asked_alike(asking)


def see_that_the_judge_is_the_same(begun: Begun, judge: Judge) -> None:
    """Raise where another version of a judge, or another outcome, would go on."""
    if (judge.rater, judge.outcome) != (begun.rater, begun.outcome):
        raise LookFailedError(
            "judge_changed",
            f"the judge is {judge.rater} ({judge.outcome}), and the sequence began with {begun.rater} ({begun.outcome})",
            remedy="Use the version that it began with, or begin anew: --reset",
        )


def see_that_it_is_asked_alike(asking: Asking) -> None:
    """Raise where the endpoint would be asked with other settings than the baseline."""
    now = dict(asking.collection.releases[asking.release].settings)
    if now != dict(asking.baseline.asked):
        other = sorted(key for key in {*now, *asking.baseline.asked} if now.get(key) != asking.baseline.asked.get(key))
        raise LookFailedError(
            "asked_otherwise",
            f"study.yaml asks {asking.release} with other settings than the baseline was asked with: {', '.join(other)}",
            remedy="Put them back: a difference would be ours, and not the endpoint's.",
        )
