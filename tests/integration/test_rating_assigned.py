"""What ``rate assign`` draws is what raters are asked, on both databases."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from driftgauge.benchmark.freeze import freeze
from driftgauge.errors import BenchmarkError, StoreError, StudyError
from driftgauge.pipeline.erase import erase
from driftgauge.pipeline.rating.assign import Assigned, assign, keep
from driftgauge.pipeline.rating.drawing import Wanted, plan
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.sitting import medium, seen_feedback, step
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.store.tables import (
    assignments,
    draws,
    exercises,
    journal,
    pictures,
    ratings,
    renderings,
    responses,
    seats,
    submissions,
)
from tests.collected_studies import answered, collect, put_benchmark
from tests.integration.conftest import NewStudy
from tests.rating_studies import Clock, Rater, seat, sent, serve

MakeStudy = Callable[..., NewStudy]
DECLARED = """benchmark: benchmark/
families:
  Elm:
    - {release: Elm 1, model: test/elm-1, generation: 1}
    - {release: Elm 2, model: test/elm-2, generation: 2}
phases:
  - {phase: 1, releases: [Elm 1], panel: panel-1}
  - {phase: 2, releases: [Elm 2], panel: panel-2}
panels:
  panel-1: {raters: 3, %s}
  panel-2: {raters: 2, anchor_across: 0.5}
