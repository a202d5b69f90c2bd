"""The results browser on loopback."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from driftgauge.web.browse.app import create_browser
from driftgauge.web.browse.library import Library
from driftgauge.web.browse.serve import Served, library_of
from tests.app import broken
from tests.servers import free_port


@dataclass(frozen=True)
class Browsing:
    """A results browser that answers."""

    address: str
    library: Library

    @property
    def for_results(self) -> str:
        """The link by which results are seen."""
        return f"{self.address}/enter/{self.library.links.results}"

    @property
    def for_texts(self) -> str:
        """The link by which texts are seen as well."""
        return f"{self.address}/enter/{self.library.links.texts}"


@contextmanager
def browsing(*folders: Path, texts: bool = True) -> Generator[Browsing]:
    """Serve results in a thread, on a free port of loopback; the server must not break."""
    served = Served(folders, "127.0.0.1", free_port(), texts)
    library = library_of(served)
    config = uvicorn.Config(create_browser(library), port=served.port, log_level="error", server_header=False)
    server, started = uvicorn.Server(config), threading.Event()
    startup = server.startup

    async def begin(*arguments: Any, **named: Any) -> None:
        await startup(*arguments, **named)
        started.set()

    server.startup = begin
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert started.wait(30)
    with broken() as said:
        yield Browsing(served.address, library)
        server.should_exit = True
        thread.join(30)
    assert said == [], "the server broke"
