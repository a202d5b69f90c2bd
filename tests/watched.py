"""A browser under watch: whatever a page does, asks for or holds that no page of ours does is noted."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request

WATCH: Final = """
(() => {
  const say = (what) => console.error('hostile: ' + what);
  Object.defineProperty(window, 'ran', { set: () => say('a script ran'), get: () => undefined });
  document.addEventListener('securitypolicyviolation', (event) => say('forbidden by ' + event.violatedDirective));
})()
"""
"""Runs before anything of a page does."""
MARKUP: Final = """
(allowed) => {
  const found = [];
  const isAllowed = (element) => allowed.some((selector) => element.matches(selector));
  const own = new Set(['/static/htmx-2.0.10.min.js', '/static/rating.js', '/static/authoring.js']);
  const say = (element) => found.push(element.outerHTML.slice(0, 200));
  for (const element of document.querySelectorAll('*')) {
    const name = element.localName;
    const barred = ['iframe', 'object', 'embed', 'base', 'style', 'template', 'frame', 'svg', 'math', 'video', 'marquee'];
    if (barred.includes(name) && !isAllowed(element)) say(element);
    if (name === 'script' && !isAllowed(element) && !own.has(new URL(element.src, location).pathname)) say(element);
    if (name === 'meta' && element.httpEquiv && !isAllowed(element)) say(element);
    if (name === 'link' && new URL(element.href).origin !== location.origin) say(element);
    if (name === 'img' && !/^\\/(draft-)?media\\/[A-Za-z0-9_-]+$/.test(element.getAttribute('src'))) say(element);
    const quoted = element.closest('.picture') ? null : element.closest('.text, .prose');
    for (const { name: attribute, value } of element.attributes) {
      if (/^on/i.test(attribute)) say(element);
      const isAddress = /^(href|src|action|formaction|xlink:href)$/.test(attribute);
      if (isAddress && /^[\\s\\0-\\x1f]*(javascript|vbscript|data):/i.test(value)) say(element);
      if (quoted && quoted !== element && /^(hx-|data-|id$|name$|style$|class$|srcset$)/.test(attribute)) say(element);
    }
  }
  return found;
}
"""
"""Markup that no page of ours has."""
FILES: Final = frozenset({"/scenarios"})
"""The forms that have files."""
SEND: Final = """
([address, fields, files]) => {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = address;
  form.enctype = files ? 'multipart/form-data' : 'application/x-www-form-urlencoded';
  for (const name of ['csrf', 'key', 'assignment', 'revision'])
    for (const each of document.querySelectorAll(`input[name=${name}]`)) fields[name] = each.value;
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement('textarea');
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  HTMLFormElement.prototype.submit.call(form);
}
"""
"""Sends a form as a page of ours would, with anything in it."""
READ: Final = """
() => {
  const fields = [...document.querySelectorAll('input, textarea, option')].map((each) => each.value ?? '');
  return [document.body.innerText, ...fields].join(' ');
}
"""
"""Everything that is to be read on a page."""


@dataclass
class Seen:
    """What happened on a page that nothing of ours does."""

    wrong: list[str] = field(default_factory=list[str])
    where: str = ""

    def say(self, what: str) -> None:
        """Note something."""
        self.wrong.append(f"{self.where}: {what}")


@dataclass(frozen=True)
class Watched:
    """Somebody's browser, under watch."""

    page: Page
    seen: Seen
    allowed: tuple[str, ...] = ()
    """What stands on a page of ours and would be told of else, as selectors."""

    def look(self, name: str, address: str) -> None:
        """Open a page and see what happens on it."""
        self.seen.where = name
        self.page.goto(address, wait_until="load")
        self.settle()

    def settle(self) -> None:
        """See what happened on the page that is there now."""
        if self.page.evaluate("document.contentType") != "text/html":
            return
        for found in self.page.evaluate(MARKUP, list(self.allowed)):
            self.seen.say(f"markup {found}")
        if len(self.page.frames) > 1:
            self.seen.say("a frame")

    def sends(self, address: str, fields: Mapping[str, str]) -> None:
        """Send a form from the page that is there now, and see what happens."""
        files = urlsplit(address).path in FILES
        with self.page.expect_event("framenavigated"):
            self.page.evaluate(SEND, [address, dict(fields), files])
        self.page.wait_for_load_state("load")
        self.settle()

    def swaps(self, address: str, target: str) -> None:
        """Let htmx fetch a part of the page, as it does by itself, and see what happens."""
        self.page.evaluate("([url, target]) => htmx.ajax('GET', url, {target, swap: 'outerHTML'})", [address, target])
        self.settle()

    def reads(self, *texts: str) -> None:
        """See that hostile texts are read as they were written."""
        whole = squeezed(self.page.evaluate(READ))
        for text in texts:
            if squeezed(text) not in whole:
                self.seen.say(f"not to be read: {text!r}")


def squeezed(text: str) -> str:
    """Return a text without blanks and without what is shown as its number."""
    return re.sub(r"\s|\u202e|⟦U\+202E⟧|\u200b", "", text)


def is_own(request: Request, address: str) -> bool:
    """Return whether a page of ours makes such a request."""
    parts, home = urlsplit(request.url), urlsplit(address)
    if (parts.scheme, parts.netloc) != (home.scheme, home.netloc):
        return False
    if request.resource_type in {"script", "stylesheet"}:
        return parts.path.startswith("/static/")
    if request.resource_type == "image":
        return parts.path.startswith(("/static/", "/media/", "/draft-media/"))
    return request.resource_type in {"document", "xhr", "fetch"} or parts.path == "/static/icon.svg"


@contextmanager
def watched(
    browser: Browser, address: str, *, policy: bool, cookie: str | None = None, allowed: tuple[str, ...] = ()
) -> Iterator[Watched]:
    """Open a browser of somebody who is logged in where there is a cookie, with the policy of the page or without."""
    context = browser.new_context(base_url=address, bypass_csp=not policy, locale="en-US")
    context.set_default_timeout(15_000)
    context.add_init_script(WATCH)
    if cookie:
        context.add_cookies([{"name": "driftgauge", "value": cookie, "url": address}])
    page, seen = context.new_page(), Seen()
    _listen(context, page, seen, address=address)
    yield Watched(page, seen, allowed)
    context.close()


def _listen(context: BrowserContext, page: Page, seen: Seen, *, address: str) -> None:
    def dialog(opened: Any) -> None:
        seen.say(f"a dialog: {opened.message}")
        opened.dismiss()

    def request(made: Request) -> None:
        if not is_own(made, address):
            seen.say(f"a request to {made.url} ({made.resource_type})")

    def console(message: Any) -> None:
        is_viewer = "/draft-media/" in seen.where or "at /media/" in seen.where  # the browser's own page around a picture
        if message.type in {"error", "warning"} and not is_viewer and "Failed to load resource" not in message.text:
            seen.say(f"the console: {message.text}")

    page.on("dialog", dialog)
    page.on("console", console)
    page.on("pageerror", lambda error: seen.say(f"an error: {error}"))
    page.on("frameattached", lambda _: seen.say("a frame"))
    context.on("request", request)
    context.on("page", lambda _: seen.say("a window"))
