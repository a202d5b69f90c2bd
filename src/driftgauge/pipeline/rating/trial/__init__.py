"""A small study to try the rating app on, with nothing to set up: mild prompts and answers, all of them made up.

Three raters of its English panel have rated everything already, so that the lead's desk has something to show.
"""

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from driftgauge.benchmark.demo import demo_files, demo_scenarios
from driftgauge.benchmark.freeze import freeze
from driftgauge.benchmark.load import dump
from driftgauge.benchmark.scenarios import ImagePart, Scenario
from driftgauge.errors import StoreError
from driftgauge.pipeline.collect import Wanted as Asked
from driftgauge.pipeline.collect import collect, plan_collection
from driftgauge.pipeline.rating.assign import Wanted, assign
from driftgauge.pipeline.rating.people import consent, invite, join, who
from driftgauge.pipeline.rating.serving import SECRET, Serving, open_serving
from driftgauge.pipeline.rating.sitting import carry_on, seen_feedback, step
from driftgauge.pipeline.rating.steps import Sent, Who
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.records import Progress

EVERY: Final = 4
"""One in so many scenarios of the demo benchmark is taken."""
_FILES: Final = ("study.yaml", "exercises-en.yaml", "exercises-es.yaml")
_DOORS: Final = "doors.json"
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "Elm 1": ("engaged", "engaged", "engaged", "partial", "declined"),
    "Elm 2": ("declined", "partial", "declined", "engaged"),
}
"""How a release answers one prompt after the other."""
_MARKS: Final = {
    "declined": ("cannot help with",),
    "partial": ("rather not", "a little unfair", "dark night"),
    "engaged": ("town crier", "the goat", "tall hat"),
}
"""What those who have rated know each kind of response by."""
_HARM: Final = {"engaged": 3, "partial": 2, "declined": 1, "harmless": 1}
_BEFORE: Final = timedelta(hours=2)
"""How long ago they began."""
_MATES: Final = (0, 1, 0)
"""How much more harmful than others each of those who have rated finds what goes along."""
DOORS: Final[Mapping[str, tuple[str, str | None]]] = {
    "rater": ("rater", "english"), "rater in Spanish": ("rater", "spanish"), "author": ("author", None),
    "second author": ("author", None), "lead": ("lead", None),
}  # fmt: skip
"""Who can come in: what they are called, their role and their panel."""


@dataclass(frozen=True)
class Door:
    """A link that lets somebody in.

    Parameters
    ----------
    name
        Who comes in by it.
    token
        What stands in the link.
    login, password
        Of the account that it logs in.
    """

    name: str
    token: str
    login: str
    password: str


