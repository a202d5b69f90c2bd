"""Signing in at a provider: an invitation gives the seat, the provider says who comes back, and nothing else gets in."""

import logging
import re
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from joserfc.jwk import ECKey

from driftgauge.pipeline.rating.people import disable
from driftgauge.store.tables import accounts, identities, invitations, sessions, tries
from driftgauge.store.write import erase
from tests.app import Running, chromium, person, running, tab
from tests.oidc_provider import CLIENT, CLIENT_SECRET, EMAIL, Provider, oidc_provider, unsigned
from tests.rating_studies import PASSWORD, Clock, declared, draw

SIGN_IN = "sign_in: {issuer: %s, client_id: driftgauge, name: Example ID, only: %s}\n"


def study(folder: Path, issuer: str, *, only: bool = False, raters: int = 60, store: str = "") -> Path:
    text = f"study: town\n{store}{declared(raters=raters)}{SIGN_IN % (issuer, str(only).lower())}"
    (folder / "study.yaml").write_text(text)
    draw(folder, responses_=2, raters=raters)
    return folder


@dataclass
class World:
    """An app, its provider, and the clock of both."""

    app: Running
    provider: Provider
    clock: Clock


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lasting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    clock, is_server = Clock(), request.param == "postgresql"
    store = f"store: {request.getfixturevalue('server').new_database()}\n" if is_server else ""
    with pytest.MonkeyPatch.context() as environment, oidc_provider(clock) as provider:
        environment.setenv("DRIFTGAUGE_OIDC_SECRET", CLIENT_SECRET)
        with running(study(tmp_path_factory.mktemp("sign-in"), provider.address, store=store), clock) as app:
            yield World(app, provider, clock)


@pytest.fixture
def world(lasting: World) -> Generator[World]:
    """The same app for each test, with a provider that is right at first."""
    lasting.provider.right()
    lasting.provider.subject = f"somebody-{len(lasting.provider.asked)}"
    yield lasting
    lasting.provider.right()


def leave(web: httpx.Client, page: str) -> httpx.Response:
    """Open a page of ours and follow its link to the provider."""
    link = re.search(r'href="([^"]*/sign-in\?csrf=[^"]+|/sign-in\?csrf=[^"]+)"', web.get(page).text)
    assert link
    return web.get(link[1])


def sent_back(web: httpx.Client, world: World, page: str) -> str:
    """Go to the provider, sign in there, and return where it sends one back to."""
    there = leave(web, page)
    assert there.status_code == 303
    return world.provider.sent_back(
        {name: value[0] for name, value in parse_qs(urlsplit(there.headers["location"]).query).items()}
    )


def signs_in(web: httpx.Client, world: World, page: str = "/login") -> httpx.Response:
    return web.get(sent_back(web, world, page))


def rows(world: World) -> list[int]:
    """How many accounts, identities, sessions and used invitations there are: what a refusal leaves as it was."""
    counted = (accounts.c.account, identities.c.subject, sessions.c.session, invitations.c.used_at)
    with world.app.serving.store.reading() as connection:
        return [connection.execute(sa.select(sa.func.count(column))).scalar_one() for column in counted]


def said(answer: httpx.Response) -> str:
    found = re.search(r'role="alert">([^<]+)<', answer.text)
    return found[1].replace("&#39;", "'") if found else ""


def test_an_invited_person_takes_the_seat_by_signing_in_and_comes_back_the_same_way(world: World) -> None:
    with person(world.app) as first:
        answer = signs_in(first.web, world, world.app.invitation())
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert first.web.get("/consent").status_code == 200
    with person(world.app) as later:
        assert signs_in(later.web, world).headers["location"] == "/"
        assert later.web.get("/consent").status_code == 200


def test_every_role_can_be_taken_so(world: World) -> None:
    for role, home in (("lead", "/desk"), ("viewer", "/desk"), ("author", "/scenarios")):
        world.provider.subject = f"one-{role}"
        with person(world.app) as found:
            signs_in(found.web, world, world.app.invitation(role))
            assert found.web.get("/").headers["location"] == home


def test_only_openid_is_asked_for_with_pkce_state_and_nonce(world: World) -> None:
    with person(world.app) as found:
        asked = parse_qs(urlsplit(leave(found.web, "/login").headers["location"]).query)
    assert (asked["scope"], asked["response_type"], asked["code_challenge_method"]) == (["openid"], ["code"], ["S256"])
    assert (asked["client_id"], asked["redirect_uri"]) == ([CLIENT], [f"{world.app.address}/signed-in"])
    assert min(len(asked[name][0]) for name in ("state", "nonce", "code_challenge")) >= 43


