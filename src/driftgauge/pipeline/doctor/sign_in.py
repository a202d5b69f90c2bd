"""Whether people can sign in at the provider that a study declares."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

from driftgauge.clients.identity import document_address, misfits
from driftgauge.pipeline.doctor.reach import PATIENCE, read
from driftgauge.pipeline.doctor.records import Check
from driftgauge.study import SignIn

_SECRET: Final = "DRIFTGAUGE_OIDC_SECRET"
_MODULES: Final = ("authlib", "httpx2", "joserfc")


def sign_in_checks(
    declared: SignIn,
    environment: Mapping[str, str],
    *,
    installed: Callable[[str], bool],
    offline: bool = False,
    patience: float = PATIENCE,
) -> Iterator[Check]:
    """Yield whether the extra and the secret are there, the provider is reached, and its description of itself fits."""
    if missing := [module for module in _MODULES if not installed(module)]:
        said = f"{', '.join(missing)} not installed; study.yaml declares `sign_in`"
        yield Check("sign-in", "oidc", "error", said, "Run: pip install 'driftgauge[oidc]'")
    if not environment.get(_SECRET):
        remedy = "Put what the provider gave you into .env; leave it out for a public client alone."
        yield Check("sign-in", _SECRET, "warning", "is not set", remedy)
    if not offline:
        yield _provider(declared, patience)


def _provider(declared: SignIn, patience: float) -> Check:
    host = urlsplit(declared.issuer).netloc
    text, fault = read(document_address(declared.issuer), patience=patience)
    if fault:
        return Check("sign-in", host, "error", fault, "Check the network, and `issuer`; or leave it out with --offline.")
    try:
        found: object = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return Check("sign-in", host, "error", "has no description of itself there", "Copy `issuer` from the provider.")
    if faults := misfits(cast(dict[str, Any], found), issuer=declared.issuer):
        return Check(
            "sign-in", host, "error", "; ".join(faults), "Copy `issuer` from the provider, or choose another provider."
        )
    return Check("sign-in", host, "ok", "answers, and its description of itself fits")
