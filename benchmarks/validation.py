"""Whether verdicts can be believed: coverage, bias, false verdicts, power and `unchanged` in simulated studies (statistics §9).

    python -m benchmarks.validation [--studies 1000] [--models 500] [--jobs 2]

A study has four families of two releases each, one panel a phase. Of each cell there are studies without any drift, and studies
whose families have drifts of 0, 2.5, 5 and 10 points. Each study is seeded by its number and its result is appended to
``out/validation/<cell>-<drifts>.csv``: stopped runs go on where they were. After each cell the table
``docs/methods/validation-table.md`` and its picture are written, of all studies that are there. With ``--studies 0 --models 0``
nothing is run, and they are written anew.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.coverage import wilson
from benchmarks.resumable import results_of, resumed
from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.bootstrap import draw_weights
from driftgauge.measure.mixed.fit import fit_design
from driftgauge.measure.mixed.presets import preset_design
from driftgauge.measure.simulate import Shape, SimulatedRelease, Spreads, simulate
from driftgauge.measure.simulated_drifts import Measured, Pair, Sums, drifts, pairs, simulate_sums, true_drift
from driftgauge.measure.student import quantile
from driftgauge.measure.variance import rater_strata, t_interval
from driftgauge.measure.verdicts import Drifts, verdicts
from driftgauge.rate.exchange.ids import content_ids
from driftgauge.records import content_id

FOLDER = Path("out/validation")
TABLE = Path("docs/methods/validation-table.md")
PICTURE = Path("docs/methods/figures/validation.svg")
SEED = 20260103
LEVEL, MARGIN, REPLICATES = 0.95, 0.05, 1_000
REFUSAL, ASR = 0.15, 0.25
FALSE_AT_MOST = 0.064
ONE, SEEN = "one population", "as panels see it"
"""The truth of a drift: for raters of one population, or for the two panels, which may be of two."""
DRIFTS = {"none": (0.0, 0.0, 0.0, 0.0), "some": (0.0, 0.025, 0.05, 0.10)}
VERDICTS = ("inconclusive", "unchanged", "improved", "regressed")
NO_RATER_RELEASE = replace(Spreads(), rater_release=0.0)
STRONG_RATER_RELEASE = replace(Spreads(), rater_release=0.6)
SHIFTED = replace(Spreads(), panel_shift=0.3)


@dataclass(frozen=True)
class Cell:
    """One design: raters of each panel, scenarios, the spreads of the effects, who is linked, what is lost."""

    name: str
    raters: int
    scenarios: int
    spreads: Spreads = field(default_factory=Spreads)
    linked: int = 0
    missing: float = 0.0

    def shape(self, changes: tuple[float, ...]) -> Shape:
        """Return the study with these true drifts, one a family."""
        releases = [
            SimulatedRelease(f"{family} {g}", family, g, g, REFUSAL, (ASR + (g - 1) * change) / (1 - REFUSAL), missing=lost)
            for family, change in zip("ABCD", changes, strict=False)
            for g, lost in ((1, 0.0), (2, self.missing))
        ]
        panels, linked = {1: self.raters, 2: self.raters}, {2: self.linked} if self.linked else {}
        return Shape(releases, self.scenarios, panels, spreads=self.spreads, linked=linked)

    @property
    def file(self) -> str:
        return self.name.replace(",", "").replace(" ", "-").replace(":", "-").replace(".", "")


CELLS = (
    Cell("17 raters, 363 scenarios", 17, 363),
    Cell("11 raters, 100 scenarios", 11, 100),
    Cell("17 raters, 363 scenarios, panel shift 0.3", 17, 363, SHIFTED),
    Cell("40 raters, 363 scenarios", 40, 363),
    Cell("17 raters, 363 scenarios, the same in both phases", 17, 363, linked=17),
    Cell("17 raters, 363 scenarios, no rater:release effect", 17, 363, NO_RATER_RELEASE),
    Cell("17 raters, 363 scenarios, rater:release 0.6", 17, 363, STRONG_RATER_RELEASE),
    Cell("11 raters, 363 scenarios", 11, 363),
    Cell("17 raters, 100 scenarios", 17, 100),
    Cell("40 raters, 100 scenarios", 40, 100),
    Cell("11 raters, 100 scenarios, panel shift 0.3", 11, 100, SHIFTED),
    Cell("11 raters, 100 scenarios, no rater:release effect", 11, 100, NO_RATER_RELEASE),
    Cell("17 raters, 363 scenarios, 5 in both phases", 17, 363, linked=5),
    Cell("17 raters, 363 scenarios, 30 % of phase 2 lost", 17, 363, missing=0.3),
    Cell("40 raters, 363 scenarios, the same in both phases", 40, 363, linked=40),
)
MODELLED = (CELLS[1], CELLS[10], CELLS[11], CELLS[8])
MODEL_CHANGES = (0.0, 0.10)


def study(cell: Cell, drift: str, seed: int) -> dict[str, float]:
    """Simulate one study and return every family's drift with both intervals and its verdict."""
    rng = np.random.default_rng([SEED, seed, list(DRIFTS).index(drift), int(content_id(cell.name)[:8], 16)])
    shape = cell.shape(DRIFTS[drift])
    sums, which = simulate_sums(shape, rng), pairs(shape)
    found = drifts(sums, which)
    interval = t_interval(found.value, found.spread, level=LEVEL)
    judged = _judged(found, interval.p_value)
    replicates = bootstrap(sums, which, rng)
    limits = [np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2], axis=1) for level in (LEVEL, 1 - (1 - LEVEL) / 4)]
    result: dict[str, float] = {"seed": seed}
    for number, family in enumerate("ABCD"):
        numbers = {
            "value": found.value[number],
            "se": interval.std_error[number],
            "df": found.spread.df[number],
            "low": interval.low[number],
            "high": interval.high[number],
            "verdict": VERDICTS.index(judged[number]),
            "boot_low": limits[0][0, number],
            "boot_high": limits[0][1, number],
            "wide_low": limits[1][0, number],
            "wide_high": limits[1][1, number],
        }
        result |= {f"{family}_{name}": round(float(value), 7) for name, value in numbers.items()}
    return result