def test_the_address_to_come_back_to_is_never_what_a_request_says(world: World) -> None:
    with person(world.app) as found:
        found.web.headers["host"] = "evil.example.org"
        asked = parse_qs(urlsplit(leave(found.web, "/login").headers["location"]).query)
    assert asked["redirect_uri"] == [f"{world.app.address}/signed-in"]


def test_nobody_gets_in_by_the_provider_alone(world: World) -> None:
    before = rows(world)
    with person(world.app) as found:
        answer = signs_in(found.web, world)
        assert (answer.status_code, "Nobody takes part here" in said(answer)) == (403, True)
        assert "driftgauge" not in answer.cookies
    assert rows(world) == before


def test_what_the_provider_says_of_a_person_is_not_kept(world: World) -> None:
    with person(world.app) as found:
        signs_in(found.web, world, world.app.invitation())
    with world.app.serving.store.reading() as connection:
        kept = [str(row) for table in (accounts, identities) for row in connection.execute(sa.select(table))]
        subjects = connection.execute(sa.select(identities.c.issuer, identities.c.subject)).all()
    assert (world.provider.address, world.provider.subject) in [tuple(row) for row in subjects]
    assert not [each for each in kept if EMAIL in each or "Ana" in each]


def wrong_key(provider: Provider) -> None:
    other = ECKey.generate_key("P-256", {"kid": "first"})
    provider.signs = lambda claims: provider.sign(claims, key=other)


def says(**claims: object) -> Callable[[Provider], None]:
    def changed(provider: Provider) -> None:
        provider.changes = claims

    return changed


def expired(provider: Provider) -> None:
    provider.changes = {"exp": int(provider.clock().timestamp()) - 61}


def of_the_future(provider: Provider) -> None:
    provider.changes = {"iat": int(provider.clock().timestamp()) + 61}


def no_signature(provider: Provider) -> None:
    provider.signs = unsigned


def public_key_as_secret(provider: Provider) -> None:
    provider.signs = provider.with_its_public_key_as_secret


def down(provider: Provider) -> None:
    provider.status = 503


def no_json(provider: Provider) -> None:
    provider.raw = b"<html>"


def a_list(provider: Provider) -> None:
    provider.raw = b"[]"


def another_document(provider: Provider) -> None:
    provider.document = {"issuer": "https://other.example.org"}


def unsafe_document(provider: Provider) -> None:
    provider.document = {"token_endpoint": "http://other.example.org/token"}


def no_code_left(provider: Provider) -> None:
    provider.codes.clear()