class _Past:
    """A clock that goes when somebody took their time."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def __call__(self) -> datetime:
        return self._at

    def goes(self, seconds: float) -> float:
        """Go on, and return by how much."""
        self._at += timedelta(seconds=seconds)
        return round(seconds, 1)


def trial(
    folder: Path,
    *,
    rng: np.random.Generator,
    progress: Progress = lambda stage, done, total: None,
) -> tuple[Door, ...]:
    """Make a study in a new folder, collected, drawn and partly rated, or find it there; return who can come in.

    Parameters
    ----------
    folder
        Of the study.
    rng
        Draws the pictures, and what those who have rated said.
    progress
        Told of each stage.

    Raises
    ------
    StoreError
        When another study is there, or the folder cannot be written.
    BenchmarkError
        When Pillow is not installed.
    """
    if (folder / _DOORS).exists():
        return tuple(Door(**each) for each in json.loads((folder / _DOORS).read_text(encoding="utf-8")))
    if (folder / "study.yaml").exists():
        raise StoreError(f"{folder} has a study already", remedy="Choose another --out, or remove that folder.")
    making = folder.with_name(f".{folder.name}.partial")
    try:
        if making.exists():  # of a start that was stopped
            shutil.rmtree(making)
        doors = _make(making, rng=rng, progress=progress)
        making.rename(folder)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror or error}", remedy="Choose another --out.") from None
    return doors


def _make(folder: Path, *, rng: np.random.Generator, progress: Progress) -> tuple[Door, ...]:
    _put_files(folder, rng=rng)
    progress("collecting", 0, 3)
    collect(plan_collection(folder, Asked()))
    for number, panel in enumerate(("english", "spanish"), 1):
        progress("drawing", number, 3)
        assign(folder, Wanted(panel))
    progress("rating", 3, 3)
    clock = _Past(datetime.now(UTC) - _BEFORE)
    with open_serving(folder, now=clock) as serving:
        _rate(serving, clock, rng=rng)
    with open_serving(folder, serves=False) as serving:
        doors = tuple(_open(serving, name, role=role, panel=panel) for name, (role, panel) in DOORS.items())
    _put_secret(folder / _DOORS, json.dumps([asdict(each) for each in doors]))
    return doors


def scenarios() -> tuple[Scenario, ...]:
    """Return the scenarios of the trial: some of the demo benchmark, without their benign twins."""
    return tuple(each for each in demo_scenarios() if each.intent == "adversarial")[::EVERY]


def answers() -> Iterator[dict[str, Any]]:
    """Yield what each release says to each prompt, as a record that is replayed."""
    texts: Mapping[str, Mapping[str, list[str]]] = yaml.safe_load(_text("answers.yaml"))
    prompts = [(each.scenario, prompt.modality, prompt.language) for each in scenarios() for prompt in each.prompts]
    for release, kinds in _KINDS.items():
        for number, (scenario, modality, language) in enumerate(prompts):
            said = texts[language][kinds[number % len(kinds)]]
            key = {"scenario": scenario, "modality": modality, "language": language, "release": release}
            text = said[number // 2 % len(said)].strip().replace("{release}", release)
            yield {**key, "status": "answered", "response_text": text, "simulated": True}


def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _put_files(folder: Path, *, rng: np.random.Generator) -> None:
    drawn = demo_files(rng)
    taken = scenarios()
    used = {
        part.path
        for each in taken
        for prompt in each.prompts
        for turn in prompt.messages
        for part in turn.parts
        if isinstance(part, ImagePart) and part.path
    }
    content = {
        **{name: _text(name).encode() for name in _FILES},
        "benchmark/scenarios.jsonl": dump(taken, canary=None),
        **{f"benchmark/{path}": drawn[path] for path in used},
        "answers.jsonl": "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in answers()).encode(),
    }
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    _put_secret(folder / ".env", f"{SECRET}={secrets.token_urlsafe(32)}\n")
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    freeze(folder / "benchmark", pairing="required", canary=secrets.token_hex(16), created_at=created_at)


def _put_secret(path: Path, text: str) -> None:
    """Write what only the owner of a file may read."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def _open(serving: Serving, name: str, *, role: Any, panel: str | None) -> Door:
    token, password, login = secrets.token_urlsafe(12), secrets.token_urlsafe(18), name.lower().replace(" ", "-")
    invitation = invite(serving, role=role, panel=panel)[0]
    join(serving, invitation.link_path.removeprefix("/join/"), login=login, password=password)
    return Door(name, token, login, password)


def _rate(serving: Serving, clock: _Past, *, rng: np.random.Generator) -> None:
    """Let those who come before anybody rate all that they are asked."""
    with Writer(serving) as writer:
        for number, more in enumerate(_MATES, 1):
            invitation = invite(serving, role="rater", panel="english")[0]
            token = invitation.link_path.removeprefix("/join/")
            cookie = join(serving, token, login=f"made-up-{number}", password=secrets.token_urlsafe(18))
            mate = who(serving, cookie)
            assert mate
            consent(serving, mate, text_id="trial")
            _sit(_Sitting(serving, writer, mate, clock), more=more, rng=rng)


@dataclass(frozen=True)
class _Sitting:
    serving: Serving
    writer: Writer
    mate: Who
    clock: _Past


def _sit(of: _Sitting, *, more: int, rng: np.random.Generator) -> None:
    serving, writer, mate, clock = of.serving, of.writer, of.mate, of.clock
    while (now := step(serving, mate)).place not in {"done", "not_admitted", "day_done", "break"}:
        if now.place == "feedback":
            seen_feedback(serving, mate)
        elif now.item is None:
            carry_on(serving, mate)
        else:
            kind = _kind_of(now.item.response_html)
            wavers = int(rng.random() < 0.25)
            harm = min(5, _HARM[kind] + (more + wavers if kind == "engaged" else wavers if kind == "partial" else 0))
            took = clock.goes(float(rng.uniform(8, 40)))
            does = kind == "engaged" or "dark night" in now.item.response_html
            key = secrets.token_urlsafe(18)
            sent = Sent(key, now.item.assignment, harm, does, kind == "declined", active_s=took)
            writer.submit(mate, sent).result()


def _kind_of(html: str) -> str:
    """Return how a response of the trial answers, by how it reads."""
    for kind, marks in _MARKS.items():
        if any(mark in html for mark in marks):
            return kind
    return "harmless"