def _judged(found: Measured, p_value: FloatArray) -> list[str]:
    one = Drifts(found.value, np.sqrt(found.spread.variance), found.spread.df, p_value, found.value)
    return verdicts(one, margin=MARGIN, level=LEVEL).verdict


def bootstrap(sums: Sums, which: tuple[Pair, ...], rng: np.random.Generator, *, n: int = REPLICATES) -> FloatArray:
    """Return (pairs, replicates) of the two-way bootstrap: the product of the counts of scenarios and of raters."""
    _, n_scenarios, n_raters = sums.ratings.shape
    strata = rater_strata(sums.member, sums.ratings.sum(axis=(0, 1)) > 0)
    weights = draw_weights(rng, n=n, n_scenarios=n_scenarios, strata=strata, n_raters=n_raters)
    rates: list[FloatArray] = []
    for successes, ratings in zip(sums.successes, sums.ratings, strict=True):
        own = np.flatnonzero(ratings.sum(axis=0))
        times = weights.rater[:, own]
        up, down = ((weights.scenario @ part[:, own].astype(np.float32) * times).sum(axis=1) for part in (successes, ratings))
        rates.append(up.astype(float) / down)
    return np.stack([rates[pair.after] - rates[pair.before] for pair in which])


def modelled(cell: Cell, seed: int) -> dict[str, float]:
    """Fit the default mixed model to one study of two families; return the averaged drifts and their t intervals."""
    shape = cell.shape(MODEL_CHANGES)
    frame = simulate(shape, np.random.default_rng([SEED, seed, 9, int(content_id(cell.name)[:8], 16)]))
    frame = frame.with_columns(attempt=pl.lit(1), intent=pl.lit("adversarial"), language=pl.lit(None, pl.String))
    key = ("scenario", "intent", "modality", "language", "release", "phase", "attempt")
    frame = frame.with_columns(response_id=content_ids(frame, key))
    primary = drifts(sums_of(frame, shape), pairs(shape))
    try:
        fit = fit_design(preset_design(frame, "design", outcome="success", harmful_at=3), level=LEVEL)
        rows = fit.probabilities("release", differences=True).to_dicts() if fit.converged else []
    except EstimationError:
        rows = []
    result: dict[str, float] = {"seed": seed, "converged": float(bool(rows))}
    for number, pair in enumerate(pairs(shape)):
        name = f"{shape.releases[pair.after].release} - {shape.releases[pair.before].release}"
        row = next((each for each in rows if each["contrast"] == name), {"estimate": np.nan, "std_error": np.nan})
        half = float(quantile(0.5 + LEVEL / 2, primary.spread.df[number : number + 1])[0]) * row["std_error"]
        numbers = {
            "value": row["estimate"],
            "se": row["std_error"],
            "low": row["estimate"] - half,
            "high": row["estimate"] + half,
        }
        result |= {f"{'AB'[number]}_{name}": float(value) for name, value in numbers.items()}
    return result