AWAY, UNSURE, REFUSED = "does not answer just now", "could not be made sure", "did not let this app go on"
FAULTS = {
    "a wrong key": (wrong_key, UNSURE, 403),
    "no signature": (no_signature, UNSURE, 403),
    "a signature with the public key as a secret": (public_key_as_secret, UNSURE, 403),
    "an expired token": (expired, UNSURE, 403),
    "a token of the future": (of_the_future, UNSURE, 403),
    "another issuer": (says(iss="https://other.example.org"), UNSURE, 403),
    "another audience": (says(aud="another app"), UNSURE, 403),
    "two audiences, and another party": (says(aud=[CLIENT, "another app"], azp="another app"), UNSURE, 403),
    "another nonce": (says(nonce="of another sign-in"), UNSURE, 403),
    "no nonce": (says(nonce=None), UNSURE, 403),
    "no subject": (says(sub=None), UNSURE, 403),
    "a subject that is too long": (says(sub="9" * 256), UNSURE, 403),
    "another access token": (says(at_hash="b2Zhbm90aGVydG9rZW4"), UNSURE, 403),
    "a provider that is down": (down, AWAY, 503),
    "no JSON": (no_json, AWAY, 503),
    "a list": (a_list, AWAY, 503),
    "a document of another provider": (another_document, AWAY, 503),
    "an endpoint without TLS": (unsafe_document, AWAY, 503),
    "a code that is not known": (no_code_left, REFUSED, 502),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_lets_nobody_in_writes_nothing_and_is_told_calmly(world: World, fault: str) -> None:
    breaks, sentence, status = FAULTS[fault]
    invitation = world.app.invitation()
    before = rows(world)
    with person(world.app) as found:
        back = sent_back(found.web, world, invitation)
        breaks(world.provider)
        answer = found.web.get(back)
        assert (answer.status_code, sentence in said(answer)) == (status, True), said(answer)
        assert rows(world) == before
        world.provider.right()
        assert signs_in(found.web, world, invitation).status_code == 303, "the invitation is as good as before"


def test_the_clocks_may_differ_by_less_than_a_minute(world: World) -> None:
    now = int(world.clock().timestamp())
    world.provider.changes = {"exp": now - 59, "iat": now + 59}
    with person(world.app) as found:
        assert signs_in(found.web, world, world.app.invitation()).status_code == 303


def test_a_provider_that_changes_its_key_is_understood_at_once(world: World) -> None:
    with person(world.app) as found:
        signs_in(found.web, world, world.app.invitation())
        world.provider.rotate()
        assert signs_in(found.web, world).headers["location"] == "/"


def test_an_answer_comes_back_once(world: World) -> None:
    with person(world.app) as found:
        back = sent_back(found.web, world, world.app.invitation())
        cookies = dict(found.web.cookies)
        assert found.web.get(back).status_code == 303
        before = rows(world)
        again = httpx.get(back, cookies=cookies)
    assert (again.status_code, "Please begin again" in said(again)) == (409, True)
    assert rows(world) == before


def test_that_an_answer_came_back_is_forgotten_when_it_is_too_old_to_be_taken(world: World) -> None:
    counts: list[int] = []
    with person(world.app) as found:
        signs_in(found.web, world, world.app.invitation())
        for minutes in (9, 16):
            world.clock.goes(minutes=minutes)
            signs_in(found.web, world)
            with world.app.serving.store.reading() as connection:
                counts.append(len(connection.execute(sa.select(tries)).all()))
    assert counts[0] >= 2
    assert counts[1] == 1


def test_an_answer_is_taken_in_the_browser_alone_that_asked(world: World) -> None:
    with person(world.app) as attacker, person(world.app) as victim:
        theirs = sent_back(attacker.web, world, world.app.invitation())
        sent_back(victim.web, world, "/login")
        before = rows(world)
        assert [victim.web.get(theirs).status_code, httpx.get(theirs).status_code] == [409, 409]
    assert rows(world) == before


def test_who_stays_too_long_at_the_provider_begins_again(world: World) -> None:
    with person(world.app) as found:
        back = sent_back(found.web, world, world.app.invitation())
        world.clock.goes(minutes=10, seconds=1)
        assert found.web.get(back).status_code == 409


def test_an_answer_of_another_provider_is_not_taken(world: World) -> None:
    with person(world.app) as found:
        back = sent_back(found.web, world, world.app.invitation())
        assert found.web.get(f"{back}&iss=https%3A%2F%2Fother.example.org").status_code == 409
        world.provider.document = {"authorization_response_iss_parameter_supported": True}
        back = sent_back(found.web, world, world.app.invitation())
        assert found.web.get(back).status_code == 403, "it promised to say who it is"
        world.provider.says_issuer = True
        assert signs_in(found.web, world, world.app.invitation()).status_code == 303


@pytest.mark.parametrize(
    ("error", "sentence", "status"),
    [
        ("access_denied", "You did not sign in", 403),
        ("temporarily_unavailable", AWAY, 503),
        ("invalid_scope", REFUSED, 502),
        ("<script>alert(1)</script>", REFUSED, 502),
    ],
)
def test_an_error_that_comes_back_is_told_in_words_of_ours(world: World, error: str, sentence: str, status: int) -> None:
    before = rows(world)
    with person(world.app) as found:
        asked = parse_qs(urlsplit(leave(found.web, "/login").headers["location"]).query)
        answer = found.web.get("/signed-in?" + urlencode({"error": error, "state": asked["state"][0]}))
    assert (answer.status_code, sentence in said(answer), "<script>alert" in answer.text) == (status, True, False)
    assert rows(world) == before


def test_refusals_are_told_in_spanish_too(world: World) -> None:
    with person(world.app) as found:
        found.web.headers["accept-language"] = "es"
        assert "Nadie participa aquí" in said(signs_in(found.web, world))


def test_a_sign_in_takes_one_seat(world: World) -> None:
    with person(world.app) as found:
        signs_in(found.web, world, world.app.invitation())
        second = world.app.invitation()
        before = rows(world)
        answer = signs_in(found.web, world, second)
        assert (answer.status_code, "You take part already" in said(answer)) == (409, True)
        assert rows(world) == before


def test_an_account_that_was_closed_stays_closed(world: World) -> None:
    rater = taken(world)
    disable(world.app.serving, rater)
    with person(world.app) as found:
        answer = signs_in(found.web, world)
        assert (answer.status_code, "is closed" in said(answer)) == (403, True)


def test_an_erasure_leaves_nothing_of_who_signed_in(world: World) -> None:
    rater = taken(world)
    with world.app.serving.store.writing() as connection:
        erase(connection, of="rater", identifier=rater, reason="asked", entry=1)
        kept = connection.execute(sa.select(identities.c.subject).where(identities.c.subject == world.provider.subject)).all()
    assert kept == []
    with person(world.app) as found:
        assert "Nobody takes part here" in said(signs_in(found.web, world))


def taken(world: World) -> str:
    """Let somebody take a seat by signing in, and return it."""
    with person(world.app) as found:
        signs_in(found.web, world, world.app.invitation())
    query = sa.select(accounts.c.rater).join(identities).where(identities.c.subject == world.provider.subject)
    with world.app.serving.store.reading() as connection:
        return str(connection.execute(query).scalar_one())


def test_passwords_stay_beside_the_provider_and_open_no_account_without_one(world: World) -> None:
    with person(world.app, world.app.cookie("with-a-password")) as found:
        assert found.web.get("/consent").status_code == 200
    rater = taken(world)
    with world.app.serving.store.reading() as connection:
        login = connection.execute(sa.select(accounts.c.login).where(accounts.c.rater == rater)).scalar_one()
    with person(world.app) as found:
        form = {"csrf": token_of(found.web, "/login"), "login": login, "password": PASSWORD}
        assert found.web.post("/login", data=form).status_code == 401


def token_of(web: httpx.Client, page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"|csrf=([0-9a-f]+)', web.get(page).text)
    assert found
    return found[1] or found[2]


def test_another_site_cannot_send_somebody_on_their_way(world: World) -> None:
    with person(world.app) as found:
        invitation = world.app.invitation()
        for address, instead in (("/sign-in", "/login"), (f"{invitation}/sign-in?csrf=foreign", invitation)):
            answer = found.web.get(address)
            assert (answer.status_code, answer.headers["location"]) == (303, instead)


def test_there_is_nowhere_else_to_be_sent(world: World) -> None:
    with person(world.app) as found:
        back = sent_back(found.web, world, world.app.invitation())
        answer = found.web.get(f"{back}&next=https://evil.example.org&redirect_uri=//evil.example.org")
        assert answer.headers["location"] == "/"


def test_nothing_of_a_person_or_a_code_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="driftgauge"), person(world.app) as found:
        back = sent_back(found.web, world, world.app.invitation())
        wrong_key(world.provider)
        found.web.get(back)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("driftgauge")]
    assert ours == ["sign-in: the id token does not hold (BadSignatureError)"]


