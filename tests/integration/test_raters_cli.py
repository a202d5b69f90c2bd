"""Who is invited, how far raters are, and what they rated, on the command line and in files; on both databases."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from driftgauge.cli import cli
from driftgauge.errors import RatingError, StoreError
from driftgauge.pipeline.erase import erase
from driftgauge.pipeline.rate_export import export_ratings
from driftgauge.pipeline.rating.people import invited
from driftgauge.pipeline.rating.sitting import last_assignment, seen_feedback, step
from driftgauge.pipeline.rating.steps import Sent
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.store import journal, read
from tests.integration.conftest import NewStudy
from tests.rating_studies import SECRET, Clock, Rater, declared, draw, seat, sent, serve

COMMENTS = (
    '=HYPERLINK("https://example.org","x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\ttab",
    "plain, with a comma",
    'two\nlines, "quoted"',
    "a\u00f1o \u200f",
)


def run(*arguments: object) -> str:
    done = CliRunner().invoke(cli, [*map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def send(writer: Writer, rater: Rater, **values: Any) -> Sent:
    """Rate what is asked, and return what was sent."""
    found = step(rater.serving, rater.who)
    assert found.item, found
    what = sent(found.item.assignment, **values)
    writer.submit(rater.who, what).result(10)
    return what


@pytest.fixture
def town(new_study: Callable[..., NewStudy], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of which everything that can be sent was sent: practice, ratings with odd comments, a skip, a revision, gold."""
    monkeypatch.setenv("DRIFTGAUGE_SECRET", SECRET)
    return new_study(declared()).folder


def rated(folder: Path) -> list[Sent]:
    """Let one rater do everything there is, and return what they sent."""
    draw(folder, responses_=len(COMMENTS) + 2, calibration=1, gold=[len(COMMENTS) + 3])
    with serve(folder, Clock()) as serving, Writer(serving) as writer:
        (rater,) = seat(serving)
        everything = [send(writer, rater, harm=1)]
        seen_feedback(serving, rater.who)
        everything += [send(writer, rater, comment=comment, harm=1 + n % 5) for n, comment in enumerate(COMMENTS)]
        everything.append(send(writer, rater, harm=None, success=None, skipped="other"))
        everything.append(send(writer, rater, harm=2))
        last = last_assignment(serving, rater.who) or ""
        step(serving, rater.who, revising=last)
        everything.append(sent(last, harm=5, refusal=True))
        writer.submit(rater.who, everything[-1]).result(10)
        everything.append(send(writer, rater, harm=4))
        assert step(serving, rater.who).place == "done"
    return everything


def test_invitations_are_printed_as_links_that_work(town: Path) -> None:
    draw(town)
    lines = run(
        "rate", "invite", town, "--panel", "panel-1", "--count", 2, "--base-url", "https://rate.example.org/"
    ).splitlines()
    assert [line.startswith("https://rate.example.org/join/") for line in lines] == [True, True]
    with serve(town, Clock()) as serving:
        assert {invited(serving, line.rpartition("/")[2]).panel for line in lines} == {"panel-1"}
    (lead,) = json.loads(run("rate", "invite", town, "--role", "lead", "--json"))
    assert (lead["role"], lead["rater"], lead["panel"]) == ("lead", None, None)
    assert lead["link"] == "http://127.0.0.1:8000" + lead["link_path"]


def test_more_invitations_than_seats_and_none_without_a_panel(town: Path) -> None:
    draw(town)
    with pytest.raises(RatingError, match="2 seats, 2 of them free; 3 were asked for"):
        run("rate", "invite", town, "--panel", "panel-1", "--count", 3)
    with pytest.raises(RatingError, match="Give --panel"):
        run("rate", "invite", town)


