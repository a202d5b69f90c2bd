"""The one map of the pipeline."""

import os
from functools import partial

import pytest

from driftgauge.pipeline.parallel import map_over


def _twice(number: int) -> int:
    return 2 * number


def _with_process(number: int, *, plus: int) -> tuple[int, int, str | None]:
    return number + plus, os.getpid(), os.environ.get("POLARS_MAX_THREADS")


def _fails(number: int) -> int:
    if number == 2:
        raise ValueError("two")
    return number


def test_one_job_is_the_plain_map_and_does_nothing_before_it_is_asked() -> None:
    seen: list[int] = []

    def note(number: int) -> int:
        seen.append(number)
        return number

    results = map_over(note, [1, 2, 3], jobs=1)
    assert next(results) == 1
    assert seen == [1]
    assert list(results) == [2, 3]


def test_results_come_in_the_order_of_the_items_whatever_the_jobs() -> None:
    items = list(range(7))
    assert list(map_over(_twice, items, jobs=2)) == list(map_over(_twice, items, jobs=1))


def test_several_jobs_are_other_processes_with_one_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    found = list(map_over(partial(_with_process, plus=1), [1, 2], jobs=2))
    assert [each[0] for each in found] == [2, 3]
    assert all(process != os.getpid() for _, process, _ in found)
    assert {threads for _, _, threads in found} == {"1"}
    assert "POLARS_MAX_THREADS" not in os.environ


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_the_function_is_raised_where_it_stands(jobs: int) -> None:
    results = map_over(_fails, [1, 2, 3], jobs=jobs)
    assert next(results) == 1
    with pytest.raises(ValueError, match="two"):
        next(results)


def test_a_caller_who_stops_early_leaves_no_process_waiting() -> None:
    results = map_over(_twice, range(50), jobs=2)
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    assert list(results) == []
