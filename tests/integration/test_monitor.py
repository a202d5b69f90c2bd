"""``driftgauge monitor``: looks at an endpoint, and every way in which one is no measurement."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from driftgauge.errors import DriftgaugeError
from driftgauge.measure.sequence import standings
from driftgauge.pipeline.monitor.failed import LookFailedError
from driftgauge.pipeline.monitor.state import State, alone, read_state
from driftgauge.pipeline.monitor.watch import Wanted, shown
from tests.monitored import DECLINES, HELPS, SCENARIOS, Endpoint, Night, has_declined, watched_study


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return watched_study(tmp_path_factory.mktemp("monitor") / "town")


@pytest.fixture
def night(made: Path, tmp_path: Path) -> Night:
    return Night(Path(shutil.copytree(made, tmp_path / "town")))


@pytest.fixture
def path(night: Night) -> Path:
    return night.study / "monitor" / "Elm-1.json"


def failed(look: Callable[[], object]) -> LookFailedError:
    with pytest.raises(LookFailedError) as raised:
        look()
    assert raised.value.remedy
    return raised.value


def test_an_endpoint_that_answers_as_before_stays_within(night: Night, path: Path) -> None:
    for _ in range(3):
        found = night.look()
    assert found.verdict == "within"
    assert [(each.kind, each.asked, each.missing, each.alarm) for each in found.state.looks] == [("seen", 10, 0, None)] * 3
    assert all(set(each.low) == set(each.high) == {0.0} for each in found.state.looks)
    assert (found.state.begun.scenarios, found.state.begun.mean) == (SCENARIOS, 0.5)
    assert read_state(path) == found.state


def test_a_drift_raises_an_alarm_that_stays(night: Night) -> None:
    verdicts = [night.look().verdict for _ in range(2)]
    verdicts += [night.look(Endpoint(declines=lambda scenario: False)).verdict for _ in range(6)]
    assert verdicts[:2] == ["within"] * 2
    assert verdicts[-1] == "alarm"
    back = night.look()
    assert back.verdict == "alarm"
    assert back.state.alarm is not None
    assert back.state.alarm.alarm == "below"
    assert back.state.alarm.number == 1 + verdicts.index("alarm")


def test_each_look_draws_another_block_without_repetition(night: Night) -> None:
    endpoint = Endpoint()
    blocks = [night.look(endpoint).state.looks[-1].scenarios for _ in range(3)]
    assert len(set(blocks)) == 3
    assert all(len(set(block)) == 10 for block in blocks)
    assert sorted(endpoint.asked) == sorted(name for block in blocks for name in block)


def test_the_machines_own_chance_draws_where_no_seed_is_given(night: Night) -> None:
    drawn = {night.look(seed=None).state.looks[-1].seed for _ in range(2)}
    assert len(drawn) == 2


def test_what_is_kept_gives_the_same_sequence_to_the_last_bit(night: Night, path: Path) -> None:
    for number in range(4):
        night.look(Endpoint(declines=lambda scenario, number=number: int(scenario[1:]) % (2 + number) == 0))
    state = read_state(path)
    again = standings([each.look for each in state.seen], state.begun.rule)
    kept = [(each.conf_low, each.conf_high, each.evidence_above, each.evidence_below, each.alarm) for each in state.seen]
    assert kept == [(each.low, each.high, each.evidence_above, each.evidence_below, each.alarm) for each in again]


def test_another_model_is_told_once_and_the_statistics_go_on(night: Night) -> None:
    night.look()
    verdicts = [night.look(Endpoint(served="Elm 1 of July")) for _ in range(2)]
    assert [each.verdict for each in verdicts] == ["identity", "within"]
    first, second = verdicts[1].state.looks[1:]
    assert (first.new, second.new, second.served) == (("Elm 1 of July",), (), ("Elm 1 of July",))
    assert len(verdicts[1].state.seen) == 3


def test_another_fingerprint_alone_is_kept_and_no_alarm(night: Night) -> None:
    found = night.look(Endpoint(fingerprint="f2"))
    assert (found.verdict, found.state.looks[0].fingerprints) == ("within", ("f2",))


def test_few_failures_count_against_an_alarm_in_both_directions(night: Night) -> None:
    drawn = night.look().state
    evidence = drawn.looks[0]
    name = drawn.looks[0].scenarios[0]
    again = night.look(Endpoint(fails=lambda scenario: scenario == name), reset=True)
    look = again.state.looks[0]
    assert look.missing == 1
    assert look.scenarios == evidence.scenarios
    assert (look.low[0], look.high[0]) == ((-1.0, 0.0) if has_declined(name) else (0.0, 1.0))


def test_where_nobody_says_which_model_answers_there_is_nothing_to_compare(night: Night) -> None:
    assert night.look(Endpoint(served=None)).verdict == "within"


def states_agree(before: State, after: State) -> bool:
    return before.seen == after.seen and before.begun == after.begun


def test_too_many_failures_are_no_measurement(night: Night, path: Path) -> None:
    before = night.look().state
    error = failed(lambda: night.look(Endpoint(fails=lambda scenario: int(scenario[1:]) < SCENARIOS / 2)))
    assert error.why == "failures"
    after = read_state(path)
    assert states_agree(before, after)
    assert [(each.kind, each.why) for each in after.looks] == [("seen", None), ("failed", "failures")]
    assert shown(night.study, night.wanted).verdict == "failed"
    assert night.look().verdict == "within"


def test_an_endpoint_that_answers_nothing_is_no_measurement(night: Night, path: Path) -> None:
    error = failed(lambda: night.look(Endpoint(fails=lambda scenario: True)))
    assert error.why == "endpoint"
    assert [each.why for each in read_state(path).looks] == ["endpoint"]


def test_a_clock_that_went_back_is_no_measurement(night: Night, path: Path) -> None:
    before = night.look().state
    night.now -= timedelta(days=30)
    assert failed(night.look).why == "clock"
    assert states_agree(before, read_state(path))


def test_a_benchmark_that_was_swapped_is_no_measurement(night: Night, path: Path, tmp_path: Path) -> None:
    before = night.look().state
    other = watched_study(tmp_path / "other", scenarios=SCENARIOS + 1)
    shutil.rmtree(night.study / "benchmark")
    shutil.copytree(other / "benchmark", night.study / "benchmark")
    assert failed(night.look).why == "benchmark"
    assert states_agree(before, read_state(path))


def test_a_benchmark_that_was_changed_is_no_measurement(night: Night, path: Path) -> None:
    before = night.look().state
    file = night.study / "benchmark" / "scenarios.jsonl"
    file.write_bytes(file.read_bytes().replace(b"s1 ", b"s1! ").replace(b's1"', b's1!"', 1))
    with pytest.raises(DriftgaugeError):
        night.look()
    assert states_agree(before, read_state(path))
    assert read_state(path).looks[-1].why == "benchmark"


def test_a_baseline_that_is_gone_is_no_measurement(night: Night, path: Path) -> None:
    before = night.look().state
    for file in night.study.glob("driftgauge.db*"):
        file.unlink()
    with pytest.raises(DriftgaugeError):
        night.look()
    after = read_state(path)
    assert states_agree(before, after)
    assert after.looks[-1].why == "baseline"


def test_other_settings_than_the_baselines_are_no_measurement(night: Night) -> None:
    night.look()
    file = night.study / "study.yaml"
    file.write_text(file.read_text().replace('"max_tokens": 32', '"max_tokens": 64'))
    error = failed(night.look)
    assert error.why == "asked_otherwise"
    assert "max_tokens" in error.message
    assert failed(lambda: night.look(reset=True)).why == "asked_otherwise"


def edited(path: Path, change: Callable[[dict], None]) -> None:
    said = json.loads(path.read_text())
    change(said)
    path.write_text(json.dumps(said))


CHANGES: dict[str, Callable[[dict], object]] = {
    "a difference": lambda said: said["looks"][0]["low"].__setitem__(0, -1.0),
    "the margin": lambda said: said["begun"].__setitem__("margin", 0.5),
    "a look left out": lambda said: said["looks"].pop(0),
    "the last look cut off": lambda said: said["looks"].pop(),
    "the block that is drawn": lambda said: said.__setitem__(
        "drawn", {"number": 3, "at": "2026-03-03T03:00:00+00:00", "seed": 1, "scenarios": ["s1"]}
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_state_that_was_edited_is_refused_and_left_as_it_is(
    night: Night, path: Path, change: Callable[[dict], object]
) -> None:
    night.look()
    night.look()
    edited(path, lambda said: change(said) and None)
    text = path.read_text()
    assert failed(night.look).why == "state"
    assert path.read_text() == text


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', "\x00\x01"])
def test_a_damaged_state_is_refused_and_a_reset_keeps_it(night: Night, path: Path, text: str) -> None:
    night.look()
    path.write_text(text)
    assert failed(night.look).why == "state"
    assert night.look(reset=True).verdict == "within"
    assert [each.read_text() for each in path.parent.glob("Elm-1.until-*.json")] == [text]
    night.now -= timedelta(days=1)
    assert night.look(reset=True).verdict == "within"  # at the same second
    assert len(list(path.parent.glob("Elm-1.until-*.json"))) == 2


def test_two_runs_at_once_are_refused(night: Night, path: Path) -> None:
    with alone(path):
        assert failed(night.look).why == "state"
    assert not path.exists()


def test_a_block_that_is_larger_than_the_benchmark_is_all_of_it(night: Night) -> None:
    found = [night.look(block=1000) for _ in range(2)]
    assert [len(each.scenarios) for each in found[-1].state.looks] == [SCENARIOS] * 2


@pytest.mark.parametrize("changed", [{"margin": 0.1}, {"block": 5}, {"level": 0.9}, {"phase": "2"}])
def test_a_rule_cannot_be_changed_after_the_first_look(night: Night, path: Path, changed: dict[str, float]) -> None:
    night.look()
    assert failed(lambda: night.look(**changed)).why == "rule"
    assert [each.kind for each in read_state(path).looks] == ["seen"]


@pytest.mark.parametrize(
    ("changed", "why"), [({"judge": "nobody"}, "judge"), ({"outcome": "success"}, "judge"), ({"release": "Elm 9"}, "baseline")]
)
def test_what_there_is_not_is_named(night: Night, changed: dict[str, str], why: str) -> None:
    assert failed(lambda: night.look(**changed)).why == why


def test_a_look_that_may_cost_too_much_asks_nothing(night: Night) -> None:
    endpoint = Endpoint()
    assert failed(lambda: night.look(endpoint, max_cost=1.0)).why == "cost"
    assert endpoint.asked == []
    assert night.look(endpoint, max_cost=1.0, allow_unknown_cost=True).verdict == "within"


def test_the_state_holds_no_text_and_nothing_is_added_to_the_store(night: Night, path: Path) -> None:
    before = (night.study / "driftgauge.db").read_bytes()
    night.look(Endpoint(declines=lambda scenario: scenario == "s1"))
    assert [text for text in (DECLINES, HELPS, "a-word-that-only-prompts-have") if text in path.read_text()] == []
    assert (night.study / "driftgauge.db").read_bytes() == before
    assert path.stat().st_mode & 0o077 == 0


def test_shown_asks_nothing(night: Night) -> None:
    found = night.look()
    assert shown(night.study, Wanted("Elm 1")) == found


def test_the_picture_tells_what_is_to_be_seen(night: Night, tmp_path: Path) -> None:
    from driftgauge.pipeline.monitor.picture import draw_sequence  # noqa: PLC0415

    night.look()
    failed(lambda: night.look(Endpoint(fails=lambda scenario: True)))
    for _ in range(6):
        found = night.look(Endpoint(declines=lambda scenario: False, served="Elm 1 of July"))
    draw_sequence(found.state, tmp_path / "sequence.svg")
    tree = ET.parse(tmp_path / "sequence.svg").getroot()
    said = {node.tag.rpartition("}")[2]: node.text or "" for node in tree if node.text}
    assert said["title"].startswith("Elm 1: difference in refusal")
    assert "8 looks, 1 of them failed." in said["desc"]
    assert f"There is an alarm since look {found.state.alarm.number}." in said["desc"]  # type: ignore[union-attr]
    assert "Another model answered for the first time at look 3." in said["desc"]
    assert "prefers-color-scheme: dark" in (tmp_path / "sequence.svg").read_text()
