"""``driftgauge rate import``: ratings that were made elsewhere into the store of a study, all of a file or nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from driftgauge.errors import Problem, RatingError
from driftgauge.pipeline.opened import open_declared
from driftgauge.pipeline.protocol import fix_protocol
from driftgauge.pipeline.provenance import file_hash
from driftgauge.pipeline.registered import Registered, register, registered, strangers
from driftgauge.rate.beside import beside_collected
from driftgauge.rate.exchange import Imported, read_ratings
from driftgauge.rate.exchange.messages import did_you_mean, shown
from driftgauge.rate.merge import Merge, merge, place, release_problems
from driftgauge.records import Progress
from driftgauge.store import journal, read, write
from driftgauge.store.collected import collected_frame
from driftgauge.store.database import PATIENCE, Connection
from driftgauge.study import Study, load_study


@dataclass(frozen=True)
class Ratings:
    """What is imported, and how.

    Parameters
    ----------
    files
        Of one format.
    format, column_map
        How to read them.
    revise
        Whether ratings that are there with other values are corrected.
    """

    files: Sequence[Path]
    format: str = "ratings"
    column_map: Mapping[str, str] | None = None
    revise: bool = False


@dataclass(frozen=True)
class RatingImport:
    """What an import added.

    Parameters
    ----------
    new, revised, same, erased
        Ratings that were added, corrected, there already, or erased before and left so.
    responses
        New responses and revisions of them.
    entry
        Of the journal; null when there was nothing to add.
    protocol_version
        Under which the study stands.
    findings
        What the reader of the file said.
    """

    new: int
    revised: int
    same: int
    erased: int
    responses: int
    entry: int | None
    protocol_version: int
    findings: tuple[str, ...]


def import_ratings(
    folder: Path,
    ratings: Ratings,
    *,
    patience: float = PATIENCE,
    progress: Progress = lambda stage, done, total: None,
) -> RatingImport:
    """Import ratings into a study.

    Parameters
    ----------
    folder
        Of the study.
    ratings
        Files and how to read them.
    patience
        Seconds to wait for another writer.
    progress
        Told of each stage.

    Raises
    ------
    RatingError, StudyError, BenchmarkError
        With every mistake; nothing was imported then.
    StoreError
        When the store is locked, full, newer or out of reach; nothing was imported then either.

    Notes
    -----
    One transaction: killed at any moment, all of it is there or nothing, and the same command completes it. The same ratings
    again add nothing.
    """
    study = load_study(folder)
    progress("reading", 0, 1)
    imported = read_ratings(
        ratings.files, format=ratings.format, column_map=ratings.column_map, lineage=study.lineage, growing=True
    )
    hashes = {path.name: file_hash(path) for path in ratings.files}
    how = {"format": ratings.format, "column_map": dict(ratings.column_map or {})}
    return add_ratings(
        study, imported, verb="import", hashes=hashes, how=how, revise=ratings.revise, patience=patience, progress=progress
    )


def add_ratings(
    study: Study,
    imported: Imported,
    *,
    verb: str,
    hashes: Mapping[str, str],
    how: Mapping[str, Any],
    revise: bool = False,
    patience: float = PATIENCE,
    progress: Progress = lambda stage, done, total: None,
) -> RatingImport:
    """Add ratings to a study: all of them or nothing, as `import_ratings` does.

    Parameters
    ----------
    study
        As it is declared.
    imported
        The ratings.
    verb, hashes, how
        What the journal says of where they are from.
    revise, patience, progress
        As of `import_ratings`.
    """
    benchmark = registered(study.benchmark_folder) if study.benchmark_folder else None
    _refuse([*_undeclared(imported.ratings, study), *(strangers(imported.ratings, benchmark) if benchmark else ())])
    progress("comparing", 0, 1)
    opened = open_declared(study, create=True, patience=patience)
    with opened.store.writing() as connection:
        known_responses = read.known_responses(connection)
        beside = beside_collected(
            imported.ratings,
            status_said=imported.status_said,
            collected=collected_frame(connection),
            known_responses=known_responses,
        )
        found = merge(
            beside.ratings,
            known_ratings=read.known_ratings(connection),
            known_responses=known_responses,
            revise=revise,
        )
        of_releases = release_problems(_releases(found.ratings, study), read.known_releases(connection))
        _refuse([*beside.problems, *found.problems, *of_releases])
        entry = None
        if found.ratings.height:
            counts = {"ratings": found.n_new, "revised": found.n_revised, "responses": found.responses.height}
            entry = journal.append(
                connection,
                opened.author,
                verb,
                counts=counts,
                hashes={**hashes, "protocol": study.protocol.hash},
                detail={**how, "findings": [asdict(finding) for finding in imported.findings]},
            )
            _add(connection, found, study, benchmark=benchmark, entry=entry, progress=progress)
        version = fix_protocol(connection, opened.study, opened.author)
    progress("done", 1, 1)
    findings = tuple(finding.sentence for finding in imported.findings if finding.level != "info")
    numbers = (found.n_new, found.n_revised, found.n_same, found.n_erased, found.responses.height)
    return RatingImport(*numbers, entry, version, findings)


def _add(
    connection: Connection, found: Merge, study: Study, *, benchmark: Registered | None, entry: int, progress: Progress
) -> None:
    if benchmark:
        register(connection, benchmark, study, entry=entry)
    known = read.known_releases(connection)
    releases = _releases(found.ratings, study).join(known, on="release", how="anti", maintain_order="left")
    root = pl.lit(benchmark.known.root if benchmark else None, pl.String)
    write.add_releases(connection, releases, entry=entry)
    write.add_responses(connection, found.responses.with_columns(root=root), entry=entry)
    write.add_ratings(connection, _with_extra(found.ratings), entry=entry, progress=progress)


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        count = f"{len(problems):,} mistake{'s' * (len(problems) != 1)}"
        raise RatingError(f"{count}; nothing was imported", problems=problems, remedy="Correct them and try again.")


def _undeclared(ratings: pl.DataFrame, study: Study) -> Iterator[Problem]:
    """Yield a problem for each release, phase and panel that the study does not declare, where it declares any."""
    declared = {
        "release": study.releases,
        "phase": tuple(phase.phase for phase in study.phases),
        "panel": tuple(study.panels),
    }
    for name, known in declared.items():
        first = ratings.filter(pl.col(name).is_not_null()).unique(name, keep="first", maintain_order=True)
        for row in first.iter_rows(named=True):
            if known and row[name] not in known:
                yield Problem(place(row), f"{name} {shown(row[name])} is not in study.yaml", did_you_mean(row[name], known))


def _releases(ratings: pl.DataFrame, study: Study) -> pl.DataFrame:
    """Return the releases of ratings; where the study declares the families, it is not for the store to say them."""
    each = ratings.select("release", "family", "generation").unique("release", keep="first", maintain_order=True)
    unsaid = [pl.lit(None, pl.String).alias("family"), pl.lit(None, pl.Int64).alias("generation")]
    return each.with_columns(unsaid) if study.lineage else each


def _with_extra(ratings: pl.DataFrame) -> pl.DataFrame:
    """Put the further columns of the source into one column of JSON."""
    extra = [name for name in ratings.columns if name.startswith("extra_")]
    as_json = pl.struct(extra).struct.json_encode() if extra else pl.lit(None, pl.String)
    return ratings.with_columns(extra=as_json)
