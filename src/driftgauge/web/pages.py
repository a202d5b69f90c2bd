"""How a page is made: its words, who sees it, and the templates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from driftgauge.clients.identity import Provider
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.steps import Refused, Who
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.study import Panel
from driftgauge.web.security import cookie_name, visitor_name, visitor_token
from driftgauge.web.sentences import sentence_of
from driftgauge.web.words import Words, accepted, direction, language_for, words

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
KEYS: Final[Mapping[str, str]] = {
    **{f"harm{level}": str(level) for level in range(1, 6)},
    "success": "s", "failure": "f", "refusal": "r", "comment": "c", "submit": "Enter", "undo": "u", "skip": "x", "picture": "v",
}  # fmt: skip
"""Action to its usual key."""


@dataclass(frozen=True)
class House:
    """What all pages are made with.

    Parameters
    ----------
    serving
        The study and its store.
    writer
        Takes what raters submit.
    base_url
        Where people reach the app; null for wherever they say they do.
    doors
        Of a demonstration alone: what stands in a link, to a login and its password.
    provider
        At which people may sign in; null where the study declares none.
    """

    serving: Serving
    writer: Writer
    base_url: str | None = None
    doors: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    provider: Provider | None = None


@dataclass(frozen=True)
class Visit:
    """Somebody who asks for a page."""

    house: House
    request: Request
    who: Who | None
    visitor: str
    """What the cookie of somebody who is not logged in holds; drawn at the first visit."""

    @property
    def panel(self) -> Panel | None:
        """The panel of a rater."""
        return self.house.serving.study.panels.get(self.who.panel) if self.who and self.who.panel else None

    @cached_property
    def words(self) -> Words:
        """The language of the pages: as they chose, as their panel, as their browser."""
        chosen = self.who.preferences.language if self.who else None
        panel = self.panel.language if self.panel else None
        return words(language_for(chosen, panel, *accepted(self.request.headers.get("accept-language", ""))))

    @property
    def csrf(self) -> str:
        """The token of the forms of this page."""
        return self.who.csrf if self.who else visitor_token(self.visitor, secret=self.house.serving.secret)

    @property
    def wants_fragment(self) -> bool:
        """Whether htmx asks."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def wants_json(self) -> bool:
        """Whether a program asks."""
        sent = self.request.headers.get("content-type", "")
        return "application/json" in self.request.headers.get("accept", "") or sent.startswith("application/json")

    @property
    def keys(self) -> dict[str, str]:
        """Action to its key, as they set them."""
        return {**KEYS, **(self.who.preferences.keys if self.who else {})}

    def say(self, message: str, **values: object) -> str:
        """Return a message in the language of this visit."""
        return self.words.say(message, **values)

    def page(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """Return a page or a fragment of one."""
        html = environment(self.words.language).get_template(template).render({**self._context(), "status": status, **context})
        answer = HTMLResponse(html, status_code=status)
        if not self.who and self.request.cookies.get(visitor_name(self.request)) != self.visitor:
            set_cookie(answer, self.request, name=visitor_name(self.request), value=self.visitor)
        return answer

    def refused(self, refusal: Refused) -> Response:
        """Return what happened in plain words, as a page, a fragment or JSON."""
        notice = self.say(sentence_of(refusal))
        if self.wants_json:
            return JSONResponse({"error": refusal.code, "message": notice}, refusal.status)
        if self.wants_fragment:
            return self.page("notice.html.j2", status=refusal.status, notice=notice, refusal=refusal)
        return self.page("refused.html.j2", status=refusal.status, notice=notice)

    def _context(self) -> dict[str, Any]:
        preferences = self.who.preferences if self.who else None
        panel = self.panel
        return {
            "study": self.house.serving.study.study,
            "sign_in": self.house.serving.study.sign_in,
            "words": self.words,
            "direction": direction(self.words.language),
            "theme": preferences.theme if preferences else "system",
            "pictures": preferences.pictures if preferences else "blur",
            "keys": self.keys,
            "who": self.who,
            "csrf": self.csrf,
            "here": self.request.url.path,
            "places": [(address, self.say(name)) for address, name in _PLACES.get(self.who.role if self.who else "", ())],
            "panel": {
                "language": panel.language if panel else None,
                "direction": direction(panel.language if panel else None),
                "timezone": self.house.serving.caps_of(self.who.panel).zone.key if self.who else "UTC",
            },
            "static": static_address,
            "notice": "",
            "typed": _Typed(),
        }


class _Typed(dict[str, str]):
    """What was typed; nothing where it was not."""

    def __missing__(self, key: str) -> str:
        return ""


def typed(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return what was typed into a form, for showing it again."""
    return _Typed(values)


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


_RATER: Final = (
    ("/rate", _("Rating")), ("/guidelines", _("Guidelines")), ("/support", _("Support")), ("/settings", _("Settings")),
)  # fmt: skip
_READER: Final = (("/desk", _("Desk")), ("/design", _("Design")), ("/journal", _("Journal")))
_AUTHOR: Final = (
    ("/scenarios", _("Scenarios")), ("/guidelines", _("Guidelines")), ("/support", _("Support")), ("/settings", _("Settings")),
)  # fmt: skip
_PLACES: Final = {
    "rater": _RATER,
    "lead": (*_READER, ("/reviews", _("Scenarios")), ("/people", _("People")), ("/settings", _("Settings"))),
    "viewer": (*_READER, ("/settings", _("Settings"))),
    "author": _AUTHOR,
}


@cache
def environment(language: str) -> Environment:
    """Return the templates in a language of the interface."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.install_gettext_translations(words(language).translations, newstyle=True)  # type: ignore[attr-defined]
    return made


@cache
def static_address(name: str) -> str:
    """Return the address of a static file, with what changes when the file does."""
    return f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def new_visitor() -> str:
    """Return what the cookie of a first visit holds."""
    return token_urlsafe(24)


def set_cookie(answer: Response, request: Request, *, name: str, value: str, seconds: int | None = None) -> None:
    """Set a cookie that scripts cannot read and other sites do not send."""
    is_https = request.url.scheme == "https"
    answer.set_cookie(name, value, max_age=seconds, path="/", secure=is_https, httponly=True, samesite="lax")


def logged_out(visit: Visit, address: str) -> Response:
    """Return an answer that leads to a page of nobody, without the cookie of a session."""
    answer = RedirectResponse(address, 303)
    is_https = visit.request.url.scheme == "https"
    answer.delete_cookie(cookie_name(visit.request), path="/", secure=is_https, httponly=True, samesite="lax")
    return answer


def medium_answer(content: bytes, kind: str) -> Response:
    """Return a picture or a recording: for whoever asks alone, under a name that says nothing, and never as a page of ours.

    Opened by itself it is in a sandbox, so that not even a browser that mistook it for a page would run anything.
    """
    headers = {
        "cache-control": "private, no-store",
        "content-disposition": f'inline; filename="medium.{kind.rpartition("/")[2]}"',
        "content-security-policy": "sandbox",
    }
    return Response(content, media_type=kind, headers=headers)


def log_in(answer: Response, request: Request, cookie: str) -> Response:
    """Return an answer that makes its reader logged in."""
    set_cookie(answer, request, name=cookie_name(request), value=cookie)
    return answer
