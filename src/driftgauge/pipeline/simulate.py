"""``driftgauge simulate``: a study with known truth, from a short YAML to a file of ratings with its truth beside it."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from driftgauge.errors import StoreError
from driftgauge.frames import write_csv
from driftgauge.measure.simulate import Shape, simulate
from driftgauge.measure.simulated_drifts import level_of, pairs, true_drift
from driftgauge.pipeline.spec import load_spec
from driftgauge.records import Progress


@dataclass(frozen=True)
class Simulated:
    """A simulated study: where its ratings and its truth are, how many ratings there are, and the truth."""

    ratings: Path
    truth: Path
    n_ratings: int
    known: Mapping[str, Any]


def simulate_study(
    spec: Path,
    *,
    out: Path,
    seed: int,
    overwrite: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> Simulated:
    """Simulate the study of a YAML file; write its ratings, and beside them its truth as JSON.

    Parameters
    ----------
    spec
        The YAML file.
    out
        The file of ratings, ``.parquet`` or ``.csv``. The truth is ``<name>.truth.json`` in the same folder.
    seed
        Makes the study; the same spec and seed are the same ratings.
    overwrite
        Replace what is there.
    progress
        Told of each stage.

    Raises
    ------
    StudyError
        With every mistake of the spec.
    StoreError
        When a file is there already, or cannot be written.
    """
    if out.suffix not in {".csv", ".parquet"}:
        raise StoreError(f"{out} is neither .csv nor .parquet", remedy="Give --out a name that ends in one of them.")
    said = load_spec(spec)
    truth = out.with_suffix(".truth.json")
    there = [path for path in (out, truth) if path.exists()]
    if there and not overwrite:
        raise StoreError(f"{there[0]} is there already", remedy="Choose another --out, or replace it with --overwrite.")
    progress("simulating", 0, 1)
    shape = said.shape()
    ratings = simulate(shape, np.random.default_rng(seed))  # noqa: TID251 - the edge where generators are made
    known = truth_of(shape) | {"simulated": True, "spec": said.simulate, "seed": seed, "n_ratings": len(ratings)}
    text = json.dumps(known, indent=2, ensure_ascii=False) + "\n"
    _replace(truth, lambda path: path.write_text(text, encoding="utf-8"))
    _replace(out, partial(_write_ratings, ratings))
    progress("simulating", 1, 1)
    return Simulated(out, truth, len(ratings), known)


def truth_of(shape: Shape) -> dict[str, Any]:
    """Return what is true of a study: each release, and each drift between consecutive ones, as proportions."""
    return {
        "releases": [
            {
                "family": each.family,
                "release": each.release,
                "generation": each.generation,
                "phase": str(each.phase),
                "asr": round(level_of(shape, each).asr(shape.spreads), 12),
                "conditional_asr": round(each.conditional_asr, 12),
                "refusal": each.refusal,
            }
            for each in shape.releases
        ],
        "drifts": [
            {
                "family": shape.releases[pair.after].family,
                "baseline_release": shape.releases[pair.before].release,
                "release": shape.releases[pair.after].release,
                "drift": round(true_drift(shape, pair), 12),
                "drift_as_panels_see_it": round(true_drift(shape, pair, with_panel_shift=True), 12),
            }
            for pair in pairs(shape)
        ],
    }


def _write_ratings(ratings: pl.DataFrame, path: Path) -> None:
    if ".parquet" in path.suffixes:
        ratings.write_parquet(path)
    else:
        write_csv(ratings, path)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(unfinished)
        os.replace(unfinished, path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}", remedy="Check the path, its rights and the free space."
        ) from None
    finally:
        unfinished.unlink(missing_ok=True)
