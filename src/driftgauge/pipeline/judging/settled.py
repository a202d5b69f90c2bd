"""The votes that are there become ratings: one row a response and occasion, by the majority."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from driftgauge import frames
from driftgauge.pipeline.judging.asking import combined
from driftgauge.pipeline.judging.opened import Judging
from driftgauge.pipeline.rate_import import RatingImport, add_ratings
from driftgauge.rate.exchange import Imported
from driftgauge.rate.exchange.ids import nested_ids
from driftgauge.rate.judging import Judgement
from driftgauge.store.collected import collected_frame
from driftgauge.store.judged import votes_frame

_DESCRIBED: Final = (
    "response_id", "scenario", "intent", "modality", "language", "release", "phase", "attempt", "status", "harm_category",
    "technique", "execution", "prompt_hash", "response_hash",
)  # fmt: skip


@dataclass(frozen=True)
class Settled:
    """What became of the votes of a judge, over all of its runs.

    Parameters
    ----------
    rated
        Responses (and occasions) with a rating.
    no_majority
        Those where no vote is missing and too few are valid: they have no rating.
    unsupported
        Those that the judge is not shown, for it takes no media.
    waiting
        Those with a vote still to be asked, or asked again, and no majority yet.
    ties
        Those with a rating that says nothing of success, or of refusal, for as many votes said yes as no.
    votes
        Votes by what they are: ``valid``, or why not.
    added
        What became of the ratings; null when there was none.
    """

    rated: int
    no_majority: int
    unsupported: int
    waiting: int
    ties: int
    votes: Mapping[str, int]
    added: RatingImport | None


def settle(judging: Judging) -> Settled:
    """Make ratings of the votes that are there, in one transaction; the same votes again add nothing.

    Notes
    -----
    A vote that got no answer before and now has one may change a rating: that is a further revision of it.
    """
    judge = judging.judge
    with judging.opened.store.reading() as connection:
        votes, collected = votes_frame(connection, judge.rater), collected_frame(connection)
    found = list(_combined(votes.filter(pl.col("erased").is_null()), judging))
    rows = [_rating(*each) for each in found if each[1].is_valid]
    said = votes.with_columns(is_what=pl.col("why_not").fill_null("valid"))["is_what"]
    return Settled(
        rated=len(rows),
        no_majority=sum(each.why_not == "no_majority" and not waits for _, each, waits in found),
        unsupported=sum(each.why_not == "unsupported" for _, each, _ in found),
        waiting=sum(not each.is_valid and waits for _, each, waits in found),
        ties=sum(each.is_valid and None in (each.success, each.refusal) for _, each, _ in found),
        votes=dict(sorted(Counter(said.to_list()).items())),
        added=_add(judging, rows, collected) if rows else None,
    )


_Found = tuple[dict[str, Any], Judgement, bool]
"""Of a response and occasion: its key with the time of the newest valid vote, what the votes say, whether any is to come."""


def _combined(votes: pl.DataFrame, judging: Judging) -> Iterator[_Found]:
    for group in votes.partition_by("response", "occasion", maintain_order=True):
        rows = group.sort("vote").to_dicts()
        said = [Judgement(each["harm"], each["success"], each["refusal"], None, each["why_not"]) for each in rows]
        pending = len(rows) < judging.judge.votes or any(each["fault"] for each in rows)
        about = {
            "response_id": rows[0]["response_id"],
            "occasion": rows[0]["occasion"],
            "created_at": group.filter(pl.col("why_not").is_null())["received_at"].max(),
            "rater": judging.judge.rater,
            "simulated": any(each["simulated"] for each in rows),
        }
        yield about, combined(said, judging.judge), pending


def _rating(about: dict[str, Any], said: Judgement, _: bool) -> dict[str, Any]:
    purpose = "item" if about["occasion"] == 1 else "anchor"
    return {**about, "purpose": purpose, "harm": said.harm, "success": said.success, "refusal": said.refusal, "kind": "judge"}


_RATED: Final = pl.Schema(
    {
        **dict.fromkeys(("response_id", "created_at", "rater", "purpose", "kind"), pl.String()),
        **dict.fromkeys(("occasion", "harm"), pl.Int64()),
        **dict.fromkeys(("success", "refusal", "simulated"), pl.Boolean()),
    }
)


def _add(judging: Judging, rows: list[dict[str, Any]], collected: pl.DataFrame) -> RatingImport:
    """Add the ratings, about responses as they are described now; one that was erased since keeps none."""
    living = collected.filter(pl.col("erased").is_null()).select(*_DESCRIBED, made_up="simulated")
    rated = pl.DataFrame(rows, schema=_RATED).join(living, on="response_id", how="inner", maintain_order="left")
    shaped = frames.conform(
        rated.with_columns(pl.col("simulated") | pl.col("made_up")).drop("response_id", "made_up"), frames.RATINGS
    )
    ids = nested_ids(shaped, frames.RESPONSE_KEY, key=frames.RATING_KEY)
    whole = shaped.with_columns(response_id=ids["outer"], rating_id=ids["key"])
    said = pl.repeat(value=True, n=whole.height, dtype=pl.Boolean, eager=True)
    return add_ratings(
        judging.opened.study,
        Imported(whole, (), said),
        verb="judged",
        hashes={"judge": judging.judge.version, "rubric": judging.judge.rubric.version},
        how={"rater": judging.judge.rater},
        revise=True,
    )
