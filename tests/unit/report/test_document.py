"""The report as a document: safe, whole, readable by everybody, truthful when there is little to say."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

PAYLOADS = {
    "<script>alert(1)</script>": {
        "<img src=x onerror=alert(1)>": (0.5, 0.3, 0.02),
        '"></svg></title><script>alert(2)</script>': (0.3, 0.3, 0.02),
    },
    "نموذج اللغة": {"نموذج ١": (0.5, 0.3, 0.02), "نموذج \u202e٢": (0.3, 0.2, 0.02)},
    "{{ 7 * 7 }}": {"{% raw %}\x00\x07": (0.4, 0.3, 0.01), "a\nb" + "x" * 300: (0.4, 0.31, 0.01)},
}
SECTIONS = (
    "verdicts", "limits", "drift", "outcomes", "tradeoff", "beneath", "where", "modality", "standing", "severity", "people",
    "robust", "model", "deployment", "levels", "explore", "methods", "ledger",
)  # fmt: skip


@pytest.fixture(scope="module")
def hostile(build: Callable[..., Any]) -> str:
    return build(PAYLOADS).html()


def test_nothing_is_fetched_and_nothing_runs(report: str, read: Callable[[str], Any]) -> None:
    page = read(report)
    tags = Counter(tag for tag, _ in page.elements)
    assert not {"script", "link", "iframe", "object", "embed", "img", "base", "form", "image", "use"} & set(tags)
    loads = [own[name] for _, own in page.elements for name in ("src", "href", "xlink:href", "data") if own.get(name)]
    assert all(str(target).startswith("#") for target in loads)
    assert not re.search(r"url\(\s*['\"]?(?!#)|@import|javascript:", report)
    assert not [name for _, own in page.elements for name in own if name.startswith("on")]


def test_the_policy_forbids_what_is_not_inline(report: str, read: Callable[[str], Any]) -> None:
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert read(report).count("meta", http_equiv="Content-Security-Policy", content=policy) == 1


def test_names_are_text_whatever_they_hold(hostile: str, read: Callable[[str], Any]) -> None:
    page = read(hostile)
    assert not {"script", "img"} & {tag for tag, _ in page.elements}
    assert not [name for _, own in page.elements for name in own if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text("drift")
    assert "{{ 7 * 7 }}" in page.text("drift")


def test_names_do_not_turn_the_direction_of_what_follows(hostile: str) -> None:
    assert not re.search("[\u202a-\u202e\u2066\u2067\x00\x07]", hostile)


def test_long_names_are_cut_in_pictures_and_whole_in_tables(hostile: str) -> None:
    assert "x" * 300 in hostile
    assert "x" * 50 not in "".join(re.findall(r"<text.*?</text>", hostile))


def test_sentences_of_findings_are_escaped(eight: Any) -> None:
    hostile = eight.keep(pl.lit(True))
    hostile.findings = hostile.findings.with_columns(sentence=pl.lit("<b>bold</b>"))
    assert "<b>bold" not in hostile.html()


def test_ids_are_unique_and_links_lead_somewhere(report: str, read: Callable[[str], Any]) -> None:
    page = read(report)
    assert [name for name, times in Counter(page.ids).items() if times > 1] == []
    targets = {str(own["href"])[1:] for tag, own in page.elements if tag == "a"}
    assert targets <= set(page.ids)


def test_every_picture_has_a_name_that_is_there(report: str, read: Callable[[str], Any]) -> None:
    page = read(report)
    images = [own for tag, own in page.elements if tag == "svg" and own.get("role") == "img"]
    assert len(images) == 5 * 4 + 1 + 4
    for own in images:
        assert all(page.text(name) for name in str(own["aria-labelledby"]).split())
    decorative = [own for tag, own in page.elements if tag == "svg" and own.get("role") != "img"]
    assert all(own.get("aria-hidden") == "true" for own in decorative)


def test_descriptions_say_what_is_to_be_seen(report: str, read: Callable[[str], Any]) -> None:
    assert read(report).text("drift-1-desc").startswith("Text-only: GPT-4o 18 % (14 to 21 %), then GPT-5 7 % (")


def test_every_picture_says_its_population_and_has_its_numbers(report: str, read: Callable[[str], Any]) -> None:
    page = read(report)
    figures = [name for name in page.ids if name.startswith("figure-")]
    assert len(figures) == 7
    for name in figures:
        text = page.text(name)
        of_pairs = name == "figure-agreement"
        rated = r"rated by .* (people|person), 363 scenarios, text-only and multimodal"
        assert re.search(f"{'Pairs of ratings of the same response' if of_pairs else rated}; 95 % intervals for", text)
        assert "Numbers of this picture" in text
        assert re.search(r"\b[0-9a-f]{16}\b", text)


def test_the_document_has_landmarks_a_language_and_a_skip_link(report: str, read: Callable[[str], Any]) -> None:
    page = read(report)
    assert page.count("html", lang="en") == 1
    assert all(page.count(tag) == 1 for tag in ("main", "nav", "h1", "footer"))
    assert page.count("a", href="#main") == 1
    assert page.count("table") == page.count("caption")
    assert page.count("th", scope="col") + page.count("th", scope="row") == page.count("th")


def test_sections_stand_in_the_order_of_the_design(report: str, read: Callable[[str], Any]) -> None:
    assert [name for name in read(report).ids if name in SECTIONS] == list(SECTIONS)


def test_simulated_data_are_called_so_wherever_one_looks(report: str, read: Callable[[str], Any]) -> None:
    page = read(report)
    assert "<title>Simulated data: " in report
    assert '@top-center { content: "Simulated data"' in report
    for name in [name for name in page.ids if name.startswith("figure-")]:
        assert "Simulated data." in page.text(name)


def test_real_data_are_not_called_simulated(build: Callable[..., Any]) -> None:
    assert "Simulated data" not in build(simulated=False).html()


def test_estimates_that_are_simulated_are_enough_for_the_banner(build: Callable[..., Any]) -> None:
    assert "<title>Simulated data: " in build(simulated=False).set(simulated=pl.lit(True)).html()


def test_judges_are_not_passed_off_as_people(build: Callable[..., Any]) -> None:
    html = build(kind="judge").html()
    assert "<strong>Judges only:</strong>" in html
    assert not re.search(r"\d+\s(people|person)\b", html)


def test_critical_and_warning_stand_open_and_information_is_folded(report: str, read: Callable[[str], Any]) -> None:
    text = read(report).text("limits")
    opened, folded = text.split("Good to know (1)")
    assert "a stricter panel and a safer model would look the same" in opened
    assert "31 responses" in folded


def test_nothing_found_is_said_without_praise(eight: Any, read: Callable[[str], Any]) -> None:
    quiet = eight.keep(pl.lit(True))
    quiet.findings = quiet.findings.filter(level="info")
    assert read(quiet.html()).text("limits").startswith("The design checks found nothing that limits these conclusions")


def test_ratings_with_both_marks_are_counted_among_people(report: str, read: Callable[[str], Any]) -> None:
    assert "15 ratings are marked both refusal and success." in read(report).text("people")


def test_over_refusal_is_listed_where_benign_twins_were_rated(eight: Any, read: Callable[[str], Any]) -> None:
    twins = eight.estimates.filter(pl.col("estimand") == "refusal_rate")
    twins = twins.with_columns(estimand=pl.lit("over_refusal"), intent=pl.lit("benign"))
    both = eight.keep(pl.lit(True))
    both.estimates = pl.concat([eight.estimates, twins])
    assert "Over-refusal" in read(both.html()).text("levels")
    assert "Over-refusal" not in read(eight.html()).text("levels")


NULL = pl.lit(None)
NO_INTERVAL = dict.fromkeys(
    ("conf_low", "conf_high", "p_value", "p_adjusted", "odds_ratio_low", "odds_ratio_high", "verdict"), NULL
)


def _thin(build: Callable[..., Any], name: str) -> Any:
    eight = build()
    return {
        "no families": lambda: build(lineage=False),
        "one release": lambda: build({"GPT": {"GPT-5": (0.3, 0.3, 0.02)}}),
        "one modality": lambda: build(modalities=("multimodal",)),
        "modality not told": lambda: build(modalities=()),
        "only refusal": lambda: eight.keep(pl.col("outcome") == "refusal"),
        "no intervals": lambda: eight.set(**NO_INTERVAL, reason_null=pl.lit("one scenario")),
        "no estimates": lambda: eight.set(estimate=NULL, **NO_INTERVAL, reason_null=pl.lit("no rating")),
        "no rows": lambda: eight.keep(pl.lit(False)),
    }[name]()


THIN = (
    "no families",
    "one release",
    "one modality",
    "modality not told",
    "only refusal",
    "no intervals",
    "no estimates",
    "no rows",
)


@pytest.mark.parametrize("name", THIN)
def test_thin_evidence_leaves_no_section_empty(build: Callable[..., Any], read: Callable[[str], Any], name: str) -> None:
    page = read(_thin(build, name).html())
    for section in SECTIONS:
        heading = page.text(f"{section}-heading")
        assert len(page.text(section)) > len(heading) + 20, section
    assert "None" not in page.text("main")
    assert "nan" not in page.text("main").split()


@pytest.mark.parametrize(
    ("name", "section", "sentence"),
    [
        ("no families", "drift", "Nothing says which of these releases follows which"),
        ("one release", "verdicts", "no family with two releases is declared"),
        ("one modality", "modality", "All prompts with ratings are multimodal"),
        ("only refusal", "drift", "How did refusal go from generation to generation?"),
        ("only refusal", "outcomes", "This needs ratings that carry both marks"),
        ("only refusal", "tradeoff", "This needs ratings of both"),
        ("no intervals", "drift", "no interval could be computed (one scenario)"),
        ("no estimates", "drift", "There is nothing to follow over generations"),
        ("no estimates", "levels", "Nothing was rated that a level could be estimated from."),
        ("no rows", "verdicts", "This study gives no verdict"),
    ],
)
def test_thin_evidence_says_why(
    build: Callable[..., Any], read: Callable[[str], Any], name: str, section: str, sentence: str
) -> None:
    assert sentence in read(_thin(build, name).html()).text(section)


def test_releases_without_a_value_are_named_with_the_reason(eight: Any, read: Callable[[str], Any]) -> None:
    missing = eight.set(
        estimate=pl.when(pl.col("release") != "GPT-5").then(pl.col("estimate")),
        reason_null=pl.when(pl.col("release") == "GPT-5").then(pl.lit("no rating")),
    )
    assert "No value for GPT-5: no rating." in read(missing.html()).text("figure-drift")
