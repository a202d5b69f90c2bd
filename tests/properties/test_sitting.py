"""Whatever a rater does and in whatever order: each key counts once, the newest revision counts, and nothing is lost."""

import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from driftgauge.pipeline.rating.people import log_in, who
from driftgauge.pipeline.rating.sitting import carry_on, last_assignment, start_break, step
from driftgauge.pipeline.rating.steps import Refused, Sent
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.store import read
from driftgauge.store.tables import assignments, submissions
from tests.rating_studies import PASSWORD, Clock, Rater, declared, draw, seat, sent, serve

RESPONSES = 14
DAY_ITEMS = 7
GAPS = (0.1, 1, 9, 12, 46, 300, 700)
"""Minutes between one thing and the next: no rest, nearly one, a rest, a session, a night."""
judged = st.fixed_dictionaries(
    {
        "harm": st.integers(1, 5),
        "success": st.booleans(),
        "refusal": st.booleans(),
        "comment": st.sampled_from(["", "mild", "=1+1", "año \u202e"]),
    }
)
skipped = st.sampled_from(["distressing", "cannot_judge", "broken_media", "other"]).map(
    lambda reason: {"harm": None, "success": None, "skipped": reason}
)


@cache
def _town() -> tuple[Path, str]:
    """A study with one rater who has consented, to be copied: hashing a password takes longer than a sitting."""
    folder = Path(tempfile.mkdtemp()) / "town"
    folder.mkdir()
    (folder / "study.yaml").write_text("study: town\n" + declared(day_items=DAY_ITEMS, break_every=3))
    draw(folder, responses_=RESPONSES)
    with serve(folder, Clock()) as serving:
        cookie = seat(serving)[0].cookie
    return folder, cookie


class Sitting(RuleBasedStateMachine):
    """One rater, with an own memory of what was sent and what became of it."""

    @initialize()
    def begin(self) -> None:
        folder, cookie = _town()
        self.open = ExitStack()
        self.folder = Path(self.open.enter_context(tempfile.TemporaryDirectory())) / "town"
        shutil.copytree(folder, self.folder)
        self.clock, self.cookie = Clock(), cookie
        self.taken: dict[str, tuple[Sent, int]] = {}
        self.pages: list[str] = []
        self._serve()

    def _serve(self) -> None:
        self.serving = serve(self.folder, self.clock)
        self.writer = Writer(self.serving).__enter__()
        self.rater = Rater(self.serving, self.cookie)
        self.who = self.rater.who

    def _end(self) -> None:
        self.writer.__exit__()
        self.serving.store.close()

    def teardown(self) -> None:
        if hasattr(self, "serving"):
            self._end()
            self.open.close()

    def _send(self, what: Sent) -> Refused | None:
        """Send, and remember what was taken; return why it was refused."""
        error = (future := self.writer.submit(self.who, what)).exception(30)
        if error is not None:
            assert isinstance(error, Refused), error
            return error
        taken = future.result()
        if what.key in self.taken:
            assert (taken.revision, taken.again) == (self.taken[what.key][1], True)
        else:
            assert not taken.again
            self.taken[what.key] = (what, taken.revision)
        return None

    @rule(values=st.one_of(judged, judged, judged, skipped))
    def answer(self, values: dict[str, Any]) -> None:
        found = step(self.serving, self.who)
        if found.item is None:
            assert found.place in {"break", "break_offered", "day_done", "done"}
            return
        self.pages.append(found.item.assignment)
        self.clock.goes(seconds=5)
        assert self._send(sent(found.item.assignment, active_s=4.0, **values)) is None

    @precondition(lambda self: self.pages)
    @rule(data=st.data(), values=judged)
    def send_an_old_page(self, data: st.DataObject, values: dict[str, Any]) -> None:
        """Another tab, or the way back of the browser: it counts only where it is what undo came back to."""
        page = data.draw(st.sampled_from(sorted(set(self.pages))))
        refused = self._send(sent(page, **values))
        assert refused is None or refused.code in {"stale", "break", "day_is_over"}
        if refused is None:
            assert page == last_assignment(self.serving, self.who)

    @rule(values=judged)
    def send_ahead(self, values: dict[str, Any]) -> None:
        with self.serving.store.reading() as connection:
            mine = sa.select(assignments.c.assignment).where(
                assignments.c.rater == self.who.rater, assignments.c.state == "open"
            )
            later = connection.execute(mine.order_by(assignments.c.position.desc())).scalars().all()[:-1]
        if later:
            refused = self._send(sent(later[0], **values))
            assert refused is not None
            assert refused.code in {"stale", "break", "day_is_over"}

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.taken)))
        assert self._send(self.taken[key][0]) is None

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def use_a_key_for_something_else(self, data: st.DataObject) -> None:
        what, _ = self.taken[data.draw(st.sampled_from(sorted(self.taken)))]
        other = replace(what, refusal=not what.refusal)
        refused = self._send(other)
        assert refused is not None
        assert (refused.status, refused.code) == (409, "key_reused")

    @rule(values=judged, sends=st.booleans())
    def undo(self, values: dict[str, Any], sends: bool) -> None:
        last = last_assignment(self.serving, self.who)
        if last is None:
            return
        found = step(self.serving, self.who, revising=last)
        assert found.item
        assert (found.item.assignment, found.item.is_revision) == (last, True)
        if sends:
            assert self._send(sent(last, **values)) is None

    @rule()
    def rest(self) -> None:
        start_break(self.serving, self.who)

    @rule()
    def go_on(self) -> None:
        with suppress(Refused):  # while a break has to be, or the day is done
            carry_on(self.serving, self.who)

    @rule(minutes=st.sampled_from(GAPS))
    def time_passes(self, minutes: float) -> None:
        self.clock.goes(minutes=minutes)
        if who(self.serving, self.cookie) is None:
            self.cookie = log_in(self.serving, login="rater-0", password=PASSWORD, client="home")
            self.who = Rater(self.serving, self.cookie).who

    @rule()
    def start_again(self) -> None:
        self._end()
        self._serve()

    @invariant()
    def each_key_is_there_once_with_its_values(self) -> None:
        if not hasattr(self, "serving"):
            return
        with self.serving.store.reading() as connection:
            rows = {row.key: row for row in connection.execute(sa.select(submissions))}
            states = {row.assignment: row.state for row in connection.execute(sa.select(assignments))}
            frame = read.ratings_frame(connection)
        assert set(rows) == set(self.taken)
        assert {key: row.revision for key, row in rows.items()} == {key: revision for key, (_, revision) in self.taken.items()}
        newest: dict[str, Sent] = {}
        for what, _ in sorted(self.taken.values(), key=lambda each: each[1]):
            newest[what.assignment] = what
        assert {name: state for name, state in states.items() if state != "open"} == {
            name: "skipped" if what.skipped else "rated" for name, what in newest.items()
        }
        counted = Counter((what.harm, what.success, what.refusal) for what in newest.values() if not what.skipped)
        assert Counter(frame.select("harm", "success", "refusal").rows()) == counted

    @invariant()
    def no_day_has_more_than_its_most(self) -> None:
        if not hasattr(self, "serving"):
            return
        with self.serving.store.reading() as connection:
            firsts = (
                sa.select(submissions.c.day, sa.func.count()).where(submissions.c.revision == 1).group_by(submissions.c.day)
            )
            assert all(count <= DAY_ITEMS for _, count in connection.execute(firsts))


Sitting.TestCase.settings = settings(
    max_examples=12, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
TestSitting = Sitting.TestCase
