"""What is asked: everything that is missing, once, in an order in which nothing goes with time."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftgauge.clients.calls import Fault
from driftgauge.collect.plan import COUNTS, KNOWN, Plan
from driftgauge.errors import CollectError
from driftgauge.frames import RESPONSE_KEY
from driftgauge.rate.exchange.ids import content_ids
from tests.collecting import BOTH, TEXT, Kept, Scripted, answer, collect, in_no_time, per_item, planned, prompts, release

PAIRED = prompts(4, modalities=("text-only", "multimodal"), languages=("en", "es"))
TWO = (release("Elm 1"), release("Oak 1", takes=TEXT))


def ids(of: Plan) -> list[str]:
    return of.to_ask["response_id"].to_list()


def known(rows: dict[str, str], *, revision: int = 1) -> pl.DataFrame:
    return pl.DataFrame([(name, revision, status) for name, status in rows.items()], schema=KNOWN, orient="row")


def with_all(of: Plan, status: str = "answered") -> pl.DataFrame:
    ends = dict.fromkeys(of.unsupported["response_id"], "unsupported")
    return known(dict.fromkeys(ids(of), status) | ends)


def counted(of: Plan) -> dict[tuple[str, str], tuple[int, ...]]:
    return {(row[0], row[1]): row[2:] for row in of.counts.select("release", "modality", *COUNTS).iter_rows()}


def test_every_prompt_is_put_to_every_release_that_takes_it() -> None:
    found = planned(PAIRED, releases=TWO, attempts=2)
    assert counted(found) == {
        ("Elm 1", "multimodal"): (16, 0, 0, 0, 0),
        ("Elm 1", "text-only"): (16, 0, 0, 0, 0),
        ("Oak 1", "multimodal"): (0, 0, 0, 16, 0),
        ("Oak 1", "text-only"): (16, 0, 0, 0, 0),
    }
    assert found.media_bytes == 16 * 1000


def test_a_response_has_the_id_that_imported_ratings_of_it_have() -> None:
    found = planned(PAIRED, releases=TWO)
    assert ids(found) == content_ids(found.to_ask, RESPONSE_KEY).to_list()


def test_items_say_what_the_rows_say() -> None:
    found = planned(PAIRED, releases=TWO)
    items = list(found.items("Elm 1"))
    assert [each.response_id for each in items] == found.to_ask.filter(release="Elm 1")["response_id"].to_list()
    assert {each.takes for each in items} == {TEXT, BOTH}
    assert {(each.phase, each.attempt, each.revision) for each in items} == {("1", 1, 1)}
    assert {each.prompt: each.media_bytes for each in items} == dict(PAIRED.select("prompt", "media_bytes").iter_rows())


def test_the_prompts_of_a_scenario_stand_together_and_neither_modality_goes_first() -> None:
    many = planned(prompts(200, modalities=("text-only", "multimodal"))).to_ask
    assert many["scenario"].rle_id().max() == 199
    first = many.group_by("scenario", maintain_order=True).first()["modality"].value_counts()
    assert dict(first.iter_rows())["multimodal"] == pytest.approx(100, abs=25)


def test_scenarios_do_not_come_in_the_order_of_their_names() -> None:
    places = planned(prompts(200)).to_ask["scenario"].str.slice(1).cast(pl.Int64)
    assert abs(pl.select(pl.corr(places, pl.int_range(200))).item()) < 0.2


def test_every_release_is_asked_in_the_same_order_and_they_take_turns() -> None:
    found = planned(PAIRED, releases=(release("Elm 1"), release("Oak 1"))).to_ask
    assert found["release"].to_list() == ["Elm 1", "Oak 1"] * 16
    assert found.filter(release="Elm 1")["prompt"].to_list() == found.filter(release="Oak 1")["prompt"].to_list()


def test_the_order_is_the_same_in_the_next_phase() -> None:
    first, second = (planned(PAIRED, phase=phase).to_ask["prompt"].to_list() for phase in ("1", "2"))
    assert first == second


def test_first_attempts_come_before_second_ones() -> None:
    attempts = planned(PAIRED, attempts=2).to_ask["attempt"]
    assert attempts.to_list() == [1] * 16 + [2] * 16


def test_what_failed_comes_again_as_the_next_revision() -> None:
    first = planned(PAIRED)
    again = ids(first)[3]
    found = planned(
        PAIRED, known=pl.concat([with_all(first).filter(pl.col("response_id") != again), known({again: "failed"}, revision=2)])
    )
    assert [(each.response_id, each.revision) for each in found.items("Elm 1")] == [(again, 3)]
    assert found.counts.select(pl.col(COUNTS).sum()).row(0) == (1, 1, 15, 0, 0)


@pytest.mark.parametrize("status", ["answered", "truncated", "refused", "filtered", "empty"])
def test_an_answer_of_any_kind_is_not_asked_again(status: str) -> None:
    assert ids(planned(PAIRED, known=with_all(planned(PAIRED), status))) == []


def test_only_failed_asks_nothing_else() -> None:
    first = planned(PAIRED)
    found = planned(PAIRED, known=known({ids(first)[3]: "failed", ids(first)[4]: "answered"}), only="failed")
    assert ids(found) == [ids(first)[3]]
    assert found.counts.select(pl.col(COUNTS).sum()).row(0) == (1, 1, 1, 0, 14)


def test_a_release_that_takes_pictures_now_is_asked_what_was_unsupported() -> None:
    before = planned(PAIRED, releases=[release("Elm 1", takes=TEXT)])
    after = planned(PAIRED, releases=[release("Elm 1")], known=with_all(before))
    assert ids(after)
    assert set(ids(after)) == set(before.unsupported["response_id"])
    assert set(after.to_ask["revision"]) == {2}


def test_what_failed_and_is_not_taken_any_more_ends_as_unsupported() -> None:
    first = planned(PAIRED)
    after = planned(PAIRED, releases=[release("Elm 1", takes=TEXT)], known=with_all(first, "failed"))
    assert after.unsupported.height == 8
    assert set(after.unsupported["revision"]) == {2}


@pytest.mark.parametrize(("limit", "each"), [(0, (0, 0)), (1, (1, 0)), (5, (3, 2)), (100, (16, 16))])
def test_a_limit_is_shared_out_over_releases(limit: int, each: tuple[int, int]) -> None:
    found = planned(PAIRED, releases=(release("Elm 1"), release("Oak 1")), limit=limit)
    assert tuple(found.to_ask.filter(release=name).height for name in ("Elm 1", "Oak 1")) == each


def test_one_release_alone() -> None:
    found = planned(PAIRED, releases=TWO, release="Oak 1")
    assert set(found.to_ask["release"]) == set(found.counts["release"]) == {"Oak 1"}
    assert [each.name for each in found.releases] == ["Oak 1"]


def test_a_release_that_is_not_there_is_named() -> None:
    with pytest.raises(CollectError, match="no release of this phase is called Ash 1\nNext: Name one of: Elm 1, Oak 1"):
        planned(PAIRED, releases=TWO, release="Ash 1")


def test_a_prompt_that_is_there_twice_is_named() -> None:
    with pytest.raises(CollectError, match="the prompt s0/text-only/en is there twice"):
        planned(pl.concat([prompts(1), prompts(1)]))


@pytest.mark.parametrize("of", [prompts(0), prompts(2)])
def test_nothing_to_ask_is_a_plan_too(of: pl.DataFrame) -> None:
    found = planned(of, attempts=0)
    assert (list(found.items("Elm 1")), found.media_bytes, found.total("Elm 1")) == ([], 0, 0)


SOME = st.fixed_dictionaries(
    {
        "scenarios": st.integers(0, 4),
        "attempts": st.integers(1, 2),
        "takes": st.lists(st.sampled_from([TEXT, BOTH]), min_size=1, max_size=3),
        "status": st.lists(st.sampled_from(["answered", "refused", "failed", "unsupported", None]), min_size=1, max_size=7),
        "order": st.randoms(use_true_random=False),
        "limit": st.integers(1, 7),
    }
)


def drawn(some: dict[str, object], **more: object) -> tuple[Plan, Plan]:
    """The plan of nothing known, and the plan when some is."""
    of = prompts(some["scenarios"], modalities=("text-only", "multimodal"))
    more = {
        "releases": [release(f"R{at}", takes=takes) for at, takes in enumerate(some["takes"])],
        "attempts": some["attempts"],
        **more,
    }
    first = planned(of, **more)
    statuses = some["status"]
    everything = [*ids(first), *first.unsupported["response_id"]]
    there = {name: statuses[at % len(statuses)] for at, name in enumerate(sorted(everything))}
    return first, planned(of, known=known({name: status for name, status in there.items() if status}), **more)


@given(SOME)
def test_a_plan_of_everything_that_is_there_is_empty(some: dict[str, object]) -> None:
    _, second = drawn(some)
    more = {"releases": second.releases, "attempts": some["attempts"]}
    of = prompts(some["scenarios"], modalities=("text-only", "multimodal"))
    first = planned(of, **more)
    assert ids(planned(of, known=with_all(first), **more)) == []


@given(SOME)
def test_no_response_is_planned_twice_and_all_add_up(some: dict[str, object]) -> None:
    first, second = drawn(some)
    for each in (first, second):
        all_of = [*ids(each), *each.unsupported["response_id"]]
        assert len(set(all_of)) == len(all_of)
        total = each.counts.select(pl.sum_horizontal("to_ask", "there", "unsupported", "later").sum()).item()
        assert total == 2 * some["scenarios"] * some["attempts"] * len(some["takes"])


@given(SOME)
def test_limited_plans_one_after_the_other_are_the_whole_plan(some: dict[str, object]) -> None:
    whole, _ = drawn(some)
    of = prompts(some["scenarios"], modalities=("text-only", "multimodal"))
    seen: list[str] = []
    while True:
        there = known(dict.fromkeys(seen, "answered"))
        part = planned(of, releases=whole.releases, attempts=some["attempts"], known=there, limit=some["limit"])
        if not ids(part):
            break
        assert len(ids(part)) <= some["limit"]
        seen += ids(part)
    assert sorted(seen) == sorted(ids(whole))
    for each in whole.releases:
        own = whole.to_ask.filter(release=each.name)["response_id"].to_list()
        assert [name for name in seen if name in own] == own


@given(SOME)
def test_the_order_of_rows_does_not_matter(some: dict[str, object]) -> None:
    whole, _ = drawn(some)
    of = prompts(some["scenarios"], modalities=("text-only", "multimodal"))
    rows = list(range(of.height))
    some["order"].shuffle(rows)
    assert planned(of[rows], releases=whole.releases, attempts=some["attempts"]).to_ask.equals(whole.to_ask)


def test_what_a_run_kept_is_what_the_next_plan_knows() -> None:
    kept = Kept()
    first = planned(PAIRED, releases=TWO)
    in_no_time(collect(first, Scripted(per_item([Fault("rejected")])), kept=kept))
    assert kept.statuses == {"failed": 24, "unsupported": 8}
    second = planned(PAIRED, releases=TWO, known=kept.known())
    assert (len(ids(second)), second.unsupported.height) == (24, 0)
    in_no_time(collect(second, Scripted(per_item([answer()])), kept=kept))
    assert ids(planned(PAIRED, releases=TWO, known=kept.known())) == []
