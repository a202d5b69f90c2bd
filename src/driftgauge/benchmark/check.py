"""The rules of a benchmark, on scenarios and the facts of pictures: pairing, ids, twins, pictures. No file is touched."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, NamedTuple, get_args

from driftgauge.benchmark.contents import Contents, image_path
from driftgauge.benchmark.folder import path_mistake
from driftgauge.benchmark.scenarios import ImagePart, Modality, Prompt, Scenario
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
        if prompt.modality == "multimodal" and not prompt.images:
            yield Problem(where, "a multimodal prompt without an image", "at least one part of type image")
        if prompt.modality == "text-only" and prompt.images:
            yield Problem(where, "a text-only prompt with an image", "modality multimodal, or no part of type image")


def _images(contents: Contents) -> Iterator[Problem]:
    hashes = contents.hashes
    for where, prompt in _prompts(contents):
        for image in prompt.images:
            if (what := _image_mistake(image, hashes, contents.refused)) is not None:
                yield Problem(where, *what)


def _image_mistake(image: ImagePart, hashes: Mapping[str, str], refused: frozenset[str]) -> tuple[str, str] | None:
    if image.path is None and image.sha256 is None:
        return "an image with neither `path` nor `sha256`", "one of them, or both"
    if image.path is not None and (what := path_mistake(image.path)) is not None:
        return f"{what}: {shown_name(image.path)}", "a path such as media/a.png"
    if image.path in refused or any(image.path and image.path.startswith(f"{each}/") for each in refused):
        return None  # said already, where the file is
    name = shown_name(image.path) if image.path is not None else f"picture {str(image.sha256)[:16]}"
    if image_path(image, hashes) is None:
        return f"{name} is not there", "a file in media/"
    if image.path is not None and image.sha256 not in {None, hashes[image.path]}:
        return f"{name} has another SHA-256", f"{str(image.sha256)[:16]}…"
    return None


def _unused_media(contents: Contents) -> Iterator[Problem]:
    images = [image for _, prompt in _prompts(contents) for image in prompt.images]
    used = {image.path for image in images} | {image.sha256 for image in images}
    unused = sorted(path for path, sha256 in contents.hashes.items() if path not in used and sha256 not in used)
    if len(contents.placed) and not contents.problems:  # a line that cannot be read may be what uses it
        yield from (Problem(shown_name(path), "no prompt shows it", "pictures of prompts alone in media/") for path in unused)


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
    _images,
    _unused_media,
)
"""What holds for every benchmark, whatever it says of pairing."""
