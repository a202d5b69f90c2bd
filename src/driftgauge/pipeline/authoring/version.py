"""Accepted scenarios go into the folder of the benchmark, and the next version of it is frozen: all of them or none."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final
from uuid import uuid4

from driftgauge.benchmark.check import check
from driftgauge.benchmark.contents import Contents, read_contents
from driftgauge.benchmark.drafts import scenarios_of
from driftgauge.benchmark.folder import MEDIA, SCENARIOS, cannot, locked, read_file, write_file
from driftgauge.benchmark.freeze import Frozen, freeze, refusal
from driftgauge.benchmark.load import LARGEST_FILE, dump, load
from driftgauge.benchmark.manifest import read_manifest
from driftgauge.benchmark.verify import verify
from driftgauge.errors import StudyError
from driftgauge.media import SUFFIXES, Media
from driftgauge.pipeline.authoring.reading import opened_draft
from driftgauge.pipeline.opened import Opened, open_study
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.steps import Refused, Who
from driftgauge.store import drafts, journal
from driftgauge.store.blobs import Blobs, open_blobs
from driftgauge.store.drafts import Kept, Picture

_EMPTY: Final = Contents((), None, {}, frozenset(), ())


@dataclass(frozen=True)
class TakenIn:
    """What went into the folder of the benchmark: scenarios with their twins, and pictures; `accepted` drafts in all."""

    folder: Path
    accepted: int
    scenarios: int
    pictures: int


@dataclass(frozen=True)
class Ready:
    """What a lead can freeze: the version that there is (0 before the first), and the accepted drafts that are not in it."""

    version: int
    accepted: int
    new: int


def author_name(account: str) -> str:
    """Return what a benchmark calls the author of a scenario: always the same, and nothing that leads to a login."""
    return f"a-{hashlib.sha256(f'author:{account}'.encode()).hexdigest()[:10]}"


def write_drafts(study: Path) -> TakenIn:
    """Write the accepted scenarios of a study into the folder of its benchmark, those that are not there yet.

    Raises
    ------
    BenchmarkError
        With every problem, when the benchmark would break a rule with them; nothing was written then.
    StudyError
        When the study declares no benchmark.
    """
    opened = open_study(study)
    return _take_in(opened, open_blobs(opened.study.media_url))


def _take_in(opened: Opened, blobs: Blobs, *, account: str | None = None) -> TakenIn:
    folder = _folder_of(opened)
    with opened.store.reading() as connection:
        accepted = [each for each in drafts.every_draft(connection) if each.state == "accepted"]
        names = [name for each in accepted for name in opened_draft(each).pictures]
        pictures = drafts.find_pictures(connection, names)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            found = _write(folder, accepted, pictures, blobs)
    except OSError as error:
        raise cannot("write", folder, error) from None
    if found.scenarios:
        with opened.store.writing() as connection:
            counts = {"scenarios": found.scenarios, "pictures": found.pictures}
            journal.append(connection, opened.author, "draft", counts=counts, detail={"account": account})
    return found


def _folder_of(opened: Opened) -> Path:
    folder = opened.study.benchmark_folder
    if folder is None:
        raise StudyError("study.yaml declares no benchmark", remedy="Add the line: benchmark: benchmark/")
    return folder


@dataclass(frozen=True)
class _Addition:
    """Scenarios to be added, as lines of the file, with their pictures by path."""

    count: int
    lines: bytes
    data: Mapping[str, bytes]
    facts: Mapping[str, Media]


def _write(folder: Path, accepted: list[Kept], pictures: Mapping[str, Picture], blobs: Blobs) -> TakenIn:
    before = read_contents(folder) if (folder / SCENARIOS).exists() else _EMPTY
    there = {each.scenario for each in before.scenarios}
    new = [each for each in accepted if each.draft not in there]
    if not new:
        return TakenIn(folder, len(accepted), 0, 0)
    added = _addition(new, pictures, blobs, known=before.media)
    _keeps_the_rules(folder, before, added)
    _put(folder, added)
    return TakenIn(folder, len(accepted), added.count, len(added.data))


def _addition(new: list[Kept], pictures: Mapping[str, Picture], blobs: Blobs, *, known: Mapping[str, Media]) -> _Addition:
    paths = {name: _path(picture) for name, picture in pictures.items()}
    scenarios = [
        scenario
        for each in new
        for scenario in scenarios_of(opened_draft(each), name=each.draft, author=author_name(each.account), paths=paths)
    ]
    shown = {paths[name]: pictures[name] for each in new for name in opened_draft(each).pictures}
    data = {path: blobs.get(picture.sha256) for path, picture in shown.items() if path not in known}
    facts = {path: _facts(shown[path], content) for path, content in data.items()}
    return _Addition(len(scenarios), dump(scenarios, canary=None), data, facts)


def _keeps_the_rules(folder: Path, before: Contents, added: _Addition) -> None:
    """See that a benchmark is whole with what is added, which is read as it will be read again."""
    read = load(added.lines, file="what authors wrote")
    after = replace(
        before,
        placed=(*before.placed, *read.scenarios),
        media={**before.media, **added.facts},
        problems=(*before.problems, *read.problems),
    )
    earlier = read_manifest(folder)
    if problems := check(after, pairing=earlier.manifest.pairing if earlier else "required"):
        raise refusal(folder, problems)


def _path(picture: Picture) -> str:
    suffix = next(suffix for suffix, promised in SUFFIXES.items() if promised == picture.media_type)
    return f"{MEDIA}{picture.sha256[:20]}{suffix}"


def _facts(picture: Picture, data: bytes) -> Media:
    return Media(picture.sha256, picture.media_type, picture.width, picture.height, len(data))


def _put(folder: Path, added: _Addition) -> None:
    """Write pictures, and then the scenarios that show them: killed in between, no prompt lacks its picture."""
    (folder / PurePosixPath(MEDIA)).mkdir(exist_ok=True)
    for path, content in added.data.items():
        write_file(folder / path, content)
    there = read_file(folder, SCENARIOS, most=LARGEST_FILE) if (folder / SCENARIOS).exists() else b""
    end = b"" if not there or there.endswith(b"\n") else b"\n"
    write_file(folder / SCENARIOS, there + end + added.lines)


def ready(serving: Serving) -> Ready:
    """Return what a lead can freeze."""
    folder = serving.study.benchmark_folder
    with serving.store.reading() as connection:
        accepted = [each.draft for each in drafts.every_draft(connection) if each.state == "accepted"]
    earlier = read_manifest(folder) if folder and folder.is_dir() else None
    frozen = {prompt.partition("/")[0] for prompt in earlier.manifest.prompts} if earlier else set[str]()
    return Ready(earlier.manifest.version if earlier else 0, len(accepted), sum(each not in frozen for each in accepted))


def freeze_next(serving: Serving, who: Who) -> Frozen:
    """Write the accepted scenarios into the benchmark and freeze its next version.

    Raises
    ------
    Refused
        403 ``not_allowed`` unless a lead asks; 409 ``benchmark_changed`` when the folder is not as it was frozen: what
        somebody else changed there is not frozen from a browser.
    BenchmarkError
        With every problem, when the benchmark breaks a rule.
    """
    if who.role != "lead":
        raise Refused(403, "not_allowed", "freezing is the lead's")
    opened = Opened(serving.study, serving.store, serving.author)
    folder = _folder_of(opened)
    if (folder.is_dir() and read_manifest(folder)) and verify(folder):
        raise Refused(409, "benchmark_changed", "the folder of the benchmark is not as it was frozen")
    _take_in(opened, serving.blobs, account=who.account)
    canary = f"Benchmark data must not appear in training corpora. driftgauge canary GUID {uuid4()}"
    at = datetime.now(UTC).isoformat(timespec="seconds")
    found = freeze(folder, pairing=None, canary=canary, created_at=at, new_version=True)
    if found.done:
        with serving.store.writing() as connection:
            detail = {"account": who.account, "version": found.manifest.version}
            journal.append(connection, serving.author, "freeze", hashes={"benchmark": found.manifest.root}, detail=detail)
    return found
