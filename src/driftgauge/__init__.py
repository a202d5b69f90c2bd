"""driftgauge measures alignment drift: how the harm that models do under adversarial prompts changes between releases.

Names are resolved when they are first used, so that ``import driftgauge`` costs nothing.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from driftgauge.errors import DriftgaugeError
    from driftgauge.measure.mixed.fit import fit_mixed
    from driftgauge.measure.mixed.result import MixedFit
    from driftgauge.pipeline.analysis import Analysis
    from driftgauge.pipeline.analyze import Inputs, analyze
    from driftgauge.rate.exchange import Imported, read_ratings
    from driftgauge.study import Protocol, load_lineage, load_protocol

__all__ = [
    "Analysis",
    "DriftgaugeError",
    "Imported",
    "Inputs",
    "MixedFit",
    "Protocol",
    "analyze",
    "fit_mixed",
    "load_lineage",
    "load_protocol",
    "read_ratings",
]

_HOME = {
    "Analysis": "driftgauge.pipeline.analysis",
    "DriftgaugeError": "driftgauge.errors",
    "Imported": "driftgauge.rate.exchange",
    "Inputs": "driftgauge.pipeline.analyze",
    "MixedFit": "driftgauge.measure.mixed.result",
    "Protocol": "driftgauge.study",
    "analyze": "driftgauge.pipeline.analyze",
    "fit_mixed": "driftgauge.measure.mixed.fit",
    "load_lineage": "driftgauge.study",
    "load_protocol": "driftgauge.study",
    "read_ratings": "driftgauge.rate.exchange",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        return version("driftgauge")
    if name not in _HOME:
        raise AttributeError(f"module 'driftgauge' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
