"""``driftgauge check`` of a study: its ratings as they are, under the protocol as it is declared now."""

from pathlib import Path

from driftgauge.pipeline.check import Checked, checked
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.protocol import protocol_findings
from driftgauge.pipeline.rated import latest, rated_until
from driftgauge.pipeline.versions import benchmark_findings
from driftgauge.pipeline.waiting import collected_findings, require_ratings
from driftgauge.records import Progress
from driftgauge.store.benchmarks import known_benchmarks, prompts_frame
from driftgauge.store.protocols import protocol_versions


def check_study(folder: Path, *, progress: Progress = lambda stage, done, total: None) -> Checked:
    """Check the design of a study; nothing is written, and no protocol is fixed.

    Parameters
    ----------
    folder
        Of the study.
    progress
        Told of each stage.

    Raises
    ------
    StudyError, StoreError, EstimationError
        When the study cannot be read, or has no ratings.
    """
    progress("reading", 0, 1)
    opened = open_study(folder)
    with opened.store.reading() as connection:
        require_ratings(connection, opened.study)
        versions = protocol_versions(connection)
        benchmarks, prompts = known_benchmarks(connection), prompts_frame(connection)
        rated = rated_until(connection, opened.study, latest(connection))
    found = [
        *protocol_findings(opened.study.protocol, versions),
        *collected_findings(rated),
        *benchmark_findings(rated.ratings, prompts=prompts, benchmarks=benchmarks),
    ]
    return checked(opened.study.study, rated.ratings, protocol=opened.study.protocol, found=found, progress=progress)
