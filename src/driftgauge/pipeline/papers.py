"""``driftgauge report --tables``: levels and drifts as files for papers."""

from pathlib import Path

from driftgauge.errors import StoreError
from driftgauge.frames import write_csv
from driftgauge.pipeline.loaded import load_results
from driftgauge.report.papers import WRITERS, paper_tables
from driftgauge.report.select import view


def write_tables(folder: Path, *, out: Path) -> list[Path]:
    """Write the tables of a study or of an analysis folder, and return their paths.

    Parameters
    ----------
    folder
        Of the study, or of the results.
    out
        Folder for the tables, made if it is not there.

    Raises
    ------
    StoreError
        When there are no whole results, or a table cannot be written.
    """
    results = load_results(folder)
    chosen = view(results.estimates, protocol=results.protocol.model_dump(mode="json"))
    written: list[Path] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for table in paper_tables(chosen, simulated=results.manifest.simulated):
            for ending, write in WRITERS.items():
                written.append(out / f"{table.name}.{ending}")
                written[-1].write_text(write(table), encoding="utf-8")
            written.append(out / f"{table.name}.csv")
            write_csv(table.data, written[-1])
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror}", remedy="Check its rights and the free space.") from None
    return written
