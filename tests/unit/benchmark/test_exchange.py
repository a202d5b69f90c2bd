"""Benchmarks come in from other formats and go out again, whole or not at all."""

import base64
import json
import os
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from driftgauge.benchmark.contents import read_contents
from driftgauge.benchmark.exchange import export_benchmark, import_benchmark
from driftgauge.benchmark.freeze import Frozen
from driftgauge.benchmark.manifest import read_manifest
from driftgauge.benchmark.verify import verify
from driftgauge.errors import BenchmarkError

Make = Callable[..., Path]
Scenario = Callable[..., dict[str, Any]]
Freeze = Callable[..., Frozen]
LABELS = {"intent": "adversarial", "harm_category": "h", "technique": "t", "execution": "e", "author": "a", "language": "en"}


def uri(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def said_by_user(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [part]}]


def taken(path: Path, to: Path, kind: str, **more: Any) -> dict[str, Any]:
    """Import, and return the first prompt of what came in, as JSON."""
    import_benchmark(path, to=to, **({"format": kind, "labels": LABELS} | more))
    return json.loads((to / "scenarios.jsonl").read_bytes().splitlines()[0])


def refused(path: Path, to: Path, kind: str, **more: Any) -> str:
    with pytest.raises(BenchmarkError) as caught:
        import_benchmark(path, to=to, **({"format": kind, "labels": LABELS} | more))
    assert not to.exists()
    return str(caught.value)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- own folders ---


def test_a_copy_of_a_frozen_benchmark_verifies(frozen: Path, tmp_path: Path) -> None:
    assert export_benchmark(frozen, to=tmp_path / "out", format="driftgauge").done
    assert not export_benchmark(frozen, to=tmp_path / "out", format="driftgauge").done
    assert import_benchmark(tmp_path / "out", to=tmp_path / "in", format="driftgauge", labels={}).done
    assert tree(tmp_path / "in") == tree(frozen)
    assert verify(tmp_path / "in") == ()


def test_a_frozen_benchmark_that_was_changed_does_not_go_out(frozen: Path, tmp_path: Path) -> None:
    (frozen / "notes.txt").write_text("x")
    for kind in ("driftgauge", "inspect", "vlmevalkit"):
        with pytest.raises(BenchmarkError, match=r"notes\.txt"):
            export_benchmark(frozen, to=tmp_path / "out", format=kind)
    assert not (tmp_path / "out").exists()


def test_what_breaks_a_rule_does_not_come_in(make: Make, scenario: Scenario, tmp_path: Path, secret: str) -> None:
    said = refused(make(scenario(), scenario()), tmp_path / "in", "driftgauge")
    assert "again" in said
    assert secret not in said


@pytest.mark.parametrize("kind", ["driftgauge", "inspect", "vlmevalkit"])
def test_what_is_there_already_is_left_alone(kind: str, frozen: Path, tmp_path: Path) -> None:
    to = tmp_path / "out"
    if kind == "driftgauge":
        to.mkdir()
        (to / "mine").write_text("x")
    else:
        to.write_text("x")
    with pytest.raises(BenchmarkError, match="is there already"):
        export_benchmark(frozen, to=to, format=kind)
    assert (to / "mine" if to.is_dir() else to).read_text() == "x"


# --- Inspect ---


def test_inspect_and_back_is_the_same_benchmark(frozen: Path, tmp_path: Path, freeze_now: Freeze) -> None:
    found = export_benchmark(frozen, to=tmp_path / "x.jsonl", format="inspect")
    assert (found.skipped, found.counts["prompts"]) == ((), 4)
    assert import_benchmark(tmp_path / "x.jsonl", to=tmp_path / "in", format="inspect", labels={}).done
    assert not import_benchmark(tmp_path / "x.jsonl", to=tmp_path / "in", format="inspect", labels={}).done
    again, first = freeze_now(tmp_path / "in", canary="other").manifest, read_manifest(frozen)
    assert first is not None
    assert (again.root, again.canary, again.prompts) == (first.manifest.root, first.manifest.canary, first.manifest.prompts)


def test_a_sample_that_goes_out_is_as_inspect_reads_it(frozen: Path, tmp_path: Path) -> None:
    export_benchmark(frozen, to=tmp_path / "x.jsonl", format="inspect")
    sample = json.loads((tmp_path / "x.jsonl").read_bytes().splitlines()[1])
    assert sample["id"] == "s1/multimodal/en"
    assert [part["type"] for part in sample["input"][0]["content"]] == ["image", "text"]
    assert sample["input"][0]["content"][0]["image"].startswith("data:image/png;base64,")
    assert (sample["metadata"]["technique"], sample["metadata"]["canary"]) == ("story", "canary 1")


@pytest.fixture
def sample(tmp_path: Path) -> Callable[..., Path]:
    def write(*samples: Any) -> Path:
        (tmp_path / "src").mkdir(exist_ok=True)
        path = tmp_path / "src" / "x.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in samples))
        return path

    return write


