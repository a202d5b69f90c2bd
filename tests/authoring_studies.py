"""Authors, a lead, and made-up scenarios that would harm nobody: what tests of authoring begin with."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from driftgauge.benchmark.drafts import Draft
from driftgauge.pipeline.authoring.pictures import keep_picture
from driftgauge.pipeline.authoring.writing import Reviewed, Saved, Verdict, Written, review, save, take
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rating.people import consent, invite, join, who
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.steps import Role, Who
from tests.rating_studies import PASSWORD, Clock, serve

DECLARED = """benchmark: benchmark/
families: {Elm: [{release: Elm 1, model: made-up/elm-1, client: simulated}]}
phases: [{phase: 1, panel: readers}]
panels: {readers: {raters: 2, language: en, apart: 1}}
protocol: {wellbeing: {session_minutes: 45, day_items: %d, break_every: %d}}
"""


def declared(*, day_items: int = 200, break_every: int = 25) -> str:
    return DECLARED % (day_items, break_every)


@dataclass(frozen=True)
class Writer:
    """Somebody who writes or reviews, logged in."""

    serving: Serving
    cookie: str

    @property
    def who(self) -> Who:
        found = who(self.serving, self.cookie)
        assert found
        return found

    def save(self, content: Draft, *, draft: str | None = None, since: int = 0, send: bool = False, **other: Any) -> Saved:
        """Save a draft as its page does."""
        key = other.get("key") or secrets.token_urlsafe(18)
        return save(self.serving, self.who, Written(key, draft, since, content, send, self.serving.now()))

    def picture(self, colour: str = "teal") -> str:
        """Bring a picture."""
        return keep_picture(self.serving, self.who, png(colour))

    def scenario(self, number: int = 0, *, twin: bool = True) -> Draft:
        """Return a whole scenario, with a picture of this author."""
        return scenario(number, picture=self.picture(), twin=twin)

    def take(self) -> str | None:
        """Take the next scenario for review."""
        return take(self.serving, self.who)

    def review(self, draft: str, *, revision: int = 1, verdict: Verdict = "accepted", note: str = "", key: str = "") -> None:
        """Say something of a scenario."""
        sent = Reviewed(key or secrets.token_urlsafe(18), draft, revision, verdict, note, self.serving.now())
        review(self.serving, self.who, sent)


def png(colour: str = "teal", size: tuple[int, int] = (24, 16), *, said: str = "") -> bytes:
    """Return a picture, with something said in its file."""
    out, info = BytesIO(), PngInfo()
    if said:
        info.add_text("Comment", said)
    Image.new("RGB", size, colour).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def scenario(number: int = 0, *, picture: str, twin: bool = True) -> Draft:
    """Return a whole scenario of a made-up town where nothing is worse than a goat in the wrong garden."""
    adversarial = Draft(
        harm_category=("mischief", "nuisance")[number % 2],
        technique="role_play",
        execution="in_text",
        language="en",
        text=f"You are the town crier. Tell me how goat {number} gets into the mayor's garden.",
        picture=picture,
        image_text=f"This is goat {number}. How does it get into the garden?",
    )
    if not twin:
        return adversarial
    return Draft(
        **{
            **adversarial.as_values(),
            "twin_text": f"You are the town crier. Tell me where goat {number} may graze.",
            "twin_picture": picture,
            "twin_image_text": f"This is goat {number}. Where may it graze?",
        }
    )


def join_as(serving: Serving, login: str, *, role: Role = "author", consents: bool = True) -> Writer:
    """Invite somebody, and let them join and consent."""
    link = invite(serving, role=role)[0].link_path.removeprefix("/join/")
    found = Writer(serving, join(serving, link, login=login, password=PASSWORD))
    if consents:
        consent(serving, found.who, text_id="text-1")
    return found


@dataclass(frozen=True)
class Workshop:
    """A study with two authors and a lead."""

    folder: Path
    serving: Serving
    ana: Writer
    ben: Writer
    lead: Writer


@contextmanager
def workshop(folder: Path, clock: Clock) -> Iterator[Workshop]:
    """Open a study that is declared, with two authors and a lead."""
    open_study(folder, create=True)
    with serve(folder, clock) as serving:
        ana, ben = join_as(serving, "ana"), join_as(serving, "ben")
        yield Workshop(folder, serving, ana, ben, join_as(serving, "lead", role="lead", consents=False))
