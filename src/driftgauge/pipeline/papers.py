"""``driftgauge report --tables``: levels and drifts as files for papers."""

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from driftgauge.errors import StoreError
from driftgauge.frames import write_csv
from driftgauge.pipeline.loaded import load_results
from driftgauge.report.papers import WRITERS, paper_tables
from driftgauge.report.select import view


@dataclass
class Tables:
    """Files of tables, and what was not written, by the ending of the file, with the reason."""

    written: list[Path] = field(default_factory=list[Path])
    left_out: dict[str, str] = field(default_factory=dict[str, str])


def write_tables(folder: Path, *, out: Path) -> Tables:
    """Write the tables of a study or of an analysis folder.

    HTML needs the extra `[tables]`; without it that is left out, and said.

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
    made = Tables()
    if find_spec("great_tables") is None or find_spec("css_inline") is None:
        made.left_out["html"] = "it needs pip install 'driftgauge[tables]'"
    try:
        out.mkdir(parents=True, exist_ok=True)
        for table in paper_tables(chosen, simulated=results.manifest.simulated):
            for ending in WRITERS.keys() - made.left_out.keys():
                (out / f"{table.name}.{ending}").write_text(WRITERS[ending](table), encoding="utf-8")
            write_csv(table.data, out / f"{table.name}.csv")
            made.written += [out / f"{table.name}.{ending}" for ending in (*WRITERS, "csv") if ending not in made.left_out]
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror}", remedy="Check its rights and the free space.") from None
    return made
