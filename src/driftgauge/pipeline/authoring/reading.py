"""Which drafts somebody sees: authors their own and those that they review now, leads all of them, others none."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from driftgauge.benchmark.drafts import Draft, draft_of
from driftgauge.benchmark.folder import SCENARIOS
from driftgauge.benchmark.lines import each_line
from driftgauge.errors import BenchmarkError
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.steps import Refused, Who
from driftgauge.store import drafts
from driftgauge.store.database import Connection
from driftgauge.store.drafts import Kept

_NAME: Final = re.compile(r"w-[0-9a-f]{12}")


@dataclass(frozen=True)
class Shown:
    """A draft as somebody sees it.

    Parameters
    ----------
    kept
        Where it stands.
    draft
        What was written.
    pictures
        Facts of its pictures by their names.
    note
        What a reviewer wrote when it was sent back last.
    """

    kept: Kept
    draft: Draft
    pictures: dict[str, drafts.Picture]
    note: str | None = None


@dataclass(frozen=True)
class Desk:
    """What an author, or a lead, has before them.

    Parameters
    ----------
    own
        Of an author: what they write, the newest change first.
    reviewing
        What they review now; of a lead, everything that waits or is reviewed by somebody.
    waiting
        How many drafts of others wait for a reviewer, and can be taken.
    accepted
        Of a lead: what was accepted and is not in the folder of the benchmark; until it is, it can be sent back.
    """

    own: tuple[Shown, ...]
    reviewing: tuple[Shown, ...]
    waiting: int
    accepted: tuple[Shown, ...] = ()


def find(connection: Connection, draft: str) -> Kept | None:
    """Return a draft; null where there is none, or where a name is none."""
    return drafts.find_draft(connection, draft) if _NAME.fullmatch(draft) else None


def opened_draft(kept: Kept) -> Draft:
    """Return what was written; of a draft that was erased, nothing."""
    return draft_of(json.loads(kept.content or "{}"))


def may_read(kept: Kept, who: Who) -> bool:
    """Return whether somebody sees a draft."""
    if who.role == "lead":
        return True
    return who.role == "author" and (kept.account == who.account or is_reviewing(kept, who))


def is_reviewing(kept: Kept, who: Who) -> bool:
    """Return whether somebody has taken the newest revision of another's draft, and said nothing yet."""
    return kept.state == "in_review" and kept.reviewer == who.account and kept.account != who.account


def can_take(kept: Kept, who: Who) -> bool:
    """Return whether a draft waits for a reviewer, and may have this one."""
    if kept.state != "waiting" or who.account in {kept.account, kept.reviewer}:
        return False
    return opened_draft(kept).harm_category not in who.preferences.left_out


def desk(serving: Serving, who: Who) -> Desk:
    """Return what somebody has before them."""
    with serving.store.reading() as connection:
        every = drafts.every_draft(connection)
    own = [each for each in reversed(every) if each.account == who.account]
    open_ = {"waiting", "in_review"}
    mine = [each for each in every if (each.state in open_ if who.role == "lead" else is_reviewing(each, who))]
    waiting = sum(can_take(each, who) for each in every)
    accepted = [each for each in every if each.state == "accepted"] if who.role == "lead" else []
    there = scenarios_in(serving) if accepted else None
    next_ = [each for each in accepted if there is not None and each.draft not in there]
    return Desk(_briefly(own), _briefly(mine), waiting, _briefly(next_))


def _briefly(every: Sequence[Kept]) -> tuple[Shown, ...]:
    return tuple(Shown(each, opened_draft(each), {}) for each in every)


def show(serving: Serving, who: Who, draft: str) -> Shown:
    """Return a draft to somebody who may see it.

    Raises
    ------
    Refused
        404 ``no_draft``, whether there is none or it is somebody else's.
    """
    with serving.store.reading() as connection:
        kept = find(connection, draft)
        if kept is None or not may_read(kept, who):
            raise Refused(404, "no_draft", "there is no such scenario of this author")
        written = opened_draft(kept)
        pictures = drafts.find_pictures(connection, written.pictures)
        return Shown(kept, written, pictures, drafts.last_note(connection, draft))


@dataclass(frozen=True)
class Known:
    """The labels that scenarios of the benchmark have already, for an author to choose from."""

    harm_category: tuple[str, ...] = ()
    technique: tuple[str, ...] = ()
    execution: tuple[str, ...] = ()
    language: tuple[str, ...] = ()


def labels(serving: Serving) -> Known:
    """Return the labels that the benchmark and the drafts have already; and the languages of the panels."""
    folder = serving.study.benchmark_folder
    known = _labels_in(folder, (folder / SCENARIOS).stat().st_mtime_ns) if folder and (folder / SCENARIOS).exists() else Known()
    with serving.store.reading() as connection:
        accepted = [opened_draft(each) for each in drafts.every_draft(connection) if each.state == "accepted"]
    panels = {panel.language for panel in serving.study.panels.values() if panel.language}
    return Known(
        harm_category=_sorted({*known.harm_category, *(each.harm_category for each in accepted)}),
        technique=_sorted({*known.technique, *(each.technique for each in accepted)}),
        execution=_sorted({*known.execution, *(each.execution for each in accepted)}),
        language=_sorted({*known.language, *panels}),
    )


def scenarios_in(serving: Serving) -> frozenset[str] | None:
    """Return the scenarios that are in the folder of the benchmark, frozen or not yet; null when it cannot be read just now."""
    folder = serving.study.benchmark_folder
    if folder is None or not (folder / SCENARIOS).exists():
        return frozenset()
    try:
        return frozenset(line.scenario.scenario for line in each_line(folder))
    except BenchmarkError:
        return None


@lru_cache(maxsize=4)
def _labels_in(folder: Path, _changed: int) -> Known:
    """Return the labels of a benchmark; of one that cannot be read just now, none."""
    try:
        scenarios = [line.scenario for line in each_line(folder)]
    except BenchmarkError:
        return Known()
    return Known(
        harm_category=_sorted({each.harm_category for each in scenarios}),
        technique=_sorted({each.technique for each in scenarios}),
        execution=_sorted({each.execution for each in scenarios}),
        language=_sorted({prompt.language for each in scenarios for prompt in each.prompts}),
    )


def _sorted(names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
