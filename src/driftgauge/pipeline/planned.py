"""The study that is planned: what ``study.yaml`` declares as a shape to simulate, and the plan of each drift of a shape."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from driftgauge.benchmark.folder import SCENARIOS
from driftgauge.benchmark.load import load
from driftgauge.errors import StudyError
from driftgauge.frames import MODALITIES
from driftgauge.measure.power import ComponentsAt
from driftgauge.measure.precision import Design
from driftgauge.measure.simulate import Shape, SimulatedRelease
from driftgauge.measure.simulated_drifts import Pair, level_of, pairs
from driftgauge.measure.truth import Components, components
from driftgauge.study import Panel, Phase, Study

DEFAULT_ASR: Final = 0.25
DEFAULT_REFUSAL: Final = 0.15
"""Of every release of a study that has no ratings yet."""


@dataclass(frozen=True)
class Plan:
    """One drift of a study: its design, and the variance components of it at any size."""

    family: str
    baseline_release: str
    release: str
    baseline: float
    design: Design
    components_at: ComponentsAt


def declared_shape(study: Study, *, scenarios: int | None) -> Shape:
    """Return the study that ``study.yaml`` plans, with default rates and spreads.

    Parameters
    ----------
    study
        Families, phases with panels, attempts, and the benchmark that scenarios and prompts are counted in.
    scenarios
        How many, where there is no benchmark; null for the benchmark's.

    Raises
    ------
    StudyError
        When the study does not say who rates what, or how many scenarios there are.
    """
    if not study.families or not study.phases:
        raise StudyError(f"{study.study} declares no families or no phases", remedy="Declare `families:` and `phases:`.")
    counted, modalities = _counted(study, scenarios)
    panels = [_panel(study, phase) for phase in study.phases]
    releases = list(_releases(study))
    if not any(each.generation > 1 for each in releases):
        raise StudyError(f"{study.study} has no family with two releases", remedy="A drift is between two releases.")
    chosen = {number: each for number, panel in enumerate(panels, start=1) if (each := _per_response(panel))}
    return Shape(
        releases=releases,
        scenarios=counted,
        panels={number: panel.raters or 0 for number, panel in enumerate(panels, start=1)},
        modalities=modalities,
        attempts=study.protocol.attempts,
        per_response=chosen,
        linked=_declared_links(study, panels),
    )


def _per_response(panel: Panel) -> int | None:
    """Return the raters of a response; null for the whole panel."""
    return None if panel.design == "full" else panel.per_response


def _panel(study: Study, phase: Phase) -> Panel:
    panel = study.panels.get(phase.panels[0]) if phase.panels else None
    if panel is None or panel.raters is None:
        raise StudyError(
            f"phase {phase.phase} of {study.study} has no panel with a number of raters",
            remedy="Declare it: `panels: {en: {raters: 12}}` and `panel: en` in the phase.",
        )
    return panel


def _declared_links(study: Study, panels: list[Panel]) -> dict[int, int]:
    """Return the raters of later phases that are those of the first: all of them where the panel is the same."""
    first = study.phases[0].panel
    same = {number for number, phase in enumerate(study.phases, start=1) if number > 1 and phase.panel == first}
    return {number: panels[number - 1].raters or 0 for number in same}


def _releases(study: Study) -> Iterator[SimulatedRelease]:
    for family, releases in study.families.items():
        for generation, each in enumerate(releases, start=1):
            phases = [n for n, phase in enumerate(study.phases, start=1) if each.release in (phase.releases or study.releases)]
            if not phases:
                raise StudyError(f"{each.release} is rated in no phase", remedy="Name it in `releases:` of a phase.")
            refusal = DEFAULT_REFUSAL
            yield SimulatedRelease(each.release, family, generation, phases[0], refusal, DEFAULT_ASR / (1 - refusal))


def _counted(study: Study, scenarios: int | None) -> tuple[int, tuple[str, ...]]:
    """Return how many adversarial scenarios there are, and in which modalities."""
    folder = study.benchmark_folder
    file = folder / SCENARIOS if folder else Path()
    if scenarios is not None:
        return scenarios, MODALITIES
    if not file.is_file():
        raise StudyError(f"{study.study} does not say how many scenarios there are", remedy="Give --scenarios N.")
    placed = [each.scenario for each in load(file.read_bytes()).scenarios if each.scenario.intent == "adversarial"]
    used = {prompt.modality for scenario in placed for prompt in scenario.prompts}
    if len(placed) < 2:
        raise StudyError(f"{file} has {len(placed)} adversarial scenarios", remedy="Give --scenarios N.")
    return len(placed), tuple(each for each in MODALITIES if each in used)


def plans_of(shape: Shape) -> list[Plan]:
    """Return a plan for every drift between consecutive releases."""
    return [_plan(shape, pair) for pair in pairs(shape)]


def _plan(shape: Shape, pair: Pair) -> Plan:
    before, after = (shape.releases[place] for place in (pair.before, pair.after))
    first = min(shape.panels)
    design = Design(
        scenarios=shape.scenarios,
        prompts=shape.prompts,
        raters=(shape.panels[before.phase], shape.panels[after.phase]),
        attempts=shape.attempts,
        linked=_linked(shape, before.phase, after.phase, first),
        per_response=(shape.per_response.get(before.phase), shape.per_response.get(after.phase)),
        kept=(1 - before.missing, 1 - after.missing),
    )
    return Plan(after.family, before.release, after.release, before.asr, design, partial(_components, shape, pair))


def _linked(shape: Shape, before: int, after: int, first: int) -> int:
    if before == after:
        return shape.panels[before]
    counts = [shape.panels[phase] if phase == first else shape.linked.get(phase, 0) for phase in (before, after)]
    return min(counts)


def _components(shape: Shape, pair: Pair, drift: float) -> Components:
    there = moved(shape, pair, drift)
    before, after = (level_of(there, there.releases[place]) for place in (pair.before, pair.after))
    return components(before, after, shape.spreads)


def moved(shape: Shape, pair: Pair, drift: float) -> Shape:
    """Return the study with this true drift of a pair: upwards, as far as refusals leave room."""
    before, after = (shape.releases[place] for place in (pair.before, pair.after))
    conditional = min((before.asr + drift) / (1 - after.refusal), 0.99)
    releases = list(shape.releases)
    releases[pair.after] = replace(after, conditional_asr=conditional)
    return replace(shape, releases=releases)
