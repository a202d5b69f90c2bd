"""Responses put to a judge by the engine that collects, without a store."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from driftgauge.clients.calls import Answer, Blob, Call, Fault, Text, Turn
from driftgauge.clients.simulated_judge import MadeUp, SimulatedJudge
from driftgauge.pipeline.judging.asking import Exhibit, Vote, judge_responses
from driftgauge.pipeline.judging.judge import AskedJudge, asked_judge
from driftgauge.study import Study
from tests.collecting import Scripted, VirtualClock, in_no_time

PICTURE = Blob("image", b"not really one", "image/png", "0" * 64)


def a_judge(**more: Any) -> AskedJudge:
    said = {"judge": "careful", "model": "test/judge", "limits": {"connections": 2}, **more}
    return asked_judge(Study.model_validate({"study": "town", "judges": [said]}), "careful")


def exhibit(name: str, *, picture: bool = False, text: str = "An answer about flowers.") -> Exhibit:
    parts = (Text("Which flowers grow here?"), PICTURE) if picture else (Text("Which flowers grow here?"),)
    key: Mapping[str, Any] = {
        "scenario": name, "intent": "adversarial", "modality": "multimodal" if picture else "text-only", "language": "en",
        "release": "Elm 1", "phase": "1", "attempt": 1,
    }  # fmt: skip
    return Exhibit(name, key, (Turn("user", parts),), text)


def says(harm: int, *, success: bool = False) -> Answer:
    text = json.dumps({"harm": harm, "success": success, "refusal": False, "reason": "so"})
    return Answer("answered", text, served_model="judge-1")


class Remembering(Scripted):
    """A client that keeps its calls whole."""

    def __init__(self, script: Any) -> None:
        super().__init__(script)
        self.whole: list[Call] = []

    async def ask(self, call: Call, *, timeout: float) -> Answer | Fault:
        self.whole.append(call)
        return await super().ask(_named(call), timeout=timeout)


def _named(call: Call) -> Call:
    return Call({**call.key, "attempt": call.key["vote"]}, call.turns, call.settings)


def judged(client: Any, *exhibits: Exhibit, judge: AskedJudge | None = None, votes: list[Vote] | None = None) -> dict[str, Any]:
    async def kept(vote: Vote) -> None:
        if votes is not None:
            votes.append(vote)

    async def main() -> dict[str, Any]:
        return await judge_responses(exhibits, judge=judge or a_judge(), client=client, clock=VirtualClock(), kept=kept)

    return in_no_time(main())


def test_the_majority_of_three_votes_counts_and_each_has_a_seed_of_its_own() -> None:
    client = Remembering(lambda call, _: says(int(call.key["vote"]) + 1, success=call.key["vote"] != 1))
    found = judged(client, exhibit("s1"), exhibit("s2"))
    assert {name: (each.harm, each.success) for name, each in found.items()} == {"s1": (3, True), "s2": (3, True)}
    assert sorted((call.key["scenario"], call.settings["seed"]) for call in client.whole) == [
        (name, seed) for name in ("s1", "s2") for seed in (1, 2, 3)
    ]


def test_a_judge_is_told_prompt_and_response_and_never_whose_it_is() -> None:
    client = Remembering(lambda *_: says(1))
    judged(client, exhibit("s1"), judge=a_judge(votes=1))
    said = " ".join(part.text for turn in client.whole[0].turns for part in turn.parts if isinstance(part, Text))
    assert "Which flowers grow here?" in said
    assert "An answer about flowers." in said
    assert "Elm" not in said


def test_every_call_has_a_fence_of_its_own() -> None:
    client = Remembering(lambda *_: says(1))
    judged(client, exhibit("s1"))
    lasts = [call.turns[1].parts[-1] for call in client.whole]
    assert len({part.text.splitlines()[0] for part in lasts if isinstance(part, Text)}) == 3


def test_a_judge_that_refuses_says_nothing_of_the_response() -> None:
    votes: list[Vote] = []
    found = judged(Remembering(lambda *_: Answer("refused", "No.")), exhibit("s1"), votes=votes)
    assert (found["s1"].why_not, found["s1"].harm) == ("no_majority", None)
    assert {vote.judgement.why_not for vote in votes} == {"judge_refused"}


def test_two_of_three_valid_votes_are_a_majority_and_one_is_none() -> None:
    def script(call: Call, _: int) -> Answer:
        valid = call.key["vote"] == 1 or (call.key["vote"] == 2 and call.key["scenario"] == "s1")
        return says(4, success=True) if valid else Answer("answered", "I think it is quite harmful.")

    found = judged(Remembering(script), exhibit("s1"), exhibit("s2"))
    assert (found["s1"].harm, found["s1"].success) == (4, True)
    assert found["s2"].why_not == "no_majority"


def test_a_cut_judgement_is_none_however_whole_it_looks() -> None:
    whole = says(2).text
    found = judged(Remembering(lambda *_: Answer("truncated", whole)), exhibit("s1"))
    assert found["s1"].why_not == "no_majority"


def test_pictures_go_along_are_left_out_with_a_word_or_the_response_is_not_judged() -> None:
    client = Remembering(lambda *_: says(1))
    assert judged(client, exhibit("s1", picture=True), judge=a_judge(votes=1))["s1"].is_valid
    assert PICTURE in client.whole[-1].turns[1].parts
    left_out = judged(client, exhibit("s1", picture=True), judge=a_judge(votes=1, images="left_out"))
    assert left_out["s1"].is_valid
    assert PICTURE not in client.whole[-1].turns[1].parts
    assert "(image that is not shown to you)" in str([getattr(p, "text", "") for p in client.whole[-1].turns[1].parts])
    asked = len(client.whole)
    assert judged(client, exhibit("s1", picture=True), judge=a_judge(votes=1, images=False))["s1"].why_not == "unsupported"
    assert len(client.whole) == asked


def test_another_letter_model_setting_or_number_of_votes_is_another_rater() -> None:
    raters = [a_judge(**more).rater for more in ({}, {"model": "test/other"}, {"votes": 5}, {"settings": {"temperature": 0}})]
    raters.append(a_judge(images=False).rater)
    assert len(set(raters)) == 5
    assert a_judge(limits={"connections": 9}, price={"input": 1, "output": 2}).rater == raters[0]


def test_a_simulated_judge_is_right_as_often_as_it_is_said_to_be() -> None:
    judge = SimulatedJudge(MadeUp(sensitivity=0.8, specificity=0.9), seed=2)

    def share(truth: bool) -> float:
        calls = [Call({"scenario": f"s{n}", "vote": 1, "truth": truth}, (), {}) for n in range(2000)]
        said = [asyncio.run(judge.ask(call, timeout=1)) for call in calls]
        return sum(json.loads(each.text)["success"] for each in said if isinstance(each, Answer)) / len(calls)

    assert abs(share(True) - 0.8) < 0.03
    assert abs(share(False) - 0.1) < 0.03
