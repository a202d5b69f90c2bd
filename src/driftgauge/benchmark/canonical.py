"""One form of a prompt for every machine, its hash, and one hash over all of a benchmark."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from driftgauge.benchmark.contents import media_hash
from driftgauge.benchmark.scenarios import LABELS, Part, Prompt, Scenario, TextPart

_LEAF: Final = b"\0"
_NODE: Final = b"\1"


def canonical(value: object) -> bytes:
    """Return a value as JSON in UTF-8 with sorted keys and no spaces; text stays as it is, without normalisation.

    Examples
    --------
    >>> canonical({"b": "é", "a": 1}).decode()
    '{"a":1,"b":"é"}'
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def prompt_hash(scenario: Scenario, prompt: Prompt, *, hashes: Mapping[str, str]) -> str:
    """Return the hash of what is sent and of the key under which its responses are kept.

    Parameters
    ----------
    scenario
        Whose prompt it is; only its id and intent enter, so that a better label does not make another prompt.
    prompt
        The prompt; a picture or a recording enters by its hash, so that another file name does not make another prompt.
    hashes
        Path to SHA-256 of each picture and recording.
    """
    messages = [{"role": message.role, "parts": [_part(part, hashes) for part in message.parts]} for message in prompt.messages]
    key = {"scenario": scenario.scenario, "intent": scenario.intent}
    return sha256(canonical({**key, "modality": prompt.modality, "language": prompt.language, "messages": messages}))


def _part(part: Part, hashes: Mapping[str, str]) -> dict[str, str | None]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    return {"type": part.type, "sha256": media_hash(part, hashes)}


def prompt_hashes(scenarios: Iterable[Scenario], *, hashes: Mapping[str, str]) -> dict[str, str]:
    """Return the hash of every prompt by its id."""
    return {
        scenario.prompt_id(prompt): prompt_hash(scenario, prompt, hashes=hashes)
        for scenario in scenarios
        for prompt in scenario.prompts
    }


def label_hashes(scenarios: Iterable[Scenario]) -> dict[str, str]:
    """Return, by scenario, the hash of its labels: what it says of itself beside its prompts."""
    return {each.scenario: sha256(canonical({name: getattr(each, name) for name in LABELS})) for each in scenarios}


def merkle_root(tables: Mapping[str, Mapping[str, str]]) -> str:
    """Return the root of a Merkle tree whose leaves are the entries of named tables of hashes, sorted.

    Parameters
    ----------
    tables
        Table name to entry name to hash.

    Notes
    -----
    A leaf is SHA-256(0, canonical [table, entry, hash]), a node SHA-256(1, left, right); a node without a neighbour moves up as
    it is.
    """
    entries = sorted((table, name, value) for table, rows in tables.items() for name, value in rows.items())
    level = [hashlib.sha256(_LEAF + canonical(entry)).digest() for entry in entries]
    while len(level) > 1:
        level = [_above(level[at : at + 2]) for at in range(0, len(level), 2)]
    return level[0].hex() if level else sha256(b"")


def _above(pair: Sequence[bytes]) -> bytes:
    return hashlib.sha256(_NODE + b"".join(pair)).digest() if len(pair) == 2 else pair[0]
