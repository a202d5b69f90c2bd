"""What it means for a study that its benchmark was versioned between imports."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from driftgauge.records import Finding
from driftgauge.store.benchmarks import KnownBenchmark

_NAMED: Final = 5
_KEY: Final = ("scenario", "intent", "modality", "language")


def benchmark_findings(
    ratings: pl.DataFrame, *, prompts: pl.DataFrame, benchmarks: Sequence[KnownBenchmark]
) -> tuple[Finding, ...]:
    """Return what a reader must know of ratings that are of several versions of a benchmark.

    Parameters
    ----------
    ratings
        The ratings table, with `root` of the benchmark that each is of.
    prompts
        `root`, `prompt`, `prompt_hash` and what each prompt is.
    benchmarks
        All of the study.
    """
    versions = {each.root: each.version for each in benchmarks}
    rated = ratings.select("root", *_KEY).unique().join(prompts, on=["root", *_KEY], how="inner")
    used = sorted(versions[root] for root in rated["root"].unique())
    if len(used) < 2:
        return ()
    each = rated.group_by("prompt").agg(pl.n_unique("root").alias("roots"), pl.n_unique("prompt_hash").alias("hashes"))
    in_several = each.filter(pl.col("roots") > 1)
    changed = in_several.filter(pl.col("hashes") > 1)["prompt"].sort().to_list()
    said = f"The ratings are of versions {', '.join(map(str, used))} of the benchmark"
    if not changed:
        sentence = f"{said}; the {len(in_several):,} prompts that were rated in several are the same in all of them."
        return (Finding("benchmark_versions", "info", sentence),)
    names = ", ".join(changed[:_NAMED]) + (", …" if len(changed) > _NAMED else "")
    sentence = (
        f"{said}, and {len(changed):,} of the {len(in_several):,} prompts that were rated in several were changed between them "
        f"({names}): a drift over these compares answers to different prompts."
    )
    return (Finding("benchmark_versions", "warning", sentence, "Rate the changed prompts again for the earlier releases."),)
