"""People and the design: who sits where, which the lead alone sees, and what was drawn, which a viewer sees too."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from driftgauge.errors import RatingError
from driftgauge.pipeline.rating import closing, people, roster
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.sitting import reset_calibration
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.web.asked import LEADS, READERS, acting, form, known, number_of, page
from driftgauge.web.bodies import name_of, text_of
from driftgauge.web.pages import Visit

_MOST_INVITED: Final = 50
_ROLES: Final = ("rater", "author", "lead", "viewer")


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


ROLES: Final = {"lead": _("Lead"), "author": _("Author"), "viewer": _("Viewer")}
REPORT: Final[Mapping[str, str]] = {
    "raters": _("Raters"),
    "responses": _("Responses"),
    "ratings": _("Ratings"),
    "per_response": _("Raters of a response"),
    "load": _("Responses of a rater, with anchors and control items"),
    "together": _("Responses that two raters share"),
    "groups": _("Groups that share nothing"),
    "anchors": _("Shown again to the same rater"),
    "across": _("Shown again from earlier phases"),
    "gold": _("Control items of a rater, at most"),
    "calibration": _("Practice items of a rater"),
    "apart": _("Others between two of a scenario, at least"),
    "days": _("Days of the busiest rater"),
    "expected_drifts": _("How sure each drift will be"),
}
_BY_RELEASE: Final = {"expected_drifts"}
_FOR_VIEWERS: Final = frozenset(REPORT) - _BY_RELEASE
"""What is not known here is not for a viewer: it may be by release."""


def show_people(visit: Visit, *, made: list[str] | None = None, notice: str = "", status: int = 200) -> Response:
    """Show who sits where, and what can be done about it."""
    base = visit.house.base_url or str(visit.request.base_url)
    return visit.page(
        "people.html.j2",
        status=status,
        seats=roster.seats(visit.house.serving),
        others=closing.others(visit.house.serving),
        roles={name: visit.say(said) for name, said in ROLES.items()},
        panels=list(visit.house.serving.study.panels),
        links=[f"{base.rstrip('/')}{path}" for path in made or []],
        notice=notice,
    )


def invite(visit: Visit, fields: FormData) -> Response:
    """Make invitations and show their links, this once."""
    role = text_of(fields, "role")
    if role not in _ROLES:
        raise Refused(422, "bad_body", f"role is one of {', '.join(_ROLES)}")
    count = min(_MOST_INVITED, max(1, number_of(text_of(fields, "count"), otherwise=1)))
    panel = name_of(fields, "panel") if role == "rater" else None
    try:
        made = people.invite(acting(visit), role=role, panel=panel, count=count)
    except Refused:
        raise
    except RatingError as error:
        return show_people(visit, notice=str(error), status=422)
    return show_people(visit, made=[each.link_path for each in made])


def disable(visit: Visit, fields: FormData) -> Response:
    """Close an account."""
    return _done(visit, people.disable, fields)


def close(visit: Visit, fields: FormData) -> Response:
    """Close the account of a lead, an author or a viewer, for good."""
    return _done(visit, closing.close, fields, field="account")


def revoke(visit: Visit, fields: FormData) -> Response:
    """Take an open invitation back."""
    return _done(visit, people.revoke, fields)


def recalibrate(visit: Visit, fields: FormData) -> Response:
    """Open the practice for a rater again."""
    return _done(visit, reset_calibration, fields)


def _done(visit: Visit, act: Callable[[Serving, str], object], fields: FormData, *, field: str = "rater") -> Response:
    try:
        act(acting(visit), name_of(fields, field))
    except Refused:
        raise
    except RatingError as error:
        return show_people(visit, notice=str(error), status=422)
    return show_people(visit, notice=visit.say(_("Done.")))


def show_design(visit: Visit) -> Response:
    """Show what was drawn, and what that gives; to a viewer without anything that says a release or a phase."""
    leads = known(visit).role == "lead"
    found = [
        {
            "panel": each.panel,
            "phase": each.phase if leads else None,
            "design": _worded(json.loads(each.design)),
            "report": [
                (visit.say(REPORT.get(name) or name.replace("_", " ")), _worded(value))
                for name, value in json.loads(each.report).items()
                if leads or name in _FOR_VIEWERS
            ],
        }
        for each in roster.draws(visit.house.serving)
    ]
    return visit.page("design.html.j2", draws=found)


def _worded(value: Any) -> str:
    """Return a value of JSON as a person reads it."""
    if isinstance(value, dict):
        pairs = {name: each for name, each in cast(dict[str, Any], value).items() if each is not None}
        if set(pairs) == {"least", "middle", "most"}:
            least, most = pairs["least"], pairs["most"]
            return _worded(most) if least == most else f"{_worded(least)} – {_worded(most)}"
        return ", ".join(f"{name.replace('_', ' ')} {_worded(each)}" for name, each in pairs.items())
    if isinstance(value, list):
        return ", ".join(_worded(each) for each in cast(list[Any], value))
    if isinstance(value, float):
        return f"{value:.3g}"
    return "–" if value is None else str(value)


ROUTES = (
    Route("/people", page(show_people, roles=LEADS), methods=["GET"]),
    Route("/people/invite", form(invite, roles=LEADS), methods=["POST"]),
    Route("/people/disable", form(disable, roles=LEADS), methods=["POST"]),
    Route("/people/close", form(close, roles=LEADS), methods=["POST"]),
    Route("/people/revoke", form(revoke, roles=LEADS), methods=["POST"]),
    Route("/people/recalibrate", form(recalibrate, roles=LEADS), methods=["POST"]),
    Route("/design", page(show_design, roles=READERS), methods=["GET"]),
)
