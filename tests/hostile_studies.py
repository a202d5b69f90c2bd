"""A study into which every payload has come by every way that there is: files, models, raters, authors, other tools."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
import yaml

from driftgauge.benchmark.drafts import draft_of
from driftgauge.benchmark.freeze import freeze
from driftgauge.pipeline.authoring.pictures import keep_picture
from driftgauge.pipeline.authoring.writing import Reviewed, Written, review, save, take
from driftgauge.pipeline.collect import Wanted as Asked
from driftgauge.pipeline.collect import collect, plan_collection
from driftgauge.pipeline.rate_import import Ratings, import_ratings
from driftgauge.pipeline.rating.assign import Wanted, assign
from driftgauge.pipeline.rating.pauses import pause
from driftgauge.pipeline.rating.people import consent, who
from driftgauge.pipeline.rating.returned import FromElsewhere, import_returned
from driftgauge.pipeline.rating.steps import Role, Who
from driftgauge.pipeline.rating.tasks import write_tasks
from driftgauge.store.tables import pictures
from tests.app import Running, person, running
from tests.authoring_studies import png, scenario
from tests.elsewhere.filled import fill, names_in
from tests.elsewhere.made_up import WORDS
from tests.payloads import PAYLOADS
from tests.rating_studies import PASSWORD, Clock

TEXTS: Final = tuple(each for each in PAYLOADS if "\0" not in each)
"""What can be kept; the app refuses the others."""
EVERY: Final = "\n\n".join(TEXTS)
NAMES: Final = tuple(each for each in TEXTS if each.isprintable() and each == each.strip() and len(each) <= 200)
"""What can be a name on one line."""
PANEL, OTHER, RELEASE, PHASE = NAMES[0], NAMES[5], NAMES[13], NAMES[4]
TOOLS: Final = {"label-studio": "label-studio", "argilla": "argilla", "potato": "potato", "csv": "tasks"}
FEW: Final = 12
MEDIUM: Final = "media/<img src=x onerror=window.ran=1>.png"
_PANEL_TEXTS: Final = ("guidelines", "consent", "warning", "support")


def declared() -> dict[str, Any]:
    """Return a study in which every name that can be chosen is a payload, and every text holds all of them."""
    question = [{"ask": each, "choices": [each, "<b>18</b>"]} for each in NAMES]
    texts = {name: f"{name}.md" for name in _PANEL_TEXTS}
    asked: dict[str, Any] = {
        "raters": 9, "apart": 1, "mask": "nothing", "calibration": {"file": "exercises.yaml", "pass": 0.1},
        "gold": {"file": "exercises.yaml", "every": 5}, "demographics": dict(zip(NAMES, question, strict=True)), **texts,
    }  # fmt: skip
    release = {"release": RELEASE, "model": NAMES[1], "client": "replay", "record": "answers.jsonl"}
    return {
        "study": "town",
        "benchmark": "benchmark/",
        "families": {NAMES[2]: [release]},
        "phases": [{"phase": PHASE, "panel": [PANEL, OTHER]}],
        "panels": {each: {"raters": 1} for each in NAMES} | {PANEL: asked, OTHER: {"raters": 1}},
        "protocol": {"wellbeing": {"session_minutes": 45, "day_items": 400, "break_every": 400}},
        "authoring": {"try": [RELEASE]},
    }


def _scenarios() -> Iterator[dict[str, Any]]:
    for number, name in enumerate(NAMES):
        text = EVERY if number == 0 else name
        parts: list[dict[str, Any]] = [{"type": "text", "text": text}]
        prompts: list[dict[str, Any]] = [{"modality": "text-only", "language": "en", "messages": _turns(parts)}]
        if number == 0:
            picture = {"type": "image", "path": MEDIUM}
            prompts.append({"modality": "multimodal", "language": "en", "messages": _turns([picture, *parts])})
        labels = dict.fromkeys(("harm_category", "technique", "execution", "author"), name)
        yield {"scenario": f"s{number:03}", "intent": "adversarial", **labels, "prompts": prompts}


def _turns(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    before = [{"role": role, "parts": [{"type": "text", "text": EVERY}]} for role in ("system", "user", "assistant")]
    return [*before, {"role": "user", "parts": parts}]


def _answers() -> Iterator[dict[str, Any]]:
    for number, _ in enumerate(NAMES):
        for modality in ("text-only", "multimodal"):
            said = {"response_text": EVERY if number < FEW else TEXTS[number], "reasoning": EVERY, "stop_reason": NAMES[3]}
            told = {"served_model": NAMES[6], "fingerprint": NAMES[7], "request_id": NAMES[8], "client": NAMES[9]}
            yield {"scenario": f"s{number:03}", "modality": modality, "status": "answered", **said, **told}


def _exercises() -> dict[str, Any]:
    usual = {"prompt": EVERY, "response": EVERY, "harm": 1, "success": False}
    return {
        "exercises": [
            {"name": NAMES[0], "purpose": "calibration", "why": EVERY, **usual},
            *({"name": each, "purpose": "gold", **usual} for each in NAMES[1:4]),
        ]
    }


def put_files(folder: Path) -> None:
    """Write everything that a study is declared with, freeze its benchmark, and collect."""
    (folder / "benchmark" / "media").mkdir(parents=True)
    (folder / "benchmark" / MEDIUM).write_bytes(png("olive", said=EVERY))
    _write_lines(folder / "benchmark" / "scenarios.jsonl", _scenarios())
    _write_lines(folder / "answers.jsonl", _answers())
    (folder / "study.yaml").write_text(yaml.safe_dump(declared()), encoding="utf-8")
    (folder / "exercises.yaml").write_text(yaml.safe_dump(_exercises()), encoding="utf-8")
    for name in _PANEL_TEXTS:
        (folder / f"{name}.md").write_text(EVERY, encoding="utf-8")
    freeze(folder / "benchmark", pairing="none", canary="a canary of a test", created_at="2026-01-01T00:00:00+00:00")
    collect(plan_collection(folder, Asked()))


def _write_lines(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def bring_in(folder: Path, *, taken: set[str | None]) -> None:
    """Import what other tools say of seats that nobody took, and ratings of raters whose names are payloads."""
    for tool, kind in TOOLS.items():
        out = write_tasks(folder, folder / tool, panel=PANEL, tool=tool, words=WORDS)
        rater = min(set(out.tasks) - taken)
        names = names_in(folder / tool / rater, tool)
        said: dict[str, dict[str, Any] | None] = {
            each: {"harm": 3, "success": True, "comment": EVERY[:9_000]} for each in names
        }
        said[names[-1]] = {"skipped": "other", "comment": EVERY[:9_000]}
        import_returned(folder, FromElsewhere((fill(folder / tool / rater, tool, said),), kind, rater))
    path = folder / "imported.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file)
        sheet.writerow(("scenario", "language", "release", "phase", "rater", "harm", "success", "comment"))
        sheet.writerows((f"s{n:03}", "en", RELEASE, PHASE, name, 4, "true", EVERY) for n, name in enumerate(NAMES[:FEW]))
    import_ratings(folder, Ratings((path,)))


@dataclass(frozen=True)
class Hostile:
    """An app that shows a hostile study, the cookies of people by what they are, and what the addresses of pages hold."""

    app: Running
    cookies: dict[str, str]
    held: dict[str, str]

    def who(self, name: str) -> Who:
        """Return somebody who is logged in."""
        found = who(self.app.serving, self.cookies[name])
        assert found
        return found


ROLES: Final[dict[str, Role]] = {
    "new": "rater", "practising": "rater", "rita": "rater", "ana": "author", "ben": "author", "lead": "lead", "vera": "viewer",
}  # fmt: skip


@contextmanager
def hostile(folder: Path) -> Iterator[Hostile]:
    """Serve a study into which every payload has come."""
    put_files(folder)
    for panel in (PANEL, OTHER):
        assign(folder, Wanted(panel))
    with running(folder, Clock(), doors={"door": ("vera", PASSWORD)}) as app:
        found = Hostile(app, {name: app.cookie(name, role=role, panel=PANEL) for name, role in ROLES.items()}, {})
        for name, role in ROLES.items():
            if name != "new" and role in {"rater", "author"}:
                consent(app.serving, found.who(name), text_id="text-1")
        bring_in(folder, taken={found.who(name).rater for name in ROLES})
        _rate(found)
        _author(found)
        pause(app.serving, OTHER)
        found.held.update(rater=found.who("rita").rater or "", token=app.invitation(panel=PANEL).removeprefix("/join/"))
        yield found


def _rate(found: Hostile) -> None:
    with person(found.app, found.cookies["rita"]) as rita:
        for number in range(FEW + 1):
            now = rita.asked()
            if now["place"] == "feedback":
                rita.post("/understood")
                continue
            said: dict[str, Any] = {"harm": 1, "success": False, "comment": EVERY[:9_000]}
            if number == FEW:
                said = {"harm": None, "success": None, "skipped": "other", "comment": TEXTS[0]}
            answer = rita.send(rita.rating(**said))
            assert answer.status_code == 200, answer.text
    with found.app.serving.store.reading() as connection:
        found.held["picture"] = connection.execute(sa.select(pictures.c.picture)).scalars().one()


def _author(found: Hostile) -> None:
    """Write a scenario into each state that there is, and let the record hold an answer to the one in review."""
    serving, ana, ben = found.app.serving, found.who("ana"), found.who("ben")
    picture = keep_picture(serving, ana, png(said=EVERY))
    found.held["draft_picture"] = picture
    states: tuple[Any, ...] = ("accepted", "sent_back", "in_review", "waiting", "writing")
    for number, state in enumerate(states):
        content = scenario(number, picture=picture).as_values()
        content |= dict.fromkeys(("text", "image_text", "twin_text", "twin_image_text"), EVERY)
        content |= dict.fromkeys(("harm_category", "technique", "execution"), NAMES[number])
        sends = state != "writing"
        sent = Written(f"key-of-scenario-{number:04}", None, 0, draft_of(content), sends, serving.now())
        found.held[state] = save(serving, ana, sent).draft
        if state in {"accepted", "sent_back", "in_review"}:
            assert take(serving, ben) == found.held[state]
        if state in {"accepted", "sent_back"}:
            key = f"key-of-a-review-{number}"
            review(serving, ben, Reviewed(key, found.held[state], 1, state, EVERY[:1_900], serving.now()))
    answer = {"scenario": found.held["in_review"], "modality": "text-only", "status": "answered", "response_text": EVERY}
    _write_lines(serving.study.folder / "answers.jsonl", iter([answer]))


FORMULA: Final = '=HYPERLINK("//evil.invalid/","a")'
SHOWN_IN_REPORT: Final = (NAMES[0], NAMES[5], NAMES[13], FORMULA)


def put_ratings(folder: Path) -> None:
    """Import ratings of a study whose families, releases, categories, techniques and raters are all payloads."""
    families = {NAMES[2]: [NAMES[0], NAMES[13]], NAMES[3]: [NAMES[5], FORMULA]}
    (folder / "study.yaml").write_text(yaml.safe_dump({"study": "town", "families": families}), encoding="utf-8")
    names = ("scenario", "language", "phase", "rater", "success", "comment", "release", "harm_category", "technique", "harm")
    with (folder / "ratings.csv").open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file)
        sheet.writerow(names)
        for number, name in enumerate(NAMES[:24]):
            for at, release in enumerate(release for releases in families.values() for release in releases):
                for more, rater in enumerate(NAMES[20:22]):
                    harm = 1 + (number + at + more) % 5
                    success = str(harm > 2).lower()
                    row = (f"s{number:03}", "en", "1", rater, success, EVERY, release, NAMES[number % 4], name, harm)
                    sheet.writerow(row)
    import_ratings(folder, Ratings((folder / "ratings.csv",)))
