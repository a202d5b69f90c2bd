"""``driftgauge gate``: decide the rules on a finished analysis."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from driftgauge.errors import StoreError, StudyError
from driftgauge.measure.gate import Gate, decide
from driftgauge.pipeline.loaded import load_results
from driftgauge.records import content_id
from driftgauge.study import STUDY_FILE, load_gate


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


def gate(folder: Path, *, rules: Path | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Decision:
    """Decide rules on the results in a folder, and write ``gate.json`` beside them.

    Parameters
    ----------
    folder
        Of a study, or of an analysis.
    rules
        YAML with the rules, or a study file; null for the rules of the study.
    now
        The clock: the calibration of a judge has to be fresh.

    Raises
    ------
    StoreError
        When the folder holds no whole analysis.
    StudyError
        When the rules cannot be read.
    """
    results = load_results(folder)
    if rules is None and results.study is None:
        raise StudyError(f"{folder} is no study, whose rules could be taken", remedy="Give a file of rules with --rules.")
    declared = load_gate(rules or folder / STUDY_FILE)
    manifest = results.manifest
    found = decide(results.estimates, declared, protocol=results.protocol, today=now().timestamp() / 86_400)
    hashed = content_id("gate", [rule.declared() for rule in declared])
    decision = Decision(manifest.analysis_id, hashed, manifest.simulated, found)
    try:
        (results.folder / "gate.json").write_text(decision.to_json(), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{results.folder / 'gate.json'} cannot be written: {error.strerror}") from None
    return decision
