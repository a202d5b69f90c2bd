"""Real servers for tests and benchmarks, on loopback, gone when the block ends."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL server that can be stopped, started, and asked for an empty database."""

    binaries: Path
    folder: Path
    port: int
    user: str | None
    fsync: bool

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync={'on' if self.fsync else 'off'}"
        self._run("pg_ctl", "-D", "data", "-w", "-t", "150", "-l", "log", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "stop")

    def make(self) -> None:
        arguments = ["-A", "trust", "-U", "driftgauge", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        self._run("initdb", "-D", "data", *arguments)

    def new_database(self) -> str:
        """Return the URL of a database with nothing in it."""
        name = f"study_{uuid4().hex[:12]}"
        with self.connect("postgres") as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql+psycopg://driftgauge@127.0.0.1:{self.port}/{name}"

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(f"postgresql://driftgauge@127.0.0.1:{self.port}/{database}", autocommit=True)

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [str(self.binaries / program), *arguments]
        done = subprocess.run(
            command, check=False, cwd=self.folder, user=self.user, capture_output=True, text=True, timeout=180
        )
        if done.returncode:
            log = self.folder / "log"
            raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}{log.read_text()[-4000:] if log.exists() else ''}")


def postgres_binaries() -> Path | None:
    """Return where the programs of PostgreSQL are; Debian keeps them by version, off the PATH."""
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    by_version = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return by_version[-1].parent if by_version else None


@contextmanager
def postgres(*, fsync: bool = True) -> Generator[Postgres]:
    """Start a server from the installed binaries; root cannot run one, and becomes user postgres for it.

    Without `fsync` it outlives being killed, though no power cut. With it, a start after a kill first writes out every file of
    every database that the tests made, which on a busy disk takes more than a minute.
    """
    binaries = postgres_binaries()
    if binaries is None:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="driftgauge-postgres-"))
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    server = Postgres(binaries, folder, free_port(), user, fsync)
    try:
        server.make()
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a port where nobody listens, outside of those that the system gives to connections.

    A server that is stopped and started again would now and then find one of those taken by a connection that somebody
    opened in between: even by a client that was looking for the server itself.
    """
    while True:
        port = 15_000 + secrets.randbelow(15_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
