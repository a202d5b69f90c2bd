"""Names of files for releases, whatever the releases are called: safe on every system, and no two the same."""

import re
from collections.abc import Iterable
from typing import Final

from driftgauge.records import content_id

_OTHER: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST: Final = 60
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


def file_names(releases: Iterable[str]) -> dict[str, str]:
    """Return a file name, without its ending, for each release.

    Spaces become hyphens. Where more than that had to change, or two names would differ in case alone, some digits of the
    release's content id follow: the name of a file then depends on the release, and not on which others there are.

    Examples
    --------
    >>> file_names(["Elm 1", "Elm 2"])
    {'Elm 1': 'Elm-1', 'Elm 2': 'Elm-2'}
    >>> file_names(["../a"])["../a"].startswith("a-")
    True
    """
    names = list(dict.fromkeys(releases))
    plain = {name: name.replace(" ", "-") for name in names}
    folded = [each.casefold() for each in plain.values()]
    return {
        name: slug if _is_safe(slug) and folded.count(slug.casefold()) == 1 else f"{_cut(slug)}-{content_id(name)[:8]}"
        for name, slug in plain.items()
    }


def _is_safe(slug: str) -> bool:
    tidy = not _OTHER.search(slug) and slug[:1].isalnum() and slug[-1:] not in {".", "-"}
    return tidy and len(slug) <= _LONGEST and not _RESERVED.fullmatch(slug)


def _cut(slug: str) -> str:
    return _OTHER.sub("-", slug.replace(".", "-"))[:_LONGEST].strip("-_") or "release"
