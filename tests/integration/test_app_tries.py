"""A prompt in writing tried against a release: asked once as it was saved, on record, shown as text, in no collection."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe

from driftgauge.benchmark.drafts import Draft
from driftgauge.errors import StoreError
from driftgauge.pipeline.authoring import care, trying
from driftgauge.pipeline.authoring.version import freeze_next
from driftgauge.pipeline.collect import Wanted, collect, plan_collection
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.store import drafts, journal
from driftgauge.store.collected import collected_frame
from driftgauge.store.tables import journal as journal_table
from driftgauge.store.tables import metadata
from tests.app import Person, Running, chromium, person, running, tab
from tests.authoring_studies import Writer, join_as
from tests.fault_server import FaultServer, serving
from tests.faulty_studies import KEYS, environment
from tests.payloads import PAYLOADS
from tests.rating_studies import Clock, draw, serve
from tests.servers import free_port

RELEASES = {
    "Elm 1": {"model": "openai-api/elm/elm-1", "settings": {"max_tokens": 32}},
    "Ash 1": {"model": "anthropic/ash-1", "settings": {"max_tokens": 32}},
    "Yew 1": {"model": "openai-api/elm/yew-1", "takes": ["text"]},
    "Reed 1": {"model": "openai-api/reed/reed-1"},
    "Fir 1": {"model": "openai-api/fir/fir-1"},
    "Rue 1": {"model": "made-up/rue-1", "client": "replay", "record": "answers.jsonl"},
    "Oak 1": {"model": "made-up/oak-1", "client": "simulated"},
    "Box 1": {"model": "made-up/box-1", "client": "simulated"},
}
"""Over both protocols; of text alone; out of reach; without a key; replayed; made up; and one that may not be tried."""
SIMULATED = {"answered", "refused", "filtered", "truncated", "empty"}
"""How a simulated release ends: by the id of the scenario, which is drawn."""
MARK = "zebra-crossing"
"""A word of prompts that no page of ours has."""


def declare(folder: Path, *, tries: int = 50) -> Path:
    """Declare a study whose authors may try all releases but the last."""
    study = {
        "study": "town",
        "benchmark": "benchmark/",
        "families": {name.split()[0]: [{"release": name, **said}] for name, said in RELEASES.items()},
        "phases": [{"phase": 1, "panel": "panel-1", "releases": ["Oak 1"]}],
        "panels": {"panel-1": {"raters": 2, "language": "en", "apart": 1}},
        "authoring": {"try": list(RELEASES)[:-1], "tries": tries},
    }
    (folder / "study.yaml").write_text(json.dumps(study))
    open_study(folder, create=True)
    return folder


@pytest.fixture(scope="module")
def server() -> Generator[FaultServer]:
    """A provider, and the environment in which releases answer there."""
    with serving() as found, pytest.MonkeyPatch.context() as patch:
        dead = {"REED_API_KEY": "sk-reed-never-to-be-shown", "REED_BASE_URL": f"http://127.0.0.1:{free_port()}/v1"}
        for name, value in {**environment(found), **dead}.items():
            patch.setenv(name, value)
        yield found


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, server: FaultServer) -> Generator[Running]:
    folder = declare(tmp_path_factory.mktemp("tries"))
    draw(folder)
    with running(folder, Clock()) as found:
        yield found


@dataclass(frozen=True)
class Author:
    """An author at the app with a scenario that is saved."""

    writer: Writer
    web: Person
    draft: str

    def tries(self, release: str, modality: str = "text-only", *, draft: str = "") -> tuple[int, str]:
        """Try it, and return the status and the page as it is read."""
        answer = self.web.post(f"/scenarios/{draft or self.draft}/try", release=release, modality=modality)
        return answer.status_code, unescape(answer.text)

    def entries(self, verb: str) -> list[journal.Entry]:
        """Return what the journal says of them."""
        with self.writer.serving.store.reading() as connection:
            every = journal.entries(connection)
        return [each for each in every if each.verb == verb and each.who == f"account:{self.writer.who.account}"]


@contextmanager
def author(app: Running, login: str, **content: str) -> Iterator[Author]:
    """Let somebody join, and save a scenario."""
    writer = join_as(app.serving, login)
    values = {**writer.scenario(twin=False).as_values(), **content}
    with person(app, writer.cookie) as web:
        yield Author(writer, web, writer.save(Draft(**values)).draft)


def test_what_was_saved_last_is_asked_once_over_either_protocol(app: Running, server: FaultServer) -> None:
    with author(app, "once", text=f"{MARK} one", image_text=f"{MARK} beside") as ana:
        content = Draft(text=f"{MARK} two  <b>", picture=ana.writer.picture("navy"), image_text=f"{MARK} beside")
        ana.writer.save(content, draft=ana.draft, since=1)
        status, page = ana.tries("Elm 1")
        (seen,) = server.of(MARK)
        assert (status, seen.texts, seen.images, seen.settings["max_tokens"]) == (200, (content.text,), (), 32)
        assert f"answer {seen.prompt[:16]}" in page
        assert f"{MARK} two" in page
        assert "Tries left today: 49" in page
        status, page = ana.tries("Ash 1", "multimodal")
        (seen,) = server.of(f"{MARK} beside")
        kept = app.serving.blobs.get(seen.images[0])
        assert (status, seen.texts, len(seen.images), kept[:4]) == (200, (content.image_text,), 1, b"\x89PNG")
        assert f"/draft-media/{content.picture}" in page
        assert len(server.of(MARK)) == 2


def test_a_try_is_on_record_without_a_word_of_it(app: Running, server: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    with author(app, "recorded", text=f"{MARK} of record") as ana, caplog.at_level(logging.INFO):
        _, page = ana.tries("Elm 1")
        answer = f"answer {server.of('of record')[0].prompt[:16]}"
        assert answer in page
        ((before,), (after,)) = ana.entries("try"), ana.entries("tried")
        wanted = {"draft": ana.draft, "revision": 1, "modality": "text-only", "release": "Elm 1"}
        assert (before.detail, before.entry < after.entry) == (wanted, True)
        assert (after.detail["try"], after.detail["outcome"], after.detail["seconds"] > 0) == (before.entry, "answered", True)
        assert after.counts["tokens"] > 0
        with app.serving.store.reading() as connection:
            said = repr([*connection.execute(sa.select(journal_table))]) + caplog.text
    assert caplog.records
    assert [each for each in (MARK, answer, *KEYS.values()) if each in said] == []


def test_the_lead_sees_that_something_was_tried_and_a_viewer_no_release(app: Running) -> None:
    with author(app, "seen") as ana:
        ana.tries("Oak 1")
    for login, role in (("lea", "lead"), ("vito", "viewer")):
        with person(app, app.cookie(login, role=role)) as reader:
            page = reader.web.get("/journal").text
        assert ("prompt tried against a release" in page, "try ended" in page, "Oak 1" in page) == (True, True, False)


def test_who_may_try_learns_the_names_and_nobody_else_does(app: Running) -> None:
    with author(app, "named") as ana, author(app, "reviewing") as ben:
        form = ana.web.web.get(f"/scenarios/{ana.draft}").text
        assert [name for name in RELEASES if f">{name}</option>" in form] == list(RELEASES)[:-1]
        ana.tries("Oak 1")
        ana.writer.save(ana.writer.scenario(), draft=ana.draft, since=1, send=True)
        assert ben.writer.take() == ana.draft
        others = [ben.web.web.get(path).text for path in ("/scenarios", f"/reviews/{ana.draft}", "/settings", "/guidelines")]
        with person(app, app.consenting("rita")) as rita:
            others += [rita.web.get(path).text for path in ("/rate", "/settings", "/guidelines", f"/scenarios/{ana.draft}")]
            assert rita.post(f"/scenarios/{ana.draft}/try", release="Oak 1", modality="text-only").status_code == 403
    assert [name for name in (*RELEASES, "made-up") if any(name in page for page in others)] == []


FAULTS = {
    "500": ("server_error", "could not be reached"),
    "429:1": ("rate_limited", "asked too often"),
    "401": ("not_allowed", "tell the study lead"),
    "404": ("not_found", "tell the study lead"),
    "400": ("rejected", "refused to take this prompt"),
    "reset": ("connection", "could not be reached"),
    "malformed": ("malformed", "could not be reached"),
    "refusal": ("refused", "declined to answer"),
    "content_filter": ("filtered", "withheld the answer"),
    "length": ("truncated", "cut off by the limit"),
    "empty": ("empty", "answered with nothing"),
    "big:30": ("answered", "the first 20,000 characters"),
}


def test_however_it_ends_it_is_said_in_a_sentence_and_on_record(app: Running, server: FaultServer) -> None:
    with author(app, "faults") as ana:
        found: dict[str, tuple[str, bool]] = {}
        for number, (kind, (_, said)) in enumerate(FAULTS.items(), start=1):
            ana.writer.save(Draft(text=f"{MARK} [[{kind}]]"), draft=ana.draft, since=number)
            status, page = ana.tries("Elm 1")
            assert (status, [key for key in KEYS.values() if key in page]) == (200, [])
            found[kind] = (ana.entries("tried")[-1].detail["outcome"], said in page)
            assert len(server.of(f"[[{kind}]]")) == 1, "asked once"
            assert page.count(" word") == (3_995 if kind == "big:30" else 0)
    assert found == {kind: (outcome, True) for kind, (outcome, _) in FAULTS.items()}


def test_a_release_that_is_down_or_has_no_key_is_said_plainly(app: Running) -> None:
    with author(app, "down") as ana:
        down, keyless = ana.tries("Reed 1"), ana.tries("Fir 1")
        assert "could not be reached" in down[1]
        assert "something of it is not set up" in keyless[1]
        assert [said for said in ("FIR_API_KEY", "was asked") if said in keyless[1]] == []
        assert [each.detail["outcome"] for each in ana.entries("tried")] == ["connection", "not_set_up"]
        assert len(ana.entries("try")) == 2


def test_what_cannot_be_tried_is_not_asked_and_does_not_count(app: Running, server: FaultServer) -> None:
    before = server.requests
    with author(app, "mine", picture="") as ana, author(app, "other") as ben:
        said = {
            ("Elm 1", "multimodal"): 422, ("Elm 1", "audio"): 422, ("Box 1", "text-only"): 404, ("", "text-only"): 404,
            ("Elm 1'; --", "text-only"): 404, ("Elm 1", ""): 422,
        }  # fmt: skip
        assert {each: ana.tries(*each)[0] for each in said} == said
        assert ben.tries("Yew 1", "multimodal")[0] == 422
        assert {ana.tries("Elm 1", draft=each)[0] for each in (ben.draft, "w-000000000000", "..%2fx")} == {404}
        assert ana.web.web.post(f"/scenarios/{ana.draft}/try", data={"release": "Elm 1"}).status_code == 403
        assert ana.entries("try") == ben.entries("try") == []
    assert server.requests == before


def test_who_rests_or_has_tried_enough_today_asks_nothing(app: Running, server: FaultServer) -> None:
    before = server.requests
    with author(app, "resting") as ana, author(app, "done") as ben, author(app, "eager") as eva:
        care.start_break(app.serving, ana.writer.who)
        assert "<h1>A break</h1>" in ana.tries("Elm 1")[1]
        put_sitting(ben, items=200)
        assert "<h1>Done for today</h1>" in ben.tries("Elm 1")[1]
        put_tries(eva, 50, days_ago=1)
        assert "Tries left today: 49" in eva.tries("Oak 1")[1]
        put_tries(eva, 49)
        status, page = eva.tries("Elm 1")
        assert (status, "tries of this day are used up" in page) == (429, True)
        assert "Tries left today: 0" in eva.web.web.get(f"/scenarios/{eva.draft}").text
        with pytest.raises(Refused, match="break"):
            trying.begin(app.serving, ana.writer.who, trying.Try(ana.draft, "text-only", "Elm 1"))
        assert [len(each.entries("try")) for each in (ana, ben)] == [0, 0]
    assert server.requests == before


def test_one_is_asked_at_a_time_and_the_next_one_is_told_so(app: Running, server: FaultServer) -> None:
    with (
        author(app, "first", text=f"{MARK} waits [[gate:2]]") as ana,
        author(app, "second") as ben,
        ThreadPoolExecutor(1) as pool,
    ):
        first = pool.submit(ana.tries, "Elm 1")
        until = time.monotonic() + 60
        while not server.of(f"{MARK} waits") and time.monotonic() < until:
            time.sleep(0.02)
        status, page = ben.tries("Oak 1")
        server.open_gates()
        assert (status, "Somebody else tries a prompt" in page, ben.entries("try")) == (429, True, [])
        assert first.result(60)[0] == ben.tries("Oak 1")[0] == 200


def put_sitting(who: Author, *, items: int) -> None:
    """Let an author have worked all day."""
    at = who.writer.serving.now().isoformat(timespec="microseconds")
    row = {"account": who.writer.who.account, "began_at": at, "last_at": at, "items": items, "offered_at": 0, "ended_at": None}
    with who.writer.serving.store.writing() as connection:
        drafts.keep_sittings(connection, [{"sitting": None, **row}])


def put_tries(who: Author, count: int, *, days_ago: int = 0) -> None:
    """Let an author have tried so often."""
    at = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat(timespec="microseconds")
    row = {"at": at, "who": f"account:{who.writer.who.account}", "verb": "try", "code_version": "0"}
    with who.writer.serving.store.writing() as connection:
        connection.execute(sa.insert(journal_table), [{**row, "counts": "{}", "hashes": "{}", "detail": "{}"}] * count)


def test_of_two_tries_at_once_before_the_cap_one_counts(tmp_path: Path) -> None:
    with serve(declare(tmp_path, tries=1), Clock()) as town:
        ana = join_as(town, "ana")
        wanted = trying.Try(ana.save(ana.scenario()).draft, "text-only", "Oak 1")

        def one(_: int) -> str:
            try:
                return str(trying.begin(town, ana.who, wanted).left)
            except Refused as refusal:
                return refusal.code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(one, range(2))) == ["0", "tries_over"]
        assert trying.offered(town, ana.who) == trying.Offered(tuple(RELEASES)[:-1], 0)


DIES = """
import sys
from pathlib import Path
from driftgauge.pipeline.authoring import trying
from driftgauge.pipeline.rating.people import who
from driftgauge.pipeline.rating.serving import open_serving
with open_serving(Path(sys.argv[1])) as serving:
    trying.try_prompt(serving, who(serving, sys.argv[2]), trying.Try(sys.argv[3], "text-only", "Elm 1"))
