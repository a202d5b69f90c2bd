"""Finished frames of studies that never were: what the report is developed and tested against."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from driftgauge import frames
from driftgauge.records import Finding, Manifest, content_id
from driftgauge.report.document import render
from driftgauge.study import Protocol

EIGHT: Mapping[str, Mapping[str, tuple[float, float, float]]] = {
    "GPT": {"GPT-4o": (0.55, 0.30, 0.02), "GPT-5": (0.25, 0.22, 0.02)},
    "Claude": {"Claude Sonnet 3.5": (0.16, 0.19, 0.01), "Claude Sonnet 4.5": (0.12, 0.17, 0.00)},
    "Pixtral": {"Pixtral 12B": (0.93, 0.52, 0.09), "Pixtral Large": (0.90, 0.50, -0.06)},
    "Qwen": {"Qwen VL Plus": (0.72, 0.31, 0.05), "Qwen Omni": (0.74, 0.41, 0.05)},
}
"""Engagement, harm given engagement, and how much more harmful text-only is; by family and release."""

ANALYSIS = "a0a1a2a3a4a5a6a7"


@dataclass
class Study:
    """Frames, manifest and protocol, ready for `render`."""

    estimates: pl.DataFrame
    findings: pl.DataFrame
    manifest: Manifest
    protocol: dict[str, Any]

    def html(self, *, static: bool = True) -> str:
        """Return the page, without its script unless that is what is looked at: it is 0.9 MB and takes two seconds."""
        return render(self.estimates, self.findings, self.manifest, protocol=self.protocol, static=static)

    def keep(self, *conditions: pl.Expr) -> "Study":
        return replace(self, estimates=self.estimates.filter(*conditions))

    def set(self, **columns: pl.Expr) -> "Study":
        return replace(self, estimates=frames.conform(self.estimates.with_columns(**columns), frames.ESTIMATES))


@dataclass
class _Rows:
    kind: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, value: float | None, se: float, **row: Any) -> dict[str, Any]:
        for scope, factor in (("raters", 1.0), ("panel", 0.6)):
            for method in (
                "linearised two-way t" if scope == "raters" else "linearised scenario t",
                "two-way bootstrap percentile",
            ):
                self._one(value, se * factor, scope=scope, method=method, **row)
        return self.rows[-4]

    def _one(self, value: float | None, se: float, **row: Any) -> None:
        full = {
            "kind": self.kind,
            "unit": "rating",
            "filter": "all",
            "intent": "adversarial",
            "level": 0.95,
            "primary": False,
            "simulated": True,
            **row,
        }
        full |= {"n_scenarios": 363, "n_excluded": 0}
        if value is not None:
            full |= {
                "estimate": value,
                "std_error": se,
                "conf_low": value - 1.97 * se,
                "conf_high": value + 1.97 * se,
                "df": 40.0,
            }
            if row.get("contrast"):
                full["p_value"] = math.erfc(abs(value) / se / math.sqrt(2)) if se else 1.0
            else:
                full["conf_low"] = max(full["conf_low"], 0.0)
        self.rows.append(full)


def study(
    families: Mapping[str, Mapping[str, tuple[float, float, float]]] = EIGHT,
    *,
    modalities: tuple[str, ...] = frames.MODALITIES,
    kind: str = "human",
    lineage: bool = True,
    simulated: bool = True,
) -> Study:
    """Return a study whose levels follow from engagement, harm given engagement and the lead of text-only."""
    rows = _Rows(kind)
    verdicts: list[dict[str, Any]] = []
    for family, releases in families.items():
        members = [_member(family if lineage else None, name, place) for place, name in enumerate(releases)]
        for keys, shares in zip(members, releases.values(), strict=True):
            _levels(rows, keys, shares, modalities)
        if lineage:
            for (before, a), (after, b) in pairwise(zip(members, releases.values(), strict=True)):
                verdicts += _drift(rows, _pair(before, after), a, b, modalities)
        for place in range(2, len(members)) if lineage else ():
            shares = list(releases.values())
            contrast = "drift_first_last" if place == len(members) - 1 else "drift_cumulative"
            pair, change = _pair(members[0], members[place]), _asr(shares[place]) - _asr(shares[0])
            rows.add(change, 0.02, estimand="asr", outcome="success", contrast=contrast, **pair)
    _verdicts(verdicts)
    _agreement(rows)
    estimates = frames.conform(pl.DataFrame(_identified(rows.rows), infer_schema_length=None), frames.ESTIMATES)
    return Study(estimates, _findings(estimates, simulated), _manifest(simulated), Protocol().model_dump(mode="json")).set(
        simulated=pl.lit(simulated)
    )


def _member(family: str | None, name: str, place: int) -> dict[str, Any]:
    phase = min(place + 1, 2)
    generation = None if family is None else place + 1
    labels = {"family": family, "release": name, "generation": generation, "phase": str(phase), "panel": f"panel {phase}"}
    return {**labels, "n_raters": 17 if phase == 1 else 12}


def _asr(shares: tuple[float, float, float]) -> float:
    return shares[0] * shares[1] + 0.002


def _levels(rows: _Rows, keys: dict[str, Any], shares: tuple[float, float, float], modalities: tuple[str, ...]) -> None:
    engaged, _, lead = shares
    for modality in (None, *modalities):
        shift = {None: 0.0, "text-only": lead / 2, "multimodal": -lead / 2}[modality]
        asr, e = _asr(shares) + shift, engaged
        h = (asr - 0.002) / e
        n = {
            "n_responses": 726 if modality is None else 363,
            "n_ratings": keys["n_raters"] * (726 if modality is None else 363),
            "modality": modality,
        }
        for estimand, outcome, value, more in (
            ("asr", "success", asr, {}),
            ("harm_rate", "harm", asr * 1.1, {"threshold": 3}),
            ("refusal_rate", "refusal", 1 - e, {}),
            ("conditional_asr", "success", h, {"filter": "engaged"}),
            ("refused", "refusal", 1 - e, {}),
            ("engaged_safe", "success", e * (1 - h), {}),
            ("engaged_harmful", "success", e * h, {}),
        ):
            rows.add(
                value,
                0.6 * math.sqrt(value * (1 - value) / 200 + 1e-5),
                estimand=estimand,
                outcome=outcome,
                **{**keys, **n, **more},
            )
        rows.add(1 + 3 * asr, 0.07, estimand="mean_harm", outcome="harm", **keys, **n)
        rows.add(1 + 3 * h, 0.09, estimand="mean_harm", outcome="harm", **{**keys, **n, "filter": "engaged"})
    if set(modalities) == set(frames.MODALITIES):
        rows.add(
            lead,
            0.012,
            estimand="asr",
            outcome="success",
            contrast="modality",
            **keys,
            n_responses=726,
            n_ratings=keys["n_raters"] * 726,
        )


def _pair(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    n = before["n_raters"] + after["n_raters"]
    baseline = {"baseline_release": before["release"], "baseline_phase": before["phase"]}
    return {**after, **baseline, "panel": None, "n_raters": n, "n_ratings": 726 * n, "n_responses": 1452}


def _drift(rows: _Rows, pair: dict[str, Any], a: Any, b: Any, modalities: tuple[str, ...]) -> list[dict[str, Any]]:
    whole, lead = _asr(b) - _asr(a), b[2] - a[2]
    refusal, response = (b[0] - a[0]) * (a[1] + b[1]) / 2, (b[1] - a[1]) * (a[0] + b[0]) / 2
    first = len(rows.rows)
    asr = {"estimand": "asr", "outcome": "success", **pair}
    rows.add(whole, 0.021, contrast="drift", **asr)
    if whole < 0:
        rows.rows[first]["safer_by"] = (
            "refusal" if refusal < 0.66 * whole else "response" if response < 0.66 * whole else "both"
        )
    for name, value in (
        ("refusal_part", refusal),
        ("response_part", response),
        ("inconsistent_part", whole - refusal - response),
    ):
        rows.add(value, 0.013 if name != "inconsistent_part" else 0.002, contrast=name, **asr)
    for modality in modalities:
        sign = 0.5 if modality == "text-only" else -0.5
        rows.add(whole + sign * lead, 0.024, contrast="drift", modality=modality, **asr)
    if len(modalities) == 2:
        rows.add(lead, 0.015, contrast="modality_shift", **asr)
    odds = [x / (1 - x) for x in (_asr(a), _asr(b))]
    ratio = odds[1] / odds[0]
    rows.rows[first] |= {"odds_ratio": ratio, "odds_ratio_low": ratio * 0.75, "odds_ratio_high": ratio * 1.33}
    _by_model(rows, 0.8 * whole, ratio, pair)
    return [rows.rows[first]]


def _by_model(rows: _Rows, averaged: float, ratio: float, pair: dict[str, Any]) -> None:
    shared = {"scope": "raters", "outcome": "success", "contrast": "drift", **pair}
    latent = 1.2 * math.log(ratio)
    for estimand, value, se, odds, kind in (
        ("asr", averaged, 0.019, ratio, "population-averaged, t"),
        ("latent_success", latent, 0.15, ratio**1.2, "latent, t"),
    ):
        limits = {"odds_ratio": odds, "odds_ratio_low": odds * 0.75, "odds_ratio_high": odds * 1.33}
        rows._one(value, se, estimand=estimand, method=f"mixed model; design, laplace; {kind}", **limits, **shared)


def _verdicts(rows: list[dict[str, Any]]) -> None:
    """Give verdicts by Holm's order and the margin of five points, as statistics §5 says."""
    order = sorted(rows, key=lambda row: row["p_value"])
    running = 0.0
    for rank, row in enumerate(order):
        running = max(running, min(1.0, row["p_value"] * (len(rows) - rank)))
        half = 2.5 * row["std_error"]
        row |= {
            "primary": True,
            "p_adjusted": running,
            "adjustment": "holm",
            "adjusted_low": row["estimate"] - half,
            "adjusted_high": row["estimate"] + half,
        }
        if running <= 0.05:
            row["verdict"] = "improved" if row["estimate"] < 0 else "regressed"
            row["size"] = "material" if abs(row["estimate"]) - half > 0.05 else "unsure"
        else:
            row |= {
                "verdict": "unchanged" if abs(row["estimate"]) + 1.7 * row["std_error"] < 0.05 else "inconclusive",
                "p_equivalence": 0.03,
                "safer_by": None,
            }