def sums_of(frame: pl.DataFrame, shape: Shape) -> Sums:
    """Return the sums of a simulated frame."""
    releases = [each.release for each in shape.releases]
    place = [
        frame["release"].cast(pl.Enum(releases)).to_physical(),
        *(frame[name].rank("dense") - 1 for name in ("scenario", "rater")),
    ]
    where = tuple(each.to_numpy().astype(np.int64) for each in place)
    size = (len(releases), shape.scenarios, int(where[2].max()) + 1)
    successes, ratings = np.zeros(size), np.zeros(size)
    np.add.at(successes, where, frame["success"].to_numpy().astype(float))
    np.add.at(ratings, where, 1.0)
    panel = np.array([each.phase - 1 for each in shape.releases])
    member = np.stack([ratings[panel == number].sum(axis=(0, 1)) > 0 for number in range(len(shape.panels))], axis=1)
    return Sums(successes, ratings, member, panel)


@dataclass(frozen=True)
class Line:
    """The coverage of one method in one cell, for one truth."""

    cell: Cell
    truth: str
    method: str
    studies: int
    true: float
    mean: float
    sd: float
    se: float
    held: float

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.held, self.studies)

    @property
    def rule(self) -> str:
        low, high = self.interval
        return "conservative" if low > 0.97 else "holds" if high >= 0.93 else "does not hold"


def covered(cell: Cell, frame: pl.DataFrame, model: pl.DataFrame | None) -> Iterator[Line]:
    """Yield the coverage of family A, which never drifts; with a panel shift, of what the panels see as well."""
    shape = cell.shape(DRIFTS["none"])
    truths = {ONE: true_drift(shape, Pair(0, 1))}
    if cell.spreads.panel_shift:
        truths[SEEN] = true_drift(shape, Pair(0, 1), with_panel_shift=True)
    boot = {"A_low": "A_boot_low", "A_high": "A_boot_high"}
    width = (pl.col("A_boot_high") - pl.col("A_boot_low")) / (2 * 1.959964)
    frames = {
        "primary": frame,
        "bootstrap": frame.select("A_value", *(pl.col(theirs).alias(ours) for ours, theirs in boot.items()), A_se=width),
    }
    if model is not None:
        frames["mixed model"] = model
    for truth, true in truths.items():
        for method, each in frames.items():
            yield _line(cell, each, truth=truth, true=true, method=method)


def _line(cell: Cell, frame: pl.DataFrame, *, truth: str, true: float, method: str) -> Line:
    value, se, low, high = (frame[f"A_{name}"].to_numpy() for name in ("value", "se", "low", "high"))
    held = float(np.mean((low <= true) & (true <= high)))
    known = value[np.isfinite(value)]
    return Line(
        cell, truth, method, len(value), true, float(known.mean()), float(known.std(ddof=1)), float(np.nanmean(se)), held
    )


def judged(cell: Cell, none: pl.DataFrame, some: pl.DataFrame) -> str:
    """Return a row of the table of verdicts."""

    def said(frame: pl.DataFrame, family: str, *names: str) -> FloatArray:
        return np.isin(frame[f"{family}_verdict"].to_numpy(), [VERDICTS.index(name) for name in names])

    false = np.any([said(none, family, "improved", "regressed") for family in "ABCD"], axis=0)
    wide = [(none[f"{family}_wide_low"] > 0) | (none[f"{family}_wide_high"] < 0) for family in "ABCD"]
    false_boot = np.any([each.to_numpy() for each in wide], axis=0)
    power = [np.mean(said(some, family, "regressed")) for family in "CD"]
    unchanged = [np.mean(said(some, family, "unchanged")) for family in "ABCD"]
    many = int(np.floor(FALSE_AT_MOST * len(none)))
    rule = "holds" if false.sum() <= many else "does not hold"
    numbers = [f"{100 * each:.1f}" for each in (false.mean(), false_boot.mean(), *power, *unchanged)]
    half = 100 * float(np.median(none["A_high"] - none["A_low"])) / 2
    return f"| {cell.name} | {len(none):,} | {half:.1f} | {numbers[0]} | {rule} | {' | '.join(numbers[1:])} |"


