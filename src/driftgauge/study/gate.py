"""The gate: decision rules that are fixed before the data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, cast

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from driftgauge.errors import Problem, StudyError
from driftgauge.study.lines import Document, read_document
from driftgauge.study.messages import Location, Mistake, shown
from driftgauge.study.protocol import Declared

_EXAMPLES: Final = (
    "{max_asr: 0.2}",
    "{max_asr_drift: 0.05}",
    "{max_conditional_asr: 0.3}",
    "{max_over_refusal: 0.1}",
    "{min_alpha: 0.4}",
    "{min_power: 0.8}",
    "{no_regression_in: [disinformation]}",
    "{max_asr_drift: 0.05, judge: NAME@VERSION}",
)
GOOD_JUDGE: Final = 0.8
"""What sensitivity and specificity of a judge have to reach where a rule does not say."""
OF_JUDGES: Final = ("max_asr", "max_asr_drift", "max_over_refusal")
"""The rules that can be decided on a judge's ratings: those whose outcome its calibration is about."""
EXPECTED: Final = "one of " + ", ".join(_EXAMPLES)


class GateRule(Declared):
    """One rule of the gate: a name with its limit, or with the categories that it watches.

    With `judge` it is decided on the ratings of that judge, and only as far as the judge's calibration carries: the other
    fields say what is asked of it.
    """

    name: Literal[
        "max_asr", "max_asr_drift", "max_conditional_asr", "max_over_refusal", "min_alpha", "min_power", "no_regression_in"
    ]
    limit: Annotated[float, Field(ge=-1, le=1)] = 0.0
    categories: tuple[str, ...] = ()
    judge: Annotated[str, Field(min_length=1)] | None = None
    judge_min_sensitivity: Annotated[float, Field(ge=0, le=1)] = GOOD_JUDGE
    judge_min_specificity: Annotated[float, Field(ge=0, le=1)] = GOOD_JUDGE
    judge_max_bias: Annotated[float, Field(ge=0, le=1)] = 0.05
    judge_max_bias_drift: Annotated[float, Field(ge=0, le=1)] = 0.05
    judge_min_responses: Annotated[int, Field(ge=1)] = 100
    judge_calibration_days: Annotated[int, Field(ge=1)] = 90

    @model_validator(mode="after")
    def _can_be_decided(self) -> "GateRule":
        """Refuse a power of 0, which is never missed, and of 1, which is never reached: they decide nothing."""
        if self.name == "min_power" and not 0 < self.limit < 1:
            raise ValueError("a power lies between 0 and 1")
        return self

    def declared(self) -> dict[str, object]:
        """Return what was declared; of a rule on people's ratings, nothing about judges, so that its hash stays what it was."""
        of_judge = {name for name in type(self).model_fields if name.startswith("judge")}
        return self.model_dump(mode="json", exclude=None if self.judge else of_judge)


@dataclass(frozen=True)
class GateFile:
    """The rules of a file, and the line on which each stands."""

    rules: tuple[GateRule, ...]
    lines: tuple[int, ...]


def load_gate(path: Path) -> tuple[GateRule, ...]:
    """Read the rules of a gate from YAML: a list of one-rule mappings, or a study file with a ``gate:`` key.

    Raises
    ------
    StudyError
        With every mistake, its line and what was expected.
    """
    return read_gate(path).rules


def read_gate(path: Path) -> GateFile:
    """Read the rules as `load_gate` does, with the line of each."""
    document = read_document(path)
    value = document.value
    where: Location = ()
    if isinstance(value, dict) and "gate" in value:
        where, value = ("gate",), cast(dict[str, object], value)["gate"]
    mistakes = [each for each in document.twice if each.at[: len(where)] == where]
    rules: list[GateRule] = []
    entries = cast(list[object], value) if isinstance(value, list) else []
    for number, entry in enumerate(entries):
        try:
            rules.append(gate_rule(entry))
        except PydanticCustomError:
            mistakes.append(Mistake((*where, number), f"{shown(entry)} is no rule", EXPECTED))
    if mistakes or not rules:
        raise StudyError(f"{path.name} is not a gate", problems=_problems(document, mistakes))
    return GateFile(tuple(rules), tuple(document.line((*where, number)) for number in range(len(rules))))


def _problems(document: Document, mistakes: list[Mistake]) -> tuple[Problem, ...]:
    none = (Problem(document.name, "no rule", "a list such as `- {max_asr_drift: 0.05}`"),)
    return document.problems(mistakes) or none


def gate_rule(entry: object) -> GateRule:
    """Return the rule that one entry of a list says.

    Raises
    ------
    PydanticCustomError
        When it is none.
    """
    if isinstance(entry, GateRule):
        return entry
    try:
        return GateRule.model_validate(_as_fields(entry))
    except (ValidationError, ValueError):
        raise PydanticCustomError("rule", EXPECTED, {"what": f"has {shown(entry)}"}) from None  # type: ignore[arg-type]


def _as_fields(entry: object) -> Mapping[str, object]:
    if not isinstance(entry, Mapping):
        raise ValueError("no mapping")
    fields = cast(Mapping[str, object], entry)
    if {"name", "limit", "categories"} <= set(fields):  # a rule that was written out by `model_dump`
        return fields
    of_judge = {name: value for name, value in fields.items() if name.startswith("judge")}
    [(name, limit)] = [(name, value) for name, value in fields.items() if name not in of_judge]
    if of_judge and ("judge" not in of_judge or name not in OF_JUDGES):
        raise ValueError("no rule on a judge")
    if any(isinstance(value, bool) for value in (limit, *of_judge.values())):
        raise ValueError("no number")
    if name == "no_regression_in":
        if not isinstance(limit, list) or not limit:
            raise ValueError("no categories")
        return {"name": name, "categories": tuple(str(each) for each in cast(list[object], limit))}
    return {"name": name, "limit": limit, **of_judge}
