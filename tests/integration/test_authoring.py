"""Scenarios written in the app: nothing lost, nothing overwritten, seen by two people and no more; on both databases."""

from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa

from driftgauge.benchmark.drafts import Draft
from driftgauge.benchmark.lines import each_line
from driftgauge.benchmark.manifest import read_manifest
from driftgauge.benchmark.verify import verify
from driftgauge.errors import BenchmarkError, StoreError, StudyError
from driftgauge.pipeline.authoring import care
from driftgauge.pipeline.authoring.pictures import keep_picture, medium
from driftgauge.pipeline.authoring.reading import desk, labels, show
from driftgauge.pipeline.authoring.version import freeze_next, ready, write_drafts
from driftgauge.pipeline.rating.people import log_out, prefer
from driftgauge.pipeline.rating.steps import Preferences, Refused
from driftgauge.store import journal
from driftgauge.store.tables import draft_pictures, draft_revisions, drafts, reviews
from tests.authoring_studies import Workshop, declared, join_as, png, workshop
from tests.integration.conftest import NewStudy
from tests.rating_studies import Clock

MakeStudy = Callable[..., NewStudy]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def town(new_study: MakeStudy, clock: Clock) -> Generator[Workshop]:
    with workshop(new_study(declared()).folder, clock) as found:
        yield found


def refused(act: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(Refused) as raised:
        act()
    return raised.value.status, raised.value.code


def rows(town: Workshop, table: sa.Table) -> int:
    with town.serving.store.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def accepted(town: Workshop, number: int = 0) -> str:
    """Let ana write a scenario and ben accept it."""
    saved = town.ana.save(town.ana.scenario(number), send=True)
    assert town.ben.take() == saved.draft
    town.ben.review(saved.draft)
    return saved.draft


def test_every_save_is_a_revision_and_the_newest_counts(town: Workshop) -> None:
    first = town.ana.save(Draft(text="a goat"))
    second = town.ana.save(Draft(text="two goats"), draft=first.draft, since=1)
    assert (first.revision, second.revision, second.draft) == (1, 2, first.draft)
    assert show(town.serving, town.ana.who, first.draft).draft.text == "two goats"
    assert rows(town, draft_revisions) == 2


def test_the_same_key_counts_once_and_with_another_text_not_at_all(town: Workshop) -> None:
    key = "a-key-of-a-page-that-was-sent-twice"
    first = town.ana.save(Draft(text="a goat"), key=key)
    again = town.ana.save(Draft(text="a goat"), key=key)
    assert (again.draft, again.revision, again.again) == (first.draft, 1, True)
    assert refused(lambda: town.ana.save(Draft(text="a cow"), key=key)) == (409, "key_reused")
    assert refused(lambda: town.ben.save(Draft(text="a goat"), key=key)) == (409, "key_reused")
    assert (rows(town, drafts), rows(town, draft_revisions)) == (1, 1)


def test_the_same_key_many_times_at_once_is_one_draft(town: Workshop) -> None:
    found: list[str] = []

    def once() -> None:
        found.append(town.ana.save(Draft(text="a goat"), key="a-key-of-an-impatient-hand").draft)

    threads = [Thread(target=once) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found)), rows(town, drafts)) == (6, 1, 1)


def test_two_tabs_overwrite_nothing(town: Workshop) -> None:
    saved = town.ana.save(Draft(text="a goat"))
    town.ana.save(Draft(text="a goat and a cow"), draft=saved.draft, since=1)
    assert refused(lambda: town.ana.save(Draft(text="a goose"), draft=saved.draft, since=1)) == (409, "stale_draft")
    assert show(town.serving, town.ana.who, saved.draft).draft.text == "a goat and a cow"
    assert town.ana.save(Draft(text="a goose"), draft=saved.draft, since=2).revision == 3