def test_a_plain_text_is_a_text_only_prompt(sample: Callable[..., Path], tmp_path: Path) -> None:
    found = taken(sample({"id": 7, "input": "Where?", "target": "x"}), tmp_path / "in", "inspect")
    assert (found["scenario"], found["prompts"][0]["modality"]) == ("7", "text-only")


def test_messages_of_a_chat_keep_their_roles(sample: Callable[..., Path], tmp_path: Path) -> None:
    chat = [{"role": role, "content": role} for role in ("system", "user", "assistant", "user")]
    found = taken(sample({"id": "a", "input": chat, "metadata": '{"technique": "own"}'}), tmp_path / "in", "inspect")
    assert [message["role"] for message in found["prompts"][0]["messages"]] == ["system", "user", "assistant", "user"]
    assert found["technique"] == "own"


def test_a_picture_may_be_a_file_beside(sample: Callable[..., Path], tmp_path: Path, png: Callable[..., bytes]) -> None:
    path = sample({"id": "a", "input": [{"role": "user", "content": [{"type": "image", "image": "pic/a.png"}]}]})
    (path.parent / "pic").mkdir()
    (path.parent / "pic" / "a.png").write_bytes(png())
    assert taken(path, tmp_path / "in", "inspect")["prompts"][0]["modality"] == "multimodal"
    assert len(read_contents(tmp_path / "in").media) == 1


@pytest.mark.parametrize(
    "image",
    ["https://example.org/a.png", "/etc/hostname", "../outside.png", "link.png", "file:///a.png", "data:image/png;base64,!!",
     "data:image/png,x", "data:image/png;base64,R0lGODlh", "nothing.png"],
)  # fmt: skip
def test_a_picture_from_elsewhere_is_refused(
    image: str, sample: Callable[..., Path], tmp_path: Path, png: Callable[..., bytes]
) -> None:
    path = sample({"id": "a", "input": [{"role": "user", "content": [{"type": "image", "image": image}]}]})
    (tmp_path / "outside.png").write_bytes(png())
    os.symlink(tmp_path / "outside.png", path.parent / "link.png")
    assert "x.jsonl, line 1: an image that cannot be used" in refused(path, tmp_path / "in", "inspect")


SECRET = "TEXT-OF-A-PROMPT"


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ({"id": "a"}, "no `input`"),
        ([SECRET], "a sample that is no object"),
        ({"id": "a", "input": SECRET, "choices": ["A"]}, "a sample with choices"),
        ({"id": "a", "input": SECRET, "sandbox": "docker"}, "a sample with sandbox"),
        ({"id": "a", "input": SECRET, "metadata": [SECRET]}, "metadata that is no object"),
        ({"id": "a", "input": [{"role": "tool", "content": SECRET}]}, "a message of a tool"),
        ({"id": "a", "input": [{"role": ["user"], "content": SECRET}]}, "a message of a tool, or of no role"),
        ({"id": "a", "input": said_by_user({"type": "video", "video": SECRET})}, "neither text nor a plain image"),
        ({"id": "a", "input": said_by_user({"type": "audio", "audio": SECRET})}, "audio that cannot be used"),
        ({"id": "a", "input": said_by_user({"type": "audio", "audio": uri(b"\x89PNG\r\n\x1a\n")})}, "audio that cannot"),
        ({"id": "a", "input": said_by_user({"type": "text", "text": 3})}, "`text` cannot be used"),
        ({"id": SECRET * 9, "input": "x"}, "`scenario` cannot be used"),
        ({"input": SECRET}, "`scenario` cannot be used"),
        ({"id": "a", "input": SECRET, "metadata": {"intent": SECRET}}, "`intent` cannot be used"),
        ({"id": "a", "input": said_by_user({"type": "image", "image": uri(b"\x89PNG\r\n\x1a\n")})}, "cut off"),
    ],
)  # fmt: skip
def test_a_sample_that_cannot_be_a_prompt_is_named(bad: Any, what: str, sample: Callable[..., Path], tmp_path: Path) -> None:
    said = refused(sample({"id": "ok", "input": "fine"}, bad), tmp_path / "in", "inspect")
    assert what in said
    assert SECRET not in said


def test_a_label_that_a_source_lacks_has_to_be_given(sample: Callable[..., Path], tmp_path: Path) -> None:
    said = refused(sample({"id": "a", "input": "x"}), tmp_path / "in", "inspect", labels={})
    assert [name for name in LABELS if f"no field `{name}`" in said] == list(LABELS)
    assert "--label FIELD=VALUE" in said


def test_prompts_of_one_scenario_agree_on_its_labels(sample: Callable[..., Path], tmp_path: Path) -> None:
    made = [{"id": str(n), "input": "x", "metadata": {"scenario": "s", "technique": f"t{n}"}} for n in range(2)]
    assert "`technique` is not what x.jsonl, line 1 says" in refused(sample(*made), tmp_path / "in", "inspect")


