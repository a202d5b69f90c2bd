"""`driftgauge simulate` and `driftgauge power`, from files to files."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from driftgauge.cli import cli
from driftgauge.rate.exchange import read_ratings

SPEC = """\
simulate: small-town
scenarios: 20
panels: [6, {raters: 5, linked: 2}]
families:
  Elm:
    - {release: Elm 1, asr: 0.30}
    - {release: Elm 2, drift: -0.10, missing: 0.1}
  Oak:
    - {release: Oak 1, conditional_asr: 0.20, refusal: 0.3}
    - {release: Oak 2, drift: 0.05}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return path


def _simulate(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["simulate", *map(str, arguments)])


def _power(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["power", *map(str, arguments)])


@pytest.mark.parametrize("name", ["ratings.csv", "ratings.parquet"])
def test_a_simulated_study_is_read_back_and_marked_as_simulated(spec: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "new" / name
    found = _simulate(spec, "--out", out, "--json")
    assert found.exit_code == 0, found.exception
    document = json.loads(found.stdout)
    ratings = read_ratings([out]).ratings
    assert len(ratings) == document["n_ratings"]
    assert ratings["simulated"].all()
    assert ratings.select(pl.n_unique("release"), pl.n_unique("rater")).row(0) == (4, 9)
    assert sorted(path.name for path in out.parent.iterdir()) == [name, "ratings.truth.json"]


def test_the_truth_stands_beside_the_ratings(spec: Path, tmp_path: Path) -> None:
    _simulate(spec, "--out", tmp_path / "r.parquet")
    truth = json.loads((tmp_path / "r.truth.json").read_text(encoding="utf-8"))
    assert [each["asr"] for each in truth["releases"]] == pytest.approx([0.3, 0.2, 0.14, 0.19])
    assert [each["drift"] for each in truth["drifts"]] == pytest.approx([-0.1, 0.05])
    assert truth["simulated"] is True


def test_the_same_seed_is_the_same_file_and_another_is_not(spec: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        _simulate(spec, "--out", tmp_path / f"{name}.csv", "--seed", seed)
    a, b, c = ((tmp_path / f"{name}.csv").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_nothing_is_replaced_unless_it_is_asked_for(spec: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.csv"
    out.write_text("mine", encoding="utf-8")
    refused = _simulate(spec, "--out", out)
    assert "is there already" in str(refused.exception)
    assert out.read_text(encoding="utf-8") == "mine"
    assert _simulate(spec, "--out", out, "--overwrite").exit_code == 0
    assert out.read_text(encoding="utf-8") != "mine"


def test_another_ending_is_refused(spec: Path, tmp_path: Path) -> None:
    assert "neither .csv nor .parquet" in str(_simulate(spec, "--out", tmp_path / "r.xlsx").exception)


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    text = (
        SPEC.replace("asr: 0.30", "drift: 0.30").replace("linked: 2", "linked: 9").replace("drift: 0.05", "asr: 0.95, phase: 3")
    )
    path.write_text(text, encoding="utf-8")
    told = str(_simulate(path, "--out", tmp_path / "r.csv").exception)
    assert "line 3: linked is 9; expected at most 5" in told
    assert "line 6: 'Elm 1' has drift; expected asr or conditional_asr" in told
    assert "line 10: 'Oak 2' would succeed in 0.95" in told
    assert "line 10: 'Oak 2' is of phase 3" in told
    assert not (tmp_path / "r.csv").exists()


def test_an_unknown_key_is_told_with_what_was_perhaps_meant(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(SPEC.replace("linked", "link"), encoding="utf-8")
    assert "perhaps 'linked'" in str(_simulate(path, "--out", tmp_path / "r.csv").exception)


def test_power_of_a_spec_is_told_as_table_and_curve(spec: Path) -> None:
    found = _power(spec, "--target", 0.1)
    assert found.exit_code == 0, found.exception
    said = " ".join(found.output.split())
    assert "What this design can see" in said
    assert "Chance that a true drift is found significant" in said
    assert "to detect 10.0 points" in said


def test_the_curve_of_power_is_drawn_with_what_was_simulated(spec: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "new" / "power.svg"
    found = _power(spec, "--simulate", 10, "--jobs", 1, "--picture", drawn)
    assert found.exit_code == 0, found.exception
    assert "Picture: " in found.stdout
    picture = drawn.read_text(encoding="utf-8")
    assert all(text in picture for text in ("<svg", "Elm 1 → Elm 2", "Oak 1 → Oak 2", "true drift, points", "marks: simulated"))
    bitmap = tmp_path / "power.PNG"
    assert _power(spec, "--picture", bitmap, "--json").exit_code == 0
    assert bitmap.read_bytes().startswith(b"\x89PNG")
    refused = _power(spec, "--picture", tmp_path / "power.docx")
    assert "ends in .svg or .png" in str(getattr(refused.exception, "remedy", refused.exception))


def test_power_as_json_holds_every_number(spec: Path) -> None:
    document = json.loads(_power(spec, "--json").stdout)
    first = document["drifts"][0]
    assert document["basis"] == "spec"
    assert first["design"]["raters"] == [6, 5]
    assert first["design"]["linked"] == 2
    chances = [each["detect"] for each in first["curve"]]
    assert chances == sorted(chances)
    assert first["detectable"] > 0.05
    assert first["can_be_unchanged"] is False


def test_simulated_power_does_not_depend_on_the_jobs(spec: Path) -> None:
    one, two = (
        json.loads(_power(spec, "--simulate", 30, "--jobs", jobs, "--json").stdout)["drifts"][0]["simulated"] for jobs in (1, 2)
    )
    assert one == two
    assert [each["studies"] for each in one] == [30, 30, 30]


def test_a_pilot_says_how_much_ratings_vary(spec: Path, tmp_path: Path) -> None:
    _simulate(spec, "--out", tmp_path / "pilot.parquet")
    alone = json.loads(_power("--in", tmp_path / "pilot.parquet", "--json").stdout)
    planned = json.loads(_power(spec, "--in", tmp_path / "pilot.parquet", "--json").stdout)
    assert alone["basis"] == planned["basis"] == "ratings"
    assert planned["drifts"][0]["design"]["raters"] == [6, 5]
    assert planned["drifts"][0]["components"] == planned["drifts"][1]["components"]
    refused = _power("--in", tmp_path / "pilot.parquet", "--simulate", 10)
    assert "a pilot cannot be simulated" in str(refused.exception)


def test_a_planned_study_has_defaults_until_it_is_rated(tmp_path: Path) -> None:
    study = tmp_path / "study"
    study.mkdir()
    text = """\
study: planned
families:
  Elm: [Elm 1, Elm 2]
phases:
  - {phase: 1, releases: [Elm 1], panel: old}
  - {phase: 2, releases: [Elm 2], panel: new}
panels:
  old: {raters: 17}
  new: {raters: 12, design: {overlap: 5}}
"""
    (study / "study.yaml").write_text(text, encoding="utf-8")
    document = json.loads(_power(study, "--scenarios", 100, "--json").stdout)
    assert document["basis"] == "defaults"
    design = document["drifts"][0]["design"]
    assert (design["scenarios"], design["raters"], design["per_response"]) == (100, [17, 12], [None, 5])
    assert "Give --scenarios N" in str(_power(study).exception)


def test_one_rater_of_each_response_tells_nothing(tmp_path: Path) -> None:
    rows = [
        {"scenario": f"S{s}", "release": f"Elm {g}", "family": "Elm", "generation": g, "rater": f"R{g}", "success": s % 2}
        for s in range(6)
        for g in (1, 2)
    ]
    pl.DataFrame(rows).write_csv(tmp_path / "thin.csv")
    assert "no drift whose variance can be told" in str(_power("--in", tmp_path / "thin.csv").exception)


def test_without_anything_to_plan_with_the_usage_is_told() -> None:
    assert _power().exit_code == 2


def test_a_study_with_ratings_is_its_own_pilot(spec: Path, tmp_path: Path) -> None:
    study, ratings = tmp_path / "study", tmp_path / "ratings.parquet"
    _simulate(spec, "--out", ratings)
    assert CliRunner().invoke(cli, ["init", str(study)]).exit_code == 0
    families = {"Elm": ["Elm 1", "Elm 2"], "Oak": ["Oak 1", "Oak 2"]}
    declared = {"study": "rated", "families": families, "protocol": {"margin": {"odds_ratio": 1.5}}}
    (study / "study.yaml").write_text(json.dumps(declared), encoding="utf-8")
    imported = CliRunner().invoke(cli, ["rate", "import", str(study), str(ratings)])
    assert imported.exit_code == 0, imported.exception
    document = json.loads(_power(study, "--json").stdout)
    assert document["basis"] == "ratings"
    assert [each["release"] for each in document["drifts"]] == ["Elm 2", "Oak 2"]
    margins = [each["test"]["margin"] for each in document["drifts"]]
    assert margins[0] > margins[1] > 0.03  # the same odds ratio is more points nearer to one half
