"""``driftgauge report --cards``: one page and one JSON file for each release, beside the report."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from driftgauge.errors import StoreError
from driftgauge.pipeline.loaded import load_results
from driftgauge.report.cards.card import card
from driftgauge.report.cards.files import file_names
from driftgauge.report.cards.page import card_page
from driftgauge.report.select import view

CARDS: Final = "cards"
"""Where beside the report they are."""


@dataclass(frozen=True)
class CardFiles:
    """The card of a release: its page, and the same as JSON."""

    release: str
    html: Path
    json: Path


def write_cards(folder: Path) -> list[CardFiles]:
    """Write a card for each release of a study or of an analysis folder, in the place of those that were there.

    Parameters
    ----------
    folder
        Of the study, or of the results.

    Raises
    ------
    StoreError
        When there are no whole results, or a card cannot be written.
    """
    results = load_results(folder)
    chosen = view(results.estimates, protocol=results.protocol.model_dump(mode="json"))
    place = results.folder / CARDS
    written: list[CardFiles] = []
    try:
        place.mkdir(exist_ok=True)
        for release, name in file_names(each.name for each in chosen.releases).items():
            found = card(release, chosen, estimates=results.estimates, findings=results.findings, manifest=results.manifest)
            files = CardFiles(release, place / f"{name}.html", place / f"{name}.json")
            files.html.write_text(card_page(found), encoding="utf-8")
            files.json.write_text(json.dumps(found.plain(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            written.append(files)
    except OSError as error:
        raise StoreError(
            f"{place} cannot be written: {error.strerror}", remedy="Check its rights and the free space."
        ) from None
    return written
