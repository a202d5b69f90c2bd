"""What a panel was drawn to rate goes out blinded to each tool and comes back complete, on both databases."""

import json
import random
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from driftgauge.cli import cli
from driftgauge.errors import DriftgaugeError, RatingError, StoreError, StudyError
from driftgauge.pipeline.erase import erase
from driftgauge.pipeline.rate_import import RatingImport
from driftgauge.pipeline.rating.assign import assign
from driftgauge.pipeline.rating.desk import desk
from driftgauge.pipeline.rating.drawing import Wanted
from driftgauge.pipeline.rating.people import prefer
from driftgauge.pipeline.rating.returned import FromElsewhere, import_returned
from driftgauge.pipeline.rating.serving import look
from driftgauge.pipeline.rating.sitting import step
from driftgauge.pipeline.rating.steps import Preferences
from driftgauge.pipeline.rating.tasks import TasksOut, write_tasks
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.rate.answers import kept_comment
from driftgauge.store import read
from driftgauge.store.accounts import change_account
from driftgauge.store.tables import assignments, journal, pictures, ratings, responses, sittings, submissions
from tests.collected_studies import collect, put_benchmark
from tests.elsewhere.filled import fill, names_in
from tests.elsewhere.made_up import WORDS
from tests.integration.conftest import NewStudy
from tests.payloads import PAYLOADS
from tests.rating_studies import Clock, declared, draw, seat, sent, serve

MakeStudy = Callable[..., NewStudy]
TOOLS = ("label-studio", "argilla", "potato", "csv", "parquet")
FORMATS = {"csv": "tasks", "parquet": "tasks"}
COLLECTED = """benchmark: benchmark/
families: {Elm: [{release: Elm 1, model: test/elm-1, generation: 1}]}
phases: [{phase: the-first, releases: [Elm 1], panel: townspeople}]
panels: {townspeople: {raters: 2, anchors: 0.1}}
"""


def write(study: NewStudy, tool: str, *, panel: str = "panel-1", name: str = "out", **other: Any) -> TasksOut:
    return write_tasks(study.folder, study.folder / name, panel=panel, tool=tool, words=WORDS, **other)


def bring_back(study: NewStudy, tool: str, *files: Path, revise: bool = False, rater: str | None = None) -> RatingImport:
    return import_returned(study.folder, FromElsewhere(files, FORMATS.get(tool, tool), rater, revise))


def rows(study: NewStudy, table: sa.Table) -> list[dict[str, Any]]:
    with study.database.reading() as connection:
        order = next(iter(table.primary_key))
        return [dict(row) for row in connection.execute(sa.select(table).order_by(order)).mappings()]


def some_answers(names: list[str], *, seed: int = 3) -> dict[str, dict[str, Any]]:
    """Return made-up answers, one in twelve a skip."""
    rng = random.Random(seed)
    comments = ("", "", "calm", "=1+1, I think", 'a "quoted" thought,\nand a line', "ñandú 我")
    reasons = ("distressing", "cannot_judge", "broken_media", "other")

    def one(place: int) -> dict[str, Any]:
        if place % 12 == 11:
            return {"skipped": rng.choice(reasons)}
        judged = {"harm": rng.randint(1, 5), "success": rng.random() < 0.4, "refusal": rng.random() < 0.3}
        return {**judged, "comment": rng.choice(comments)}

    return {name: one(place) for place, name in enumerate(names)}


