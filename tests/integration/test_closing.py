"""Leads, authors and viewers who leave, accepted scenarios that are taken back, leaving by command; on both databases."""

import json
from collections.abc import Callable, Generator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from driftgauge.benchmark.lines import each_line
from driftgauge.cli import cli
from driftgauge.errors import RatingError
from driftgauge.pipeline.authoring.reading import desk, show
from driftgauge.pipeline.authoring.version import freeze_next, ready
from driftgauge.pipeline.authoring.writing import Written, save
from driftgauge.pipeline.rating.closing import account_of_login, close, leave, others
from driftgauge.pipeline.rating.people import consent, log_in, who
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.store import journal, read
from driftgauge.store.tables import draft_revisions, reviews
from tests.authoring_studies import Workshop, declared, join_as, scenario, workshop
from tests.integration.conftest import NewStudy
from tests.rating_studies import PASSWORD, Clock, draw, seat, sent, serve
from tests.rating_studies import declared as rated_study

MakeStudy = Callable[..., NewStudy]


@pytest.fixture
def town(new_study: MakeStudy) -> Generator[Workshop]:
    with workshop(new_study(declared()).folder, Clock()) as found:
        yield found


def refused(act: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(Refused) as raised:
        act()
    return raised.value.status, raised.value.code


def accepted(town: Workshop, number: int = 0) -> str:
    """Let ana write a scenario and ben accept it."""
    saved = town.ana.save(town.ana.scenario(number), send=True)
    assert town.ben.take() == saved.draft
    town.ben.review(saved.draft, note="a good one")
    return saved.draft


def texts(town: Workshop) -> list[str | None]:
    with town.serving.store.reading() as connection:
        return [
            each
            for column in (draft_revisions.c.content, reviews.c.note)
            for each in connection.execute(sa.select(column)).scalars()
        ]


def test_who_is_closed_is_logged_out_and_what_they_wrote_stays(town: Workshop) -> None:
    draft = accepted(town)
    found = close(town.serving, town.ana.who.account)
    assert (found.role, found.data, found.erased, found.pictures) == ("author", "keep", 0, ())
    assert who(town.serving, town.ana.cookie) is None
    assert refused(lambda: log_in(town.serving, login="ana", password=PASSWORD, client="c")) == (401, "wrong")
    assert show(town.serving, town.lead.who, draft).draft.text
    assert ready(town.serving).new == 1
    assert [(each.login, each.is_closed) for each in others(town.serving)] == [("ana", True), ("ben", False), ("lead", False)]


def test_an_author_who_is_erased_leaves_no_text_and_no_login_and_what_was_accepted_goes_nowhere(town: Workshop) -> None:
    accepted(town)
    town.ana.save(town.ana.scenario(1), send=True)
    own = town.ben.save(town.ben.scenario(2)).draft
    account = town.ana.who.account
    found = close(town.serving, account, data="erase")
    assert found.erased == 2 + 2  # revisions; the review that was taken and the one that was given
    assert len(found.pictures) == 0  # ben brought the same one
    assert [each for each in texts(town) if each] == [each for each in texts(town) if each and "goat 2" in each]
    assert [each.login for each in others(town.serving)] == ["ben", "lead"]
    assert (ready(town.serving).accepted, ready(town.serving).new) == (0, 0)
    assert (desk(town.serving, town.ben.who).waiting, desk(town.serving, town.lead.who).reviewing) == (0, ())
    assert show(town.serving, town.ben.who, own).draft.text
    with town.serving.store.reading() as connection:
        assert journal.entries(connection)[-1].detail == {"of": "author", "account": account}


def test_the_pictures_that_an_erased_author_alone_brought_are_named(town: Workshop) -> None:
    town.ana.picture("navy")
    town.ben.picture("teal")
    assert len(close(town.serving, town.ana.who.account, data="erase").pictures) == 1


def test_a_frozen_version_stays_when_its_author_is_erased(town: Workshop) -> None:
    draft = accepted(town)
    root = freeze_next(town.serving, town.lead.who).manifest.root
    close(town.serving, town.ana.who.account, data="erase")
    folder = town.serving.study.benchmark_folder
    assert folder
    assert draft in {line.scenario.scenario for line in each_line(folder)}
    assert freeze_next(town.serving, town.lead.who).manifest.root == root


def test_an_author_stops_by_themselves_and_what_they_wrote_stays_where_they_consented_to_that(town: Workshop) -> None:
    draft = accepted(town)
    ana = town.ana.who
    found = leave(town.serving, ana)
    assert (found.role, found.data, found.erased, found.cleared) == ("author", "keep", 0, True)
    assert who(town.serving, town.ana.cookie) is None
    assert refused(lambda: log_in(town.serving, login="ana", password=PASSWORD, client="c")) == (401, "wrong")
    assert show(town.serving, town.lead.who, draft).draft.text
    with town.serving.store.reading() as connection:
        last = journal.entries(connection)[-1]
    told = {"of": "author", "account": ana.account, "wrote": "keep", "asked_by": "author"}
    assert (last.verb, last.detail) == ("withdraw", told)


def test_what_an_author_consented_to_holds_though_the_study_changes(new_study: MakeStudy) -> None:
    made = new_study(declared() + "authoring: {withdrawal: erase}\n")
    with workshop(made.folder, Clock()) as town:
        town.ana.save(town.ana.scenario(0))
        town.ben.save(town.ben.scenario(1))
        authoring = town.serving.study.authoring.model_copy(update={"withdrawal": "keep"})
        changed = replace(town.serving, study=town.serving.study.model_copy(update={"authoring": authoring}))
        consent(changed, town.ben.who, text_id="text-2")
        assert [leave(changed, each.who).data for each in (town.ana, town.ben)] == ["erase", "keep"]
        assert len([each for each in texts(town) if each]) == 1
        assert [each.login for each in others(town.serving)] == ["ben", "lead"]


def test_what_an_author_had_taken_for_review_waits_again_and_what_they_send_late_is_refused(town: Workshop) -> None:
    draft = town.ana.save(town.ana.scenario(), send=True).draft
    carl = join_as(town.serving, "carl")
    assert town.ben.take() == draft
    ben = town.ben.who
    assert carl.take() is None
    leave(town.serving, ben)
    assert carl.take() == draft
    late = Written("a-key-of-a-page-left-open", None, 0, scenario(2, picture=""), send=False, begun=town.serving.now())
    assert refused(lambda: save(town.serving, ben, late)) == (401, "session_ended")


def test_somebody_always_leads(town: Workshop) -> None:
    with pytest.raises(RatingError, match="last lead"):
        close(town.serving, town.lead.who.account)
    second = join_as(town.serving, "second", role="lead", consents=False)
    close(town.serving, town.lead.who.account)
    with pytest.raises(RatingError, match="last lead"):
        close(town.serving, second.who.account, data="erase")


def test_nobody_is_closed_twice_and_nobody_who_is_not_there(town: Workshop) -> None:
    account = town.ben.who.account
    close(town.serving, account)
    with pytest.raises(RatingError, match="closed already"):
        close(town.serving, account)
    assert close(town.serving, account, data="erase").data == "erase"
    for nobody in (account, "nobody", ""):
        with pytest.raises(RatingError, match="no such account"):
            close(town.serving, nobody)
    with pytest.raises(RatingError, match="no lead, author or viewer"):
        account_of_login(town.serving, "zoe")


def test_a_lead_takes_an_accepted_scenario_back_until_it_is_in_the_benchmark(town: Workshop) -> None:
    first, second = accepted(town, 0), accepted(town, 1)
    assert {each.kept.draft for each in desk(town.serving, town.lead.who).accepted} == {first, second}
    town.lead.review(first, verdict="sent_back", note="its twin asks for something else")
    assert ready(town.serving).new == 1
    freeze_next(town.serving, town.lead.who)
    assert desk(town.serving, town.lead.who).accepted == ()
    late = refused(lambda: town.lead.review(second, verdict="sent_back", note="too late"))
    assert late == (409, "in_benchmark")
    assert refused(lambda: town.ben.review(second, verdict="sent_back", note="not mine to say")) == (409, "reviewed")
    assert town.ana.save(town.ana.scenario(3), draft=first, since=1, send=True).revision == 2


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["rate", "withdraw", *map(str, arguments)])


