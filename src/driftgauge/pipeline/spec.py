"""A study to simulate, as a short YAML says it: read with the line of every mistake."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, cast

from pydantic import BeforeValidator, Field, ValidationError

from driftgauge.errors import Problem, StudyError
from driftgauge.frames import MODALITIES
from driftgauge.measure.simulate import Shape, SimulatedRelease, Spreads
from driftgauge.study.lines import Document, read_document
from driftgauge.study.messages import Mistake, mistakes_in, named
from driftgauge.study.protocol import Declared
from driftgauge.study.words import Count, Language, Name, Share, StudyName

_Rate = Annotated[float, Field(strict=True, gt=0, lt=1)]
_Spread = Annotated[float, Field(strict=True, ge=0, le=10)]
_Logits = Annotated[float, Field(strict=True, ge=-10, le=10)]


class SpecSpreads(Declared):
    """Standard deviations of the effects, in logits."""

    scenario: _Spread = Field(default=Spreads().scenario, description="between scenarios")
    scenario_modality: _Spread = Field(
        default=Spreads().scenario_modality, alias="scenario:modality", description="between the prompts of a scenario"
    )
    response: _Spread = Field(default=Spreads().response, description="between answers to one prompt")
    rater: _Spread = Field(default=Spreads().rater, description="between raters")
    rater_release: _Spread = Field(
        default=Spreads().rater_release, alias="rater:release", description="of a rater between releases"
    )
    panel_shift: _Logits = Field(default=0.0, description="added to the severity of later panels; no spread but a shift")


class SpecPanel(Declared):
    """The raters of a phase."""

    raters: Count = Field(description="how many they are")
    per_response: Count | None = Field(default=None, description="raters of each response; all of them if absent")
    linked: Annotated[int, Field(strict=True, ge=0)] = Field(default=0, description="how many are of the first panel")


def _panel(value: object) -> object:
    return {"raters": value} if isinstance(value, int) and not isinstance(value, bool) else value


class SpecRelease(Declared):
    """A release with its truth: one of asr, conditional_asr and drift."""

    release: Name = Field(description="its name")
    asr: _Rate | None = Field(default=None, description="true attack success rate, over modalities")
    conditional_asr: _Rate | None = Field(default=None, description="the same among what it does not refuse")
    drift: Annotated[float, Field(strict=True, gt=-1, lt=1)] | None = Field(
        default=None, description="true change of ASR against the release before; 0.05 is five points"
    )
    refusal: Annotated[float, Field(strict=True, ge=0, lt=1)] = Field(default=0.15, description="share of prompts refused")
    modality_effect: _Logits = Field(default=0.0, description="multimodal minus text-only, in logits")
    phase: Count | None = Field(default=None, description="whose panel rates it; its generation if absent")
    missing: Annotated[float, Field(strict=True, ge=0, lt=1)] = Field(default=0.0, description="share of its ratings lost")


class Spec(Declared):
    """A study to simulate, as its YAML says it."""

    simulate: StudyName = Field(description="what it is called")
    families: dict[Name, tuple[SpecRelease, ...]] = Field(min_length=1, description="each family, the earliest release first")
    scenarios: Annotated[int, Field(strict=True, ge=2, le=100_000)] = Field(description="how many scenarios")
    panels: tuple[Annotated[SpecPanel, BeforeValidator(_panel)], ...] = Field(
        min_length=1, description="the raters of phase 1, 2, …; a number is a panel of so many"
    )
    modalities: tuple[Literal["text-only", "multimodal"], ...] = Field(default=MODALITIES, min_length=1)
    languages: tuple[Language, ...] = Field(default=(), description="each scenario is put in each of them")
    attempts: Count = Field(default=1, description="answers of a release to each prompt")
    anchors: Share = Field(default=0.0, description="share of responses that the next panel rates as well")
    spreads: SpecSpreads = Field(default=SpecSpreads(), description="of the effects")

    def shape(self) -> Shape:
        """Return the study to simulate; the parts must agree (`mistakes_between`)."""
        return Shape(
            releases=[each for family, releases in self.families.items() for each in _releases(family, releases)],
            scenarios=self.scenarios,
            panels={number: panel.raters for number, panel in enumerate(self.panels, start=1)},
            anchors=self.anchors,
            spreads=Spreads(**self.spreads.model_dump()),
            modalities=self.modalities,
            languages=self.languages or (None,),
            attempts=self.attempts,
            per_response={n: panel.per_response for n, panel in enumerate(self.panels, start=1) if panel.per_response},
            linked={n: panel.linked for n, panel in enumerate(self.panels, start=1) if panel.linked},
        )


def _asr(release: SpecRelease, before: float | None) -> float:
    """Return the true ASR of a release that follows one with this ASR; NaN where nothing says it."""
    if release.conditional_asr is not None:
        return (1 - release.refusal) * release.conditional_asr
    if release.asr is not None:
        return release.asr
    return float("nan") if release.drift is None or before is None else before + release.drift


def _releases(family: str, releases: tuple[SpecRelease, ...]) -> Iterator[SimulatedRelease]:
    before: float | None = None
    for generation, each in enumerate(releases, start=1):
        before = _asr(each, before)
        yield SimulatedRelease(
            release=each.release,
            family=family,
            generation=generation,
            phase=each.phase or generation,
            refusal=each.refusal,
            conditional_asr=before / (1 - each.refusal),
            modality_effect=each.modality_effect,
            missing=each.missing,
        )


def mistakes_between(spec: Spec) -> Iterator[Mistake]:
    """Yield what contradicts itself in a spec whose parts are sound."""
    yield from _panel_mistakes(spec)
    for name in ("modalities", "languages"):
        if len(set(getattr(spec, name))) < len(getattr(spec, name)):
            yield Mistake((name,), f"{name} names one twice", "each once")
    seen: set[str] = set()
    for family, releases in spec.families.items():
        before: float | None = None
        for number, each in enumerate(releases):
            at = ("families", family, number)
            if each.release in seen:
                yield Mistake(at, f"release {named(each.release)} stands twice", "each release once, in one family")
            seen.add(each.release)
            said = [name for name in ("asr", "conditional_asr", "drift") if getattr(each, name) is not None]
            if len(said) != 1 or (said == ["drift"] and not number):
                what = f"{named(each.release)} has {' and '.join(said) or 'no truth'}"
                choice = "one of asr, conditional_asr and drift" if number else "asr or conditional_asr (the first of a family)"
                yield Mistake(at, what, choice)
                before = None
                continue
            following, before = before is not None or said != ["drift"], _asr(each, before)
            if following and not 0 < before < 1 - each.refusal:
                what = f"{named(each.release)} would succeed in {before:g} of all prompts and refuse {each.refusal:g}"
                yield Mistake((*at, said[0]), what, "an ASR above 0, and below 1 with the refusals")
            phase = each.phase or number + 1
            if phase > len(spec.panels):
                many = f"{len(spec.panels)} panel{'s' * (len(spec.panels) != 1)}"
                yield Mistake(at, f"{named(each.release)} is of phase {phase}, and there are {many}", "`phase:` with a panel")


def _panel_mistakes(spec: Spec) -> Iterator[Mistake]:
    for number, panel in enumerate(spec.panels):
        at = ("panels", number)
        if panel.per_response and panel.per_response > panel.raters:
            yield Mistake((*at, "per_response"), f"{panel.per_response} of {panel.raters} raters", "at most all raters")
        most = min(panel.raters, spec.panels[0].raters) if number else 0
        if panel.linked > most:
            yield Mistake((*at, "linked"), f"linked is {panel.linked}", f"at most {most}: raters of the first panel")


def load_spec(path: Path) -> Spec:
    """Read a study to simulate.

    Raises
    ------
    StudyError
        With every mistake, its line and what was expected.
    """
    return _spec_of(read_document(path))


def _spec_of(document: Document) -> Spec:
    mistakes = list(document.twice)
    value = document.value
    if not isinstance(value, dict):
        problem = Problem(document.name, "it declares nothing", "lines such as `scenarios: 100`")
        raise StudyError(f"{document.name} is no study to simulate", problems=[problem], remedy=_EXAMPLE)
    try:
        spec = Spec.model_validate(cast(dict[str, object], value))
    except ValidationError as error:
        mistakes += mistakes_in(error, model=Spec)
    else:
        mistakes += mistakes_between(spec)
        if not mistakes:
            return spec
    raise StudyError(f"{document.name} is no study to simulate", problems=document.problems(mistakes), remedy=_EXAMPLE)


_EXAMPLE: Final = "Correct these lines; the how-to page `plan-a-study` has a whole file."
