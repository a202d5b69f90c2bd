"""``driftgauge gate``: decide the rules on a finished analysis."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from driftgauge.errors import StoreError
from driftgauge.measure.gate import Gate, decide
from driftgauge.pipeline.results import is_complete, read_manifest
from driftgauge.records import content_id
from driftgauge.study import Protocol, load_gate


@dataclass(frozen=True)
class Decision:
    """What the gate says, of which analysis, by which rules."""

    analysis_id: str
    rules_hash: str
    simulated: bool
    gate: Gate

    def to_json(self) -> str:
        """Return the decision as JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def gate(folder: Path, *, rules: Path) -> Decision:
    """Decide the rules of a file on the analysis in a folder, and write ``gate.json`` there.

    Parameters
    ----------
    folder
        Of an analysis.
    rules
        YAML with the rules, or a study file.

    Raises
    ------
    StoreError
        When the folder holds no whole analysis.
    StudyError
        When the rules cannot be read.
    """
    declared = load_gate(rules)
    manifest = read_manifest(folder)
    if manifest is None or not is_complete(folder, manifest):
        raise StoreError(f"{folder} holds no whole analysis", remedy="Give the --out folder of `driftgauge analyze`.")
    protocol = Protocol.model_validate(manifest.settings["protocol"])
    found = decide(pl.read_parquet(folder / "estimates.parquet"), declared, protocol=protocol)
    hashed = content_id("gate", [rule.model_dump(mode="json") for rule in declared])
    decision = Decision(manifest.analysis_id, hashed, manifest.simulated, found)
    try:
        (folder / "gate.json").write_text(decision.to_json(), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{folder / 'gate.json'} cannot be written: {error.strerror}") from None
    return decision
