"""``driftgauge gate``: decide the rules on a finished analysis."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from driftgauge.errors import StoreError, StudyError
from driftgauge.measure.gate import decide
from driftgauge.pipeline.loaded import Results, load_results
from driftgauge.pipeline.provenance import library_versions
from driftgauge.records import Decision, content_id
from driftgauge.report.gate.junit import junit
from driftgauge.report.gate.sarif import sarif
from driftgauge.report.gate.summary import summary
from driftgauge.study import STUDY_FILE, GateFile, read_gate


@dataclass(frozen=True)
class Told:
    """Where the decision is written beside ``gate.json``; null for nowhere."""

    junit: Path | None = None
    sarif: Path | None = None
    summary: Path | None = None


def gate(
    folder: Path,
    *,
    rules: Path | None = None,
    told: Told = Told(),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Decision:
    """Decide rules on the results in a folder, and write ``gate.json`` beside them.

    Parameters
    ----------
    folder
        Of a study, or of an analysis.
    rules
        YAML with the rules, or a study file; null for the rules of the study.
    told
        Further files to write.
    now
        The clock: the calibration of a judge has to be fresh.

    Raises
    ------
    StoreError
        When the folder holds no whole analysis, or a file cannot be written.
    StudyError
        When the rules cannot be read.
    """
    results = load_results(folder)
    if rules is None and results.study is None:
        raise StudyError(f"{folder} is no study, whose rules could be taken", remedy="Give a file of rules with --rules.")
    file = rules or folder / STUDY_FILE
    declared = read_gate(file)
    manifest = results.manifest
    families = cast(Mapping[str, Sequence[str]] | None, manifest.settings.get("families"))
    day = now().timestamp() / 86_400
    found = decide(results.estimates, declared.rules, protocol=results.protocol, today=day, families=families)
    hashed = content_id("gate", [rule.declared() for rule in declared.rules])
    decision = Decision(manifest.analysis_id, hashed, manifest.simulated, found)
    _write(results.folder / "gate.json", decision.to_json())
    _tell(decision, results, told, file=file, declared=declared)
    return decision


def _tell(decision: Decision, results: Results, told: Told, *, file: Path, declared: GateFile) -> None:
    if told.junit:
        _write(told.junit, junit(decision))
    if told.sarif:
        version = library_versions()["driftgauge"]
        _write(told.sarif, sarif(decision, rules_file=_seen_from_here(file), lines=declared.lines, version=version))
    if told.summary:
        protocol = results.protocol.model_dump(mode="json")
        text = summary(
            decision, estimates=results.estimates, findings=results.findings, manifest=results.manifest, protocol=protocol
        )
        _write(told.summary, text)


def _seen_from_here(path: Path) -> str:
    """Return a path as a repository names it: relative to where the command runs, never a path of a machine."""
    whole, here = path.resolve(), Path.cwd().resolve()
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) else path.name


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}", remedy="Check that its folder is there.") from None