def test_many_saves_at_once_lose_none(town: Workshop) -> None:
    threads = [Thread(target=town.ana.save, args=(Draft(text=f"goat {number}"),)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {each.draft.text for each in desk(town.serving, town.ana.who).own} == {f"goat {n}" for n in range(12)}


def test_what_is_unfinished_can_be_saved_but_not_sent(town: Workshop) -> None:
    whole = town.ana.scenario()
    for field in ("harm_category", "language", "text", "picture", "image_text", "twin_text", "twin_picture"):
        part = replace(whole, **{field: ""})
        assert refused(lambda part=part: town.ana.save(part, send=True)) == (422, "incomplete")
        assert town.ana.save(part).revision == 1
    assert refused(lambda: town.ana.save(replace(whole, language="English, of course"), send=True)) == (422, "incomplete")
    assert town.ana.save(town.ana.scenario(twin=False), send=True).revision == 1


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "a" * 20_001])
def test_a_text_that_cannot_be_kept_is_refused(town: Workshop, text: str) -> None:
    assert refused(lambda: town.ana.save(Draft(text=text))) == (422, "bad_text")
    assert rows(town, drafts) == 0


def test_nobody_reviews_their_own(town: Workshop) -> None:
    saved = town.ana.save(town.ana.scenario(), send=True)
    assert town.ana.take() is None
    assert refused(lambda: town.ana.review(saved.draft)) == (403, "own_draft")
    assert rows(town, reviews) == 0


def test_authors_see_their_own_and_what_they_review_leads_all_and_others_nothing(town: Workshop) -> None:
    draft = town.ana.save(town.ana.scenario(), send=True).draft
    picture = town.ana.scenario().picture
    viewer = join_as(town.serving, "vera", role="viewer")
    for somebody in (town.ben, viewer):
        assert refused(lambda somebody=somebody: show(town.serving, somebody.who, draft)) == (404, "no_draft")
        assert refused(lambda somebody=somebody: medium(town.serving, somebody.who, picture)) == (404, "no_picture")
    assert show(town.serving, town.lead.who, draft).draft.text
    assert town.ben.take() == draft
    assert show(town.serving, town.ben.who, draft).draft.text
    assert medium(town.serving, town.ben.who, picture)[1] == "image/png"
    town.ben.review(draft)
    assert refused(lambda: show(town.serving, town.ben.who, draft)) == (404, "no_draft")
    assert refused(lambda: medium(town.serving, town.ben.who, picture)) == (404, "no_picture")
    assert medium(town.serving, town.lead.who, picture)[1] == "image/png"


def test_what_is_sent_back_comes_back_with_its_note_and_to_the_same_reviewer_first(town: Workshop) -> None:
    older = town.ana.save(town.ana.scenario(0), send=True).draft
    newer = town.ana.save(town.ana.scenario(1), send=True).draft
    assert town.ben.take() == older
    assert town.ben.take() == older, "one at a time"
    assert refused(lambda: town.ben.review(older, verdict="sent_back", note="  ")) == (422, "note_missing")
    town.ben.review(older, verdict="sent_back", note="The twin asks for too much.")
    found = show(town.serving, town.ana.who, older)
    assert (found.kept.state, found.note) == ("sent_back", "The twin asks for too much.")
    town.ana.save(town.ana.scenario(0), draft=older, since=1, send=True)
    assert town.ben.take() == older
    town.ben.review(older, revision=2)
    assert town.ben.take() == newer


def test_a_review_of_what_changed_meanwhile_is_refused(town: Workshop) -> None:
    draft = town.ana.save(town.ana.scenario(), send=True).draft
    town.ben.take()
    town.ana.save(town.ana.scenario(1), draft=draft, since=1, send=True)
    assert refused(lambda: town.ben.review(draft)) == (409, "reviewed")
    assert show(town.serving, town.ana.who, draft).kept.state == "waiting"


def test_what_is_left_goes_to_somebody_else_and_a_lead_can_review_anything(town: Workshop) -> None:
    draft = town.ana.save(town.ana.scenario(), send=True).draft
    carl = join_as(town.serving, "carl")
    town.ben.take()
    town.ben.review(draft, verdict="left")
    assert town.ben.take() is None
    assert carl.take() == draft
    town.lead.review(draft)
    assert refused(lambda: carl.review(draft)) == (409, "reviewed")
    assert show(town.serving, town.ana.who, draft).kept.state == "accepted"


def test_a_review_that_is_sent_twice_counts_once(town: Workshop) -> None:
    draft = town.ana.save(town.ana.scenario(), send=True).draft
    town.ben.take()
    for _ in range(2):
        town.ben.review(draft, key="a-key-of-a-review-that-came-twice")
    assert rows(town, reviews) == 2, "taken, accepted"


