"""Inspect's logs: responses written as one that its viewer and its analyses read, and one read as a record.

A sample is a response: its id is the prompt's (``scenario/modality/language``), its epoch the attempt. A log holds one release
in one phase. What Inspect has no place for stands in the sample's metadata under ``driftgauge``, so that a log written here is
read back whole; of other logs, what Inspect kept of the call is read. Neither function may be called where an event loop runs.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, cast

from inspect_ai.event import ModelEvent
from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalError,
    EvalLog,
    EvalResults,
    EvalSample,
    EvalSpec,
    read_eval_log,
    write_eval_log,
)
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    Content,
    ContentReasoning,
    ContentText,
    ModelOutput,
    ModelUsage,
)

from driftgauge.clients.calls import Fault, Turn
from driftgauge.clients.inspect_answers import answer
from driftgauge.clients.inspect_messages import messages
from driftgauge.clients.recorded import COLUMNS, Row, object_of, row_of
from driftgauge.errors import CollectError, Problem
from driftgauge.frames import MISSING_STATUSES

_OURS: Final = "driftgauge"
_SAID: Final = ("response_text", "reasoning")
_STOPS: Final[Mapping[str, Literal["stop", "max_tokens", "content_filter"]]] = {
    "truncated": "max_tokens",
    "refused": "content_filter",
    "filtered": "content_filter",
}


def write_log(
    rows: Sequence[Row], path: Path, *, model: str, created_at: str, prompts: Mapping[str, Sequence[Turn]], task: str = _OURS
) -> None:
    """Write responses as a log of Inspect.

    Parameters
    ----------
    rows
        Recorded responses (`recorded`) of one release in one phase.
    path
        Where to, with suffix ``.eval``.
    model
        Inspect's id of the model that was asked.
    created_at
        When, ISO 8601 in UTC.
    prompts
        What was said, by id of the prompt; a prompt that is not here is written without its messages.
    task
        How Inspect calls what the log is about.

    Raises
    ------
    CollectError
        When the responses are of several releases or phases, or the log cannot be written.
    """
    of = {(row.get("release"), row.get("phase")) for row in rows}
    if len(of) > 1:
        raise CollectError("a log of Inspect holds one release in one phase", remedy="Write one log for each.")
    samples = [_sample(row, prompts) for row in rows]
    spec = EvalSpec(
        created=created_at,
        task=task,
        model=model,
        dataset=EvalDataset(name=task, samples=len(prompts), sample_ids=sorted({str(sample.id) for sample in samples})),
        config=EvalConfig(epochs=max((sample.epoch for sample in samples), default=1)),
        metadata={_OURS: {"format": 1}},
    )
    done = sum(sample.error is None for sample in samples)
    results = EvalResults(total_samples=len(samples), completed_samples=done)
    log = EvalLog(status="success", eval=spec, results=results, samples=samples)
    try:
        write_eval_log(log, path, format="eval")
    except OSError as error:
        raise CollectError(f"{path.name} cannot be written ({type(error).__name__})", remedy="Check the folder.") from None


def _sample(row: Row, prompts: Mapping[str, Sequence[Turn]]) -> EvalSample:
    prompt = f"{row['scenario']}/{row['modality']}/{row['language']}"
    said = messages(prompts.get(prompt, ()))
    output = _output(row)
    kept = {name: object_of(row, name) or row.get(name) for name in COLUMNS if name not in _SAID}
    return EvalSample(
        id=prompt,
        epoch=row.get("attempt") or 1,
        input=said,
        target="",
        messages=[*said, *(choice.message for choice in output.choices)],
        output=output,
        metadata={_OURS: kept},
        started_at=row.get("sent_at"),
        completed_at=row.get("received_at"),
        total_time=row.get("seconds"),
        error=EvalError(message=row["status"], traceback="", traceback_ansi="") if row["status"] in MISSING_STATUSES else None,
    )


def _output(row: Row) -> ModelOutput:
    model = row.get("served_model") or row.get("release") or ""
    if row["status"] in MISSING_STATUSES:
        return ModelOutput(model=model)
    content: list[Content] = [ContentText(text=row.get("response_text") or "", refusal=row["status"] == "refused" or None)]
    if row.get("reasoning"):
        content.insert(0, ContentReasoning(reasoning=row["reasoning"]))
    tokens = object_of(row, "usage") or {}
    message = ChatMessageAssistant(content=content, model=model, source="generate")
    return ModelOutput(
        model=model,
        choices=[ChatCompletionChoice(message=message, stop_reason=_STOPS.get(row["status"], "stop"))],
        usage=ModelUsage(
            input_tokens=tokens.get("input", 0),
            output_tokens=tokens.get("output", 0),
            total_tokens=tokens.get("total", 0),
            reasoning_tokens=tokens.get("reasoning"),
        ),
        time=row.get("seconds"),
        response_id=row.get("request_id"),
    )


def read_log(path: Path, *, release: str | None = None, phase: str | None = None) -> list[Row]:
    """Return the responses in a log of Inspect as a record.

    Parameters
    ----------
    path
        The log.
    release, phase
        How the study calls them; null for what the log says: the release is Inspect's id of the model where the log was not
        written by `write_log`.

    Raises
    ------
    CollectError
        When it is no log, or a sample's id is not ``scenario/modality/language``.
    """
    try:
        log = read_eval_log(path, resolve_attachments=True)
    except Exception as error:  # noqa: BLE001 - a file of others: zip, JSON and pydantic each raise their own
        raise CollectError(f"{path.name} is no log of Inspect ({type(error).__name__})", remedy="Give a file .eval.") from None
    samples = log.samples or []
    keys = [str(sample.id).split("/") for sample in samples]
    problems = [
        Problem(f"{path.name}, sample {at}", "its id is no prompt's", "scenario/modality/language")
        for at, key in enumerate(keys, start=1)
        if len(key) != 3 or key[1] not in ("text-only", "multimodal")
    ]
    if problems:
        raise CollectError(f"{path.name} is about other prompts", problems=problems, remedy="Name samples by prompts.")
    named = {name: value for name, value in (("release", release), ("phase", phase)) if value is not None}
    return [{**_row(sample, key, log.eval.model), **named} for sample, key in zip(samples, keys, strict=True)]


def _row(sample: EvalSample, key: Sequence[str], model: str) -> Row:
    kept = (sample.metadata or {}).get(_OURS)
    if isinstance(kept, dict):
        ours = cast(dict[str, Any], kept)
        reasoning, text = _texts(sample.output)
        return {**dict.fromkeys(COLUMNS), **ours, "response_text": text, "reasoning": reasoning}
    of = {"scenario": key[0], "intent": "adversarial", "modality": key[1], "language": key[2], "attempt": sample.epoch}
    times = {
        "sent_at": sample.started_at,
        "received_at": sample.completed_at,
        "seconds": sample.total_time,
        "client": "inspect",
    }
    if sample.error is not None:
        return row_of({**of, "release": model}, Fault("unknown", detail="recorded as an error"), **times)
    event = next((event for event in reversed(sample.events) if isinstance(event, ModelEvent) and event.call), None)
    return row_of({**of, "release": model}, answer(sample.output, event, asked={}), **times)


def _texts(output: ModelOutput) -> tuple[str | None, str | None]:
    """Return the reasoning and the text, as they were written."""
    parts = [] if output.empty or isinstance(output.message.content, str) else output.message.content
    reasoning = next((part.reasoning for part in parts if isinstance(part, ContentReasoning)), None)
    text = next((part.text for part in parts if isinstance(part, ContentText)), None)
    return reasoning, text or None
