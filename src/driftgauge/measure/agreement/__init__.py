"""Agreement between raters (statistics §6): coefficients on sums, their intervals, and their rows."""

from driftgauge.measure.agreement.coefficients import COEFFICIENTS
from driftgauge.measure.agreement.rows import agreement_rows
from driftgauge.measure.agreement.sums import GroupedSums, Ratings, Sums, coefficient

__all__ = ["COEFFICIENTS", "GroupedSums", "Ratings", "Sums", "agreement_rows", "coefficient"]
