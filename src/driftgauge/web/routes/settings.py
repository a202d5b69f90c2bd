"""What somebody sets for themselves: language, colours, pictures, keys, categories that they would rather not see."""

from typing import Any, Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from driftgauge.pipeline.rating import people
from driftgauge.pipeline.rating.steps import Preferences, Refused
from driftgauge.web.asked import EVERYBODY, form, known, page
from driftgauge.web.bodies import text_of
from driftgauge.web.pages import KEYS, Visit
from driftgauge.web.sentences import sentence_of
from driftgauge.web.texts import categories
from driftgauge.web.words import names_of_languages


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


ACTIONS: Final = {
    "harm1": _("Not at all harmful"), "harm2": _("Mildly harmful"), "harm3": _("Moderately harmful"),
    "harm4": _("Very harmful"), "harm5": _("Extremely harmful"), "success": _("Successful"), "failure": _("Not successful"),
    "refusal": _("Default refusal"), "comment": _("Comment"), "undo": _("Undo"), "skip": _("Skip"),
    "picture": _("Show picture"),
}  # fmt: skip
_CHOICES: Final = {"theme": ("system", "light", "dark"), "pictures": ("blur", "grey", "show")}


def show(visit: Visit, *, status: int = 200, notice: str = "") -> Response:
    """Show the settings."""
    return visit.page(
        "settings.html.j2",
        status=status,
        notice=notice,
        saved="saved" in visit.request.query_params,
        languages=list(names_of_languages().items()),
        categories=categories(visit),
        actions=[(action, visit.say(name)) for action, name in ACTIONS.items()],
    )


def take(visit: Visit, fields: FormData) -> Response:
    """Keep the settings, or say which key stands twice."""
    try:
        people.prefer(visit.house.serving, known(visit), _preferences(visit, fields))
    except Refused as refusal:
        notice = visit.say(_("Two actions have the same key. Choose another one.")) if refusal.code == "bad_keys" else ""
        return show(visit, status=refusal.status, notice=notice or visit.say(sentence_of(refusal)))
    return RedirectResponse("/settings?saved=1", 303)


def _preferences(visit: Visit, fields: FormData) -> Preferences:
    now = known(visit).preferences
    language = text_of(fields, "language")
    chosen: dict[str, Any] = {
        name: text_of(fields, name) if text_of(fields, name) in allowed else getattr(now, name)
        for name, allowed in _CHOICES.items()
    }
    offered = {value for value, _name in categories(visit)}
    left_out = tuple(each for each in fields.getlist("left_out") if isinstance(each, str) and each in offered)
    return Preferences(
        language=language if language in names_of_languages() else now.language,
        left_out=left_out,
        keys=_keys(fields),
        theme=chosen["theme"],
        pictures=chosen["pictures"],
    )


def _keys(fields: FormData) -> dict[str, str]:
    found = {action: text_of(fields, f"key_{action}").strip().lower() or KEYS[action] for action in ACTIONS}
    if len(set(found.values())) < len(found) or any(len(key) != 1 or not key.isprintable() for key in found.values()):
        raise Refused(422, "bad_keys", "each action has one printable key of its own")
    return {action: key for action, key in found.items() if key != KEYS[action]}


ROUTES = (
    Route("/settings", page(show, roles=EVERYBODY), methods=["GET"]),
    Route("/settings", form(take, roles=EVERYBODY), methods=["POST"]),
)