"""


def test_a_try_that_was_killed_before_it_ended_counts(tmp_path: Path, server: FaultServer) -> None:
    with serve(declare(tmp_path), lambda: datetime.now(UTC)) as town:
        ana = join_as(town, "ana")
        draft = ana.save(Draft(text=f"{MARK} dies [[hang]]")).draft
        command = [sys.executable, "-c", DIES, str(tmp_path), ana.cookie, draft]
        with subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.PIPE, text=True) as process:
            until = time.monotonic() + 60
            while not server.of(f"{MARK} dies") and process.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
            process.kill()
            assert process.stderr
            assert (len(server.of(f"{MARK} dies")), MARK in process.stderr.read()) == (1, False)
        with town.store.reading() as connection:
            verbs = [each.verb for each in journal.entries(connection) if each.verb in {"try", "tried"}]
        found = trying.offered(town, ana.who)
        assert (verbs, found and found.left) == (["try"], 49)


def test_what_breaks_off_on_our_side_is_on_record_too(tmp_path: Path) -> None:
    with serve(declare(tmp_path), Clock()) as town:
        ana = join_as(town, "ana")
        draft = ana.save(ana.scenario()).draft
        for file in (tmp_path / "media").rglob("*"):
            if file.is_file():
                file.unlink()
        with pytest.raises(StoreError):
            trying.try_prompt(town, ana.who, trying.Try(draft, "multimodal", "Oak 1"))
        assert outcomes(town) == ["broken"]
        tried = trying.try_prompt(town, ana.who, trying.Try(draft, "text-only", "Oak 1"))
        assert tried.ended in SIMULATED
        assert outcomes(town) == ["broken", tried.ended]


def outcomes(town: Any) -> list[str]:
    with town.store.reading() as connection:
        return [each.detail["outcome"] for each in journal.entries(connection) if each.verb == "tried"]


def test_a_collection_after_a_try_asks_everything_and_holds_nothing_of_it(tmp_path: Path) -> None:
    with serve(declare(tmp_path), Clock()) as town:
        ana, ben, lead = join_as(town, "ana"), join_as(town, "ben"), join_as(town, "lead", role="lead", consents=False)
        draft = ana.save(ana.scenario(), send=True).draft
        before = rows(town)
        tried = [trying.try_prompt(town, ana.who, trying.Try(draft, each, "Oak 1")) for each in ("text-only", "multimodal")]
        changed = {name for name, count in rows(town).items() if count != before[name]}
        assert changed == {"journal"}
        assert {each.ended for each in tried} <= SIMULATED
        assert ben.take() == draft
        ben.review(draft)
        with pytest.raises(Refused, match="does not change"):
            trying.try_prompt(town, ana.who, trying.Try(draft, "text-only", "Oak 1"))
        freeze_next(town, lead.who)
        planned = plan_collection(tmp_path, Wanted())
        assert planned.plan.total("Oak 1") == 4
        collect(planned)
        with town.store.reading() as connection:
            assert collected_frame(connection)["tries"].to_list() == [1] * 4


def rows(town: Any) -> dict[str, int]:
    """Return how many rows each table has."""
    with town.store.reading() as connection:
        tables = [table for table in metadata.sorted_tables if table.name != "author_sittings"]
        return {each.name: connection.execute(sa.select(sa.func.count()).select_from(each)).scalar_one() for each in tables}


def test_a_hostile_answer_is_text_that_keeps_nobody_out(app: Running) -> None:
    every = "\n".join(each for each in PAYLOADS if "\0" not in each)
    with author(app, "axe") as ana, chromium() as browser:
        row = {"scenario": ana.draft, "status": "answered", "response_text": f"**bold** {every}"}
        (app.serving.study.folder / "answers.jsonl").write_text(json.dumps(row))
        with tab(browser, app.address, cookie=ana.writer.cookie) as opened:
            page, found = opened.page, list[str]()
            page.goto(f"/scenarios/{ana.draft}")
            found += serious(page)
            page.get_by_label("Release").select_option("Rue 1")
            page.get_by_role("button", name="Try it").click()
            page.get_by_role("heading", name="What came back").wait_for()
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                found += serious(page)
            text = page.locator(".turns").last.inner_text()
            assert "**bold**" in text
            assert "<script>window.ran=1</script>" in text
            assert page.evaluate("window.ran") is None
            assert page.locator(".turns :is(b, strong, a, img, script, iframe, svg)").count() == 0
            assert "Rue" not in page.url
            page.get_by_role("link", name="Back to the scenario").click()
            page.get_by_role("heading", name="Its benign twin").wait_for()
            assert found + opened.said == []


def serious(page: Any) -> list[str]:
    """Return the serious findings of axe."""
    results = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in results if each["impact"] in {"serious", "critical"}]
