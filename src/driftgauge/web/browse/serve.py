"""The server of the results browser, and the journal entry that says that texts were opened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from driftgauge.pipeline.browsing.opened import note_texts
from driftgauge.pipeline.browsing.shelf import Shelf, Volume
from driftgauge.web.browse.app import create_browser
from driftgauge.web.browse.library import Library, new_links
from driftgauge.web.serve import LOG


@dataclass(frozen=True)
class Served:
    """Where results are served.

    Parameters
    ----------
    folders
        Studies, analyses, or folders that hold such.
    host, port
        What is listened on.
    texts
        Whether a second link shows responses and ratings.
    """

    folders: Sequence[Path]
    host: str
    port: int
    texts: bool

    @property
    def address(self) -> str:
        """Where it is reached."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def library_of(served: Served) -> Library:
    """Return what is served, with fresh links.

    Raises
    ------
    StoreError
        When a folder is not there, or none holds a measurement.
    """
    shelf = Shelf(tuple(served.folders))
    shelf.look()
    return Library(shelf, new_links(texts=served.texts), _noting())


def _noting() -> Callable[[Volume], None]:
    """Return what writes one entry into the journal of each study, when the first text of it is opened."""
    noted: set[Path] = set()

    def note(volume: Volume) -> None:
        study = volume.results.study
        if study is not None and study not in noted:
            note_texts(study)
            noted.add(study)

    return note


def serve_results(served: Served, library: Library) -> None:
    """Serve until Ctrl-C."""
    uvicorn.run(create_browser(library), host=served.host, port=served.port, server_header=False, log_config=LOG)
