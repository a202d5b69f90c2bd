"""``driftgauge doctor``: what stands in the way of a study, before a call is made; no model is asked."""

from driftgauge.pipeline.doctor.all import doctor
from driftgauge.pipeline.doctor.records import Check, State

__all__ = ["Check", "State", "doctor"]
