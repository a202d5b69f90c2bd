"""Studies to begin with: a ``study.yaml`` with every default spelled out, or that of the published study; and a name for it."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

import yaml

PLAIN: Final = "plain"
TEMPLATES: Final[Mapping[str, str]] = {PLAIN: "template.yaml", "eight-releases": "eight_releases.yaml"}
"""Each template with its file."""


def study_template(name: str, *, template: str = PLAIN) -> str:
    """Return the text of a valid ``study.yaml`` for a study of this name.

    Parameters
    ----------
    name
        Of the study.
    template
        A key of `TEMPLATES`.
    """
    text = files("driftgauge.study").joinpath(TEMPLATES[template]).read_text(encoding="utf-8")
    plain = yaml.safe_load(name) == name  # else YAML would take the name for a number or a day
    written = f"study: {name if plain else json.dumps(name)}"
    return re.sub(r"^study: NAME +", lambda found: written.ljust(len(found[0]) - 1) + " ", text, flags=re.MULTILINE)


def safe_name(text: str) -> str:
    """Return a name for a study that is as near to a text as the rules for names allow.

    Examples
    --------
    >>> safe_name("Eight releases (2026)"), safe_name("..")
    ('Eight-releases-2026', 'study')
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).lstrip("-.").rstrip("-")[:80] or "study"
