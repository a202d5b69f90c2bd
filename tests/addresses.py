"""Every address of the app, with what a right request holds. A new one that is not here makes the tests of requests fail."""

from collections.abc import Mapping
from typing import Final

from driftgauge.benchmark.drafts import FIELDS, PICTURES
from driftgauge.web.routes.settings import ACTIONS
from tests.rating_studies import PICTURE

Values = Mapping[str, str]
_DRAFT: Final = {name: "{text}" for name in FIELDS if name not in PICTURES} | {"language": "en"}
WRITTEN: Final = {
    **_DRAFT, **{f"{do}_{name}": "" for do in ("kept", "without") for name in PICTURES}, **dict.fromkeys(PICTURES, "{file}"),
    "draft": "{draft}", "since": "1", "key": "{key}", "do": "save", "begun": "2026-03-02T09:00:00+00:00",
}  # fmt: skip
_RATED: Final = {
    "key": "{key}", "assignment": "{assignment}", "harm": "2", "success": "0", "refusal": "0", "comment": "", "skipped": "",
    "active_s": "3.5", "pictures": "blur", "seen": PICTURE,
}  # fmt: skip
_KEYS: Final = {f"key_{action}": "" for action in ACTIONS}
RIGHT: Final[Mapping[tuple[str, str], Values]] = {
    ("GET", "/health"): {},
    ("GET", "/static"): {},
    ("GET", "/"): {},
    ("GET", "/login"): {"bye": "1", "left": "1"},
    ("POST", "/login"): {"login": "{login}", "password": "a guess of somebody"},
    ("POST", "/logout"): {},
    ("GET", "/join/{token}"): {},
    ("POST", "/join/{token}"): {"login": "somebody", "password": "a quiet river 8"},
    ("GET", "/enter/{door}"): {},
    ("GET", "/sign-in"): {},
    ("GET", "/join/{token}/sign-in"): {},
    ("GET", "/signed-in"): {"state": "of nobody", "code": "of nothing", "iss": "", "error": ""},
    ("GET", "/consent"): {},
    ("POST", "/consent"): {"agree": "1", "text": "text-1"},
    ("GET", "/about-you"): {},
    ("POST", "/about-you"): {"age": "18-39"},
    ("GET", "/guidelines"): {},
    ("GET", "/support"): {},
    ("GET", "/rate"): {"back": "1"},
    ("POST", "/ratings"): _RATED,
    ("POST", "/break"): {},
    ("POST", "/carry-on"): {},
    ("POST", "/understood"): {},
    ("GET", "/media/{picture}"): {},
    ("GET", "/settings"): {"saved": "1"},
    ("POST", "/settings"): {"language": "en", "theme": "dark", "pictures": "grey", "left_out": "category-1", **_KEYS},
    ("GET", "/withdraw"): {},
    ("POST", "/withdraw"): {"agree": ""},
    ("GET", "/people/withdraw"): {"rater": "{somebody}"},
    ("POST", "/people/withdraw"): {"rater": "{nobody}", "agree": "1"},
    ("GET", "/desk"): {},
    ("POST", "/desk/pause"): {"panel": "{nobody}"},
    ("POST", "/desk/resume"): {"panel": "{nobody}"},
    ("POST", "/desk/export"): {"form": "csv", "panel": ""},
    ("GET", "/journal"): {"before": "7"},
    ("GET", "/people"): {},
    ("POST", "/people/invite"): {"role": "viewer", "count": "2", "panel": "panel-1"},
    ("POST", "/people/disable"): {"rater": "{nobody}"},
    ("POST", "/people/close"): {"account": "{nobody}"},
    ("POST", "/people/revoke"): {"rater": "{nobody}"},
    ("POST", "/people/recalibrate"): {"rater": "{nobody}"},
    ("GET", "/design"): {},
    ("GET", "/scenarios"): {"saved": "w-0", "sent": "1"},
    ("POST", "/scenarios"): WRITTEN,
    ("GET", "/scenarios/new"): {},
    ("POST", "/scenarios/break"): {},
    ("POST", "/scenarios/carry-on"): {},
    ("GET", "/scenarios/{draft}"): {"saved": "w-0"},
    ("POST", "/scenarios/{draft}/try"): {"release": "Elm 1", "modality": "text-only"},
    ("GET", "/draft-media/{picture}"): {},
    ("GET", "/reviews"): {},
    ("POST", "/reviews/next"): {},
    ("POST", "/reviews/freeze"): {},
    ("GET", "/reviews/{draft}"): {},
    ("POST", "/reviews/{draft}"): {
        "key": "{key}", "revision": "1", "verdict": "left", "note": "", "begun": "2026-03-02T09:00:00+00:00",
    },
}  # fmt: skip
"""Every route with what a right request holds: of a GET behind ``?``, else in its form. What acts on others acts on nobody."""
