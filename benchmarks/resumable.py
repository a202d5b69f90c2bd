"""Long simulations that can be stopped at any moment and go on where they were."""

import csv
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import polars as pl

BATCH = 5
"""Studies of a job: what is lost when a run is stopped."""


def results_of(path: Path) -> pl.DataFrame | None:
    """Return the studies that were run, if any."""
    return pl.read_csv(path, infer_schema_length=None) if path.exists() and path.stat().st_size else None


def resumed(path: Path, one: Callable[[int], dict[str, float]], *, studies: int, jobs: int) -> pl.DataFrame:
    """Run what is missing of a number of studies, each by its seed, append it to a file, and return all of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for threads in ("OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
        os.environ.setdefault(threads, "1")  # of the jobs, which start anew
    known = results_of(path)
    done = set() if known is None else set(known["seed"].cast(pl.Int64))
    missing = [seed for seed in range(studies) if seed not in done]
    batches = [missing[start : start + BATCH] for start in range(0, len(missing), BATCH)]
    context = multiprocessing.get_context("spawn")  # polars has threads, which a fork would lose
    ran, begin = 0, time.monotonic()
    with ProcessPoolExecutor(jobs, mp_context=context) as pool, path.open("a", newline="") as file:
        for results in pool.map(partial(_batch, one), batches):
            writer = csv.DictWriter(file, fieldnames=list(results[0]))
            if not done and not ran:
                writer.writeheader()
            writer.writerows(results)
            file.flush()
            ran += len(results)
            each = (time.monotonic() - begin) / ran
            left = each * (len(missing) - ran) / 60
            print(f"\r{path.stem}: {len(done) + ran} of {studies}, {each:.2f} s each, {left:.0f} min left ", end="", flush=True)
    print()
    return pl.read_csv(path, infer_schema_length=None).filter(pl.col("seed") < studies)


def _batch(one: Callable[[int], dict[str, float]], seeds: list[int]) -> list[dict[str, float]]:
    return [one(seed) for seed in seeds]