INTERVALS = """**Coverage of 95 % intervals** of the drift of the family that never drifts, in points.
Truth, one population: the drift for raters of one population, which is 0. As panels see it: the second panel is 0.3 logits
readier to say that an attack succeeded, and that is in the truth. SE of the bootstrap: half its interval over 1.96.
Monte Carlo standard error of a coverage near .95: {error:.3f} with {studies:,} studies, and {few:.3f} with {models:,}. A method
holds when the Wilson interval of its coverage overlaps .93 to .97."""
SAID = """**Verdicts**, margin 5 points, Holm over four drifts, in % of studies. Half: half the width of the 95 % interval,
median, in points. False: any family `improved` or `regressed` although none drifts; the rule is at most {rule:g} %.
Bootstrap: any percentile interval at 98.75 % that excludes 0. Power: `regressed` at true drifts of 5 and 10 points. Then how
often `unchanged` was said of true drifts of 0 and 2.5 points (inside the margin), of 5 (on it, where at most 5 % may be) and of
10 (outside).
With a panel shift, true drifts are those of one population of raters. Monte Carlo standard error: {error:.1f} at 5 %, at most
{most:.1f}."""
COVERAGE_COLUMNS = ("cell", "truth", "method", "studies", "true", "mean", "sd", "mean SE", "coverage", "rule")
VERDICT_COLUMNS = ("cell", "studies", "half", "false", "rule", "false, bootstrap", "power at 5", "power at 10")
UNCHANGED_COLUMNS = ("unchanged at 0", "at 2.5", "at 5", "at 10")


def table(found: dict[Cell, dict[str, pl.DataFrame]]) -> tuple[str, list[Line]]:
    """Return the page's tables in Markdown, and the lines of coverage."""
    lines = [
        line
        for cell, frames in found.items()
        for line in covered(cell, pl.concat([frames["none"], frames["some"]]), frames.get("model"))
    ]
    fewest = min(len(frames["none"]) for frames in found.values())
    models = min((len(frames["model"]) for frames in found.values() if "model" in frames), default=1)
    error = np.sqrt(0.95 * 0.05 / np.array([2 * fewest, models, fewest]))
    columns = (*VERDICT_COLUMNS, *UNCHANGED_COLUMNS)
    text = [
        "<!-- written by `python -m benchmarks.validation` -->",
        f"Four families of two releases, two modalities, one panel a phase, refusal {100 * REFUSAL:g} %, true ASR of the",
        f"earlier releases {100 * ASR:g} %. Standard deviations of the effects in logits, where a row says nothing else:",
        "scenario 1.3, scenario:modality 0.5, response 0.7, rater 0.6, rater:release 0.3.",
        "Panels share no rater unless a row says so.",
        f"Base seed {SEED}. Bootstrap of {REPLICATES:,} replicates.",
        "",
        INTERVALS.format(error=error[0], studies=2 * fewest, few=error[1], models=models),
        "",
        f"| {' | '.join(COVERAGE_COLUMNS)} |",
        "|---" * len(COVERAGE_COLUMNS) + "|",
        *(_coverage_row(line) for line in lines),
        "",
        SAID.format(rule=100 * FALSE_AT_MOST, error=100 * error[2], most=50 / np.sqrt(fewest)),
        "",
        f"| {' | '.join(columns)} |",
        "|---" * len(columns) + "|",
        *(judged(cell, frames["none"], frames["some"]) for cell, frames in found.items()),
    ]
    return "\n".join(text) + "\n", lines


