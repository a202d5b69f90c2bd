"""What the store of a study costs, in one run on one machine: import, the same import again, and the ratings back as a frame.

    python -m benchmarks.store [--growth 1 10]

Each figure is of a process of its own: the whole command as a user types it, and the reading alone beyond imports. The server
is a real PostgreSQL on loopback with its defaults; it and the file lie on the same disk.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.run import in_process, ratings_file
from tests.servers import postgres


def read_back(study: Path) -> dict[str, float]:
    """Read the ratings of a study as a frame; runs in a process of its own."""
    from driftgauge.pipeline.opened import open_study
    from driftgauge.store import read

    store = open_study(study).store
    began = time.perf_counter()
    with store.reading() as connection:
        rows = read.ratings_frame(connection).height
    return {"read_s": time.perf_counter() - began, "rows": rows}


def one(folder: Path, path: Path, url: str | None) -> Iterator[dict[str, object]]:
    folder.mkdir()
    (folder / "study.yaml").write_text("study: bench\n" + (f"store: {url}\n" if url else ""))
    command = [sys.executable, "-m", "driftgauge", "rate", "import", str(folder), str(path), "--json"]
    for what, job in (
        ("import", command),
        ("import again", command),
        ("read back", [sys.executable, "-m", "benchmarks.store", "--read", str(folder)]),
    ):
        found = in_process(job)
        seconds = found.get("read_s", found["process_s"])
        yield {"what": what, "seconds": round(seconds, 2), "peak_mb": round(found["peak_mb"])}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--growth", type=int, nargs="+", default=[1, 10])
    arguments.add_argument("--read", type=Path)
    chosen = arguments.parse_args()
    if chosen.read:
        print(json.dumps(read_back(chosen.read)))
        return
    with tempfile.TemporaryDirectory() as name, postgres() as server:
        for times in chosen.growth:
            path, _ = ratings_file(Path(name), times)
            for database, url in (("sqlite", None), ("postgresql", server.new_database())):
                for row in one(Path(name) / f"{database}-{times}", path, url):
                    print(json.dumps({"database": database, "times": times, **row}), flush=True)


if __name__ == "__main__":
    main()