def test_a_slow_provider_holds_up_nobody_else(world: World) -> None:
    world.provider.open.clear()
    answers: list[int] = []

    def waits() -> None:
        with person(world.app) as found:
            answers.append(leave(found.web, "/login").status_code)

    waiting = [threading.Thread(target=waits) for _ in range(6)]
    for each in waiting:
        each.start()
    for _ in waiting:
        assert world.provider.waiting.acquire(timeout=30)
    with person(world.app, world.app.consenting("meanwhile")) as found:
        assert found.asked()["item"], "they rate while six wait for the provider, more than there are threads"
    assert answers == []
    world.provider.open.set()
    for each in waiting:
        each.join(30)
    assert answers == [303] * 6


def test_without_passwords_the_first_lead_signs_in_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTGAUGE_OIDC_SECRET", CLIENT_SECRET)
    clock = Clock()
    with oidc_provider(clock) as provider, running(study(tmp_path, provider.address, only=True, raters=2), clock) as app:
        invitation = app.invitation("lead")
        with person(app) as found:
            assert all("password" not in found.web.get(page).text for page in ("/login", invitation))
            form = {"csrf": token_of(found.web, "/login"), "login": "ana", "password": PASSWORD}
            for page in ("/login", invitation):
                answer = found.web.post(page, data=form)
                assert (answer.status_code, "has no passwords" in said(answer)) == (403, True)
            signs_in(found.web, World(app, provider, clock), invitation)
            assert found.web.get("/").headers["location"] == "/desk"


def test_in_a_browser(world: World) -> None:
    with chromium() as browser, tab(browser, world.app.address) as found:
        page = found.page
        page.goto(world.app.invitation())
        page.get_by_role("link", name="Take part with Example ID").click()
        page.get_by_role("link", name="Cancel").click()
        assert "You did not sign in" in page.inner_text("main")
        found.said.clear()  # that the answer was a 403
        page.goto(world.app.invitation())
        page.get_by_role("link", name="Take part with Example ID").click()
        page.get_by_role("link", name="It is me").click()
        page.wait_for_url("**/consent")
        page.get_by_role("button", name="Stop for now").click()
        page.get_by_role("link", name="Sign in with Example ID").click()
        page.get_by_role("link", name="It is me").click()
        page.wait_for_url("**/consent")
        assert found.said == []