def test_the_status_says_how_far_raters_are_and_writes_nothing(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rated(town)
    monkeypatch.delenv("DRIFTGAUGE_SECRET")
    (town / ".env").unlink()
    before = _entries(town)
    found = json.loads(run("rate", "status", town, "--json"))
    assert _entries(town) == before
    (panel,) = found["panels"]
    assert (panel["seats"], panel["accounts"], panel["rated"], panel["skipped"]) == (2, 1, len(COMMENTS) + 2, 1)
    assert panel["skips"] == {"other": 1}
    text = run("rate", "status", town, "--panel", "panel-1")
    assert "1 / 2" in text
    assert "nobody" in text
    assert "rater-0" not in text  # a login is nobody's business here


def test_a_study_whose_panels_have_no_seats_says_what_comes_next(town: Path) -> None:
    draw(town)
    assert "rate assign" in run("rate", "status", town, "--panel", "nobody")


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_what_is_exported_is_what_was_submitted_one_to_one(town: Path, tmp_path: Path, suffix: str) -> None:
    said = rated(town)
    out = tmp_path / f"all{suffix}"
    found = json.loads(run("rate", "export", town, out, "--everything", "--json"))
    rows = {_plain(row["key"]): row for row in _read(out)}
    assert found["ratings"] == len(rows) == len(said)
    for each in said:
        row = rows[each.key]
        kept = (each.assignment, each.harm, each.success, each.skipped)
        assert (_plain(row["assignment"]), row["harm"], row["success"], row["skipped"]) == kept
        assert _plain(row["comment"]) == (each.comment.strip() or None)
    assert [row["purpose"] for row in rows.values() if row["exercise"]] == ["calibration", "gold"]
    assert sorted(row["revision"] for row in rows.values()) == [1] * (len(said) - 1) + [2]
    assert oct(out.stat().st_mode & 0o777) == "0o600"
    assert "rater-0" not in out.read_bytes().decode("utf-8", "replace")


def test_a_formula_in_a_comment_is_a_text_to_a_spreadsheet(town: Path, tmp_path: Path) -> None:
    rated(town)
    run("rate", "export", town, tmp_path / "ratings.csv")
    with (tmp_path / "ratings.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))]
    assert '\'=HYPERLINK("https://example.org","x")' in cells
    run("rate", "export", town, tmp_path / "ratings.parquet")
    assert COMMENTS[0] in pl.read_parquet(tmp_path / "ratings.parquet")["comment"].to_list()


def test_no_cell_of_everything_is_a_formula_not_even_an_opaque_name(town: Path, tmp_path: Path) -> None:
    key = "-2-3-a-key-of-a-submission"
    draw(town)
    with serve(town, Clock()) as serving, Writer(serving) as writer:
        send(writer, seat(serving)[0], harm=1, key=key)
    run("rate", "export", town, tmp_path / "ratings.csv", "--everything")
    with (tmp_path / "ratings.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    assert f"'{key}" in cells


def test_by_default_the_newest_of_each_goes_out_and_analyze_takes_it(town: Path, tmp_path: Path) -> None:
    rated(town)
    out = tmp_path / "ratings.csv"
    run("rate", "export", town, out, "--panel", "panel-1")
    rows = pl.read_csv(out)
    assert rows.height == len(COMMENTS) + 1
    assert rows["harm"].to_list()[-1] == 5
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "study.yaml").write_text("study: other\n")
    found = json.loads(run("rate", "import", tmp_path / "other", out, "--json"))
    assert found["new"] == rows.height


def test_what_was_erased_does_not_go_out(town: Path, tmp_path: Path) -> None:
    rated(town)
    with serve(town, Clock()) as serving, serving.store.reading() as connection:
        (name,) = read.ratings_frame(connection)["rater"].unique()
    erase(town, of="rater", identifier=name, reason="asked for it")
    with pytest.raises(StoreError, match="nothing of that was rated"):
        export_ratings(town, tmp_path / "none.csv", everything=True)
    assert not list(tmp_path.glob("*.csv"))


def test_a_file_that_is_there_stays_unless_it_is_said(town: Path, tmp_path: Path) -> None:
    rated(town)
    out = tmp_path / "ratings.csv"
    out.write_text("mine")
    with pytest.raises(StoreError, match="is there already"):
        run("rate", "export", town, out)
    with pytest.raises(StoreError, match="ends in none of"):
        run("rate", "export", town, tmp_path / "ratings.xlsx")
    assert out.read_text() == "mine"
    assert "10 ratings" not in run("rate", "export", town, out, "--overwrite")


def _entries(folder: Path) -> int:
    with serve(folder, Clock()) as serving, serving.store.reading() as connection:
        return sum(each.verb != "rate" for each in journal.entries(connection))


def _read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return pl.read_parquet(path).to_dicts()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    return pl.read_csv(path, schema_overrides={"exercise": pl.String, "skipped": pl.String}).to_dicts()


def _plain(comment: str | None) -> str | None:
    return comment.removeprefix("'") if comment else comment