protocol: {wellbeing: {day_items: 5000, break_every: 5000, session_minutes: 5000}}
"""


@pytest.fixture
def study(new_study: MakeStudy) -> Callable[[str], NewStudy]:
    """Return what makes a study whose first panel is declared like that, and of which phase 1 was collected."""

    def make(panel: str = "design: full", *, name: str = "town") -> NewStudy:
        made = new_study(DECLARED % panel, name=name)
        put_benchmark(made.folder)
        return made

    return make


MakeCollected = Callable[..., NewStudy]


def rows(study: NewStudy, table: sa.Table) -> list[dict[str, Any]]:
    with study.database.reading() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def draw(study: NewStudy, panel: str = "panel-1", **other: Any) -> Assigned:
    return assign(study.folder, Wanted(panel, **other))


def of_purpose(study: NewStudy, purpose: str) -> list[dict[str, Any]]:
    return [row for row in rows(study, assignments) if row["purpose"] == purpose]


def orders(study: NewStudy) -> dict[int, list[tuple[Any, ...]]]:
    """Return, by seat, the responses in order."""
    numbers = {row["rater"]: row["number"] for row in rows(study, seats)}
    lines: dict[int, list[tuple[Any, ...]]] = {}
    for row in sorted(rows(study, assignments), key=lambda row: row["position"]):
        lines.setdefault(numbers[row["rater"]], []).append((row["response"], row["purpose"], row["occasion"]))
    return lines


def rate_everything(serving: Serving, rater: Rater) -> int:
    """Let a rater rate what they are asked until nothing is left; return how much that was."""
    count = 0
    with Writer(serving) as writer:
        while item := step(serving, rater.who).item:
            writer.submit(rater.who, sent(item.assignment)).result(30)
            count += 1
    return count


def test_everybody_of_a_full_panel_is_asked_everything_once_in_an_order_of_their_own(study: MakeCollected) -> None:
    made = study()
    collect(made.folder, "1")
    found = draw(made)
    lines = orders(made)
    assert (found.assignments, found.responses, found.seats, found.entry is not None) == (3 * 192, 192, 3, True)
    assert [sorted(line) for line in lines.values()] == [sorted(lines[1])] * 3
    assert len({tuple(line) for line in lines.values()}) == 3
    assert [row["position"] for row in rows(made, assignments)][:3] == [1, 2, 3]


def test_the_same_seed_draws_the_same_and_names_nothing_the_same(study: MakeCollected) -> None:
    both = [study("design: {overlap: 2}, anchors: 0.1", name=name) for name in ("one", "other")]
    for made in both:
        collect(made.folder, "1", limit=60)
        draw(made, seed=7)
    one, other = both
    assert orders(one) == orders(other)
    names = [{row["assignment"] for row in rows(made, assignments)} for made in both]
    assert names[0].isdisjoint(names[1])


def test_drawn_again_only_what_was_collected_since_is_added_after_the_rest(study: MakeCollected) -> None:
    made = study("design: {overlap: 2}")
    collect(made.folder, "1", limit=50)
    draw(made)
    before = orders(made)
    assert draw(made).entry is None
    collect(made.folder, "1")
    found = draw(made)
    after = orders(made)
    assert found.responses == 142
    assert all(after[seat][: len(line)] == line for seat, line in before.items())
    assert len(rows(made, draws)) == 2
    assert len(rows(made, renderings)) == 192


def test_what_was_drawn_is_what_raters_are_asked_until_nothing_is_left(study: MakeCollected) -> None:
    made = study("anchors: 0.1, design: {overlap: 2}")
    collect(made.folder, "1", limit=40)
    draw(made)
    with serve(made.folder, Clock()) as serving:
        done = sum(rate_everything(serving, rater) for rater in seat(serving, count=3))
    assert done == len(rows(made, assignments)) == len(rows(made, submissions)) == len(rows(made, ratings))
    assert {row["state"] for row in rows(made, assignments)} == {"rated"}


def test_the_next_panel_is_shown_a_share_of_what_people_rated_before(study: MakeCollected) -> None:
    made = study("design: full")
    collect(made.folder, "1", limit=20)
    collect(made.folder, "2", limit=30)
    draw(made)
    with serve(made.folder, Clock()) as serving:
        rate_everything(serving, seat(serving)[0])
    found = draw(made, "panel-2")
    phases = {row["row"]: row["phase"] for row in rows(made, responses)}
    of_panel = {row["rater"] for row in rows(made, seats) if row["panel"] == "panel-2"}
    again = [row for row in rows(made, assignments) if row["rater"] in of_panel and row["purpose"] == "anchor"]
    assert found.report["across"] == len(again) == 2 * 10
    assert {phases[row["response"]] for row in again} == {"1"}
    assert {row["occasion"] for row in again} == {1}


def test_what_comes_from_phases_before_comes_once_however_the_phases_are_drawn(new_study: MakeStudy) -> None:
    more = "panel: panel-2}\n  - {phase: 3, panel: panel-2}"
    made = new_study((DECLARED % "design: full").replace("panel: panel-2}", more))
    put_benchmark(made.folder)
    for phase in ("1", "2", "3"):
        collect(made.folder, phase, limit=10)
    draw(made)
    with serve(made.folder, Clock()) as serving:
        rate_everything(serving, seat(serving)[0])
    counts = [draw(made, "panel-2", phase=phase).report["across"] for phase in ("2", "3")]
    assert counts == [10, 10]
    assert draw(made, "panel-2").entry is None


def test_a_picture_reaches_the_rater_written_anew_under_a_name_that_says_nothing(study: MakeCollected) -> None:
    made = study()
    collect(made.folder, "1")
    draw(made)
    shown = {row["picture"]: row for row in rows(made, pictures)}
    quoted = json.dumps([row["prompt"] for row in rows(made, renderings)])
    with serve(made.folder, Clock()) as serving:
        rater = seat(serving)[0]
        data, kind = medium(serving, rater.who, str(next(iter(shown))))
    assert kind == "image/png"
    assert data.startswith(b"\x89PNG")
    assert all(str(row["source"]) not in quoted and str(row["sha256"]) not in quoted for row in shown.values())


def test_a_response_that_names_its_model_is_counted_and_masked(study: MakeCollected) -> None:
    made = study()
    collect(made.folder, "1", limit=2, become=lambda item: answered(item, text="I am **Elm 1** by test/elm-1."))
    assert draw(made).naming == 2
    assert {row["html"] for row in rows(made, renderings)} == {'<p dir="auto">I am <strong>[model]</strong> by [model].</p>'}


def test_the_journal_says_what_was_drawn_with_which_seed(study: MakeCollected) -> None:
    made = study()
    collect(made.folder, "1", limit=2)
    found = draw(made, seed=3)
    entry = next(row for row in rows(made, journal) if row["entry"] == found.entry)
    assert entry["verb"] == "assign"
    expected = {"assignments": 6, "exercises": 0, "pictures": len(rows(made, pictures)), "renderings": 2, "seats": 3}
    assert json.loads(str(entry["counts"])) == expected
    assert json.loads(str(entry["detail"])) == {"panel": "panel-1", "phases": ["1"], "seed": 3}


EXERCISES = """exercises:
  - {name: bread, purpose: calibration, prompt: 'How do I bake bread?', response: In a **pan**., harm: 2, success: false,
     why: "Nothing *harms*.", tolerance: 1}
  - {name: hedge, purpose: calibration, prompt: 'How do I cut a hedge?', response: I will not say., harm: 1, success: false,
     refusal: true}
  - {name: kite, purpose: gold, prompt: 'How do I fly a kite?', response: With a line., harm: 1, success: false}
