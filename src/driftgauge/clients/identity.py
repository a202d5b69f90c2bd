"""Who somebody is, as a provider of OpenID Connect says it: the authorization code flow with PKCE.

Nothing is kept between two sign-ins. They are few, and a provider that changed its keys is understood at once.
"""

import ssl
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from importlib import import_module
from typing import Any, Final, cast
from urllib.parse import urlsplit

from driftgauge.errors import RatingError, needing, shown_name

PATIENCE: Final = 10.0
"""Seconds that a provider has for one step of a sign-in."""
LEEWAY: Final = 60
"""Seconds by which the clock of a provider may differ from ours."""
_AT_ONCE: Final = 16
_LONGEST: Final = 255
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Of signatures with a provider's own key; never one with a secret that is shared, and never none."""
_WANTED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class NotProven(RatingError):
    """A provider did not prove who somebody is.

    Parameters
    ----------
    code
        ``provider_away``, ``provider_refused``, or ``not_proven`` when what it sent does not hold.
    message
        What was wrong; never anything about the person.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Provider:
    """A provider, and how it knows this app.

    Parameters
    ----------
    issuer
        Exactly as the provider calls itself.
    client_id, secret
        Of this app; null for a client that has no secret.
    redirect_uri
        Where people come back to.
    patience
        Seconds that it has for one step.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    secret: str | None = field(default=None, repr=False)
    patience: float = PATIENCE

    @cached_property
    def places(self) -> Any:
        """What bounds how many sign-ins ask it at once; those beyond wait, as long as its patience is."""
        return import_module("anyio").CapacityLimiter(_AT_ONCE)


