"""What a mixed model costs, in one run on one machine: fits with standard errors, growth, refits, memory, whole process.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.mixed [--growth 1 10] [--refits 100] [--nuts-draws 20] [--only NAME ...]

The data are the reference study (82,256 ratings) where it lies beside the project, else a simulated study of the same shape.
Every line is a process of its own. "first" is reading the file and the first fit, all that a process does beyond its imports;
"warm" is the fastest of the fits after it (`--repeat`), and the CPU beside it the least processor time of one, which is what to
compare when the machine has other work. "process" is the whole process, imports and repeated fits included. The other engines
are run beside ours where they are installed: R's glmmTMB, statsmodels (which has no ordinal model with random effects), and
Bambi with nutpie for a counted number of draws. What is not installed is named in a line of its own.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from benchmarks.run import in_process, ratings_file

PRESETS = ("published", "response", "design")
CHAINS, DRAWS = 4, 1_000
"""What the seconds per draw of NUTS are extrapolated to."""


def load(path: Path):
    import polars as pl

    response = pl.concat_str("scenario", "modality", "release", "phase", separator="|", ignore_nulls=True)
    return pl.read_parquet(path).with_columns(attempt=pl.lit(1), response_id=response)


def fit_job(path: Path, preset: str, outcome: str, repeat: int) -> dict[str, float]:
    """Read and fit, then fit again some times."""
    import time

    from driftgauge.measure.mixed.fit import fit_design
    from driftgauge.measure.mixed.presets import preset_design

    begin = time.perf_counter()
    frame = load(path)
    fit = fit_design(preset_design(frame, preset, outcome=outcome))
    found = {"first_s": time.perf_counter() - begin}
    times: list[tuple[float, float]] = []
    for _ in range(repeat):
        begin, cpu = time.perf_counter(), time.process_time()
        fit = fit_design(preset_design(frame, preset, outcome=outcome))
        times.append((time.perf_counter() - begin, time.process_time() - cpu))
    found |= {"warm_s": min(wall for wall, _ in times), "warm_cpu_s": min(cpu for _, cpu in times)}
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


def posterior_job(path: Path, preset: str, outcome: str) -> dict[str, float]:
    """Sample the posterior on two cores; return how well the chains agree."""
    import time

    import numpy as np

    from driftgauge.measure.mixed.draws import Sampling
    from driftgauge.measure.mixed.fit import draw_design
    from driftgauge.measure.mixed.presets import preset_design

    begin, cpu = time.perf_counter(), time.process_time()
    fit = draw_design(
        preset_design(load(path), preset, outcome=outcome), rng=np.random.default_rng(1), sampling=Sampling(n_jobs=2)
    )
    found = {"first_s": time.perf_counter() - begin, "warm_cpu_s": time.process_time() - cpu}
    by_parameter = fit.draws.diagnostics()
    fixed = by_parameter.head(len(fit.point.beta) + len(fit.point.thresholds))
    return found | {
        "draws": len(fit.draws.flat),
        "ess_bulk": fixed["ess_bulk"].min(),
        "rhat": by_parameter["rhat"].max(),
        "converged": float(fit.converged),
    }


def pandas_frame(path: Path):
    import pandas as pd

    columns = ["scenario", "rater", "release", "modality", "success", "harm"]
    return pd.DataFrame(load(path).select(columns).cast({"success": int}).to_dict(as_series=False))


def statsmodels_job(path: Path, kind: str) -> dict[str, float]:
    """Fit what statsmodels has: success by variational Bayes, or harm without random effects."""
    import time

    frame = pandas_frame(path)
    if kind == "success":
        from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

        random = {name: f"0 + C({name})" for name in ("scenario", "rater")}
        begin, cpu = time.perf_counter(), time.process_time()
        BinomialBayesMixedGLM.from_formula("success ~ release * modality", random, frame).fit_vb()
        return {"first_s": time.perf_counter() - begin, "warm_cpu_s": time.process_time() - cpu}
    import pandas as pd
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    frame["harm"] = pd.Categorical(frame["harm"], ordered=True)
    begin, cpu = time.perf_counter(), time.process_time()
    fit = OrderedModel.from_formula("harm ~ release * modality", frame, distr="logit").fit(method="bfgs", disp=False)
    found = {"first_s": time.perf_counter() - begin, "warm_cpu_s": time.process_time() - cpu}
    return found | {"log_likelihood": float(fit.llf), "converged": float(fit.mle_retvals["converged"])}


def nuts_job(path: Path, draws: int) -> dict[str, float]:
    """Compile the published model of success with Bambi and nutpie, and take as many tuning draws as draws, in one chain."""
    import time

    import bambi
    import nutpie

    frame = pandas_frame(path)
    begin = time.perf_counter()
    model = bambi.Model("success ~ release * modality + (1|scenario) + (1|rater)", frame, family="bernoulli")
    model.build()
    compiled = nutpie.compile_pymc_model(model.backend.model)
    compiling = time.perf_counter() - begin
    begin, cpu = time.perf_counter(), time.process_time()
    trace = nutpie.sample(
        compiled,
        draws=draws,
        tune=draws,
        chains=1,
        cores=1,
        seed=1,
        progress_bar=False,
        save_warmup=True,
        store_unconstrained=False,
    )
    found = {"warm_s": time.perf_counter() - begin, "warm_cpu_s": time.process_time() - cpu, "compile_s": compiling}
    steps = [float(group["n_steps"].sum()) for group in (trace["warmup_sample_stats"], trace["sample_stats"])]
    return found | {"draw_s": found["warm_s"] / (2 * draws), "steps": sum(steps)}


def job(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "benchmarks.mixed", "--job", *map(str, arguments)]


def line(name: str, found: dict[str, float], rest: str = "") -> None:
    columns = [found.get(key, float("nan")) for key in ("first_s", "warm_s", "warm_cpu_s", "process_s", "cpu_s", "peak_mb")]
    if "log_likelihood" in found:
        rest += f"  logL {found['log_likelihood']:.4f}"
    if "evaluations" in found:
        rest += f", {found['evaluations']:.0f} evaluations"
    if not found.get("converged", 1.0):
        rest += "  NOT CONVERGED"
    print(f"{name:38}" + "".join(f"{value:>9.2f}" for value in columns[:5]) + f"{columns[5]:>9.0f}{rest}", flush=True)


def attempted(name: str, command: list[str]) -> dict[str, float] | None:
    """Run a job; if it fails, print the last line of what it said."""
    try:
        return in_process(command)
    except SystemExit as error:
        print(f"{name}: failed: {(str(error).strip().splitlines() or ['no message'])[-1]}", flush=True)
        return None


def ours(path: Path) -> None:
    """Time the posterior of the published and of the design preset."""
    for preset in ("published", "design"):
        name = f"{preset} harm, posterior, 2 cores"
        found = attempted(name, job("posterior", path, preset, "harm"))
        if found:
            ess, rhat = found["ess_bulk"], found["rhat"]
            said = f"  {found['draws']:,.0f} draws, bulk ESS of fixed effects ≥ {ess:.0f}, R-hat ≤ {rhat:.4f}"
            line(name, found, said)


def glmmtmb(path: Path) -> None:
    """Fit the published model in R, if it is there."""
    script = (
        "suppressMessages(library(glmmTMB)); d <- read.csv(commandArgs(TRUE)[1]); "
        "m <- glmmTMB(success ~ release * modality + (1|scenario) + (1|rater), data = d, family = binomial); "
        "cat(sprintf('{\"log_likelihood\": %.6f}', logLik(m)))"
    )
    if shutil.which("Rscript") is None:
        print("R's glmmTMB: Rscript is not installed")
        return
    known = ["Rscript", "-e", "quit(status = !requireNamespace('glmmTMB', quietly = TRUE))"]
    if subprocess.run(known, capture_output=True, check=False).returncode:
        print("R's glmmTMB: the package is not installed")
        return
    flat = path.with_suffix(".csv")
    load(path).select("scenario", "rater", "release", "modality", "success").cast({"success": int}).write_csv(flat)
    found = attempted("R's glmmTMB", ["Rscript", "-e", script, str(flat)])
    if found:
        line("R glmmTMB published success", found)


def statsmodels(path: Path) -> None:
    """Fit what statsmodels has, if it is there."""
    if find_spec("statsmodels") is None:
        print("statsmodels: not installed")
        return
    names = {"success": "published success by variational Bayes", "harm": "ordinal, without random effects"}
    for kind, what in names.items():
        found = attempted(f"statsmodels, {kind}", job("statsmodels", path, kind))
        if found:
            line(f"statsmodels {kind}", found, f"  {what}")


def nuts(path: Path, draws: int) -> None:
    """Take some draws with Bambi and nutpie, if they are there, and say what a whole analysis would take."""
    absent = [name for name in ("bambi", "nutpie") if find_spec(name) is None]
    if absent:
        print(f"Bambi with nutpie: {' and '.join(absent)} not installed")
        return
    found = attempted("Bambi with nutpie", job("nuts", path, draws))
    if found:
        whole = (found["compile_s"] + CHAINS * DRAWS * found["draw_s"]) / 60
        line(f"Bambi + nutpie success, {draws} + {draws}", found)
        print(
            f"{'':38}  compiled in {found['compile_s']:.1f} s, {found['draw_s']:.2f} s a draw, {found['steps']:.0f} gradients; "
            f"extrapolated: {CHAINS} × {DRAWS:,} draws one after another, without tuning, {whole:.0f} min",
            flush=True,
        )


JOBS = {
    "fit": lambda path, preset, outcome, repeat: fit_job(path, preset, outcome, int(repeat)),
    "refit": lambda path, refits: refit_job(path, int(refits)),
    "posterior": posterior_job,
    "statsmodels": statsmodels_job,
    "nuts": lambda path, draws: nuts_job(path, int(draws)),
}
PARTS = ("fits", "posterior", "glmmtmb", "statsmodels", "nuts")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--growth", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--refits", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=3, help="warm fits of a process, of which the fastest counts")
    parser.add_argument(
        "--nuts-draws", type=int, default=20, help="tuning draws, and as many draws after them; 0 leaves NUTS out"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run; all otherwise")
    parser.add_argument("--job", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        kind, path, *rest = options.job
        print(json.dumps(JOBS[kind](Path(path), *rest)))
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), options)


def report(folder: Path, options: argparse.Namespace) -> None:
    threads = os.environ["OPENBLAS_NUM_THREADS"]
    print(f"{platform.machine()}, Python {platform.python_version()}, {threads} thread(s), load {os.getloadavg()[0]:.1f}\n")
    print(
        f"{'seconds':38}" + "".join(f"{name:>9}" for name in ("first", "warm", "CPU", "process", "CPU", "peak MB")), flush=True
    )
    if "fits" in options.only:
        fits(folder, options)
    path, _ = ratings_file(folder, 1)
    parts = {"posterior": ours, "glmmtmb": glmmtmb, "statsmodels": statsmodels}
    for name, part in parts.items():
        if name in options.only:
            part(path)
    if "nuts" in options.only and options.nuts_draws:
        nuts(path, options.nuts_draws)


def fits(folder: Path, options: argparse.Namespace) -> None:
    """Fit every preset, to as many scenarios as are asked for, and fit again and again."""
    growth, refits = options.growth, options.refits
    cost: dict[tuple[str, int], dict[str, float]] = {}
    for times in growth:
        path, _ = ratings_file(folder, times)
        for preset in PRESETS:
            for outcome in ("harm", "success") if times == growth[0] else ("harm",):
                found = in_process(job("fit", path, preset, outcome, options.repeat))
                line(f"×{times} {preset} {outcome}, with std. errors", found)
                cost.setdefault((preset, times), found)
        if times == growth[0]:
            line(f"{refits} refits of published", in_process(job("refit", path, refits)))
    for preset in PRESETS:
        for times in growth[1:]:
            one, many = cost[preset, growth[0]], cost[preset, times]
            ratios = [many[key] / one[key] for key in ("warm_cpu_s", "peak_mb")]
            print(f"growth, {preset}: ×{times} rows cost ×{ratios[0]:.1f} CPU and ×{ratios[1]:.1f} memory")


if __name__ == "__main__":
    main()