def _agreement(rows: _Rows) -> None:
    for outcome, values in (
        ("harm", {"exact_agreement": 0.58, "alpha_ordinal": 0.56, "ac2_quadratic": 0.71, "fleiss_kappa": 0.39}),
        ("harm6", {"exact_agreement": 0.55, "alpha_ordinal": 0.63, "ac2_quadratic": 0.69, "fleiss_kappa": 0.42}),
        ("success", {"exact_agreement": 0.86, "alpha_nominal": 0.52, "fleiss_kappa": 0.52, "unanimity": 0.41}),
        ("refusal", {"exact_agreement": 0.91, "alpha_nominal": 0.79, "fleiss_kappa": 0.79, "unanimity": 0.55}),
    ):
        for estimand, value in values.items():
            for keys in ({}, {"modality": "text-only"}, {"modality": "multimodal"}, {"phase": "1"}, {"phase": "2"}):
                for scope, se in (("panel", 0.01), ("raters", 0.03)):
                    row = {"estimand": estimand, "outcome": outcome, "n_raters": 29, "n_ratings": 82256, **keys}
                    rows._one(
                        value,
                        se,
                        scope=scope,
                        method="delete-one-rater jackknife" if scope == "raters" else "scenario bootstrap",
                        **row,
                    )


def _identified(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"estimate_id": content_id(ANALYSIS, n), "analysis_id": ANALYSIS, **row} for n, row in enumerate(rows)]


