"""The one map of the pipeline: a function over items, in order, in this process or in several."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_ONE_THREAD: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


def map_over(function: Callable[[Item], Result], items: Iterable[Item], *, jobs: int) -> Iterator[Result]:
    """Yield the function of each item, in the order of the items.

    Parameters
    ----------
    function
        A named function of a module (or a `functools.partial` of one), so that another process can find it.
    items
        What it is called with. They are all sent at once: give pieces of work, not single numbers.
    jobs
        Processes; with 1 it is the plain map, in this process. Results do not depend on it.

    Notes
    -----
    Processes start anew (spawn), each with one thread for its arithmetic, as several would wait for each other. An error of the
    function is raised here. When the caller stops early, by an error or Ctrl-C, what has not begun is dropped.

    Examples
    --------
    >>> list(map_over(abs, [-1, 2], jobs=1))
    [1, 2]
    """
    if jobs <= 1:
        yield from map(function, items)
        return
    with _single_threaded():
        pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_quiet)
        results = pool.map(function, items)
    try:
        yield from results
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _quiet() -> None:
    """Let Ctrl-C end a process without a traceback: the one that started it tells what happened."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def _single_threaded() -> Generator[None]:
    """Let processes that start here have one thread each; what the user has set stays."""
    added = [name for name in _ONE_THREAD if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
