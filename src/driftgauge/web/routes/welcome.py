"""What raters and authors read before and beside the work: consent, guidelines, support; what raters tell of themselves."""

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from driftgauge.pipeline.rating import people
from driftgauge.web.asked import RATERS, WORKERS, form, known, page
from driftgauge.web.bodies import text_of
from driftgauge.web.pages import Visit
from driftgauge.web.texts import questions, texts_of


def show_consent(visit: Visit) -> Response:
    """Show what is agreed to."""
    return visit.page("consent.html.j2", texts=texts_of(visit))


def take_consent(visit: Visit, fields: FormData) -> Response:
    """Note the consent to the text that was shown."""
    texts = texts_of(visit)
    if text_of(fields, "agree") != "1" or text_of(fields, "text") != texts.id:
        notice = visit.say("Please read the text and tick that you agree.")
        return visit.page("consent.html.j2", status=422, texts=texts, notice=notice)
    people.consent(visit.house.serving, known(visit), text_id=texts.id)
    if known(visit).role == "author":
        return RedirectResponse("/scenarios", 303)
    return RedirectResponse("/about-you" if questions(visit) else "/rate", 303)


def show_questions(visit: Visit) -> Response:
    """Ask what nobody has to answer."""
    return visit.page("about_you.html.j2", questions=questions(visit))


def take_answers(visit: Visit, fields: FormData) -> Response:
    """Keep what was answered, apart from who it was."""
    chosen = {each.name: (text_of(fields, each.name), each.answers) for each in questions(visit)}
    answers = {name: said for name, (said, offered) in chosen.items() if said in offered}
    people.tell_about_self(visit.house.serving, known(visit), answers)
    return RedirectResponse("/rate", 303)


def show_guidelines(visit: Visit) -> Response:
    """Show the guidelines."""
    texts = texts_of(visit)
    return visit.page("text.html.j2", title=visit.say("Guidelines"), texts=texts, body=texts.guidelines)


def show_support(visit: Visit) -> Response:
    """Show where a rater finds help."""
    texts = texts_of(visit)
    return visit.page("text.html.j2", title=visit.say("Support"), texts=texts, body=texts.support)


ROUTES = (
    Route("/consent", page(show_consent, roles=WORKERS), methods=["GET"]),
    Route("/consent", form(take_consent, roles=WORKERS), methods=["POST"]),
    Route("/about-you", page(show_questions, roles=RATERS), methods=["GET"]),
    Route("/about-you", form(take_answers, roles=RATERS), methods=["POST"]),
    Route("/guidelines", page(show_guidelines, roles=WORKERS), methods=["GET"]),
    Route("/support", page(show_support, roles=WORKERS), methods=["GET"]),
)