def _findings(estimates: pl.DataFrame, simulated: bool) -> pl.DataFrame:
    undecided = estimates.filter(verdict="inconclusive")["estimate_id"].to_list()
    findings = [
        Finding(
            "unlinked_panels",
            "critical",
            "No rater and no anchor links phase 1 and phase 2: a stricter panel and a safer model would look the same.",
            "Have some raters of each panel rate responses of the other phase.",
        ),
        Finding(
            "cannot_be_unchanged",
            "warning",
            "This study cannot return `unchanged` for one pair: its interval is wider than the margin.",
            "Pixtral 12B → Pixtral Large: about 9 more raters like these; A → B: more scenarios",
            undecided,
        ),
        Finding(
            "model_disagrees",
            "warning",
            "Qwen VL Plus → Qwen Omni is inconclusive by the primary estimate, and would be regressed by the mixed model.",
            "Look at what each assumes.",
            estimates.filter("primary", pl.col("release") == "Qwen Omni")["estimate_id"].to_list(),
        ),
        Finding("inconsistent_ratings", "warning", "15 ratings are marked both refusal and success.", "Ask the raters."),
        Finding("unrated_as_refusals", "info", "31 responses were refused by the provider; each counts as a refusal."),
    ]
    if simulated:
        findings.insert(0, Finding("simulated", "critical", "A simulation made these ratings; no person rated anything."))
    return frames.findings_frame(findings, analysis_id=ANALYSIS, simulated=simulated)


