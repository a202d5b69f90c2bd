"""What the desk shows of a rater and of a panel."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RaterRow:
    """How a rater stands.

    Parameters
    ----------
    rater, panel
        The opaque seat, and whose it is.
    assigned, rated, skipped
        Assignments that are no calibration.
    severity
        Mean difference of the rater's harm from that of the others on the same responses; null with fewer than 5 of them.
    median_s
        Median active seconds of a rating; null when none were told.
    gold_right, gold
        Silent control items answered as expected, and all that were answered.
    anchor_drift
        Mean change of harm from the first to the second time; null without anchors.
    today, last_at
        First answers on the newest day, and when the rater sent something last (UTC).
    breaks, left_out
        Breaks on days on which they went on after them; and how many kinds of content they would rather not see.
    has_account, calibrated
        Whether somebody sits there, and passed the gate.
    is_closed, withdrawal
        Whether the account was closed; of who stopped taking part, what became of their ratings (keep or erase), else null.
    missing
        Assignments that nobody will do: open ones of a closed account, and all of a rater who was erased.
    anomalies
        Stable names: ``too_fast``, ``straight_lining``, ``gold``, ``anchor_drift``, ``not_admitted``.
    """

    rater: str
    panel: str
    assigned: int
    rated: int
    skipped: int
    severity: float | None
    median_s: float | None
    gold_right: int
    gold: int
    anchor_drift: float | None
    today: int
    last_at: str | None
    breaks: int
    left_out: int
    has_account: bool
    calibrated: bool
    is_closed: bool
    withdrawal: str | None
    missing: int
    anomalies: tuple[str, ...]


@dataclass(frozen=True)
class PanelRow:
    """How a panel stands.

    Parameters
    ----------
    panel
        Its name.
    seats, accounts
        Raters that it has place for, and that have come.
    assigned, rated, skipped, missing
        Of all its raters.
    alpha, ac2
        Agreement on harm as it stands: Krippendorff's α (ordinal) and Gwet's AC2 (quadratic); null when they cannot be told.
    alpha_low, alpha_high, ac2_low, ac2_high
        Their intervals, over scenarios, with these raters; null where there are too few to resample.
    paired
        Responses that two raters or more rated: what agreement rests on.
    seconds_left
        Active seconds that the open assignments will take, by the median of each rater, without what is missing; null before
        anything was rated.
    skips
        Reason to count.
    paused_since
        When the lead paused it (UTC); null when it is not paused.
    """

    panel: str
    seats: int
    accounts: int
    assigned: int
    rated: int
    skipped: int
    missing: int
    alpha: float | None
    alpha_low: float | None
    alpha_high: float | None
    ac2: float | None
    ac2_low: float | None
    ac2_high: float | None
    paired: int
    seconds_left: float | None
    skips: dict[str, int]
    paused_since: str | None