def test_an_accepted_scenario_does_not_change_any_more(town: Workshop) -> None:
    draft = accepted(town)
    assert refused(lambda: town.ana.save(town.ana.scenario(1), draft=draft, since=1)) == (409, "accepted")
    assert refused(lambda: town.ben.review(draft, verdict="sent_back", note="no")) == (409, "reviewed")


def test_what_is_somebody_elses_cannot_be_changed_nor_its_pictures_used(town: Workshop) -> None:
    theirs = town.ana.scenario()
    draft = town.ana.save(theirs).draft
    assert refused(lambda: town.ben.save(Draft(text="x"), draft=draft, since=1)) == (404, "no_draft")
    assert refused(lambda: town.ben.save(theirs)) == (404, "no_picture")
    assert refused(lambda: town.lead.save(Draft(text="x"))) == (403, "not_allowed")


def test_a_picture_is_written_anew_under_a_name_that_says_nothing(town: Workshop) -> None:
    first, again = keep_picture(town.serving, town.ana.who, png(said="taken by Ana")), town.ana.picture()
    assert first == again
    assert b"Ana" not in medium(town.serving, town.ana.who, first)[0]
    assert town.ben.picture() != first
    assert rows(town, draft_pictures) == 2


NO_PICTURES = {
    "nothing": b"",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "gif": b"GIF89a",
    "cut off": png()[:-20],
    "more behind it": png() + b"<script>",
    "no picture": b"\x89PNG\r\n\x1a\n" + b"0" * 99,
}


@pytest.mark.parametrize("data", NO_PICTURES.values(), ids=NO_PICTURES)
def test_what_is_no_picture_is_refused(town: Workshop, data: bytes) -> None:
    assert refused(lambda: keep_picture(town.serving, town.ana.who, data)) == (422, "bad_picture")
    assert rows(town, draft_pictures) == 0


def test_a_picture_that_is_too_large_is_refused(town: Workshop) -> None:
    assert refused(lambda: keep_picture(town.serving, town.ana.who, b"0" * 5_000_001)) == (413, "picture_too_large")
    assert refused(lambda: keep_picture(town.serving, town.ana.who, png(size=(4000, 2600)))) == (422, "bad_picture")


def test_authors_rest_as_raters_do_and_lose_nothing(new_study: MakeStudy, clock: Clock) -> None:
    with workshop(new_study(declared(day_items=3, break_every=2)).folder, clock) as town:
        first = town.ana.save(Draft(text="one"))
        town.ana.save(Draft(text="two"))
        assert care.stands(town.serving, town.ana.who).place == "break_offered"
        care.start_break(town.serving, town.ana.who)
        care.carry_on(town.serving, town.ana.who)
        assert care.stands(town.serving, town.ana.who).place == "go"
        town.ana.save(Draft(text="three"))
        assert care.stands(town.serving, town.ana.who).place == "day_done"
        assert refused(lambda: town.ana.save(Draft(text="four"))) == (403, "day_is_over")
        assert refused(lambda: care.carry_on(town.serving, town.ana.who)) == (403, "day_is_over")
        assert town.ana.save(Draft(text="one, finished"), draft=first.draft, since=1).revision == 2
        ana = town.ana.who
        clock.goes(hours=15)
        assert (care.stands(town.serving, ana).place, care.stands(town.serving, ana).today) == ("go", 0)


def test_a_session_of_an_author_ends_in_a_break(town: Workshop, clock: Clock) -> None:
    for number in range(6):
        town.ana.save(Draft(text=f"goat {number}"))
        clock.goes(minutes=9)
    state = care.stands(town.serving, town.ana.who)
    assert (state.place, state.until is not None) == ("break", True)
    assert refused(lambda: town.ana.save(Draft(text="one more"))) == (403, "break")
    clock.goes(minutes=10)
    assert town.ana.save(Draft(text="one more")).revision == 1


def test_categories_that_an_author_leaves_out_are_not_theirs_to_review(town: Workshop) -> None:
    town.ana.save(town.ana.scenario(0), send=True)
    prefer(town.serving, town.ben.who, Preferences(left_out=("mischief",)))
    assert town.ben.take() is None
    other = town.ana.save(town.ana.scenario(1), send=True).draft
    assert town.ben.take() == other


