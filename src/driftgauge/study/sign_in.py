"""Where people may sign in, if not with a password of their own: a provider of OpenID Connect."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StrictBool
from pydantic_core import PydanticCustomError

from driftgauge.study.protocol import Declared
from driftgauge.study.words import Name

_ISSUER: Final = re.compile(
    r"(https://[a-z0-9.-]+|http://(localhost|127\.0\.0\.1|\[::1\]))(:\d{1,5})?(/[^\s?#@\\]*)?", re.IGNORECASE
)


def _issuer(text: str) -> str:
    if not _ISSUER.fullmatch(text):
        expected = "the https address that the provider calls itself, such as https://id.example.org"
        raise PydanticCustomError("issuer", expected, {"what": "is no address of a provider"})
    return text


class SignIn(Declared):
    """A provider at which people may sign in. Its secret comes from the environment: DRIFTGAUGE_OIDC_SECRET.

    Examples
    --------
    >>> SignIn(issuer="https://id.example.org", client_id="driftgauge", name="Example ID").only
    False
    """

    issuer: Annotated[str, AfterValidator(_issuer)] = Field(description="the provider, exactly as it calls itself")
    client_id: Name = Field(description="what the provider calls this app")
    name: Name = Field(description="what the pages call the provider")
    only: StrictBool = Field(default=False, description="whether passwords are switched off, for everybody")
