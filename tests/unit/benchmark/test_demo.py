"""The demo benchmark is whole, paired and drawn."""

from collections import Counter
from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from driftgauge.benchmark.check import check
from driftgauge.benchmark.contents import read_contents
from driftgauge.benchmark.demo import demo_files, demo_scenarios
from driftgauge.benchmark.demo.draw import Picture, draw
from driftgauge.benchmark.demo.letters import line_mask
from driftgauge.benchmark.exchange.whole import write_new_folder
from driftgauge.errors import BenchmarkError


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return demo_files(np.random.default_rng(1))


def test_it_keeps_the_rules(files: dict[str, bytes], tmp_path: Path) -> None:
    write_new_folder(tmp_path / "demo", files)
    assert check(read_contents(tmp_path / "demo"), pairing="required") == ()


def test_it_is_as_large_and_as_varied_as_it_should_be() -> None:
    adversarial = [each for each in demo_scenarios() if each.intent == "adversarial"]
    assert len(adversarial) == 24
    assert Counter(each.harm_category for each in adversarial) == {
        "illegal_activity": 8, "disinformation": 8, "unethical_behaviour": 8,
    }  # fmt: skip
    crossed = Counter((each.technique, each.execution) for each in adversarial)
    techniques = ("role_play", "refusal_suppression", "authority", "story")
    assert crossed == dict.fromkeys(product(techniques, ("in_text", "in_image")), 3)


def test_every_scenario_has_one_benign_twin_with_its_labels() -> None:
    pairs = zip(demo_scenarios()[::2], demo_scenarios()[1::2], strict=True)
    for scenario, twin in pairs:
        assert (twin.intent, twin.twin_of) == ("benign", scenario.scenario)
        assert (twin.technique, twin.execution) == (scenario.technique, scenario.execution)


def test_every_scenario_is_in_both_modalities_and_languages() -> None:
    four = set(product(("text-only", "multimodal"), ("en", "es")))
    for scenario in demo_scenarios():
        assert {(prompt.modality, prompt.language) for prompt in scenario.prompts} == four


def test_no_two_texts_are_the_same() -> None:
    texts = [getattr(part, "text", "") for each in demo_scenarios() for prompt in each.prompts for part in prompt.parts]
    requests = [text for text in texts if text and "picture asks" not in text and "la nota de la imagen" not in text]
    assert len(set(requests)) == len(requests)


def test_one_seed_draws_the_same_pictures(files: dict[str, bytes]) -> None:
    assert demo_files(np.random.default_rng(1)) == files
    assert demo_files(np.random.default_rng(2)) != files


def test_each_picture_is_another_one(files: dict[str, bytes]) -> None:
    assert len(set(files.values())) == len(files)
    assert {Image.open(BytesIO(data)).size for path, data in files.items() if path.endswith(".png")} == {(640, 440)}


def test_accents_and_inverted_marks_are_drawn() -> None:
    drawn = {char: line_mask(char, size=30).tobytes() for char in "aáeéiíoóuúnñÁ¿?¡!"}
    assert len(set(drawn.values())) == len(drawn)


@pytest.mark.parametrize(("plain", "accented"), ["aá", "eé", "oó", "uú", "nñ", "AÁ", "NÑ"])
def test_an_accent_stands_above_its_letter(plain: str, accented: str) -> None:
    without, accent = (line_mask(char, size=60).getbbox() for char in (plain, accented))
    assert without is not None
    assert accent is not None
    assert accent[1] < without[1]
    assert accent[3] == without[3]


def test_a_text_that_does_not_fit_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(BenchmarkError, match="too long for its picture"):
        draw(Picture("notice", "Town hall", ("long " * 99,)), rng)