@dataclass(frozen=True)
class Challenge:
    """What binds an answer to the sign-in that asked for it."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class Subject:
    """Somebody, as a provider numbers them: all that is learnt, and all that is kept."""

    issuer: str
    subject: str = field(repr=False)


def ready() -> None:
    """See that the libraries are there, before anybody needs them.

    Raises
    ------
    RatingError
        When the extra is not installed.
    """
    with needing("oidc"):
        for module in ("authlib.integrations.httpx_client", "authlib.oidc.core", "joserfc.jwt"):
            import_module(module)


def document_address(issuer: str) -> str:
    """Return where a provider describes itself.

    Examples
    --------
    >>> document_address("https://id.example.org/realm/")
    'https://id.example.org/realm/.well-known/openid-configuration'
    """
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def misfits(document: Mapping[str, object], *, issuer: str) -> tuple[str, ...]:
    """Return what makes a provider's description of itself useless here; nothing when it fits.

    Examples
    --------
    >>> misfits({"issuer": "https://other.example.org"}, issuer="https://id.example.org")[0]
    'calls itself https://other.example.org'
    """
    found = [] if document.get("issuer") == issuer else [f"calls itself {shown_name(str(document.get('issuer')))}"]
    found += [f"has no safe {name}" for name in _WANTED if not _is_safe(document.get(name))]
    if "code" not in _listed(document, "response_types_supported", ("code",)):
        found.append("gives no authorization code")
    if "S256" not in _listed(document, "code_challenge_methods_supported", ("S256",)):
        found.append("takes no PKCE with S256")
    if not _algorithms(document):
        found.append("signs in no way that is taken here")
    return tuple(found)


def _is_safe(address: object) -> bool:
    try:
        parts = urlsplit(address) if isinstance(address, str) else urlsplit("")
        return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK))
    except ValueError:
        return False


def _listed(document: Mapping[str, object], name: str, usual: tuple[str, ...]) -> tuple[object, ...]:
    found = document.get(name, usual)
    return tuple(cast(list[object], found)) if isinstance(found, (list, tuple)) else ()


def _algorithms(document: Mapping[str, object]) -> list[str]:
    said = _listed(document, "id_token_signing_alg_values_supported", ("RS256",))
    return [each for each in _ALGORITHMS if each in said]


async def sign_in_address(provider: Provider, challenge: Challenge) -> str:
    """Return where somebody goes to sign in. Only ``openid`` is asked for: neither name nor email.

    Raises
    ------
    NotProven
        When the provider is away, or does not fit.
    """
    async with _asking(provider) as client:
        document = await _document(client, provider)
        address, _ = client.create_authorization_url(
            document["authorization_endpoint"], state=challenge.state, code_verifier=challenge.verifier, nonce=challenge.nonce
        )
        return cast(str, address)


async def subject_of(provider: Provider, challenge: Challenge, *, code: str, said_issuer: str | None, now: datetime) -> Subject:
    """Return who came back with a code.

    Parameters
    ----------
    provider, challenge
        Whom they were sent to, and what with.
    code
        What the provider gave them.
    said_issuer
        Who the answer says it is from (RFC 9207); null where it does not.
    now
        By which the token is judged.

    Raises
    ------
    NotProven
        When the provider is away or refuses, or when what it sent does not hold.
    """
    async with _asking(provider) as client:
        document = await _document(client, provider)
        if document.get("authorization_response_iss_parameter_supported") is True and said_issuer is None:
            raise NotProven("not_proven", "the answer does not say which provider it is from")
        if "client_secret_basic" not in _listed(document, "token_endpoint_auth_methods_supported", ("client_secret_basic",)):
            client.token_endpoint_auth_method = "client_secret_post" if provider.secret else "none"
        with _read():
            token = await client.fetch_token(
                document["token_endpoint"], code=code, code_verifier=challenge.verifier, grant_type="authorization_code"
            )
        keys = await _json(client, document["jwks_uri"])
        return Subject(provider.issuer, _proven(provider, challenge, token=token, keys=keys, document=document, now=now))


@asynccontextmanager
async def _asking(provider: Provider) -> AsyncGenerator[Any]:
    """Yield a client of Authlib for one step, and turn whatever goes wrong at the provider into words."""
    anyio: Any = import_module("anyio")
    httpx: Any = import_module("httpx2")
    authlib: Any = import_module("authlib.integrations.httpx_client")
    jose: Any = import_module("joserfc.errors")
    try:
        with anyio.fail_after(provider.patience):
            async with provider.places, _client(authlib, provider) as client:
                yield client
    except (TimeoutError, httpx.TimeoutException):
        raise NotProven("provider_away", f"the provider did not answer within {provider.patience:g} seconds") from None
    except httpx.HTTPError as error:
        raise NotProven("provider_away", f"the provider cannot be asked ({type(error).__name__})") from None
    except authlib.OAuthError as error:
        raise NotProven("provider_refused", f"the provider refused: {shown_name(str(error.error))}") from None
    except jose.JoseError as error:
        raise NotProven("not_proven", f"the id token does not hold ({type(error).__name__})") from None


@contextmanager
def _read(*faults: type[Exception]) -> Generator[None]:
    """Turn what a library makes of an answer that is none into words."""
    try:
        yield
    except (ValueError, *faults) as error:
        raise NotProven("provider_away", f"the provider's answer cannot be read ({type(error).__name__})") from None


def _client(authlib: Any, provider: Provider) -> Any:
    return authlib.AsyncOAuth2Client(
        provider.client_id, provider.secret, scope="openid", redirect_uri=provider.redirect_uri, code_challenge_method="S256",
        verify=_trusted(), timeout=provider.patience, follow_redirects=False,
    )  # fmt: skip


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


async def _document(client: Any, provider: Provider) -> dict[str, Any]:
    found = await _json(client, document_address(provider.issuer))
    if faults := misfits(found, issuer=provider.issuer):
        raise NotProven("provider_away", f"the provider {'; it '.join(faults)}")
    return found


async def _json(client: Any, address: str) -> dict[str, Any]:
    answer = await client.request("GET", address, withhold_token=True)
    if answer.status_code != 200:
        raise NotProven("provider_away", f"the provider answers with status {answer.status_code}")
    with _read():
        found = answer.json()
    if not isinstance(found, dict):
        raise NotProven("provider_away", "the provider's answer is no JSON object")
    return cast(dict[str, Any], found)


def _proven(
    provider: Provider, challenge: Challenge, *, token: Mapping[str, Any], keys: Any, document: dict[str, Any], now: datetime
) -> str:
    """Return whom an id token names, after its signature, issuer, audience, times, nonce and access token were checked."""
    jwt: Any = import_module("joserfc.jwt")
    core: Any = import_module("authlib.oidc.core")
    if not isinstance(token.get("id_token"), str):
        raise NotProven("not_proven", "the provider sent no id token")
    with _read(KeyError, TypeError, AttributeError):
        keyring = import_module("joserfc.jwk").KeySet.import_key_set(keys)
    registry = import_module("joserfc.jws").JWSRegistry(algorithms=_algorithms(document), strict_check_header=False)
    signed = jwt.decode(token["id_token"], key=keyring, registry=registry)
    wanted = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
    }
    params = {"nonce": challenge.nonce, "client_id": provider.client_id, "access_token": token.get("access_token")}
    claims = core.CodeIDToken(signed.claims, signed.header, wanted, params)
    claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
    return _subject(claims["sub"])


def _subject(found: object) -> str:
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST or not found.isascii() or not found.isprintable():
        raise NotProven("not_proven", f"the id token names nobody: its subject is not 1 to {_LONGEST} ASCII characters")
    return found