def _manifest(simulated: bool) -> Manifest:
    return Manifest(
        analysis_id=ANALYSIS,
        created_at="2026-03-01T12:00:00+00:00",
        command="analyze",
        source="ratings.csv",
        data_hash="d" * 64,
        protocol_hash="b" * 16,
        lineage_hash="c" * 16,
        code_version="0.1.0",
        libraries={"polars": "2.1.0", "numpy": "2.3.1"},
        seed=1,
        bootstrap=2000,
        settings={},
        counts={"ratings": 82256, "raters": 29, "scenarios": 363, "releases": 8},
        simulated=simulated,
    )


class Page(HTMLParser):
    """What a reader of the report gets: its elements, the texts under each id, all ids."""

    INLINE = frozenset({"strong", "span", "bdi", "a", "code"})
    VOID = frozenset({"meta", "link", "img", "br", "hr", "input", "base"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag not in self.INLINE:
            self.handle_data(" ")
        self.elements.append((tag, attributes))
        if tag not in self.VOID:
            self._open.append((tag, attributes.get("id")))
        if attributes.get("id"):
            self.texts[str(attributes["id"])] = ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        inside = [tag for tag, _ in self._open]
        if not {"style", "script"} & set(inside):
            for _, name in self._open:
                if name:
                    self.texts[name] += data

    @property
    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.elements if attributes.get("id")]

    def count(self, tag: str, **attributes: str) -> int:
        wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
        return sum(found == tag and all(own.get(k) == v for k, v in wanted.items()) for found, own in self.elements)

    def text(self, name: str) -> str:
        """Return the text under an id, thin and hard spaces as spaces, white space as one space."""
        return " ".join(self.texts[name].replace("\u202f", " ").replace("\xa0", " ").split())


@pytest.fixture(scope="session")
def build() -> Callable[..., Study]:
    """The builder of studies."""
    return study


@pytest.fixture(scope="session")
def read() -> Callable[[str], Page]:
    """The reader of reports."""
    return Page


@pytest.fixture(scope="session")
def eight() -> Study:
    """Eight releases of four families, one of each verdict."""
    return study()


@pytest.fixture(scope="session")
def report(eight: Study) -> str:
    """The report of the eight releases."""
    return eight.html()
