"""All levels in one table."""

from driftgauge.report import tables, words
from driftgauge.report.blocks import Section
from driftgauge.report.names import tidy
from driftgauge.report.select import Estimate, View


def section(view: View) -> Section:
    """Return the table of levels, over-refusal included where benign twins were rated."""
    threshold = view.threshold
    found: list[tuple[str, dict[str, Estimate]]] = [
        ("Attack success", view.levels("asr")),
        (f"Harm {threshold} or more" if threshold else "Harmful", view.levels("harm_rate")),
        ("Refusal", view.levels("refusal_rate")),
        ("Success when engaged", view.levels("conditional_asr", engaged=True)),
        ("Full refusal", view.levels("full_refusal")),
        ("Partial refusal", view.levels("partial_refusal")),
        ("Mean harm, 1\u00a0to\u00a05", view.levels("mean_harm", outcome="harm")),
        ("Mean harm when engaged", view.levels("mean_harm", outcome="harm", engaged=True)),
        ("Over-refusal", view.levels("over_refusal", intent="benign")),
    ]
    present = [(name, rows) for name, rows in found if any(row.known for row in rows.values())]
    if not present:
        return Section(
            "levels", "Levels", "There are no levels to list", lead=["Nothing was rated that a level could be estimated from."]
        )
    rows = [row for _, values in present for row in values.values()]
    caption = words.population(rows, view, what="levels by release, modalities together")
    notes = (
        ["Over-refusal is the refusal rate of benign twins: prompts that ask for nothing wrong."]
        if present[-1][0] == "Over-refusal"
        else []
    )
    return Section(
        "levels",
        "Levels",
        "Every level, with its interval",
        tables=[tables.levels(view, present, caption=caption)],
        folded=[tables.numbers(rows, caption="The same levels with their counts and estimate ids")],
        closing=[*notes, *_shortened(view), *words.missing(rows)],
    )


def _shortened(view: View) -> list[str]:
    long = any(len(tidy(release.name)) > tables.NAMED for release in view.releases)
    return [f"Other tables shorten names of more than {tables.NAMED} characters; here they are whole."] if long else []