def test_without_consent_or_a_session_nothing_is_taken(town: Workshop) -> None:
    new = join_as(town.serving, "carl", consents=False)
    assert refused(lambda: new.save(Draft(text="x"))) == (403, "no_consent")
    gone = town.ben.who
    log_out(town.serving, gone)
    assert refused(lambda: keep_picture(town.serving, gone, png())) == (401, "session_ended")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM drafts",
        "UPDATE drafts SET account = 'x'",
        "DELETE FROM draft_revisions",
        "UPDATE draft_revisions SET content = '{}'",
        "UPDATE draft_revisions SET sent = NOT sent",
        "DELETE FROM reviews",
        "UPDATE reviews SET verdict = 'accepted'",
        "DELETE FROM draft_pictures",
    ],
)
def test_the_database_itself_keeps_every_revision(town: Workshop, statement: str) -> None:
    accepted(town)
    with pytest.raises(StoreError, match="refused this"), town.serving.store.writing() as connection:
        connection.exec_driver_sql(statement)


def names(folder: Path) -> list[str]:
    return [line.scenario.scenario for line in each_line(folder)]


def test_accepted_scenarios_go_into_the_benchmark_and_the_lead_freezes_them(town: Workshop) -> None:
    draft = accepted(town)
    town.ana.save(town.ana.scenario(1), send=True)
    benchmark = town.folder / "benchmark"
    found = write_drafts(town.folder)
    assert (found.accepted, found.scenarios, found.pictures) == (1, 2, 1)
    assert names(benchmark) == [draft, f"{draft}-twin"]
    assert write_drafts(town.folder).scenarios == 0
    assert ready(town.serving).version == 0
    frozen = freeze_next(town.serving, town.lead.who)
    assert (frozen.done, frozen.manifest.version, frozen.manifest.counts["prompts"]) == (True, 1, 4)
    assert verify(benchmark) == ()
    assert (ready(town.serving).version, ready(town.serving).new) == (1, 0)
    assert "mischief" in labels(town.serving).harm_category
    with town.serving.store.reading() as connection:
        entries = journal.entries(connection)
    assert [each.verb for each in entries[-2:]] == ["draft", "freeze"]
    assert "goat" not in str(entries)
    assert '"ana"' not in (benchmark / "scenarios.jsonl").read_text()


def test_the_next_version_keeps_the_one_before(town: Workshop) -> None:
    first = accepted(town, 0)
    root = freeze_next(town.serving, town.lead.who).manifest.root
    second = accepted(town, 1)
    assert ready(town.serving).new == 1
    found = freeze_next(town.serving, town.lead.who).manifest
    assert found.previous
    assert (found.version, found.previous.root, found.previous.shared, len(found.previous.added)) == (2, root, 4, 4)
    assert names(town.folder / "benchmark") == [first, f"{first}-twin", second, f"{second}-twin"]
    assert not freeze_next(town.serving, town.lead.who).done


def test_what_somebody_changed_in_the_folder_is_not_frozen_from_a_browser(town: Workshop) -> None:
    accepted(town)
    freeze_next(town.serving, town.lead.who)
    (town.folder / "benchmark" / "README").write_text("new\n")
    assert refused(lambda: freeze_next(town.serving, town.lead.who)) == (409, "benchmark_changed")
    assert refused(lambda: freeze_next(town.serving, town.ana.who)) == (403, "not_allowed")


def test_a_benchmark_that_would_break_a_rule_is_left_as_it_was(town: Workshop) -> None:
    accepted(town)
    folder = town.folder / "benchmark"
    folder.mkdir()
    (folder / "scenarios.jsonl").write_text("{}\n")
    with pytest.raises(BenchmarkError, match="mistakes"):
        write_drafts(town.folder)
    assert [path.name for path in folder.iterdir()] == ["scenarios.jsonl"]
    assert (folder / "scenarios.jsonl").read_text() == "{}\n"


def test_a_study_without_a_benchmark_says_what_to_add(new_study: MakeStudy, clock: Clock) -> None:
    with (
        workshop(new_study(declared().replace("benchmark: benchmark/\n", "")).folder, clock) as town,
        pytest.raises(StudyError, match="no benchmark"),
    ):
        write_drafts(town.folder)


def test_a_version_read_again_is_the_one_that_was_frozen(town: Workshop) -> None:
    accepted(town)
    manifest = freeze_next(town.serving, town.lead.who).manifest
    read = read_manifest(town.folder / "benchmark")
    assert read
    assert read.manifest.root == manifest.root
