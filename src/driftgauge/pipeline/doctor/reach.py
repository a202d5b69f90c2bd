"""Whether an address answers: one HEAD request without key or text, whatever it says to that."""

import http.client
import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from driftgauge.errors import shown_name
from driftgauge.pipeline.doctor.records import Check

PATIENCE: Final = 3.0
"""Seconds that an address has to answer in."""
_AT_ONCE: Final = 8
_MOST: Final = 1_000_000
_REMEDY: Final = "Check the network, the address and the proxy; or leave it out with --offline."


class _Stay(HTTPRedirectHandler):
    """Goes nowhere else: that an address sends on is answer enough."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def endpoint_checks(addresses: Iterable[str], *, patience: float = PATIENCE) -> tuple[Check, ...]:
    """Ask addresses, several at once.

    Parameters
    ----------
    addresses
        URLs; what account or key stands in one is neither sent nor shown.
    patience
        Seconds that each has to answer in.
    """
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return tuple(pool.map(partial(_reached, patience=patience), addresses))


def _reached(address: str, *, patience: float) -> Check:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = SplitResult("", "", "", "", ""), None, None
    if parts.scheme not in ("http", "https") or not host:
        return Check("endpoint", "an address", "error", "is none of http or https", "Correct its …_BASE_URL variable.")
    about = shown_name(f"{host}:{port}" if port else host)
    fault = _fault(f"{parts.scheme}://{_authority(host, port)}{parts.path or '/'}", patience)
    return Check("endpoint", about, "error", fault, _REMEDY) if fault else Check("endpoint", about, "ok", "answers")


def read(url: str, *, patience: float = PATIENCE) -> tuple[bytes, str | None]:
    """Return what an address answers to GET, at most a megabyte, and why it does not where that is so."""
    opener = build_opener(_Stay, HTTPSHandler(context=ssl.create_default_context()))
    try:
        with opener.open(Request(url, headers={"User-Agent": "driftgauge doctor"}), timeout=patience) as answer:
            return answer.read(_MOST), None
    except HTTPError as error:
        error.close()
        return b"", f"answers with status {error.code}"
    except (URLError, OSError, http.client.HTTPException, ValueError) as error:
        return b"", _words(error.reason if isinstance(error, URLError) else error, patience)


def _authority(host: str, port: int | None) -> str:
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{port}" if port else host


def _fault(url: str, patience: float) -> str | None:
    """Return why an address does not answer, or null when it does, if only with an error of its own."""
    opener = build_opener(_Stay, HTTPSHandler(context=ssl.create_default_context()))
    try:
        with opener.open(Request(url, method="HEAD", headers={"User-Agent": "driftgauge doctor"}), timeout=patience):
            return None
    except HTTPError as error:
        error.close()
        return None
    except (URLError, OSError, http.client.HTTPException, ValueError) as error:
        return _words(error.reason if isinstance(error, URLError) else error, patience)


def _words(reason: object, patience: float) -> str:
    if isinstance(reason, TimeoutError):
        return f"does not answer within {patience:g} seconds"
    if isinstance(reason, socket.gaierror):
        return "has no address: its name is not known"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return "has a certificate that does not hold"
    return f"cannot be reached ({type(reason).__name__})"