@pytest.mark.parametrize("content", [b"PK\x03\x04zip", b"", b"\n", b"\xff\xfe"])
def test_what_is_no_jsonl_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    refused(tmp_path / "x.jsonl", tmp_path / "in", "inspect")
    refused(tmp_path / "nothing", tmp_path / "in", "inspect")
    refused(tmp_path, tmp_path / "in", "inspect")


# --- VLMEvalKit ---


def test_vlmevalkit_and_back_are_the_same_multimodal_prompts(frozen: Path, tmp_path: Path, freeze_now: Freeze) -> None:
    found = export_benchmark(frozen, to=tmp_path / "x.tsv", format="vlmevalkit")
    assert found.skipped == ("s1/text-only/en", "s1-twin/text-only/en")
    import_benchmark(tmp_path / "x.tsv", to=tmp_path / "in", format="vlmevalkit", labels={})
    again, first = freeze_now(tmp_path / "in", pairing="none").manifest, read_manifest(frozen)
    assert first is not None
    assert again.prompts == {name: sha for name, sha in first.manifest.prompts.items() if "multimodal" in name}
    assert (again.canary, again.scenarios) == (first.manifest.canary, first.manifest.scenarios)


def test_a_table_that_goes_out_is_as_vlmevalkit_reads_it(make: Make, scenario: Scenario, tmp_path: Path) -> None:
    text = 'tab\there, "quotes",\nlines and \\ slashes'
    made = scenario()
    made["prompts"][1]["messages"][0]["parts"][1]["text"] = text
    folder = make(made)
    export_benchmark(folder, to=tmp_path / "x.tsv", format="vlmevalkit")
    table = pd.read_csv(StringIO((tmp_path / "x.tsv").read_text()), sep="\t")
    assert list(table["index"]) == [1]
    assert table["question"][0] == text
    assert base64.b64decode(table["image"][0]) == (folder / "media" / "a.png").read_bytes()
    assert taken(tmp_path / "x.tsv", tmp_path / "in", "vlmevalkit")["prompts"][0]["messages"][0]["parts"][1]["text"] == text


def test_prompts_that_a_table_cannot_hold_are_left_out(make: Make, scenario: Scenario, tmp_path: Path) -> None:
    made = scenario()
    made["prompts"][1]["messages"][0]["parts"].reverse()
    with pytest.raises(BenchmarkError, match="no prompt is one picture and then one text"):
        export_benchmark(make(made), to=tmp_path / "x.tsv", format="vlmevalkit")


def table(path: Path, *rows: dict[str, str]) -> Path:
    pd.DataFrame(rows).to_csv(path, sep="\t", index=False)
    return path


def test_a_row_may_refer_to_the_picture_of_another(tmp_path: Path, png: Callable[..., bytes]) -> None:
    image = base64.b64encode(png()).decode()
    rows = [{"index": "1", "image": image, "question": "x"}, {"index": "2", "image": "1", "question": "y"}]
    found = import_benchmark(table(tmp_path / "x.tsv", *rows), to=tmp_path / "in", format="vlmevalkit", labels=LABELS)
    assert (found.counts["scenarios"], found.counts["media"]) == (2, 1)


def test_a_category_is_a_harm_category(tmp_path: Path, png: Callable[..., bytes]) -> None:
    row = {"index": "1", "image": base64.b64encode(png()).decode(), "question": "x", "category": "theirs"}
    labels = {name: value for name, value in LABELS.items() if name != "harm_category"}
    assert taken(table(tmp_path / "x.tsv", row), tmp_path / "in", "vlmevalkit", labels=labels)["harm_category"] == "theirs"


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"image": "!" * 99}, "row 1: an image that cannot be used"),
        ({"image": "9"}, "row 1: an image that cannot be used"),
        ({"image": ""}, "row 1: no image"),
        ({"question": ""}, "row 1: no question"),
        ({"A": "yes"}, "row 1: a question with choices"),
        ({"index": ""}, "an index that is empty or stands twice"),
        ({"intent": SECRET}, "row 1: `intent` cannot be used"),
        ({"scenario": SECRET * 9}, "row 1: `scenario` cannot be used"),
    ],
)
def test_a_row_that_cannot_be_a_prompt_is_named(
    more: dict[str, str], what: str, tmp_path: Path, png: Callable[..., bytes]
) -> None:
    row = {"index": "1", "image": base64.b64encode(png()).decode(), "question": SECRET} | more
    said = refused(table(tmp_path / "x.tsv", row), tmp_path / "in", "vlmevalkit")
    assert what in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "rows that cannot be told apart"),
        (b"index\tquestion\n1\tx\n", "no column image"),
        (b"index\timage\tquestion\n1\tTEXT-OF-A-PROMPT\ta\tb\tc\n", "rows that cannot be told apart"),
        (b"index\timage\tquestion\n1\t\xff\tx\n", "bytes that are not UTF-8"),
        (b"index\timage\tquestion\n1\t\0\tx\n", "a NUL byte"),
        (b"index\timage\tquestion\n", "no prompt"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, what: str, tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_bytes(content)
    said = refused(tmp_path / "x.tsv", tmp_path / "in", "vlmevalkit")
    assert what in said
    assert SECRET not in said
