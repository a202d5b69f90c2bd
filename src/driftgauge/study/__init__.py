"""What a study declares, read from YAML with the line of every mistake: the whole study, a protocol, a lineage, a gate."""

from driftgauge.study.authoring import Authoring
from driftgauge.study.changes import protocol_changes
from driftgauge.study.collecting import PART_KINDS, ClientName, Collect, Limits, PartKind, Price
from driftgauge.study.declared import Phase, Release, Study
from driftgauge.study.gate import GOOD_JUDGE, GateFile, GateRule, load_gate, read_gate
from driftgauge.study.judging import DEFAULT_RUBRIC, Images, Judge
from driftgauge.study.lineage import load_lineage
from driftgauge.study.load import STUDY_FILE, load_study
from driftgauge.study.panels import PREFER_NOT_TO_SAY, Calibration, Gold, Overlap, Panel, Question
from driftgauge.study.protocol import Margin, ModelPreset, Primary, Protocol, Unit, Wellbeing, load_protocol
from driftgauge.study.sign_in import SignIn
from driftgauge.study.template import PLAIN, TEMPLATES, safe_name, study_template
from driftgauge.study.words import is_study_name

__all__ = [
    "DEFAULT_RUBRIC",
    "GOOD_JUDGE",
    "PART_KINDS",
    "PLAIN",
    "PREFER_NOT_TO_SAY",
    "STUDY_FILE",
    "TEMPLATES",
    "Authoring",
    "Calibration",
    "ClientName",
    "Collect",
    "GateFile",
    "GateRule",
    "Gold",
    "Images",
    "Judge",
    "Limits",
    "Margin",
    "ModelPreset",
    "Overlap",
    "Panel",
    "PartKind",
    "Phase",
    "Price",
    "Primary",
    "Protocol",
    "Question",
    "Release",
    "SignIn",
    "Study",
    "Unit",
    "Wellbeing",
    "is_study_name",
    "load_gate",
    "load_lineage",
    "load_protocol",
    "load_study",
    "protocol_changes",
    "read_gate",
    "safe_name",
    "study_template",
]
