"""How many ratings a second the writer takes, alone: `python -m benchmarks.submit [--raters 50] [--seconds 5]`.

A closed loop without pages: every rater has one submission under way. One line of JSON for each database and batch size.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from driftgauge.pipeline.rating.steps import Taken
from driftgauge.pipeline.rating.writer import Writer
from tests.rating_studies import Rater, declared, draw, seat, sent, serve
from tests.servers import postgres


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--raters", type=int, default=50)
    arguments.add_argument("--seconds", type=float, default=5)
    arguments.add_argument("--sizes", type=int, nargs="+", default=[1, 8, 64])
    arguments.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    chosen = arguments.parse_args()
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for database in chosen.databases:
            new = stack.enter_context(postgres()).new_database if database == "postgresql" else None
            for size in chosen.sizes:
                found = measured(base, new, raters=chosen.raters, size=size, seconds=chosen.seconds)
                sys.stdout.write(json.dumps({"database": database, "batch": size, **found}) + "\n")
                sys.stdout.flush()


def measured(base: Path, new: Callable[[], str] | None, *, raters: int, size: int, seconds: float) -> dict[str, float]:
    folder = Path(tempfile.mkdtemp(dir=base))
    store = f"store: {new()}\n" if new else ""
    text = declared(raters=raters, day_items=1_000_000, break_every=1_000_000)
    (folder / "study.yaml").write_text(f"study: town\n{store}{text}")
    drawn = draw(folder, raters=raters, responses_=max(300, int(seconds * 1500 / raters)))
    with serve(folder, lambda: datetime.now(UTC)) as serving, Writer(serving, most=size) as writer:
        return closed_loop(writer, {each.who.rater or "": each for each in seat(serving, count=raters)}, drawn.asked, seconds)


def closed_loop(writer: Writer, seated: dict[str, Rater], asked: dict[str, list[str]], seconds: float) -> dict[str, float]:
    people = {rater: each.who for rater, each in seated.items()}
    coming = {rater: iter(asked[rater]) for rater in people}
    began = time.perf_counter()
    took: list[float] = []
    under_way: dict[Future[Taken], tuple[str, float]] = {}

    def send(rater: str) -> None:
        assignment = next(coming[rater], None)
        if assignment is not None:
            under_way[writer.submit(people[rater], sent(assignment))] = (rater, time.perf_counter())

    for rater in people:
        send(rater)
    while under_way and time.perf_counter() - began < seconds:
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for each in done:
            rater, at = under_way.pop(each)
            each.result()
            took.append(time.perf_counter() - at)
            send(rater)
    elapsed = time.perf_counter() - began
    wait(under_way)
    took.sort()
    return {
        "ratings": len(took),
        "per_second": round(len(took) / elapsed, 1),
        "p50_ms": round(1000 * took[len(took) // 2], 1),
        "p95_ms": round(1000 * took[int(len(took) * 0.95)], 1),
    }


if __name__ == "__main__":
    main()
