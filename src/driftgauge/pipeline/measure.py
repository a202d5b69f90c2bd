"""``driftgauge measure``: the ratings of a study measured under its protocol, into its folder of results."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import polars as pl

from driftgauge.frames import write_csv
from driftgauge.measure.mixed.engines import Engine
from driftgauge.measure.ppi_rows import ProbabilitySample
from driftgauge.pipeline.analysis import Analysis, Made, Recipe, already_there, make, writers
from driftgauge.pipeline.loaded import OUT, REPORT
from driftgauge.pipeline.opened import Opened, open_study
from driftgauge.pipeline.protocol import fix_protocol, protocol_findings
from driftgauge.pipeline.rated import Rated, latest, rated_until
from driftgauge.pipeline.results import Writer, read_manifest, write_results
from driftgauge.pipeline.versions import benchmark_findings
from driftgauge.pipeline.waiting import collected_findings, require_ratings
from driftgauge.records import Finding, Progress, content_id
from driftgauge.store import journal
from driftgauge.store.benchmarks import known_benchmarks, prompts_frame
from driftgauge.store.database import PATIENCE
from driftgauge.store.journal import Entry
from driftgauge.store.protocols import protocol_versions
from driftgauge.study import ModelPreset, Study


def measure_study(
    folder: Path,
    *,
    seed: int,
    bootstrap: int,
    model: ModelPreset | None = None,
    engine: Engine = "laplace",
    jobs: int = 1,
    robustness: bool = False,
    overwrite: bool = False,
    patience: float = PATIENCE,
    progress: Progress = lambda stage, done, total: None,
) -> Analysis:
    """Measure the ratings of a study into its folder ``out``; an earlier measurement there is replaced.

    Parameters
    ----------
    folder
        Of the study.
    seed, bootstrap
        Of the replicates.
    model
        The mixed model beside the primary estimates, or ``none``; null for the protocol's.
    engine
        What fits it.
    jobs
        Processes; the numbers do not depend on it.
    robustness
        Whether every drift is analysed in all reasonable ways as well.
    overwrite
        Make the results again when they are there already.
    patience
        Seconds to wait for another writer.
    progress
        Told of each stage.

    Raises
    ------
    StudyError, StoreError, EstimationError
        When the study cannot be read, has no ratings, or its folder cannot be written.
    """
    progress("reading", 0, 1)
    opened = open_study(folder, patience=patience)
    out = opened.study.folder / OUT
    with opened.store.writing() as connection:
        require_ratings(connection, opened.study)
        version = fix_protocol(connection, opened.study, opened.author)
    with opened.store.reading() as connection:
        versions = protocol_versions(connection)
        entries = journal.entries(connection)
        benchmarks, prompts = known_benchmarks(connection), prompts_frame(connection)
        rated = rated_until(connection, opened.study, latest(connection))
    root = benchmarks[-1].root if benchmarks else None
    told = collected_findings(rated)
    recipe = _recipe(opened, rated, version=version, root=root, told=told)
    recipe = replace(recipe, seed=seed, bootstrap=bootstrap, model=model, engine=engine, jobs=jobs, robustness=robustness)
    there = None if overwrite else already_there(out, recipe.analysis_id, replace=_is_ours(out, opened.study))
    if there:
        return there
    versioned = benchmark_findings(rated.ratings, prompts=prompts, benchmarks=benchmarks)
    found = [*protocol_findings(opened.study.protocol, versions), *told, *versioned, *_of_imports(entries)]
    made = make(rated.ratings, recipe, found=found, progress=progress)
    files = _writers(made, rated.ratings)
    write_results(out, files, manifest=lambda hashes: replace(made.manifest, files=hashes).to_json(), stale=(REPORT,))
    _note(opened, made, rated)
    progress("done", 1, 1)
    return Analysis(out, made.manifest, made.estimates, made.findings, already_there=False)


def _recipe(opened: Opened, rated: Rated, *, version: int, root: str | None, told: Sequence[Finding]) -> Recipe:
    study = opened.study
    moment = rated.moment
    return Recipe(
        command="measure",
        source=study.study,
        data_hash=rated.data_hash,
        protocol=study.protocol,
        lineage=study.lineage,
        identity=("study", study.study, version, root, *(finding.sentence for finding in told), *_of_sample(rated.sampled)),
        settings={"study": study.study, "protocol_version": version, "benchmark": root, **asdict(moment)},
        sampled=rated.sampled,
    )


def _of_sample(sampled: ProbabilitySample | None) -> tuple[str, ...]:
    """Return what makes it another analysis: which scenarios people rate, and with which probability."""
    if sampled is None:
        return ()
    known = sampled.scenarios.select(pl.concat_str("scenario", "inclusion", "drawn", separator=" "))
    return ("sample", content_id(*known.to_series().sort()))


def _is_ours(out: Path, study: Study) -> bool:
    known = read_manifest(out)
    return known is None or known.settings.get("study") == study.study


def _of_imports(entries: Iterable[Entry]) -> list[Finding]:
    """Return what the readers of the imported files said, each once; tasks that came back have nothing to say."""
    said = (finding for entry in entries if entry.verb == "import" for finding in entry.detail.get("findings", ()))
    return list({(each["code"], each["sentence"]): Finding(**each) for each in said}.values())


def _writers(made: Made, ratings: pl.DataFrame) -> dict[str, Writer]:
    inconsistent = ratings.filter(pl.col("refusal"), pl.col("success"))
    found = writers(made)
    if len(inconsistent):
        found["inconsistent.csv"] = lambda path: write_csv(inconsistent, path)
    return found


def _note(opened: Opened, made: Made, rated: Rated) -> None:
    manifest = made.manifest
    hashes = {"data": manifest.data_hash, "protocol": manifest.protocol_hash, "analysis": manifest.analysis_id}
    with opened.store.writing() as connection:
        journal.append(connection, opened.author, "measure", counts=manifest.counts, hashes=hashes, detail=asdict(rated.moment))