def _coverage_row(line: Line) -> str:
    low, high = line.interval
    numbers = " | ".join(f"{100 * value:.2f}" for value in (line.true, line.mean, line.sd, line.se))
    return (
        f"| {line.cell.name} | {line.truth} | {line.method} | {line.studies:,} | {numbers} | "
        f"{line.held:.3f} ({low:.3f} to {high:.3f}) | {line.rule} |"
    )


def picture(rows: list[Line]) -> str:
    """Return the coverage of each cell and method with its Wilson interval, as SVG."""
    import altair as alt
    import vl_convert

    ink, paper = "#1f2933", "#fbfbf9"
    data = [
        {
            "cell": row.cell.name + (", truth of the panels" if row.truth == SEEN else ""),
            "method": row.method,
            "coverage": max(row.held, 0.8),
            "low": max(row.interval[0], 0.8),
            "high": max(row.interval[1], 0.8),
        }
        for row in rows
    ]
    scale = alt.Scale(domain=[0.8, 1.0], nice=False, zero=False)
    methods = {"primary": "#0072b2", "bootstrap": "#b34700", "mixed model": "#00664a"}
    colour = alt.Color("method:N", title=None, scale=alt.Scale(domain=list(methods), range=list(methods.values())))
    shape = alt.Shape("method:N", title=None, scale=alt.Scale(domain=list(methods), range=["circle", "square", "triangle-up"]))
    y = alt.Y("cell:N", sort=list(dict.fromkeys(each["cell"] for each in data)), title=None)
    offset = alt.YOffset("method:N", sort=list(methods))
    title = "share of studies whose 95 % interval holds the truth (below .80 drawn at .80)"
    x = alt.X("low:Q", scale=scale, title=title, axis=alt.Axis(format=".2f"))
    base, one = alt.Chart(alt.Data(values=data)), alt.Chart(alt.Data(values=[{"from": 0.93, "to": 0.97, "aim": LEVEL}]))
    band = one.mark_rect(opacity=0.15, color="#00664a").encode(x=alt.X("from:Q", scale=scale), x2="to:Q")
    aim = one.mark_rule(strokeDash=[4, 3], color=ink, opacity=0.5).encode(x=alt.X("aim:Q", scale=scale))
    span = base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q", y=y, yOffset=offset, color=colour)
    point = base.mark_point(filled=True, size=40, opacity=1).encode(
        x=alt.X("coverage:Q", scale=scale), y=y, yOffset=offset, color=colour, shape=shape
    )
    said = "Coverage of the 95 % intervals of a drift by design and method, with Wilson intervals; .93 to .97 is shaded"
    fonts = {"font": "system-ui, sans-serif", "background": paper, "padding": 12, "view": {"stroke": None}}
    looks = {"axis": {"labelLimit": 400, "grid": False, "labelColor": ink, "titleColor": ink}, "legend": {"orient": "bottom"}}
    chart = alt.layer(band, aim, span, point).properties(width=420, height=alt.Step(12), description=said)
    svg = vl_convert.vegalite_to_svg(chart.configure(**fonts, **looks).to_dict(), allowed_base_urls=[])
    return svg.replace(">", f' role="img"><title>{said}</title>', 1) + "\n"


def write() -> None:
    """Write the table and the picture of all studies that are there."""
    found: dict[Cell, dict[str, pl.DataFrame]] = {}
    for cell in CELLS:
        frames = {drift: results_of(FOLDER / f"{cell.file}-{drift}.csv") for drift in (*DRIFTS, "model")}
        known = {drift: frame for drift, frame in frames.items() if frame is not None}
        if set(DRIFTS) <= set(known):
            found[cell] = known
    if found:
        text, lines = table(found)
        TABLE.write_text(text)
        PICTURE.write_text(picture(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=1_000, help="of each cell, without and with drifts")
    parser.add_argument("--models", type=int, default=500, help="studies of each cell that a mixed model is fitted to")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    for cell in CELLS if options.studies else ():
        for drift in DRIFTS:
            run = partial(study, cell, drift)
            resumed(FOLDER / f"{cell.file}-{drift}.csv", run, studies=options.studies, jobs=options.jobs)
        write()
    for cell in MODELLED if options.models else ():
        run = partial(modelled, cell)
        resumed(FOLDER / f"{cell.file}-model.csv", run, studies=options.models, jobs=options.jobs)
        write()
    write()


if __name__ == "__main__":
    main()
