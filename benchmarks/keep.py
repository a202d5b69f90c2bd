"""What it costs to keep collected responses so that they last: rows a second and processor time a row, through the sink.

    python -m benchmarks.keep [--responses 5000] [--characters 1500]

So many wait at once, as so many connections would; each answer is kept before its connection goes on. A process of its own for
each figure; the server is a real PostgreSQL on loopback with its defaults, and lies on the same disk as the file.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.run import in_process
from tests.servers import postgres


def kept(folder: Path, *, responses: int, at_once: int, characters: int) -> dict[str, float]:
    """Keep made-up answers; runs in a process of its own."""
    from driftgauge.pipeline.collection import open_collection
    from driftgauge.pipeline.kept import keeping
    from driftgauge.records import content_id
    from tests.collecting import Echo, answered, items_of

    collection = open_collection(folder, "1")
    first = list(items_of(collection))
    found = []
    for number in range(responses):
        item = first[number % len(first)]
        again = replace(item, attempt=1 + number // len(first))
        found.append(answered(replace(again, response_id=content_id(*again.key.values())), text="word " * (characters // 5)))

    async def work() -> tuple[float, float]:
        gate = asyncio.Semaphore(at_once)
        async with keeping(collection, {"Elm 1": Echo()}) as kept:

            async def one(each: object) -> None:
                async with gate:
                    await kept.sink(each)  # type: ignore[arg-type]

            began, busy = time.perf_counter(), time.process_time()
            await asyncio.gather(*map(one, found))
            return time.perf_counter() - began, time.process_time() - busy

    seconds, busy = asyncio.run(work())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows_a_second": responses / seconds, "cpu_ms_a_row": 1000 * busy / responses, "peak_mb": memory}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--responses", type=int, default=5_000)
    arguments.add_argument("--characters", type=int, default=1_500)
    arguments.add_argument("--at-once", type=int, nargs="+", default=[1, 20, 50, 200])
    arguments.add_argument("--keep", type=Path)
    chosen = arguments.parse_args()
    if chosen.keep:
        at_once = chosen.at_once[0]
        responses = min(chosen.responses, 300) if at_once == 1 else chosen.responses
        print(json.dumps(kept(chosen.keep, responses=responses, at_once=at_once, characters=chosen.characters)))
        return
    from tests.collecting import DECLARED, put_benchmark

    with tempfile.TemporaryDirectory() as name, postgres() as server:
        for database in ("sqlite", "postgresql"):
            for at_once in chosen.at_once:
                folder = Path(name) / f"{database}-{at_once}"
                folder.mkdir()
                put_benchmark(folder)
                store = f"store: {server.new_database()}\n" if database == "postgresql" else ""
                (folder / "study.yaml").write_text(f"study: bench\n{store}{DECLARED}")
                size = ["--responses", str(chosen.responses), "--characters", str(chosen.characters)]
                command = [sys.executable, "-m", "benchmarks.keep", "--keep", str(folder), "--at-once", str(at_once), *size]
                found = in_process(command)
                row = {key: round(found[key], 3) for key in ("rows_a_second", "cpu_ms_a_row", "peak_mb")}
                print(json.dumps({"database": database, "at_once": at_once, **row}), flush=True)


if __name__ == "__main__":
    main()
