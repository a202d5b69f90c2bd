"""What ``rate assign`` draws is what raters are asked, on both databases."""

import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from driftgauge.pipeline.rating.assign import Assigned, Wanted, assign
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.sitting import medium, step
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.store.tables import assignments, draws, journal, pictures, ratings, renderings, responses, seats, submissions
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


def rows(study: NewStudy, table: sa.Table) -> list[dict[str, object]]:
    with study.database.reading() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def draw(study: NewStudy, panel: str = "panel-1", **other: object) -> Assigned:
    return assign(study.folder, Wanted(panel, **other))  # pyright: ignore[reportArgumentType]


def orders(study: NewStudy) -> dict[int, list[tuple[object, ...]]]:
    """Return, by seat, the responses in order."""
    numbers = {row["rater"]: row["number"] for row in rows(study, seats)}
    lines: dict[int, list[tuple[object, ...]]] = {}
    for row in sorted(rows(study, assignments), key=lambda row: row["position"]):  # pyright: ignore[reportArgumentType,reportUnknownLambdaType]
        lines.setdefault(numbers[row["rater"]], []).append((row["response"], row["purpose"], row["occasion"]))  # pyright: ignore[reportArgumentType]
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
    assert {phases[row["response"]] for row in again} == {"1"}  # pyright: ignore[reportArgumentType]
    assert {row["occasion"] for row in again} == {1}


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
    assert {row["html"] for row in rows(made, renderings)} == {
        '<p dir="auto">I am <strong>[model]</strong> by test/[model].</p>'
    }


def test_the_journal_says_what_was_drawn_with_which_seed(study: MakeCollected) -> None:
    made = study()
    collect(made.folder, "1", limit=2)
    found = draw(made, seed=3)
    entry = next(row for row in rows(made, journal) if row["entry"] == found.entry)
    assert entry["verb"] == "assign"
    assert json.loads(str(entry["counts"])) == {"assignments": 6, "renderings": 2, "seats": 3}
    assert json.loads(str(entry["detail"])) == {"panel": "panel-1", "phases": ["1"], "seed": 3}
