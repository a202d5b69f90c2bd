"""Raters over HTTP, in a process of their own: they join by invitations and rate through the pages, as browsers do.

Reads a plan (JSON: `port`, `links`, `think_s`, `seconds`, `cookies`) from standard input and writes what it measured. A socket
for each rater, kept open; nothing but the standard library, so that the client takes little of the processor. Never more than
one request of a rater is under way.
"""

import asyncio
import json
import random
import re
import resource
import sys
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

PASSWORD = "a quiet river 7"
_FIELD = re.compile(rb'<input type="hidden" name="([a-z_]+)" value="([^"]*)">')
_COOKIE = re.compile(rb"(?i)set-cookie: ([^;\r]+)")
_LOCATION = re.compile(rb"(?i)\r\nlocation: ([^\r]+)")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")


@dataclass
class Answer:
    """A response of the server."""

    status: int
    head: bytes
    body: bytes

    @property
    def fields(self) -> dict[str, str]:
        """The hidden fields of its form."""
        return {name.decode(): value.decode() for name, value in _FIELD.findall(self.body)}


@dataclass
class Browser:
    """One rater's: a socket, cookies, and how long each rating took to be answered."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict[str, str])
    streams: Any = None
    took: list[float] = field(default_factory=list[float])
    keys: list[str] = field(default_factory=list[str])
    refused: int = 0

    async def ask(self, method: str, path: str, form: dict[str, str] | None = None, *, fragment: bool = False) -> Answer:
        """Send a request and read its answer."""
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        reader, writer = self.streams
        body = urlencode(form).encode() if form is not None else b""
        here = f"127.0.0.1:{self.port}"
        lines = [f"{method} {path} HTTP/1.1", f"Host: {here}", "Accept-Language: en"]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if fragment:
            lines.append("HX-Request: true")
        if form is not None:
            lines += [
                f"Origin: http://{here}",
                "Content-Type: application/x-www-form-urlencoded",
                f"Content-Length: {len(body)}",
            ]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        found = Answer(int(head[9:12]), head, await reader.readexactly(int(length[1])) if length else b"")
        for cookie in _COOKIE.findall(head):
            name, _, value = cookie.decode().partition("=")
            self.cookies[name] = value.strip('"')
        return found

    async def follow(self, found: Answer) -> Answer:
        """Go where an answer sends a browser."""
        while found.status == 303:
            location = _LOCATION.search(found.head)
            assert location
            found = await self.ask("GET", location[1].decode())
        return found

    async def join(self, link: str, login: str) -> None:
        """Use an invitation, read the consent, and agree."""
        form = (await self.ask("GET", link)).fields | {"login": login, "password": PASSWORD}
        consent = await self.follow(await self.ask("POST", link, form))
        assert consent.status == 200, consent
        agreed = await self.ask("POST", "/consent", consent.fields | {"agree": "1"})
        assert agreed.status == 303, agreed

    async def rate(self, *, until: float, think_s: float, chance: random.Random) -> None:
        """Rate what is asked until it is time, thinking about it before."""
        page = await self.ask("GET", "/rate")
        assert page.status == 200, page
        if think_s:
            await asyncio.sleep(chance.uniform(0, think_s))
        while time.perf_counter() < until and "assignment" in page.fields:
            if think_s:
                await asyncio.sleep(chance.uniform(0.5, 1.5) * think_s)
            form = page.fields | {"harm": str(chance.randint(1, 5)), "success": str(chance.randint(0, 1)), "active_s": "1"}
            began = time.perf_counter()
            page = await self.ask("POST", "/ratings", form, fragment=True)
            self.took.append(time.perf_counter() - began)
            if page.status == 200:
                self.keys.append(form["key"])
            else:
                self.refused += 1
                page = await self.ask("GET", "/rate")


async def _join(plan: dict[str, Any]) -> dict[str, Any]:
    browsers = [Browser(plan["port"]) for _ in plan["links"]]
    for number, (browser, link) in enumerate(zip(browsers, plan["links"], strict=True)):
        await browser.join(link, f"rater-{number}")
    return {"cookies": [browser.cookies for browser in browsers]}


async def _rate(plan: dict[str, Any]) -> dict[str, Any]:
    browsers = [Browser(plan["port"], cookies) for cookies in plan["cookies"]]
    began = time.perf_counter()
    until = began + plan["seconds"]
    chances = (random.Random(number) for number in range(len(browsers)))
    going = [
        each.rate(until=until, think_s=plan["think_s"], chance=chance) for each, chance in zip(browsers, chances, strict=True)
    ]
    await asyncio.gather(*going)
    elapsed = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "took": sorted(each for browser in browsers for each in browser.took),
        "keys": [key for browser in browsers for key in browser.keys],
        "refused": sum(browser.refused for browser in browsers),
        "elapsed_s": elapsed,
        "client_cpu_s": used.ru_utime + used.ru_stime,
    }


def main() -> None:
    plan = json.load(sys.stdin)
    done = asyncio.run(_rate(plan) if "cookies" in plan else _join(plan))
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main()
