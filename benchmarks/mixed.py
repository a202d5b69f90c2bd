"""What a mixed model costs, in one run on one machine: fits with standard errors, growth, refits, memory, whole process.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.mixed [--growth 1 10] [--refits 100]

The data are the reference study (82,256 ratings) where it lies beside the project, else a simulated study of the same shape.
Every line is a process of its own. "first" is the first fit of the process, "warm" the second; the CPU beside it is the warm
fit's processor time, which is what to compare when the machine has other work. R's glmmTMB is run beside it where `Rscript`
and the package are there.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.run import in_process, ratings_file

PRESETS = ("published", "response", "design")


def load(path: Path):
    import polars as pl

    response = pl.concat_str("scenario", "modality", "release", "phase", separator="|", ignore_nulls=True)
    return pl.read_parquet(path).with_columns(attempt=pl.lit(1), response_id=response)


def fit_job(path: Path, preset: str, outcome: str) -> dict[str, float]:
    """Fit twice."""
    import time

    from driftgauge.measure.mixed.fit import fit_design
    from driftgauge.measure.mixed.presets import preset_design

    frame = load(path)
    found: dict[str, float] = {}
    for name in ("first", "warm"):
        begin, cpu = time.perf_counter(), time.process_time()
        fit = fit_design(preset_design(frame, preset, outcome=outcome))
        found |= {f"{name}_s": time.perf_counter() - begin, f"{name}_cpu_s": time.process_time() - cpu}
    return found | {
        "rows": len(frame),
        "log_likelihood": fit.log_likelihood,
        "evaluations": fit.convergence.evaluations,
        "converged": float(fit.converged),
    }


def refit_job(path: Path, refits: int) -> dict[str, float]:
    """Leave one rater out, again and again: point estimates of `published`, each from the fit of all ratings."""
    import time

    import numpy as np
    import polars as pl

    from driftgauge.measure.mixed.fit import fit_design
    from driftgauge.measure.mixed.presets import preset_design

    frame = load(path)
    whole = fit_design(preset_design(frame, "published"))
    raters = frame["rater"].unique().sort().to_list()
    begin, cpu = time.perf_counter(), time.process_time()
    ends = []
    for number in range(refits):
        left = frame.filter(pl.col("rater") != raters[number % len(raters)])
        ends.append(fit_design(preset_design(left, "published"), std_errors=False, near=whole).converged)
    return {"warm_s": time.perf_counter() - begin, "warm_cpu_s": time.process_time() - cpu, "converged": float(np.mean(ends))}


def job(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "benchmarks.mixed", "--job", *map(str, arguments)]


def line(name: str, found: dict[str, float]) -> None:
    columns = [found.get(key, float("nan")) for key in ("first_s", "warm_s", "warm_cpu_s", "process_s", "cpu_s", "peak_mb")]
    rest = (
        f"  logL {found['log_likelihood']:.4f}, {found.get('evaluations', 0):.0f} evaluations"
        if "log_likelihood" in found
        else ""
    )
    print(f"{name:38}" + "".join(f"{value:>9.2f}" for value in columns[:5]) + f"{columns[5]:>9.0f}{rest}", flush=True)


def glmmtmb(folder: Path, path: Path) -> None:
    """Fit the published model in R, if it is there."""
    script = (
        "suppressMessages(library(glmmTMB)); d <- read.csv(commandArgs(TRUE)[1]); "
        "m <- glmmTMB(success ~ release * modality + (1|scenario) + (1|rater), data = d, family = binomial); "
        "cat(sprintf('{\"log_likelihood\": %.6f}', logLik(m)))"
    )
    if shutil.which("Rscript") is None:
        print("R's glmmTMB: Rscript is not installed")
        return
    flat = folder / "ratings.csv"
    load(path).select("scenario", "rater", "release", "modality", success="success").cast({"success": int}).write_csv(flat)
    try:
        found = in_process(["Rscript", "-e", script, str(flat)])
    except SystemExit:
        print("R's glmmTMB: the package is not installed")
        return
    line("R glmmTMB success", found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--growth", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--refits", type=int, default=100)
    parser.add_argument("--job", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        kind, path, *rest = options.job
        print(json.dumps(refit_job(Path(path), int(rest[0])) if kind == "refit" else fit_job(Path(path), rest[0], rest[1])))
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), options.growth, options.refits)


def report(folder: Path, growth: list[int], refits: int) -> None:
    threads = os.environ["OPENBLAS_NUM_THREADS"]
    print(f"{platform.machine()}, Python {platform.python_version()}, {threads} thread(s), load {os.getloadavg()[0]:.1f}\n")
    print(f"{'seconds':38}" + "".join(f"{name:>9}" for name in ("first", "warm", "CPU", "process", "CPU", "peak MB")))
    cost: dict[tuple[str, int], dict[str, float]] = {}
    for times in growth:
        path, _ = ratings_file(folder, times)
        for preset in PRESETS:
            for outcome in ("harm", "success") if times == growth[0] else ("harm",):
                found = in_process(job("fit", path, preset, outcome))
                line(f"×{times} {preset} {outcome}, with std. errors", found)
                cost.setdefault((preset, times), found)
        if times == growth[0]:
            line(f"{refits} refits of published", in_process(job("refit", path, refits)))
            glmmtmb(folder, path)
    for preset in PRESETS:
        for times in growth[1:]:
            one, many = cost[preset, growth[0]], cost[preset, times]
            ratios = [many[key] / one[key] for key in ("warm_cpu_s", "peak_mb")]
            print(f"growth, {preset}: ×{times} rows cost ×{ratios[0]:.1f} CPU and ×{ratios[1]:.1f} memory")


if __name__ == "__main__":
    main()