def as_kept(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer as the store keeps it."""
    judged = "skipped" not in said
    return {
        "harm": said.get("harm"),
        "success": said.get("success"),
        "refusal": said.get("refusal", False) if judged else None,
        "comment": said.get("comment") or None,
        "skipped": said.get("skipped"),
    }


def kept(study: NewStudy) -> dict[str, dict[str, Any]]:
    """Return what is kept of each assignment: its rating, or its answer to an exercise."""
    by_row = {row["row"]: row for row in rows(study, ratings)}
    names = ("harm", "success", "refusal", "comment", "skipped")
    found: dict[str, dict[str, Any]] = {}
    for row in rows(study, submissions):
        of = by_row[row["rating"]] if row["rating"] else json.loads(row["answer"])
        found[row["assignment"]] = {name: of[name] for name in names}
    return found


@pytest.fixture
def study(new_study: MakeStudy) -> NewStudy:
    """A panel of two seats with six responses each, a calibration, a control item and an anchor."""
    made = new_study(declared())
    draw(made.folder, calibration=1, gold=[7], anchors=[8])
    return made


@pytest.mark.parametrize("tool", TOOLS)
def test_five_hundred_items_come_back_as_they_were_rated(new_study: MakeStudy, tool: str) -> None:
    made = new_study(declared(raters=1))
    (rater,) = draw(made.folder, raters=1, responses_=500, calibration=3, gold=[501, 502], anchors=[503]).raters
    out = write(made, tool)
    assert out.tasks == {rater: 506}
    folder = out.path / rater
    said = some_answers(names_in(folder, tool))
    found = bring_back(made, tool, fill(folder, tool, said))
    assert (found.new, found.revised, found.same, found.erased) == (506, 0, 0, 0)
    assert kept(made) == {name: as_kept(answer) for name, answer in said.items()}
    assert {row["state"] for row in rows(made, assignments)} == {"rated", "skipped"}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_folder_has_the_tasks_of_its_rater_in_the_order_that_was_drawn(study: NewStudy, tool: str) -> None:
    out = write(study, tool)
    every = sorted(rows(study, assignments), key=lambda row: row["position"])
    assert sorted(each.name for each in out.path.iterdir()) == sorted(out.tasks)
    for rater in out.tasks:
        assert names_in(out.path / rater, tool) == [row["assignment"] for row in every if row["rater"] == rater]


@pytest.mark.parametrize("tool", TOOLS)
def test_the_same_file_twice_adds_nothing(study: NewStudy, tool: str) -> None:
    rater, path = one_export(study, tool)
    first = bring_back(study, tool, path)
    before = [rows(study, each) for each in (ratings, submissions, sittings, journal)]
    again = bring_back(study, tool, path, rater=rater)
    assert (first.new, again.new, again.same, again.entry) == (9, 0, 9, None)
    assert [rows(study, each) for each in (ratings, submissions, sittings, journal)] == before


def one_export(study: NewStudy, tool: str = "label-studio") -> tuple[str, Path]:
    """Return a rater and the export of all their tasks."""
    out = write(study, tool, name=f"out-{tool}")
    rater = min(out.tasks)
    names = names_in(out.path / rater, tool)
    return rater, fill(out.path / rater, tool, some_answers(names[:-1]) | some_answers(names[-1:], seed=4))


def test_what_comes_back_has_the_ids_that_the_app_gives(new_study: MakeStudy) -> None:
    """Two raters of one study say the same: one in the app, one in Label Studio."""
    made, clock = new_study(declared()), Clock()
    drawn = draw(made.folder, anchors=[7])
    with serve(made.folder, clock) as serving, Writer(serving) as writer:
        person = seat(serving)[0]
        in_app = person.who.rater
        while item := step(serving, person.who).item:
            writer.submit(person.who, sent(item.assignment, harm=3, success=True, comment="calm")).result(10)
    (elsewhere,) = set(drawn.raters) - {in_app}
    out = write(made, "label-studio")
    assert set(out.tasks) == {elsewhere}
    said = {name: {"harm": 3, "success": True, "comment": "calm"} for name in drawn.asked[elsewhere]}
    bring_back(made, "label-studio", fill(out.path / elsewhere, "label-studio", said))
    of_app, of_tool = ([row for row in rows(made, ratings) if row["rater"] == who] for who in (in_app, elsewhere))
    same = ("response", "panel", "kind", "occasion", "purpose", "harm", "success", "refusal", "comment", "scale_id", "revision")
    assert [[row[name] for name in same] for row in of_app] == [[row[name] for name in same] for row in of_tool]
    with made.database.reading() as connection:
        frame = read.ratings_frame(connection)
    assert sorted(frame["rating_id"].to_list()) == sorted(row["rating_id"] for row in (*of_app, *of_tool))


def test_exercises_are_answers_and_no_ratings_and_the_desk_counts_them(study: NewStudy) -> None:
    rater, path = one_export(study)
    bring_back(study, "label-studio", path)
    assert {row["purpose"] for row in rows(study, ratings)} == {"item", "anchor"}
    answered = [row for row in rows(study, submissions) if row["rating"] is None]
    assert len(answered) == 2
    assert all(row["correct"] is not None for row in answered)
    with look(study.folder) as looking:
        row = next(each for each in desk(looking).raters if each.rater == rater)
    assert (row.assigned, row.rated + row.skipped, row.gold) == (8, 8, 1)


def test_a_rater_can_go_on_in_the_app_with_what_is_left(new_study: MakeStudy) -> None:
    made = new_study(declared(raters=1))
    (rater,) = draw(made.folder, raters=1).raters
    folder = write(made, "potato").path / rater
    names = names_in(folder, "potato")
    found = bring_back(made, "potato", fill(folder, "potato", some_answers(names[:4])))
    assert found.findings == ("Tasks that went out and have no answer yet: 2.",)
    with serve(made.folder, Clock()) as serving:
        person = seat(serving)[0]
        item = step(serving, person.who).item
        assert item
        assert item.assignment == names[4]


def test_what_was_said_otherwise_before_is_refused_and_is_a_revision_where_that_is_wanted(study: NewStudy) -> None:
    _, path = one_export(study)
    bring_back(study, "label-studio", path)
    other = json.loads(path.read_bytes())
    changed = next(each for each in other if not each["annotations"][0]["was_cancelled"] and is_item(study, each))
    changed["annotations"][0]["result"][0]["value"]["choices"] = [str(harm_of(changed) % 5 + 1)]
    path.write_text(json.dumps(other), encoding="utf-8")
    with pytest.raises(RatingError, match="is there with another harm; expected the same; or --revise"):
        bring_back(study, "label-studio", path)
    assert len(rows(study, submissions)) == 9
    found = bring_back(study, "label-studio", path, revise=True)
    assert (found.new, found.revised, found.same) == (0, 1, 8)
    assert [row["revision"] for row in rows(study, submissions)][-1] == 2
    assert bring_back(study, "label-studio", path).same == 9


def is_item(study: NewStudy, record: Mapping[str, Any]) -> bool:
    purposes = {row["assignment"]: row["purpose"] for row in rows(study, assignments)}
    return purposes[record["data"]["task"]] == "item"


def harm_of(record: Mapping[str, Any]) -> int:
    return int(record["annotations"][0]["result"][0]["value"]["choices"][0])


def test_nothing_is_kept_of_a_file_with_one_mistake(study: NewStudy) -> None:
    _, path = one_export(study)
    export = json.loads(path.read_bytes())
    export[4]["annotations"][0] |= {"result": [{"from_name": "harm", "value": {"choices": ["Very"]}}], "was_cancelled": False}
    path.write_text(json.dumps(export), encoding="utf-8")
    with pytest.raises(RatingError, match=r"record 5: harm is 'Very'"):
        bring_back(study, "label-studio", path)
    assert not rows(study, ratings)
    assert not rows(study, submissions)
    assert not [row for row in rows(study, journal) if row["verb"] == "import"]


@pytest.mark.parametrize("name", ["nothing", "../../etc", "a\0b", "x" * 10_000, "né", ""])
def test_a_task_of_no_study_is_refused_with_its_record(study: NewStudy, name: str) -> None:
    _, path = one_export(study)
    export = json.loads(path.read_bytes())
    export[2]["data"]["task"] = name
    path.write_text(json.dumps(export), encoding="utf-8")
    with pytest.raises(RatingError, match=r"export\.json, record 3: (task '.*' is none of this study|no name of a task)"):
        bring_back(study, "label-studio", path)
    assert not rows(study, submissions)


def test_tasks_of_another_study_are_refused(study: NewStudy, new_study: MakeStudy) -> None:
    other = new_study(declared(), name="city")
    draw(other.folder)
    _, path = one_export(other)
    with pytest.raises(RatingError, match="6 mistakes; nothing was imported"):
        bring_back(study, "label-studio", path)


def test_tasks_of_another_seat_are_refused(study: NewStudy) -> None:
    out = write(study, "csv")
    mine, theirs = out.tasks
    path = fill(out.path / mine, "csv", some_answers(names_in(out.path / mine, "csv")))
    with pytest.raises(RatingError, match=rf"line 2: task '.*' is of seat {mine}; expected tasks of seat {theirs} alone"):
        bring_back(study, "csv", path, rater=theirs)
    more = fill(out.path / theirs, "csv", some_answers(names_in(out.path / theirs, "csv"))).read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8") + more.partition("\n")[2], encoding="utf-8")
    with pytest.raises(RatingError, match=rf"is of seat {theirs}; expected tasks of seat {mine} alone"):
        bring_back(study, "csv", path)
    assert not rows(study, submissions)


def test_files_of_several_raters_are_one_import_and_the_same_task_in_two_is_refused(study: NewStudy) -> None:
    out = write(study, "argilla")
    files = [fill(out.path / r, "argilla", some_answers(names_in(out.path / r, "argilla"))) for r in out.tasks]
    twin = files[0].with_name("again.json")
    twin.write_bytes(files[0].read_bytes())
    with pytest.raises(RatingError, match=r"stands in answered\.json, record 1 too"):
        bring_back(study, "argilla", *files, twin)
    assert bring_back(study, "argilla", *files).new == 18


def test_what_was_erased_stays_erased(study: NewStudy) -> None:
    rater, path = one_export(study)
    bring_back(study, "label-studio", path)
    erase(study.folder, of="rater", identifier=rater, reason="withdrew")
    found = bring_back(study, "label-studio", path)
    assert (found.new, found.erased, found.entry) == (0, 9, None)
    assert not [row for row in rows(study, ratings) if row["harm"] is not None]
    assert rater not in write(study, "csv", name="later").tasks


def test_a_response_that_was_erased_does_not_go_out(study: NewStudy) -> None:
    identifier = rows(study, responses)[0]["response_id"]
    erase(study.folder, of="response", identifier=identifier, reason="asked for")
    assert set(write(study, "csv").tasks.values()) == {7}


def test_what_a_rater_opted_out_of_does_not_go_out(new_study: MakeStudy) -> None:
    made = new_study(declared(raters=1))
    (rater,) = draw(made.folder, raters=1).raters
    with serve(made.folder, Clock()) as serving:
        person = seat(serving)[0]
        prefer(serving, person.who, Preferences(left_out=("category-1",)))
    out = write(made, "csv")
    assert (out.tasks, out.left_out) == ({rater: 4}, 2)


def test_times_of_the_tool_are_kept_and_none_is_later_than_the_import(study: NewStudy) -> None:
    _, path = one_export(study)
    what = FromElsewhere((path,), "label-studio")
    import_returned(study.folder, what, now=lambda: datetime(2020, 1, 1, tzinfo=UTC))
    assert {row["created_at"] for row in rows(study, ratings)} == {"2020-01-01T00:00:00.000000+00:00"}
    assert {row["active_s"] for row in rows(study, submissions)} == {None}


def test_ratings_from_elsewhere_fill_the_day_that_the_caps_count(study: NewStudy) -> None:
    rater, path = one_export(study)
    bring_back(study, "label-studio", path)
    assert [(row["rater"], row["items"], row["ended_at"] == row["last_at"]) for row in rows(study, sittings)] == [
        (rater, 9, True)
    ]


@pytest.mark.parametrize("tool", TOOLS)
def test_nothing_that_goes_out_names_a_release_a_phase_a_scenario_or_a_study(new_study: MakeStudy, tool: str) -> None:
    made = new_study(COLLECTED, name="the-study")
    put_benchmark(made.folder)
    collect(made.folder, "the-first", limit=60)
    assign(made.folder, Wanted("townspeople"))
    out = write(made, tool, panel="townspeople")
    told = {value for row in rows(made, responses) for name in HIDDEN if (value := row[name])}
    secret = [*told, "Elm", "elm-1", "Elm 1 of June", "townspeople", "the-study", "purpose", "anchor", "gold", "harm_category"]
    files = [path for path in out.path.rglob("*") if path.is_file()]
    media = [path for path in files if path.suffix == ".png"]
    assert tool == "argilla" or media
    for path in files:
        where = str(path.relative_to(made.folder))
        text = where if path in media else where + seen(path)
        found = [each for each in secret if re.search(rf"(?<![A-Za-z]){re.escape(each)}(?![A-Za-z])", text)]
        assert not found, (where, found)
    assert {path.stem for path in media} <= {row["picture"] for row in rows(made, pictures)}
    assert out.path.stat().st_mode & 0o777 == 0o700


HIDDEN = ("response_id", "release", "phase", "harm_category", "technique", "execution", "prompt_hash", "response_hash", "root")


def seen(path: Path) -> str:
    """Return the text of a file: a table as its cells; pictures that stand in it as data left out."""
    data = path.read_bytes().decode("utf-8", "replace")
    return re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", data)


def test_a_folder_that_is_there_a_panel_that_is_not_and_nothing_to_rate_are_refused(study: NewStudy) -> None:
    write(study, "csv")
    with pytest.raises(StoreError, match="is there already"):
        write(study, "csv")
    with pytest.raises(StudyError, match="has no panel 'panel-2'"):
        write(study, "csv", name="other", panel="panel-2")
    with pytest.raises(StoreError, match="nobody of panel panel-1"):
        write(study, "csv", name="other", rater="r-nobody")
    assert [path.name for path in study.folder.glob(".partial-*")] == []


def test_a_folder_that_cannot_be_written_leaves_nothing(study: NewStudy) -> None:
    with pytest.raises(DriftgaugeError, match="cannot be written"):
        write(study, "csv", name="no/such/place")
    assert not (study.folder / "no").exists()


def test_markup_in_an_imported_label_is_refused_and_in_a_comment_is_text(study: NewStudy) -> None:
    rater = min(write(study, "label-studio").tasks)
    folder = study.folder / "out" / rater
    names = names_in(folder, "label-studio")
    for payload in PAYLOADS:
        said = {names[0]: {"harm": payload, "success": True}}
        with pytest.raises(RatingError, match="1 mistake; nothing was imported") as error:
            bring_back(study, "label-studio", fill(folder, "label-studio", said))
        assert len(str(error.value)) < 400
    comments = dict(zip(names[1:7], [each for each in PAYLOADS if "\0" not in each][::20], strict=False))
    said = {name: {"harm": 1, "success": False, "comment": text} for name, text in comments.items()}
    assert bring_back(study, "label-studio", fill(folder, "label-studio", said)).new == len(comments)
    assert {name: row["comment"] for name, row in kept(study).items()} == {
        n: kept_comment(text) for n, text in comments.items()
    }


def test_who_passed_the_gate_has_no_calibration_before_them(new_study: MakeStudy) -> None:
    made = new_study(declared(raters=1))
    (rater,) = draw(made.folder, raters=1, calibration=2).raters
    assert write(made, "csv").tasks == {rater: 8}
    with serve(made.folder, Clock()) as serving:
        person = seat(serving)[0]
        with serving.store.writing() as connection:
            change_account(connection, person.who.account, calibrated_at="2026-03-02T09:00:00.000000+00:00")
    assert write(made, "csv", name="later").tasks == {rater: 6}


@pytest.mark.parametrize("tool", TOOLS)
def test_tasks_go_out_and_ratings_come_back_on_the_command_line(study: NewStudy, tool: str) -> None:
    out, tasks_format = study.folder / "out", FORMATS.get(tool, tool)
    code, text = command("rate", "tasks", study.folder, out, "--panel", "panel-1", "--to", tool)
    assert (code, text.startswith("18 tasks for 2 raters in ")) == (0, True)
    rater = min(each.name for each in out.iterdir())
    path = fill(out / rater, tool, some_answers(names_in(out / rater, tool)))
    code, text = command("rate", "import", study.folder, path, "--format", tasks_format, "--rater", rater)
    assert (code, text.startswith("Ratings: 9 new. Responses: 0 new.")) == (0, True)
    code, text = command("rate", "import", study.folder, path, "--format", tasks_format, "--rater", "r-nobody", "--json")
    assert (code, "expected tasks of seat r-nobody alone" in text) == (1, True)


def test_what_was_rated_elsewhere_is_measured(study: NewStudy) -> None:
    write(study, "label-studio")
    for rater in sorted(each.name for each in (study.folder / "out").iterdir()):
        folder = study.folder / "out" / rater
        bring_back(study, "label-studio", fill(folder, "label-studio", some_answers(names_in(folder, "label-studio"))))
    code, text = command("measure", study.folder, "--bootstrap", "0", "--model", "none", "--json")
    assert (code, json.loads(text)["counts"]["raters"]) == (0, 2), text


@pytest.mark.parametrize("more", [("--rater", "r-1"), ("--format", "potato", "--map", "release=model")])
def test_options_that_do_not_belong_to_a_format_are_refused(study: NewStudy, more: tuple[str, ...]) -> None:
    code, text = command("rate", "import", study.folder, study.folder / "a.csv", *more)
    assert (code, "leave --" in text) == (2, True)


def command(*arguments: object) -> tuple[int, str]:
    """Return how a command ended, and what it said."""
    done = CliRunner().invoke(cli, [*map(str, arguments)])
    return exit_code_of(done), done.output or str(done.exception)


def exit_code_of(done: Result) -> int:
    """Return the exit code that the program makes of an error of ours."""
    return 1 if isinstance(done.exception, DriftgaugeError) else done.exit_code
