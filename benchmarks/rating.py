"""What the rating app holds, through real HTTP: `python -m benchmarks.rating [--raters 50] [--seconds 20]`.

Starts `driftgauge rate serve` with one worker on a study of 50 raters, on SQLite and on PostgreSQL. Raters join by invitation
links and rate through the pages (benchmarks.rating_client, a process of its own). One line of JSON for each database and
thinking time: 1 s, and none (a closed loop). `server_ms` is processor time of the server for a rating, which other work on the
machine changes little; 1000 / `server_ms` is what a quiet core holds. What was acknowledged is compared with what is there.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import sqlalchemy as sa

from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rating.people import invite, join
from driftgauge.pipeline.rating.serving import open_serving
from driftgauge.store.tables import submissions
from tests.rating_studies import PASSWORD, SECRET, declared, draw
from tests.servers import free_port, postgres

_HERTZ = os.sysconf("SC_CLK_TCK")
_TEXT = (
    "<p>"
    + "</p><p>".join(["A made-up answer about the weather in a small town, as long as answers usually are. " * 3] * 5)
    + "</p>"
)


@dataclass(frozen=True)
class Server:
    """A `driftgauge rate serve` that answers."""

    port: int
    pid: int
    cold_start_s: float

    @property
    def cpu_s(self) -> float:
        """Processor time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / _HERTZ

    def memory_mb(self, name: str = "VmRSS") -> float:
        """Resident memory; `VmHWM` for the most it ever was."""
        found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found
        return round(int(found[1]) / 1024, 1)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--raters", type=int, default=50)
    arguments.add_argument("--seconds", type=float, default=20)
    arguments.add_argument("--responses", type=int, default=1000, help="that each rater is asked about")
    arguments.add_argument("--think", type=float, nargs="+", default=[1.0, 0.0])
    arguments.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    chosen = arguments.parse_args()
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for database in chosen.databases:
            new = stack.enter_context(postgres()).new_database if database == "postgresql" else None
            folder = a_study(base, new, raters=chosen.raters, responses=chosen.responses)
            for row in measured(folder, raters=chosen.raters, seconds=chosen.seconds, think=chosen.think):
                sys.stdout.write(json.dumps({"database": database, **row}) + "\n")
                sys.stdout.flush()
            shutil.rmtree(folder)


def a_study(base: Path, new: Callable[[], str] | None, *, raters: int, responses: int) -> Path:
    """Make a study whose raters are asked about so many responses each, with texts as long as they usually are."""
    folder = Path(tempfile.mkdtemp(dir=base))
    store = f"store: {new()}\n" if new else ""
    text = declared(raters=raters, day_items=1_000_000, break_every=1_000_000)
    (folder / "study.yaml").write_text(f"study: town\n{store}{text}")
    (folder / ".env").write_text(f"DRIFTGAUGE_SECRET={SECRET}\n")
    draw(folder, raters=raters, responses_=responses, more=_TEXT)
    return folder


def measured(folder: Path, *, raters: int, seconds: float, think: list[float]) -> Generator[dict[str, Any]]:
    """Serve a study, let raters join and rate, and yield what each way of rating gave."""
    with open_serving(folder, serves=False) as serving:
        links = [each.link_path for each in invite(serving, role="rater", panel="panel-1", count=raters)]
        token = invite(serving, role="lead")[0].link_path.removeprefix("/join/")
        lead = {"driftgauge": join(serving, token, login="lead", password=PASSWORD)}
    with serve(folder) as server:
        joined = client({"port": server.port, "links": links})
        first = server.memory_mb()
        weight = first_page(server.port, joined["cookies"][0])
        keys: list[str] = []
        for think_s in think:
            before = server.cpu_s
            found = client({"port": server.port, "think_s": think_s, "seconds": seconds, **joined})
            keys += found["keys"]
            yield {
                "think_s": think_s,
                **_figures(found, server_s=server.cpu_s - before),
                "cold_start_s": server.cold_start_s,
                "rss_mb": server.memory_mb(),
                "rss_before_mb": first,
                "peak_mb": server.memory_mb("VmHWM"),
                **weight,
                "lost": len(set(keys) - stored(folder)),
                "load": round(os.getloadavg()[0], 1),
            }
        began = time.perf_counter()
        _get(server.port, "/desk", lead)
        yield {"desk_s": round(time.perf_counter() - began, 2), "rss_after_desk_mb": server.memory_mb()}


def _figures(found: dict[str, Any], *, server_s: float) -> dict[str, Any]:
    took, count = found["took"], len(found["keys"])
    return {
        "ratings": count,
        "per_second": round(count / found["elapsed_s"], 1),
        "p50_ms": round(1000 * took[len(took) // 2], 1),
        "p95_ms": round(1000 * took[int(0.95 * len(took))], 1),
        "max_ms": round(1000 * took[-1], 1),
        "refused": found["refused"],
        "server_ms": round(1000 * server_s / count, 2),
        "client_ms": round(1000 * found["client_cpu_s"] / count, 2),
    }


@contextmanager
def serve(folder: Path, *, workers: int = 1) -> Generator[Server]:
    """Start the server as a user does, and end it as Ctrl-C does."""
    port = free_port()
    command = [sys.executable, "-m", "driftgauge", "rate", "serve", str(folder), "--port", str(port), "--workers", str(workers)]
    began = time.perf_counter()
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        while not _answers(port):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.perf_counter() - began < 60, "no answer in 60 s"
        yield Server(port, process.pid, round(time.perf_counter() - began, 2))
        process.terminate()


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return answer.status == 200
    except (URLError, ConnectionError):
        time.sleep(0.02)
        return False


def first_page(port: int, cookies: dict[str, str]) -> dict[str, float]:
    """Return the kilobytes of the first page with all that it loads, as sent."""
    page = _get(port, "/rate", cookies)
    loaded = re.findall(rb'(?:src|href)="(/(?:static|media)/[^"]+)"', page)
    every = sum(len(_get(port, address.decode(), cookies)) for address in sorted(set(loaded)))
    return {"page_kb": round(len(page) / 1000, 1), "first_page_kb": round((len(page) + every) / 1000, 1)}


def _get(port: int, path: str, cookies: dict[str, str]) -> bytes:
    said = "; ".join(f"{name}={value}" for name, value in cookies.items())
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers={"Cookie": said}), timeout=10) as answer:
        return bytes(answer.read())


def client(plan: dict[str, Any]) -> dict[str, Any]:
    """Let raters join by links, or rate, in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.rating_client"]
    done = subprocess.run(command, input=json.dumps(plan).encode(), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def stored(folder: Path) -> set[str]:
    """Return the keys of the submissions that are there."""
    with open_study(folder).store.reading() as connection:
        return set(connection.execute(sa.select(submissions.c.key)).scalars())


if __name__ == "__main__":
    main()
