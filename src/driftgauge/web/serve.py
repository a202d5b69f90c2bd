"""The server: one process or several, a log without secrets, and an end that finishes what is in flight."""

import json
import logging
import os
import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import uvicorn
from anyio.to_thread import current_default_thread_limiter
from starlette.types import ASGIApp

from driftgauge.errors import RatingError
from driftgauge.pipeline.opened import STORE
from driftgauge.pipeline.rating.people import invite
from driftgauge.pipeline.rating.roster import has_lead
from driftgauge.pipeline.rating.serving import open_serving
from driftgauge.pipeline.rating.sign_in import provider_of
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.study import load_study
from driftgauge.web.app import create_app

_GRACE_S: Final = 20
"""Seconds that requests in flight have to end."""
_THREADS: Final = 4
"""That look into the store and make pages: more of them only take turns, and each keeps a connection with its memory."""
_PLACE: Final = "DRIFTGAUGE_SERVED"
"""The environment variable by which several processes learn what they serve; it is of this command alone."""
_TOKENS: Final = re.compile(r"^/(join|enter|media|draft-media)/.*")


@dataclass(frozen=True)
class Place:
    """Where a study is served.

    Parameters
    ----------
    folder
        Of the study.
    host, port
        What is listened on.
    workers
        How many processes.
    base_url
        Where people reach it, where that is something else.
    proxy_headers
        Whether a proxy in front says who asks and by https.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    base_url: str | None = None
    proxy_headers: bool = False

    @property
    def address(self) -> str:
        """Where people reach it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.base_url or f"http://{host}:{self.port}").rstrip("/")


def first_invitation(place: Place) -> str | None:
    """Return the path of an invitation of a lead where there is none yet, and null where somebody can invite others.

    Raises
    ------
    RatingError
        When there is no secret, several processes are to write to one file, or people could not sign in as is declared.
    """
    if place.workers > 1 and not (os.environ.get(STORE) or load_study(place.folder).store_url).startswith("postgresql"):
        raise RatingError(
            f"{place.workers} workers cannot share an SQLite file",
            remedy="Use --workers 1, or PostgreSQL: `store: postgresql+psycopg://user@host/database` in study.yaml.",
        )
    with open_serving(place.folder, serves=False) as serving:
        provider_of(serving.study, base_url=place.base_url)
        return None if has_lead(serving) else invite(serving, role="lead")[0].link_path


def free_port(port: int, *, host: str = "127.0.0.1") -> int:
    """Return a port that can be listened on: the given one, or any for 0.

    Raises
    ------
    RatingError
        When somebody listens there already, or nobody may.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            raise RatingError(
                f"cannot listen on {host}, port {port}: {error.strerror or error}", remedy="Choose another --port or --host."
            ) from None
        return tried.getsockname()[1]


def serve(place: Place, *, doors: Mapping[str, tuple[str, str]] | None = None) -> None:
    """Serve a study until Ctrl-C; what is in flight then is finished first.

    Parameters
    ----------
    place
        The study, and where.
    doors
        Of a demonstration alone: links that log in.
    """
    if place.workers == 1:
        uvicorn.run(partial(made_app, place, doors or {}), factory=True, **_settings(place))
        return
    os.environ[_PLACE] = json.dumps({"folder": str(place.folder.resolve()), "base_url": place.base_url})
    uvicorn.run("driftgauge.web.serve:one_of_several", factory=True, workers=place.workers, **_settings(place))


def one_of_several() -> ASGIApp:
    """Return the app of one of several processes, each of which begins anew and learns from its environment what to serve."""
    said = json.loads(os.environ[_PLACE])
    return made_app(Place(Path(said["folder"]), base_url=said["base_url"]), {})


def _settings(place: Place) -> dict[str, Any]:
    return {
        "host": place.host,
        "port": place.port,
        "proxy_headers": place.proxy_headers,
        "forwarded_allow_ips": "*" if place.proxy_headers else None,
        "server_header": False,
        "date_header": True,
        "timeout_graceful_shutdown": _GRACE_S,
        "log_config": LOG,
        "lifespan": "on",
        "h11_max_incomplete_event_size": 32_768,
    }


def made_app(place: Place, doors: Mapping[str, tuple[str, str]]) -> ASGIApp:
    """Return the app of one process, with its own connections and its own writer."""
    serving = open_serving(place.folder)
    writer = Writer(serving)
    provider = provider_of(serving.study, base_url=place.base_url)
    app = create_app(serving, writer, base_url=place.base_url, doors=doors, provider=provider)
    return within(app, (serving, writer))


def within(app: ASGIApp, held: Iterable[AbstractContextManager[object]]) -> ASGIApp:
    """Return an app that enters something when the server starts, and leaves it when the last request was answered."""

    async def alive(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        await receive()
        current_default_thread_limiter().total_tokens = _THREADS
        with ExitStack() as stack:
            for each in held:
                stack.enter_context(each)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    return alive


class WithoutSecrets(logging.Filter):
    """Take out of the access log what follows `?`, and what is in a link that lets somebody in."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the path of a request, and keep the record."""
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, path, version, status = record.args
            record.args = (client, method, said_path(str(path)), version, status)
        return True


def said_path(path: str) -> str:
    """Return the path of a request as the log says it.

    Examples
    --------
    >>> said_path("/join/secret?x=1"), said_path("/rate?back=1")
    ('/join/…', '/rate')
    """
    return _TOKENS.sub(r"/\1/…", path.partition("?")[0])


LOG: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"without_secrets": {"()": "driftgauge.web.serve.WithoutSecrets"}},
    "formatters": {
        "plain": {"format": "%(asctime)s %(message)s"},
        "access": {
            "()": "uvicorn.logging.AccessFormatter",
            "fmt": '%(asctime)s "%(request_line)s" %(status_code)s',
            "use_colors": False,
        },
    },
    "handlers": {
        "plain": {"class": "logging.StreamHandler", "formatter": "plain"},
        "access": {"class": "logging.StreamHandler", "formatter": "access", "filters": ["without_secrets"]},
    },
    "loggers": {
        "uvicorn": {"handlers": ["plain"], "level": "WARNING", "propagate": False},
        "uvicorn.access": {"handlers": ["access"], "level": "INFO", "propagate": False},
        "driftgauge": {"handlers": ["plain"], "level": "INFO", "propagate": False},
    },
}
