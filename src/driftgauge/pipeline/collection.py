"""A phase that is collected: its study, its frozen benchmark, and what of it is there already."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.benchmark.canonical import canonical
from driftgauge.clients.calls import Client
from driftgauge.errors import StudyError
from driftgauge.pipeline.asked import Prompts, prompts_of
from driftgauge.pipeline.opened import Opened, open_declared
from driftgauge.pipeline.registered import Registered, register, registered
from driftgauge.rate.exchange.messages import did_you_mean, shown
from driftgauge.records import content_id
from driftgauge.store import journal, read, write
from driftgauge.store.collected import Run, add_runs, check_benchmark, first_served, known_collected
from driftgauge.store.database import Connection
from driftgauge.study import Phase, Release, Study, load_study

PATIENCE: Final = 600.0
"""Seconds that a collection waits for another writer: an import of many ratings must not end it."""


@dataclass(frozen=True)
class Collection:
    """What is to be collected.

    Parameters
    ----------
    opened
        The study and its store.
    phase, releases
        Of the study: which phase, and the releases that are asked in it.
    benchmark
        Verified.
    prompts
        That are put to every release.
    """

    opened: Opened
    phase: Phase
    releases: Mapping[str, Release]
    benchmark: Registered
    prompts: Prompts

    def known(self) -> pl.DataFrame:
        """Return what is there of the phase: `response_id`, `revision` and `status` of the newest revision of each response."""
        with self.opened.store.reading() as connection:
            return known_collected(connection, self.phase.phase)

    def served(self) -> dict[str, str]:
        """Return the model that served the first answer of each release in this phase, where an answer said it."""
        with self.opened.store.reading() as connection:
            return first_served(connection, self.phase.phase)


def open_collection(folder: Path, phase: str, *, create: bool = True, patience: float = PATIENCE) -> Collection:
    """Open a phase of a study for collecting: the benchmark verified, the store at our schema.

    Parameters
    ----------
    folder
        Of the study.
    phase
        That is collected.
    create
        Whether its store is made when it is not there.
    patience
        Seconds to wait for another writer.

    Raises
    ------
    StudyError
        When the study has no such phase, no release in it, or no benchmark.
    BenchmarkError
        When the benchmark is not frozen, or not as it was frozen.
    CollectError
        When the phase began with another version of it.
    StoreError
        When the store is missing, newer, locked or out of reach.
    """
    study = load_study(folder)
    found, releases = _phase(study, phase)
    if study.benchmark_folder is None:
        raise StudyError(f"study {study.study} names no benchmark", remedy="Add `benchmark: benchmark/` to study.yaml.")
    benchmark = registered(study.benchmark_folder, undone="nothing was asked")
    opened = open_declared(study, create=create, patience=patience)
    with opened.store.reading() as connection:
        check_benchmark(connection, phase, root=benchmark.known.root, version=benchmark.known.version)
    return Collection(opened, found, releases, benchmark, prompts_of(benchmark))


def _phase(study: Study, name: str) -> tuple[Phase, dict[str, Release]]:
    phases = {phase.phase: phase for phase in study.phases}
    if name not in phases:
        near = did_you_mean(name, list(phases)) if phases else "a phase under `phases:` of study.yaml"
        raise StudyError(f"study {study.study} has no phase {shown(name)}; expected {near}", remedy="Declare it in study.yaml.")
    every = {each.release: each for releases in study.families.values() for each in releases}
    wanted = phases[name].releases
    chosen = {release: each for release, each in every.items() if wanted is None or release in wanted}
    if not chosen:
        raise StudyError(f"phase {name} has no release to ask", remedy="Declare families with releases in study.yaml.")
    return phases[name], chosen


@dataclass(frozen=True)
class Began:
    """Runs that are on record: the journal entry that says so, and the run of each release."""

    entry: int
    runs: Mapping[str, Run]


def begin(collection: Collection, clients: Mapping[str, Client], *, planned: Mapping[str, int] | None = None) -> Began:
    """Put on record that releases are asked now, with what and how, before the first call.

    Parameters
    ----------
    collection
        The phase.
    clients
        Release to what calls its model.
    planned
        How many responses are to be had, by release, for the journal.

    Raises
    ------
    CollectError
        When the phase began with another benchmark meanwhile.
    StoreError
        When the store cannot be written.
    """
    opened, benchmark = collection.opened, collection.benchmark
    phase, root = collection.phase.phase, benchmark.known.root
    with opened.store.writing() as connection:
        check_benchmark(connection, phase, root=root, version=benchmark.known.version)
        entry = journal.append(
            connection,
            opened.author,
            "collect",
            counts=planned,
            hashes={"benchmark": root, "protocol": opened.study.protocol.hash, "study": study_hash(opened.study)},
            detail={"phase": phase, "releases": sorted(clients)},
        )
        register(connection, benchmark, opened.study, entry=entry)
        _add_releases(connection, collection, clients, entry=entry)
        runs = {name: _run(collection, name, clients[name], entry=entry) for name in clients}
        add_runs(connection, runs.values(), entry=entry)
    return Began(entry, runs)


def _add_releases(connection: Connection, collection: Collection, clients: Mapping[str, Client], *, entry: int) -> None:
    """Add the releases that are not there; the study says where they stand, and the store need not."""
    rows = {"release": list(clients), "family": [None] * len(clients), "generation": [None] * len(clients)}
    asked = pl.DataFrame(rows, schema={"release": pl.String, "family": pl.String, "generation": pl.Int64})
    known = read.known_releases(connection)
    write.add_releases(connection, asked.join(known, on="release", how="anti", maintain_order="left"), entry=entry)


def _run(collection: Collection, release: str, client: Client, *, entry: int) -> Run:
    study, declared, root = collection.opened.study, collection.releases[release], collection.benchmark.known.root
    return Run(
        run=content_id("run", study.study, collection.phase.phase, release, root, entry),
        root=root,
        release=release,
        phase=collection.phase.phase,
        model=declared.model,
        client=client.name,
        client_versions=client.versions,
        settings={**declared.measured, "collect": study.collect.model_dump(mode="json")},
        simulated=client.is_simulated,
        study_hash=study_hash(study),
        protocol_hash=study.protocol.hash,
        code_version=collection.opened.author.code_version,
        began_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def study_hash(study: Study) -> str:
    """Return a SHA-256 of all that a study declares."""
    return sha256(canonical(study.written())).hexdigest()