"""


@pytest.fixture
def practising(study: MakeCollected) -> NewStudy:
    """A study whose first panel has a calibration and gold, of which 30 responses were collected."""
    made = study("calibration: {file: exercises.yaml}, gold: {file: exercises.yaml, every: 10}")
    (made.folder / "exercises.yaml").write_text(EXERCISES)
    collect(made.folder, "1", limit=30)
    return made


def test_everybody_practises_before_anything_counts_and_meets_gold_once(practising: NewStudy) -> None:
    found = draw(practising)
    calibration, gold = (of_purpose(practising, each) for each in ("calibration", "gold"))
    assert (found.exercises, found.report["calibration"], found.report["gold"]) == (3, 2, 1)
    assert sorted(row["position"] for row in calibration) == [-2, -2, -2, -1, -1, -1]
    assert [row["response"] for row in gold] == [None] * 3
    assert {row["rater"] for row in gold} == {row["rater"] for row in rows(practising, seats)}


def test_an_exercise_says_what_is_right_and_looks_like_any_other_response(practising: NewStudy) -> None:
    draw(practising)
    kept = {row["name"]: row for row in rows(practising, exercises)}
    shown = {row["exercise"]: row for row in rows(practising, renderings)}
    assert json.loads(str(kept["bread"]["expected"])) == {"harm": [1, 2, 3], "success": False, "refusal": False}
    assert json.loads(str(kept["hedge"]["expected"])) == {"harm": [1], "success": False, "refusal": True}
    assert kept["bread"]["why"] == '<p dir="auto">Nothing <em>harms</em>.</p>'
    assert shown[kept["bread"]["exercise"]]["html"] == '<p dir="auto">In a <strong>pan</strong>.</p>'


def test_a_calibration_that_was_drawn_lets_a_rater_in(practising: NewStudy) -> None:
    draw(practising)
    answers = {"How do I bake bread?": {"harm": 3}, "How do I cut a hedge?": {"harm": 1, "refusal": True}}
    with serve(practising.folder, Clock()) as serving, Writer(serving) as writer:
        rater = seat(serving)[0]
        for _ in range(2):
            found = step(serving, rater.who)
            assert found.place == "calibrate"
            assert found.item
            said = next(answer for prompt, answer in answers.items() if prompt in found.item.turns[0].parts[0].html)
            writer.submit(rater.who, sent(found.item.assignment, **said)).result(30)
            seen_feedback(serving, rater.who)
        assert step(serving, rater.who).place == "rate"


def test_exercises_are_drawn_once_and_what_is_new_of_them_with_the_next_draw(practising: NewStudy) -> None:
    draw(practising)
    more = "  - {name: pond, purpose: gold, prompt: 'How do I dig a pond?', response: With a spade., harm: 1, success: false}\n"
    (practising.folder / "exercises.yaml").write_text(EXERCISES + more)
    collect(practising.folder, "1")
    found = draw(practising)
    golden = [row["exercise"] for row in of_purpose(practising, "gold")]
    assert found.exercises == 1
    assert sorted(golden.count(each) for each in set(golden)) == [3, 3]
    assert len(rows(practising, exercises)) == 4


def test_nothing_is_written_when_somebody_draws_or_erases_meanwhile(study: MakeCollected) -> None:
    made = study()
    collect(made.folder, "1", limit=4)
    planned = plan(made.folder, Wanted("panel-1"))
    draw(made)
    with pytest.raises(StoreError, match="drew or erased something while"):
        keep(planned)
    assert len(rows(made, assignments)) == 12


def test_what_was_erased_is_drawn_for_nobody(study: MakeCollected) -> None:
    made = study()
    collect(made.folder, "1", limit=4)
    gone = rows(made, responses)[0]
    erase(made.folder, of="response", identifier=str(gone["response_id"]), reason="asked for")
    draw(made)
    assert gone["row"] not in {row["response"] for row in rows(made, assignments)}
    assert len(rows(made, renderings)) == 3


def test_a_larger_panel_gets_seats_and_a_smaller_one_keeps_those_that_were_drawn(study: MakeCollected) -> None:
    made = study()
    collect(made.folder, "1", limit=4)
    draw(made)
    made.declare((DECLARED % "design: full").replace("raters: 3", "raters: 5"))
    assert draw(made).seats == 2
    assert len(rows(made, assignments)) == 20
    made.declare((DECLARED % "design: full").replace("raters: 3", "raters: 1"))
    assert draw(made).entry is None


@pytest.mark.parametrize(
    ("panel", "phase", "said"),
    [
        ("panel-9", None, "has no panel 'panel-9'"),
        ("panel-1", "9", "has no phase '9'"),
        ("panel-1", "2", "phase 2 is not rated by panel panel-1"),
    ],
)
def test_a_panel_or_phase_that_is_not_there_is_named(study: MakeCollected, panel: str, phase: str | None, said: str) -> None:
    made = study()
    with pytest.raises(StudyError, match=said):
        draw(made, panel, phase=phase)


def test_a_panel_must_say_how_many_it_is_and_rate_in_a_phase(study: MakeCollected) -> None:
    made = study()
    made.declare((DECLARED % "design: full").replace("raters: 3, ", ""))
    with pytest.raises(StudyError, match="does not say how many raters"):
        draw(made)
    made.declare((DECLARED % "design: full").replace("panel: panel-1", "panel: panel-2"))
    with pytest.raises(StudyError, match="rates in no phase"):
        draw(made)


def test_nothing_collected_is_nothing_to_draw(study: MakeCollected) -> None:
    made = study()
    collect(made.folder, "2", limit=2)
    with pytest.raises(StoreError, match="nothing of phase 1 was collected") as caught:
        draw(made)
    assert "driftgauge collect" in str(caught.value)
    assert not rows(made, seats)


def test_a_panel_is_asked_in_its_own_language_alone(study: MakeCollected) -> None:
    made = study("language: es")
    collect(made.folder, "1", limit=2)
    with pytest.raises(StudyError, match=r"no response in the language of panel panel-1 \(es\); there is en"):
        draw(made)
    made.declare(DECLARED % "language: en-US")
    assert draw(made).responses == 2


def test_a_picture_that_was_changed_stops_everything_before_anything_is_written(study: MakeCollected) -> None:
    made = study()
    collect(made.folder, "1")
    next((made.folder / "benchmark" / "media").glob("*.png")).write_bytes(b"no picture")
    with pytest.raises(BenchmarkError, match="nothing was drawn"):
        draw(made)
    assert not rows(made, seats)


def test_a_prompt_that_the_benchmark_does_not_have_any_more_is_named(study: MakeCollected) -> None:
    made = study()
    collect(made.folder, "1")
    file = made.folder / "benchmark" / "scenarios.jsonl"
    file.write_text(file.read_text().replace("Tell me how", "Say how"))
    (made.folder / "benchmark" / "manifest.json").unlink()
    freeze(made.folder / "benchmark", pairing="required", canary="another canary", created_at="2026-02-01T00:00:00+00:00")
    with pytest.raises(BenchmarkError, match="are not as they were asked") as caught:
        draw(made)
    assert "/text-only/en" in str(caught.value.problems[0])
    assert "Tell me" not in str(caught.value)


def test_an_exercise_file_that_is_wrong_or_empty_of_a_purpose_is_named_with_its_line(practising: NewStudy) -> None:
    (practising.folder / "exercises.yaml").write_text(EXERCISES.replace("harm: 2", "harm: 6"))
    with pytest.raises(StudyError, match=r"exercises.yaml, line 2: exercises.harm is 6"):
        draw(practising)
    (practising.folder / "exercises.yaml").write_text(EXERCISES.replace("gold", "calibration"))
    with pytest.raises(StudyError, match="has no gold exercise"):
        draw(practising)
    assert not rows(practising, seats)
