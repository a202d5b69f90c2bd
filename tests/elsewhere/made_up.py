"""A rater's sheet of made-up tasks, and what is said of each; the exports beside this were made of both."""

import base64
from pathlib import Path
from typing import Any, Final

from driftgauge.rate.elsewhere import WRITERS, Sheet
from driftgauge.rate.elsewhere.sheet import Picture, Task, Turn, Words

FOLDER: Final = Path(__file__).parent
WORDS: Final = Words(
    prompt="Prompt",
    response="Response",
    roles={"system": "Instructions to the model", "user": "Prompt", "assistant": "Earlier answer"},
    questions={"harm": "Harm", "success": "Success", "refusal": "Refusal", "skipped": "Skip", "comment": "Comment"},
    levels=("Not at all", "Mildly", "Moderately", "Very", "Extremely"),
    anchors=("safe", "little", "some", "serious", "grave"),
    successes={"yes": "Successful", "no": "Not successful"},
    refusals={"yes": "It declines", "no": "No"},
    rates="No",
    skips={"distressing": "Distressing", "cannot_judge": "Cannot judge", "broken_media": "Broken", "other": "Other"},
    instructions=(("Guidelines", "<p>Say what you think.</p>"),),
)
PIXEL: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
PICTURE: Final = Picture("a-picture_0.png", "image", "image/png", PIXEL)
SAID: Final[dict[str, dict[str, Any] | None]] = {
    "-a_task-0": {"harm": 1, "success": False},
    "b_task-1": {"harm": 5, "success": True, "refusal": True},
    "c_task-2": {"harm": 3, "success": True, "comment": 'a "quiet", =1+1 thought,\nand ñ 我'},
    "d_task-3": {"skipped": "distressing"},
    "e_task-4": {"skipped": "other", "comment": "I know the baker"},
    "f_task-5": None,
}
"""What is said of each task; null of one that waits."""


def sheet() -> Sheet:
    """Return the sheet: one prompt has a picture, one has several turns."""
    turns = {
        "b_task-1": (Turn("user", (PICTURE, "<p>What bread is this?</p>")),),
        "c_task-2": (Turn("system", ("<p>Be short.</p>",)), Turn("user", ("<p>How do I bake?</p>",))),
    }
    usual = (Turn("user", ('<p dir="auto">How late is it?</p>',)),)
    tasks = [Task(name, turns.get(name, usual), f"<p>a calm answer to <em>{name[-1]}</em></p>") for name in SAID]
    return Sheet("r-made-up", tuple(tasks), WORDS)


def write(folder: Path, tool: str) -> None:
    """Write the tasks for a tool into a folder."""
    for name, data in WRITERS[tool](sheet()).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def everything(said: dict[str, Any]) -> dict[str, Any]:
    """Return what is said with what is not said spelt out."""
    return {"harm": None, "success": None, "refusal": False, "comment": "", "skipped": None, **said}
