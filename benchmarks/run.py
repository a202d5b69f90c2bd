"""What measuring costs, in one run on one machine: our bootstrap beside a naive pandas one, memory, and growth.

    python -m benchmarks.run [--growth 1 10]

The data are the reference study (82,256 ratings) where it lies beside the project, else a simulated study of the same shape.
Every figure is of a process of its own, so that peak memory is its own; "beyond imports" leaves out starting Python and
importing. Figures of different runs or machines are not comparable; the ratios of one run are.
"""

import argparse
import json
import math
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve()
REFERENCE = HERE.parents[1].parent / "shared" / "reference"
NAIVE_REPLICATES = 30
REPLICATES = 10_000


def ratings_file(folder: Path, times: int) -> tuple[Path, Path | None]:
    """Return a ratings file with `times` as many scenarios as the study, and its families."""
    import numpy as np
    import polars as pl

    from driftgauge.measure.simulate import PUBLISHED_SHAPE, simulate

    known = REFERENCE / "study_82256.parquet"
    frame = pl.read_parquet(known) if known.exists() else simulate(PUBLISHED_SHAPE, np.random.default_rng(1))
    copies = [frame.with_columns(scenario=pl.col("scenario") + (f"-{copy}" if copy else "")) for copy in range(times)]
    path = folder / f"ratings-{times}.parquet"
    pl.concat(copies).write_parquet(path)
    return path, REFERENCE / "families.yaml" if known.exists() else None


def ours(path: Path, families: Path | None, units: list[str]) -> dict[str, float]:
    """Measure a file and return seconds and counts; runs in a process of its own."""
    import time

    import numpy as np

    from driftgauge.measure import analysis
    from driftgauge.rate.exchange import read_ratings
    from driftgauge.study import Protocol, load_lineage

    begin = time.perf_counter()
    ratings = read_ratings([path], lineage=load_lineage(families) if families else None).ratings
    read = time.perf_counter()
    stages: list[tuple[str, float]] = []
    found = analysis.measure(
        ratings,
        protocol=Protocol(),
        rng=np.random.default_rng(1),
        bootstrap=REPLICATES,
        units=units,
        progress=lambda stage, done, total: stages.append((stage, time.perf_counter())),
    )
    agreement = next(at for stage, at in stages if stage.endswith("agreement"))
    return {
        "read_s": read - begin,
        "rates_s": agreement - read,
        "agreement_s": stages[-1][1] - agreement,
        "all_s": time.perf_counter() - begin,
        "rows": len(ratings),
        "estimates": len(found.estimates),
    }


def naive(path: Path) -> dict[str, float]:
    """Bootstrap eight ASRs by pandas: weights merged into the frame and grouped again in each replicate."""
    import time

    import numpy as np
    import pandas as pd
    import polars as pl

    columns = ["scenario", "rater", "release", "success"]
    frame = pd.DataFrame(pl.read_parquet(path, columns=columns).to_dict(as_series=False))
    rng = np.random.default_rng(1)
    scenarios, raters = frame["scenario"].unique(), frame["rater"].unique()
    begin = time.perf_counter()
    for _ in range(NAIVE_REPLICATES):
        drawn_s = pd.Series(rng.choice(scenarios, len(scenarios))).value_counts()
        drawn_r = pd.Series(rng.choice(raters, len(raters))).value_counts()
        weight = frame["scenario"].map(drawn_s).fillna(0) * frame["rater"].map(drawn_r).fillna(0)
        sums = frame.assign(w=weight, wy=weight * frame["success"]).groupby("release")[["w", "wy"]].sum()
        _ = sums["wy"] / sums["w"]
    return {"naive_s": (time.perf_counter() - begin) / NAIVE_REPLICATES * REPLICATES}


def command(path: Path, families: Path | None, out: Path) -> list[str]:
    """Return the whole command, as a user types it."""
    lineage = ["--families", str(families)] if families else []
    return [sys.executable, "-m", "driftgauge", "analyze", str(path), *lineage, "--out", str(out), "--overwrite"]


def in_process(job: list[str]) -> dict[str, float]:
    """Run a job of this file, or a command, in a process of its own; return what it printed and its peak memory."""
    code = (
        "import json,resource,subprocess,sys,time;b=time.perf_counter();"
        "r=subprocess.run(sys.argv[1:],capture_output=True,text=True);"
        "r.returncode and sys.exit(r.stderr);u=resource.getrusage(resource.RUSAGE_CHILDREN);"
        "o=json.loads(r.stdout) if r.stdout.startswith('{') else {};"
        "print(json.dumps(o|{'process_s':time.perf_counter()-b,'cpu_s':u.ru_utime+u.ru_stime,'peak_mb':u.ru_maxrss/1e3}))"
    )
    done = subprocess.run([sys.executable, "-c", code, *job], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def job(*arguments: object) -> list[str]:
    """Return the command line of a job of this file."""
    return [sys.executable, str(HERE), "--job", *map(str, arguments)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--growth", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--job", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        kind, path, families, *units = options.job
        result = naive(Path(path)) if kind == "naive" else ours(Path(path), Path(families) if families != "-" else None, units)
        print(json.dumps(result))
        return
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), options.growth)


ALL_UNITS = ("rating", "response_mean", "response_majority", "any_rater")


def report(folder: Path, growth: list[int]) -> None:
    """Print the tables."""
    print(f"{platform.machine()}, Python {platform.python_version()}; {REPLICATES:,} replicates (response units 2,000)\n")
    print(f"{'':34}{'beyond imports':>15}{'process':>10}{'CPU':>9}{'peak MB':>9}{'rows':>11}{'estimates':>11}")
    seconds: dict[tuple[str, int], float] = {}
    for times in growth:
        path, families = ratings_file(folder, times)
        for name, units in (("rating unit", ("rating",)), ("all units", ALL_UNITS)):
            found = in_process(job("ours", path, families or "-", *units))
            seconds[name, times] = found["rates_s"]
            line(f"×{times} {name}, rates and intervals", found, found["rates_s"])
            if name == "all units":
                line(f"×{times} agreement", found, found["agreement_s"])
                line(f"×{times} reading the file", found, found["read_s"])
        if times == growth[0]:
            plain = in_process(job("naive", path, "-"))
            line(f"naive pandas, 8 ASRs (from {NAIVE_REPLICATES})", plain, plain["naive_s"])
            ratio = plain["naive_s"] / seconds["rating unit", times]
            print(f"{'':34}{ratio:>14.0f}× the time of every rating-unit row with its intervals")
            whole = in_process(command(path, families, folder / "out"))
            line("driftgauge analyze, whole command", whole, float("nan"))
    for name in ("rating unit", "all units"):
        for times in growth[1:]:
            print(f"growth, {name}: ×{times} rows cost ×{seconds[name, times] / seconds[name, growth[0]]:.1f}")


def line(name: str, found: dict[str, float], beyond: float) -> None:
    """Print one row."""
    shown = " " * 15 if math.isnan(beyond) else f"{beyond:>13.2f} s"
    counts = f"{found.get('rows', 0):>11,}{found.get('estimates', 0):>11,}" if "rows" in found else ""
    print(f"{name:34}{shown}{found['process_s']:>8.2f} s{found['cpu_s']:>7.2f} s{found['peak_mb']:>9.0f}{counts}", flush=True)


if __name__ == "__main__":
    main()