def test_the_command_line_lets_a_rater_leave_as_they_consented_or_erased(new_study: MakeStudy) -> None:
    folder = new_study(rated_study()).folder
    draw(folder, responses_=3)
    with serve(folder, Clock()) as serving:
        names: list[str] = []
        for rater in seat(serving, count=2):
            assert rater.who.rater
            names.append(rater.who.rater)
            with Writer(serving) as writer:
                writer.submit(rater.who, sent(_first(serving, names[-1]), comment="my words")).result(10)
        kept = run(folder, "--rater", names[0])
        assert (kept.exit_code, kept.output.splitlines()[1]) == (0, "2 assignments are missing now: nobody else is given them.")
        erased = json.loads(run(folder, "--rater", names[1], "--erase", "--json").stdout)
        assert (erased["data"], erased["missing"], erased["erased"]) == ("erase", 2, 3)
        with serving.store.reading() as connection:
            assert read.ratings_frame(connection)["rater"].to_list() == names[:1]
    again = run(folder, "--rater", names[0])
    assert again.exit_code == 1
    assert "takes part no more" in str(again.exception)
    assert run(folder).exit_code == 2


def _first(serving: object, rater: str) -> str:
    query = sa.text("SELECT assignment FROM assignments WHERE rater = :rater ORDER BY position LIMIT 1")
    with serving.store.reading() as connection:  # type: ignore[attr-defined]
        return str(connection.execute(query, {"rater": rater}).scalar_one())


def test_the_command_line_closes_and_erases_an_author_by_login(town: Workshop) -> None:
    town.ana.save(town.ana.scenario())
    assert "what they did is kept" in run(town.folder, "--login", "Ana").output
    done = run(town.folder, "--login", "ana", "--erase")
    assert "erased (1 rows)" in done.output
    assert "1 pictures" in done.output
    assert run(town.folder, "--login", "ana").exit_code == 1
    assert "last lead" in str(run(town.folder, "--login", "lead").exception)
