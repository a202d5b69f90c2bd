"""The rules of a benchmark, on scenarios and the facts of pictures: pairing, ids, twins, pictures. No file is touched."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, NamedTuple, get_args

from driftgauge.benchmark.contents import Contents, media_path
from driftgauge.benchmark.folder import path_mistake
from driftgauge.benchmark.scenarios import MediaPart, Modality, Prompt, Scenario
from driftgauge.errors import Problem, shown_name

Pairing = Literal["required", "none"]
_MODALITIES: Final[tuple[Modality, ...]] = get_args(Modality)


class _PlacedPrompt(NamedTuple):
    where: str
    prompt: Prompt


def check(contents: Contents, *, pairing: Pairing) -> tuple[Problem, ...]:
    """Return everything that is wrong with a benchmark, what could not be read first.

    Parameters
    ----------
    contents
        What was read.
    pairing
        ``required``: every scenario has both modalities in each of its languages; ``none``: it need not.
    """
    found = [problem for rule in RULES for problem in rule(contents)]
    unpaired = list(_unpaired(contents)) if pairing == "required" else []
    return (*contents.problems, *found, *unpaired)


def _repeated_scenarios(contents: Contents) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for where, scenario in contents.placed:
        if scenario.scenario in first:
            yield Problem(where, f"the id of {first[scenario.scenario]} again", "an id of its own")
        first.setdefault(scenario.scenario, where)


def _repeated_prompts(contents: Contents) -> Iterator[Problem]:
    for where, scenario in contents.placed:
        ids = [scenario.prompt_id(prompt) for prompt in scenario.prompts]
        for repeated in sorted({each for each in ids if ids.count(each) > 1}):
            yield Problem(where, f"prompt {repeated} stands twice", "one prompt for a modality and language")


def _twins(contents: Contents) -> Iterator[Problem]:
    intents = {scenario.scenario: scenario.intent for scenario in contents.scenarios}
    for where, scenario in contents.placed:
        if (what := _twin_mistake(scenario, intents)) is not None:
            yield Problem(where, *what)


def _twin_mistake(scenario: Scenario, intents: Mapping[str, str]) -> tuple[str, str] | None:
    if scenario.intent == "adversarial":
        what = f"an adversarial scenario that is a twin of {scenario.twin_of}"
        return (what, "twin_of on benign scenarios alone") if scenario.twin_of else None
    if scenario.twin_of is None:
        return "a benign scenario without `twin_of`", "the id of the adversarial scenario that it is the twin of"
    if intents.get(scenario.twin_of) != "adversarial":
        return f"a twin of {scenario.twin_of}, which is no adversarial scenario here", "the id of one"
    return None


def _modalities(contents: Contents) -> Iterator[Problem]:
    for where, prompt in _prompts(contents):
        if prompt.modality == "multimodal" and not prompt.media:
            yield Problem(where, "a multimodal prompt without an image or audio", "at least one part of type image or audio")
        if prompt.modality == "text-only" and prompt.media:
            what = f"a text-only prompt with {_AN[prompt.media[0].type]}"
            yield Problem(where, what, "modality multimodal, or no part of type image or audio")


def _media(contents: Contents) -> Iterator[Problem]:
    hashes = contents.hashes
    for where, prompt in _prompts(contents):
        for part in prompt.media:
            what = _place_mistake(part, contents.refused) or _file_mistake(part, contents, hashes)
            if what is not None:
                yield Problem(where, *what)


_AN: Final = {"image": "an image", "audio": "audio"}
_NOUN: Final = {"image": "picture", "audio": "recording"}


def _place_mistake(part: MediaPart, refused: frozenset[str]) -> tuple[str, str] | None:
    if part.path is None and part.sha256 is None:
        return f"{_AN[part.type]} with neither `path` nor `sha256`", "one of them, or both"
    if part.path is not None and (what := path_mistake(part.path)) is not None:
        return f"{what}: {shown_name(part.path)}", "a path such as media/a.png"
    return None


def _file_mistake(part: MediaPart, contents: Contents, hashes: Mapping[str, str]) -> tuple[str, str] | None:
    if part.path in contents.refused or any(part.path and part.path.startswith(f"{each}/") for each in contents.refused):
        return None  # said already, where the file is
    name = shown_name(part.path) if part.path is not None else f"{_NOUN[part.type]} {str(part.sha256)[:16]}"
    path = media_path(part, hashes)
    if path is None:
        return f"{name} is not there", "a file in media/"
    if part.sha256 not in {None, hashes[path]}:
        return f"{name} has another SHA-256", f"{str(part.sha256)[:16]}…"
    found = contents.media[path].type
    return None if found.startswith(f"{part.type}/") else (f"{name} is {found}", f"a part of type {found.partition('/')[0]}")


def _unused_media(contents: Contents) -> Iterator[Problem]:
    parts = [part for _, prompt in _prompts(contents) for part in prompt.media]
    used = {part.path for part in parts} | {part.sha256 for part in parts}
    unused = sorted(path for path, sha256 in contents.hashes.items() if path not in used and sha256 not in used)
    if len(contents.placed) and not contents.problems:  # a line that cannot be read may be what uses it
        yield from (Problem(shown_name(path), "no prompt shows it", "media of prompts alone in media/") for path in unused)


def _unpaired(contents: Contents) -> Iterator[Problem]:
    for where, scenario in contents.placed:
        there = {(prompt.language, prompt.modality) for prompt in scenario.prompts}
        for language in dict.fromkeys(prompt.language for prompt in scenario.prompts):
            for modality in _MODALITIES:
                if (language, modality) not in there:
                    what = f"no {modality} prompt in {language}"
                    yield Problem(where, what, "both modalities in each language (or pairing none)")


def _prompts(contents: Contents) -> Iterator[_PlacedPrompt]:
    for where, scenario in contents.placed:
        for prompt in scenario.prompts:
            yield _PlacedPrompt(f"{where}, prompt {scenario.prompt_id(prompt)}", prompt)


RULES: Final[tuple[Callable[[Contents], Iterator[Problem]], ...]] = (
    _repeated_scenarios,
    _repeated_prompts,
    _twins,
    _modalities,
    _media,
    _unused_media,
)
"""What holds for every benchmark, whatever it says of pairing."""
