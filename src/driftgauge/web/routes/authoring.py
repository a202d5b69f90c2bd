"""The pages of an author: what they write, and what they are asked to review; breaks; pictures."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from secrets import token_urlsafe
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from driftgauge.benchmark.drafts import FIELDS, PICTURES, Draft, draft_of, missing
from driftgauge.pipeline.authoring import care, pictures, reading, trying, writing
from driftgauge.pipeline.authoring.reading import Shown
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.rate.shown import as_written
from driftgauge.web.asked import AUTHORS, REVIEWERS, answering, form, go, known, page
from driftgauge.web.bodies import file_of, parts_of, text_of
from driftgauge.web.pages import Visit, medium_answer
from driftgauge.web.security import check_token
from driftgauge.web.sentences import sentence_of

_LONGEST_FIELD: Final = 100_000
"""Bytes of a text of a form: 20,000 characters in any script."""


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


STATES: Final[Mapping[str, str]] = {
    "writing": _("not sent yet"),
    "waiting": _("waits for review"),
    "in_review": _("in review"),
    "sent_back": _("sent back"),
    "accepted": _("accepted"),
    "erased": _("erased"),
}
NAMES: Final[Mapping[str, str]] = {
    "harm_category": _("Harm category"),
    "technique": _("Technique"),
    "execution": _("Execution"),
    "language": _("Language"),
    "text": _("Prompt as text alone"),
    "picture": _("Picture"),
    "image_text": _("Text beside the picture"),
    "twin_text": _("Twin as text alone"),
    "twin_picture": _("Picture of the twin"),
    "twin_image_text": _("Text beside the picture of the twin"),
}


def away(visit: Visit) -> Response | None:
    """Return the page of somebody who is to rest, or consents first; null when they may go on."""
    who = known(visit)
    if who.role != "author":
        return None
    if not who.consented:
        return go(visit, "/consent")
    state = care.stands(visit.house.serving, who)
    if state.place == "go":
        return None
    left = (state.until - visit.house.serving.now()).total_seconds() if state.until else 0
    return visit.page("authoring/away.html.j2", state=state, seconds=max(0, int(left)), saved=_saved(visit))


def _saved(visit: Visit) -> str:
    """Return the draft that was saved just now, so that the tab forgets what it kept of it."""
    return visit.request.query_params.get("saved", "")[:40]


def show_all(visit: Visit) -> Response:
    """Show what an author writes, and what waits for their review."""
    return away(visit) or visit.page(
        "authoring/scenarios.html.j2",
        desk=reading.desk(visit.house.serving, known(visit)),
        states={name: visit.say(said) for name, said in STATES.items()},
        when=partial(moment_of, visit),
        saved=_saved(visit),
        sent="sent" in visit.request.query_params,
    )


def moment_of(visit: Visit, at: str) -> str:
    """Return a time of the store as a page says it."""
    return visit.words.moment(datetime.fromisoformat(at), "UTC")


def show_new(visit: Visit) -> Response:
    """Show an empty form."""
    return away(visit) or shown(visit, Draft())


def show_one(visit: Visit) -> Response:
    """Show a draft of an author to be changed; an accepted one to be read."""
    found = _own(visit, visit.request.path_params["draft"])
    if found.kept.state == "accepted":
        return visit.page("authoring/accepted.html.j2", found=found, draft=found.draft, as_written=as_written)
    return away(visit) or shown(visit, found.draft, found=found)


def _own(visit: Visit, draft: str) -> Shown:
    found = reading.show(visit.house.serving, known(visit), draft)
    if found.kept.account != known(visit).account:
        raise Refused(404, "no_draft", "there is no such scenario of this author")
    return found


def shown(
    visit: Visit,
    draft: Draft,
    *,
    found: Shown | None = None,
    since: int | None = None,
    refusal: Refused | None = None,
) -> Response:
    """Show the form with a draft in it.

    Parameters
    ----------
    visit
        Who asks.
    draft
        What stands in the form.
    found
        What is saved of it; null of a new one.
    since
        The revision that the page goes back to, where that is not the newest.
    refusal
        Why what was sent was not saved.
    """
    stale = refusal is not None and refusal.code == "stale_draft"
    lacking = missing(draft) if refusal and refusal.code == "incomplete" else ()
    newest = found.kept.revision if found else 0
    return visit.page(
        "authoring/draft.html.j2",
        status=refusal.status if refusal else 200,
        notice=visit.say(sentence_of(refusal)) if refusal else "",
        draft=draft,
        found=found,
        other=found if stale else None,
        since=newest if stale or since is None else since,
        lacking=[(name, visit.say(NAMES[name])) for name in lacking],
        names={name: visit.say(said) for name, said in NAMES.items()},
        as_written=as_written,
        known=reading.labels(visit.house.serving),
        offered=trying.offered(visit.house.serving, known(visit)) if found else None,
        form_key=token_urlsafe(18),
        begun=visit.house.serving.now().isoformat(),
        saved=_saved(visit),
    )


async def take(visit: Visit) -> Response:
    """Take a draft with its pictures: it is on disk before anything is answered."""
    fields = await parts_of(visit.request, files=len(PICTURES), longest=_LONGEST_FIELD)
    try:
        check_token(text_of(fields, "csrf"), visit.csrf)
        files = {name: await file_of(fields, name, most=pictures.LIMITS.bytes) for name in PICTURES}
    finally:
        await fields.close()
    return await run_in_threadpool(_take, visit, fields, files)


def _take(visit: Visit, fields: FormData, files: Mapping[str, bytes]) -> Response:
    draft = _draft(fields)
    name, since = text_of(fields, "draft") or None, _number(text_of(fields, "since"))
    found = _own(visit, name) if name else None
    try:
        for field, data in files.items():
            if data:
                draft = replace(draft, **{field: pictures.keep_picture(visit.house.serving, known(visit), data)})
        send = text_of(fields, "do") == "send"
        sent = writing.Written(text_of(fields, "key"), name, since, draft, send, begun_of(visit, fields))
        saved = writing.save(visit.house.serving, known(visit), sent)
    except Refused as refusal:
        if refusal.code == "no_picture":
            draft = replace(draft, **dict.fromkeys(PICTURES, ""))
        return shown(visit, draft, found=_own(visit, name) if name else found, since=since, refusal=refusal)
    place = f"/scenarios?sent=1&saved={saved.draft}" if send else f"/scenarios/{saved.draft}?saved={saved.draft}"
    return RedirectResponse(place, 303)


def _draft(fields: FormData) -> Draft:
    """Return what was typed, with the pictures that were there before and are not to be taken out."""
    values = {name: text_of(fields, name) for name in FIELDS if name not in PICTURES}
    kept = {
        name: "" if text_of(fields, f"without_{name}") == "1" else text_of(fields, f"kept_{name}")[:100] for name in PICTURES
    }
    return draft_of({**values, **kept})


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0


def begun_of(visit: Visit, fields: FormData) -> datetime:
    """Return when a page was opened, as it says; what it does not say well is now."""
    now = visit.house.serving.now()
    try:
        begun = datetime.fromisoformat(text_of(fields, "begun")[:40])
    except ValueError:
        return now
    return min(begun, now) if begun.tzinfo else now


def rest(visit: Visit, _fields: FormData) -> Response:
    """Begin a break."""
    care.start_break(visit.house.serving, known(visit))
    return RedirectResponse("/scenarios", 303)


def carry_on(visit: Visit, _fields: FormData) -> Response:
    """Go on without a break, or after one."""
    care.carry_on(visit.house.serving, known(visit))
    return RedirectResponse("/scenarios", 303)


def medium(visit: Visit) -> Response:
    """Return a picture of a draft."""
    content, kind = pictures.medium(visit.house.serving, known(visit), visit.request.path_params["picture"])
    return medium_answer(content, kind)


ROUTES = (
    Route("/scenarios", page(show_all, roles=AUTHORS), methods=["GET"]),
    Route("/scenarios", answering(take, roles=AUTHORS), methods=["POST"]),
    Route("/scenarios/new", page(show_new, roles=AUTHORS), methods=["GET"]),
    Route("/scenarios/break", form(rest, roles=AUTHORS), methods=["POST"]),
    Route("/scenarios/carry-on", form(carry_on, roles=AUTHORS), methods=["POST"]),
    Route("/scenarios/{draft}", page(show_one, roles=AUTHORS), methods=["GET"]),
    Route("/draft-media/{picture}", page(medium, roles=REVIEWERS), methods=["GET"]),
)
