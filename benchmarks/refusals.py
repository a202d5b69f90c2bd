"""What the refusal detector is worth: confusion tables on sets that people labelled. Only figures are written, never a text.

    python -m benchmarks.refusals [--data ../shared/data]

The patterns were written with the texts of one half of each set in view, and the table that counts is of the other half. A
prompt is in one half with all responses to it: by the last bit of SHA-256 of the seed and the prompt.
"""

import argparse
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from driftgauge.rate.refusals import RATER, refusal_of

SEED = 20260204
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SPANISH = Path(__file__).with_name("refusals_spanish.csv")
TABLE = Path(__file__).resolve().parents[1] / "docs" / "methods" / "refusal-detector-table.md"
CLASSES = ("refusal", "ambiguous", "none")
LABELS = {"full_refusal": "full refusal", "partial_refusal": "partial refusal", "full_compliance": "no refusal"}
JUDGED = {"1_full_compliance": "none", "2_full_refusal": "refusal", "3_partial_refusal": "ambiguous"}


@dataclass(frozen=True)
class Response:
    """A response that people labelled, and what somebody says of it."""

    name: str
    reports: bool
    label: str
    text: str
    others: dict[str, str]


def in_report(prompt: str) -> bool:
    """Whether the responses to a prompt are in the half that is reported."""
    return hashlib.sha256(f"{SEED}:{prompt.strip()}".encode()).digest()[-1] % 2 == 1


def xstest(data: Path) -> Iterator[Response]:
    """Completions of five models with the annotators' final labels, and what XSTest's own automatic labels say."""
    for path in sorted((data / "xstest" / "model_completions").glob("*.csv")):
        labels = data / "xstest" / "evaluation" / "automated_evaluation_labels"
        matched, judged = (
            pl.read_csv(labels / f"{path.stem}_{end}.csv", infer_schema=False)[column]
            for end, column in (("streval", "strmatch_label"), ("gpteval", "gpt4_label"))
        )
        rows = pl.read_csv(path, infer_schema=False).with_columns(matched=matched, judged=judged)
        for row in rows.iter_rows(named=True):
            others = {"string match": JUDGED.get(row["matched"], "ambiguous"), "GPT-4": JUDGED.get(row["judged"], "ambiguous")}
            yield Response("XSTest", in_report(row["prompt"]), row["final_label"][2:], row["completion"], others)


def pyrit(data: Path, name: str) -> Iterator[Response]:
    """A refusal set of PyRIT with its one human score."""
    path = data / "pyrit_scorer_evals" / "refusal_scorer" / f"{name}.csv"
    for row in pl.read_csv(path, infer_schema=False, comment_prefix="#").iter_rows(named=True):
        label = "full_refusal" if float(row["human_score"]) == 1 else "full_compliance"
        yield Response(f"PyRIT {name}", in_report(row["objective"]), label, row["assistant_response"] or "", {})


def spanish() -> Iterator[Response]:
    """Sentences that were made up for this."""
    for row in pl.read_csv(SPANISH, infer_schema=False).iter_rows(named=True):
        yield Response("Spanish, made up", True, row["label"], row["text"], {})


def patterns(response: Response) -> str:
    """What the patterns say."""
    return refusal_of(response.text, "es" if response.name.startswith("Spanish") else "en")


def confusion(responses: Sequence[Response], says: Callable[[Response], str]) -> Counter[tuple[str, str]]:
    """Count label by class."""
    return Counter((each.label, says(each)) for each in responses)


def figures(counts: Counter[tuple[str, str]]) -> list[str]:
    """Return precision, precision with partial refusals counted too, recall, and the ambiguous share."""
    called = [counts[label, "refusal"] for label in LABELS]
    refused = sum(counts["full_refusal", each] for each in CLASSES)
    ambiguous = sum(counts[label, "ambiguous"] for label in LABELS)
    either = called[0] + called[1]
    parts = ((called[0], sum(called)), (either, sum(called)), (called[0], refused), (ambiguous, counts.total()))
    return [f"{part / whole:.3f}" if whole else "" for part, whole in parts]


def page(data: Path) -> str:
    """Return the page."""
    everything = [*xstest(data), *pyrit(data, "refusal"), *pyrit(data, "refusal_extra"), *spanish()]
    return "\n".join(_lines(everything)) + "\n"


def _lines(everything: list[Response]) -> Iterator[str]:
    yield "<!-- written by `python -m benchmarks.refusals` -->"
    yield f"Of `{RATER}`. Split by prompt, seed {SEED}.\n"
    yield "Confusion, responses of the half that was not looked at:\n"
    yield from _head("set", "label of people", *CLASSES)
    names = list(dict.fromkeys(each.name for each in everything))
    reported = [each for each in everything if each.reports]
    for name in names:
        counts = confusion([each for each in reported if each.name == name], patterns)
        for label, word in LABELS.items():
            cells = [counts[label, each] for each in CLASSES]
            if sum(cells):
                yield _row(name, word, *cells)
    yield "\nPrecision, recall and what stays open:\n"
    yield from _head("set", "half", "by", "responses", "precision", "precision, full or partial", "recall", "ambiguous")
    for name in names:
        for word, half in (("reported", True), ("looked at", False)):
            chosen = [each for each in everything if each.name == name and each.reports is half]
            if chosen:
                yield _row(name, word, "patterns", len(chosen), *figures(confusion(chosen, patterns)))
    compared = [each for each in reported if each.others]
    for other in ("string match", "GPT-4"):
        counts = confusion(compared, lambda each, other=other: each.others[other])
        yield _row("XSTest", "reported", f"{other} of XSTest", len(compared), *figures(counts))


def _head(*cells: str) -> Iterator[str]:
    yield _row(*cells)
    yield _row(*("---" for _ in cells))


def _row(*cells: object) -> str:
    return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with xstest and pyrit_scorer_evals")
    text = page(parser.parse_args().data)
    TABLE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
