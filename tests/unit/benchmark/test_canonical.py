"""What makes a prompt the same prompt, and a benchmark the same benchmark."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from driftgauge.benchmark.canonical import canonical, label_hashes, merkle_root, prompt_hashes
from driftgauge.benchmark.scenarios import Scenario, read_scenario

HASHES = {"media/a.png": "1" * 64}


def of(made: dict[str, Any], hashes: dict[str, str] = HASHES) -> dict[str, str]:
    return prompt_hashes([read(made)], hashes=hashes)


def read(made: dict[str, Any]) -> Scenario:
    found, problems = read_scenario(made, where="here")
    assert found is not None, problems
    return found


def test_the_hash_of_a_prompt_is_that_of_its_canonical_form(scenario: Callable[..., dict[str, Any]]) -> None:
    form = (
        '{"intent":"adversarial","language":"en","messages":[{"parts":[{"text":"TEXT-OF-A-PROMPT s1","type":"text"}],'
        '"role":"user"}],"modality":"text-only","scenario":"s1"}'
    )
    assert of(scenario())["s1/text-only/en"] == hashlib.sha256(form.encode()).hexdigest()


def test_text_is_not_normalised() -> None:
    assert canonical("é") != canonical("e\u0301")


@pytest.mark.parametrize("more", [{"harm_category": "x"}, {"author": "x"}, {"technique": "x"}])
def test_a_label_is_not_part_of_a_prompt(more: dict[str, str], scenario: Callable[..., dict[str, Any]]) -> None:
    assert of(scenario(**more)) == of(scenario())
    assert label_hashes([read(scenario(**more))]) != label_hashes([read(scenario())])


def test_a_picture_is_part_of_a_prompt_and_its_file_name_is_not(scenario: Callable[..., dict[str, Any]]) -> None:
    renamed = json.loads(json.dumps(scenario()).replace("a.png", "b.png"))
    assert of(renamed, {"media/b.png": "1" * 64}) == of(scenario())
    other = of(scenario(), {"media/a.png": "2" * 64})
    assert {name for name, value in of(scenario()).items() if other[name] != value} == {"s1/multimodal/en"}


def test_a_merkle_root_by_hand() -> None:
    def leaf(*entry: str) -> bytes:
        return hashlib.sha256(b"\0" + json.dumps(entry, separators=(",", ":")).encode()).digest()

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\1" + left + right).digest()

    a, b, c = leaf("m", "x", "1"), leaf("p", "y", "2"), leaf("p", "z", "3")
    tables = {"p": {"z": "3", "y": "2"}, "m": {"x": "1"}}
    assert merkle_root(tables) == node(node(a, b), c).hex()
    assert merkle_root({}) == hashlib.sha256(b"").hexdigest()
