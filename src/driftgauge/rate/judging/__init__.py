"""A model that rates: what it is asked by, how its answer is read, and how several of its votes become one. Pure."""

from driftgauge.rate.judging.asked import FENCED, ask, new_fence
from driftgauge.rate.judging.judgement import Judgement, read_judgement
from driftgauge.rate.judging.rubric import DEFAULT, FORMAT, SCHEMA, Rubric, default_rubric, judge_version, rater_name
from driftgauge.rate.judging.votes import combine

__all__ = [
    "DEFAULT",
    "FENCED",
    "FORMAT",
    "SCHEMA",
    "Judgement",
    "Rubric",
    "ask",
    "combine",
    "default_rubric",
    "judge_version",
    "new_fence",
    "rater_name",
    "read_judgement",
]
