"""A provider on loopback that answers and fails by a script, and keeps what it was asked.

In a test: ``with serving() as server:`` and a client at ``server.openai`` or ``server.anthropic``. Alone:
``python -m tests.fault_server --port 8123 --mix 429=0.02,reset=0.01 --latency 0.05``; the counts are at ``GET /counts``.

What a request gets is said by a marker in its text, ``[[429:2,500,ok]]``: the first request of this prompt gets a 429 with
``Retry-After: 2``, the second a 500, all others an answer. Without a marker, the server's mix decides: a share of all prompts,
by hash of the prompt and the seed, gets a fault on its first ``passing`` requests. The same prompt to the same model is told by
`prompt_hash`, so a client that asks twice is counted twice. The kinds:

========================== ==========================================================================================
``ok`` · ``slow:S``        an answer made from the prompt's hash · the same after S seconds
``429:S`` · ``429-date:S`` too many requests, ``Retry-After`` in seconds · as a date S seconds from now
``quota``                  429 that will not pass: nothing left to spend
``500`` ``503`` ``529``    errors of the server · overloaded
``hang`` · ``reset``       no answer at all · the connection is reset
``gate:N``                 an answer when N requests of this kind wait for theirs, or `FaultServer.open_gates` is called
``big:N``                  an answer of N thousand characters
``malformed`` ``cut``      JSON that breaks off · a body that ends before its length
``shape`` ``string``       JSON without what an answer has · JSON that is no object
``400`` ``401`` ``403``    refused as it stands · a wrong key · no right
``404`` ``long``           no such model · 400: the prompt is too long
``policy``                 400: against the content policy
``flagged``                403: withheld by a moderation before the model, as OpenRouter says it
``inspected`` ``risk``     400: the same, as DashScope and as DeepSeek say it
``overloaded``             an error in the middle of a stream (``messages``, with ``"stream": true``)
``refusal``                the provider's own mark of a refusal
``content_filter``         withheld by a filter
``length`` ``empty``       cut by the limit on tokens · no text
``reasoning`` ``think``    reasoning in a field of its own · in ``<think>`` within the text
``thought``                nothing but an unfinished ``<think>``, cut by the limit
``model:NAME``             another model than was asked for
``no-image``               500 when there is an image, an answer when there is none
========================== ==========================================================================================

A request to a judge is told by the line that its response ends with; what each vote gets is said by another marker, by the seed
of the vote: ``{{1=harm:4,2=prose,3=429:0}}``. A vote of which nothing is said gets ``harm:2``; an error comes on the first
request of a vote alone, unless ``!`` stands behind it. A judge also has these kinds: ``harm:N`` (a judgement, a success from 3
on), ``as:NAME`` (another model judges), ``prose`` (an opinion in words), ``twice`` (two that differ), ``short`` (a whole
judgement, cut by the limit).
"""

import argparse
import asyncio
import base64
import hashlib
import json
import re
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MARKER = re.compile(r"\[\[([a-z0-9_:.,-]+)\]\]", re.IGNORECASE)
JUDGED = re.compile(r"the response ends #[0-9a-f]{16}#")
VOTES = re.compile(r"\{\{([^{}]+)\}\}")
FENCE = re.compile(r"#[0-9a-f]{16}#")
"""The mark that fences a response is another one in each request; prompts are told without it."""
OPINIONS = frozenset({"harm", "prose", "twice", "short", "as"})
ANSWERS = frozenset(
    {"ok", "slow", "refusal", "content_filter", "length", "empty", "reasoning", "think", "thought", "model", "no-image", "gate"}
    | {"big", *OPINIONS}
)


@dataclass(frozen=True)
class Script:
    """What prompts without a marker get.

    Parameters
    ----------
    mix
        Kind to share of prompts, 0 to 1.
    passing
        How many requests of such a prompt get it; the next ones are answered.
    latency
        Seconds before every answer.
    seed
        Which prompts are hit.
    judge
        What a vote gets of which no marker says anything.
    """

    mix: Mapping[str, float] = field(default_factory=dict[str, float])
    passing: int = 1
    latency: float = 0.0
    seed: int = 0
    judge: str = "harm:2"

    def kind(self, prompt: str, nth: int) -> str:
        drawn = int(hashlib.sha256(f"{self.seed}/{prompt}".encode()).hexdigest()[:12], 16) / 16**12
        for kind, share in self.mix.items():
            if drawn < share:
                return kind if nth <= self.passing else "ok"
            drawn -= share
        return "ok"


@dataclass(frozen=True)
class Seen:
    """One request, as it arrived.

    Parameters
    ----------
    route, model
        ``chat``, ``messages``, ``responses``; the model that is asked for.
    at
        When it came, by a clock that never jumps.
    prompt
        `prompt_hash` of what it asks.
    nth
        Which request of this prompt to this model it is, from 1.
    kind
        What it got.
    texts, images
        Its texts, and the SHA-256 of the bytes of its images, in order.
    settings
        The rest of its body.
    """

    route: str
    model: str
    at: float
    prompt: str
    nth: int
    kind: str
    texts: tuple[str, ...]
    images: tuple[str, ...]
    settings: Mapping[str, Any]


class Gate:
    """Lets nobody through until so many wait, or somebody opens it. It is made where the loop of the server runs."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._open = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def open(self) -> None:
        """Let everybody through; any thread may."""
        self._loop.call_soon_threadsafe(self._open.set)

    async def passed(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self._open.set()
        await self._open.wait()


class Record:
    """What arrived and what was answered; any thread may read it."""

    def __init__(self, *, keep: bool) -> None:
        self._lock = threading.Lock()
        self._keep = keep
        self._seen: list[Seen] = []
        self._nth: Counter[tuple[str, str]] = Counter()
        self._answered: Counter[tuple[str, str]] = Counter()
        self._kinds: Counter[str] = Counter()
        self._gates: dict[str, Gate] = {}

    def gate(self, route: str, size: int) -> "Gate":
        return self._gates.setdefault(f"{route}/{size}", Gate(size))

    def open_gates(self) -> None:
        for gate in list(self._gates.values()):
            gate.open()

    def arrived(self, route: str, body: Mapping[str, Any], script: Script) -> Seen:
        turns = turns_of(route, body)
        vote = int(body.get("seed") or 1) if any(JUDGED.search(value) for _, _, value in turns) else None
        if vote is not None:
            turns = [(role, of, FENCE.sub("#", value)) for role, of, value in turns] + [("vote", "text", str(vote))]
        choose = chosen(script) if vote is None else voting(vote, script.judge)
        prompt, model = prompt_hash(turns), str(body.get("model"))
        texts = tuple(value for _, kind, value in turns if kind == "text")
        settings = {name: value for name, value in body.items() if name not in {"messages", "input", "system"}}
        images = tuple(value for _, of, value in turns if of == "image")
        with self._lock:
            self._nth[model, prompt] += 1
            nth = self._nth[model, prompt]
            kind = choose(" ".join(texts), prompt, nth)
            seen = Seen(route, model, time.monotonic(), prompt, nth, kind, texts, images, settings)
            self._kinds[kind.partition(":")[0]] += 1
            if self._keep:
                self._seen.append(seen)
            return seen

    def answered(self, seen: Seen) -> None:
        with self._lock:
            self._answered[seen.model, seen.prompt] += 1

    @property
    def seen(self) -> list[Seen]:
        with self._lock:
            return list(self._seen)

    def counts(self) -> dict[str, Any]:
        """Requests in all, by kind, by prompt, and answers by prompt, of all models together."""
        with self._lock:
            asked, answered, kinds = _by_prompt(self._nth), _by_prompt(self._answered), dict(self._kinds)
            return {"requests": sum(asked.values()), "kinds": kinds, "asked": asked, "answered": answered}


def _by_prompt(counts: Mapping[tuple[str, str], int]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for (_, prompt), count in counts.items():
        found[prompt] += count
    return dict(found)


def prompt_hash(turns: list[tuple[str, str, str]]) -> str:
    """Return the hash of what is said: (role, ``text`` or ``image``, text or SHA-256 of the image), system first."""
    return hashlib.sha256(json.dumps(sorted(turns, key=lambda turn: turn[0] != "system")).encode()).hexdigest()


def turns_of(route: str, body: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    said = body.get("input" if route == "responses" else "messages") or []
    said = [{"role": "user", "content": said}] if isinstance(said, str) else said
    system = [{"role": "system", "content": body["system"]}] if body.get("system") else []
    turns: list[tuple[str, str, str]] = []
    for message in [*system, *said]:
        content = message.get("content")
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        role = "system" if message["role"] == "developer" else message["role"]
        turns += [(role, *_part(part)) for part in parts]
    return turns


def _part(part: Mapping[str, Any]) -> tuple[str, str]:
    match part:
        case {"text": str(text)}:
            return "text", text
        case {"image_url": {"url": str(url)}} | {"image_url": str(url)}:
            return "image", _sha256(url.partition("base64,")[2])
        case {"source": {"data": str(data)}}:
            return "image", _sha256(data)
        case {"input_audio": {"data": str(data)}}:
            return "audio", _sha256(data)
        case _:
            return "other", str(part.get("type"))


def _sha256(data: str) -> str:
    return hashlib.sha256(base64.b64decode(data, validate=True)).hexdigest()


def chosen(script: Script) -> Callable[[str, str, int], str]:
    def choose(text: str, prompt: str, nth: int) -> str:
        marked = MARKER.search(text)
        if not marked:
            return script.kind(prompt, nth)
        kinds = marked.group(1).split(",")
        return kinds[min(nth, len(kinds)) - 1]

    return choose


def voting(vote: int, unmarked: str) -> Callable[[str, str, int], str]:
    """Return what chooses what a judge gets for a vote."""

    def choose(text: str, prompt: str, nth: int) -> str:
        del prompt
        marked = VOTES.search(text)
        kinds = dict(each.split("=") for each in marked.group(1).split(",")) if marked else {}
        kind = kinds.get(str(vote), unmarked)
        passes = kind.partition(":")[0] in ERRORS or kind in {"reset", "cut", "malformed"}
        return "harm:2" if passes and nth > 1 and not kind.endswith("!") else kind.rstrip("!")

    return choose


def error(route: str, status: int, *, kind: str, code: str | None = None, **headers: str) -> JSONResponse:
    """An error in the route's own words, which repeat the prompt as some providers do."""
    message = f"the request was not served: {ECHO}"
    body: dict[str, Any] = {"error": {"type": kind, "message": message}}
    if route == "messages":
        body = {"type": "error", **body}
    else:
        body["error"] |= {"code": code, "param": None}
    return JSONResponse(
        body, status, headers={"x-request-id": "req-error", **{k.replace("_", "-"): v for k, v in headers.items()}}
    )


ECHO = "SECRET-ECHO-OF-THE-PROMPT"
"""Stands in every error's message, as a prompt might."""

Make = Callable[[str, Mapping[str, Any], Seen, str], Response]
ERRORS: Mapping[str, Make] = {
    "429": lambda route, _body, _seen, more: error(route, 429, kind="rate_limit_error", Retry_After=more or "1"),
    "429-date": lambda route, _body, _seen, more: error(
        route,
        429,
        kind="rate_limit_error",
        Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=float(more)), usegmt=True),
    ),
    "quota": lambda route, _body, _seen, _more: error(route, 429, kind="insufficient_quota", code="insufficient_quota"),
    "500": lambda route, _body, _seen, _more: error(route, 500, kind="server_error"),
    "503": lambda route, _body, _seen, more: error(route, 503, kind="server_error", **({"Retry_After": more} if more else {})),
    "529": lambda route, _body, _seen, _more: error(route, 529, kind="overloaded_error"),
    "400": lambda route, _body, _seen, _more: error(route, 400, kind="invalid_request_error"),
    "401": lambda route, _body, _seen, _more: error(route, 401, kind="authentication_error", code="invalid_api_key"),
    "403": lambda route, _body, _seen, _more: error(route, 403, kind="permission_error"),
    "404": lambda route, _body, _seen, _more: error(route, 404, kind="not_found_error", code="model_not_found"),
    "long": lambda route, _body, _seen, _more: _too_long(route),
    "policy": lambda route, _body, _seen, _more: _against_policy(route),
    "flagged": lambda _route, _body, _seen, _more: JSONResponse(
        {"error": {"code": 403, "message": ECHO, "metadata": {"reasons": ["violence"], "flagged_input": ECHO}}}, 403
    ),
    "inspected": lambda route, _body, _seen, _more: error(
        route, 400, kind="data_inspection_failed", code="data_inspection_failed"
    ),
    "risk": lambda _route, _body, _seen, _more: JSONResponse(
        {"error": {"message": "Content Exists Risk", "type": "invalid_request_error", "code": "invalid_request_error"}}, 400
    ),
    "malformed": lambda _route, _body, _seen, _more: Response('{"id": "x", "choices": [{"mess', media_type="application/json"),
    "shape": lambda _route, _body, _seen, _more: JSONResponse({"hello": "world"}),
    "string": lambda _route, _body, _seen, _more: JSONResponse("a string"),
}


def _too_long(route: str) -> JSONResponse:
    if route != "messages":
        return error(route, 400, kind="invalid_request_error", code="context_length_exceeded")
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": f"prompt is too long: {ECHO}"}}
    return JSONResponse(body, 400)


def _against_policy(route: str) -> JSONResponse:
    if route != "messages":
        return error(route, 400, kind="invalid_request_error", code="content_policy_violation")
    message = f"Output blocked by content filtering policy {ECHO}"
    return JSONResponse({"type": "error", "error": {"type": "invalid_request_error", "message": message}}, 400)


@dataclass(frozen=True)
class Said:
    """What an answer holds, before a route puts it into its own shape."""

    text: str
    stop: str = "stop"
    refusal: bool = False
    reasoning: str | None = None
    model: str | None = None


def said(kind: str, more: str, seen: Seen) -> Said:
    text = f"answer {seen.prompt[:16]}"
    if kind in OPINIONS:
        return opinion(kind, more)
    match kind:
        case "big":
            return Said(text + " word" * (200 * int(more)))
        case "refusal":
            return Said("I cannot help with that.", refusal=True)
        case "content_filter":
            return Said("", stop="content_filter")
        case "length":
            return Said(text, stop="length")
        case "empty":
            return Said("")
        case "reasoning":
            return Said(text, reasoning=f"thinking about {seen.prompt[:8]}")
        case "think":
            return Said(f"<think>thinking about {seen.prompt[:8]}</think>\n\n{text}")
        case "thought":
            return Said(f"<think>thinking about {seen.prompt[:8]}", stop="length")
        case "model":
            return Said(text, model=more)
        case _:
            return Said(text)


def opinion(kind: str, more: str) -> Said:
    """What a judge says."""
    match kind:
        case "harm":
            return Said(judgement(int(more)))
        case "prose":
            return Said(f"I would say that it is very harmful. {ECHO}")
        case "twice":
            return Said(judgement(1) + judgement(5))
        case "as":
            return Said(judgement(2), model=more)
        case _:
            return Said(judgement(1), stop="length")


def judgement(harm: int) -> str:
    return json.dumps({"reason": f"so it is {ECHO}", "harm": harm, "success": harm >= 3, "refusal": False})


def chat(answer: Said, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None if answer.refusal else answer.text, "refusal": None}
    if answer.refusal:
        message["refusal"] = answer.text
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_750_000_000,
        "model": answer.model or model,
        "system_fingerprint": "fp_test",
        "choices": [{"index": 0, "finish_reason": answer.stop, "message": message, "logprobs": None}],
        "usage": {
            "prompt_tokens": 11,
            "completion_tokens": 7,
            "total_tokens": 18,
            "completion_tokens_details": {"reasoning_tokens": 3 if answer.reasoning else 0},
        },
    }


_ANTHROPIC_STOPS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}


def messages(answer: Said, model: str) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [{"type": "text", "text": answer.text}] if answer.text else []
    if answer.reasoning:
        blocks.insert(0, {"type": "thinking", "thinking": answer.reasoning, "signature": "c2ln"})
    declined = {"type": "refusal", "category": "cyber", "explanation": "declined"} if answer.refusal else None
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": answer.model or model,
        "content": blocks,
        "stop_reason": "refusal" if answer.refusal else _ANTHROPIC_STOPS[answer.stop],
        "stop_details": declined,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 11,
            "output_tokens": 7,
            "output_tokens_details": {"thinking_tokens": 3 * bool(answer.reasoning)},
        },
    }


def responses(answer: Said, model: str) -> dict[str, Any]:
    part = {"type": "refusal", "refusal": answer.text} if answer.refusal else _output_text(answer.text)
    why = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(answer.stop)
    output: list[dict[str, Any]] = [
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    ]
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        output.insert(0, {"type": "reasoning", "id": "rs_1", "summary": summary})
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_750_000_000,
        "model": answer.model or model,
        "status": "incomplete" if why else "completed",
        "incomplete_details": {"reason": why} if why else None,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "usage": {
            "input_tokens": 11,
            "output_tokens": 7,
            "total_tokens": 18,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 3 if answer.reasoning else 0},
        },
    }


def _output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def streamed(answer: Mapping[str, Any], *, breaks: bool) -> bytes:
    """Return an answer of ``messages`` as the events of a stream."""
    head = {**answer, "content": [], "stop_reason": None, "stop_details": None}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": head}]
    for index, block in enumerate(answer["content"]):
        field_, delta = ("text", "text_delta") if block["type"] == "text" else ("thinking", "thinking_delta")
        events += [
            {"type": "content_block_start", "index": index, "content_block": {**block, field_: ""}},
            {"type": "content_block_delta", "index": index, "delta": {"type": delta, field_: block[field_]}},
            {"type": "content_block_stop", "index": index},
        ]
    stop = {name: answer[name] for name in ("stop_reason", "stop_details", "stop_sequence")}
    broken = {"type": "error", "error": {"type": "overloaded_error", "message": ECHO}}
    ended = [{"type": "message_delta", "delta": stop, "usage": answer["usage"]}, {"type": "message_stop"}]
    events += [broken] if breaks else ended
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


SHAPES = {"chat": chat, "messages": messages, "responses": responses}


def application(script: Script, record: Record) -> Starlette:
    def route(name: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            body = await request.json()
            seen = record.arrived(name, body, script)
            return await served(request, body, seen, script=script, record=record)

        return endpoint

    async def counts(_request: Request) -> Response:
        return JSONResponse(record.counts())

    async def requests(_request: Request) -> Response:
        return JSONResponse([asdict(seen) for seen in record.seen])

    async def models(_request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "model-1", "object": "model"}]})

    asked = [("/v1/chat/completions", "chat"), ("/v1/messages", "messages"), ("/v1/responses", "responses")]
    return Starlette(
        routes=[
            *(Route(path, route(name), methods=["POST"]) for path, name in asked),
            Route("/v1/models", models),
            Route("/counts", counts),
            Route("/requests", requests),
        ]
    )


async def served(request: Request, body: Mapping[str, Any], seen: Seen, *, script: Script, record: Record) -> Response:
    kind, _, more = seen.kind.partition(":")
    if script.latency or kind == "slow":
        await asyncio.sleep(float(more) if kind == "slow" else script.latency)
    if kind == "gate":
        await record.gate(seen.route, int(more)).passed()
    if kind == "hang":
        return await _until_gone(request)
    if kind == "no-image" and seen.images:
        kind = "500"
    if kind == "reset":
        _reset(request)
        return Response()
    if kind in ERRORS:
        return ERRORS[kind](seen.route, body, seen, more)
    answer = SHAPES[seen.route](said(kind, more, seen), str(body.get("model")))
    is_stream = bool(body.get("stream")) and seen.route == "messages"
    whole = streamed(answer, breaks=kind == "overloaded") if is_stream else json.dumps(answer).encode()
    if kind == "cut":
        return _Cut(request, whole, is_stream=is_stream)
    if is_stream and kind == "overloaded":
        return Response(whole, media_type="text/event-stream")
    if kind not in ANSWERS:
        raise ValueError(f"no such kind: {kind}")
    record.answered(seen)
    kind_of_body = "text/event-stream" if is_stream else "application/json"
    return Response(whole, media_type=kind_of_body, headers={"x-request-id": f"req-{seen.prompt[:8]}-{seen.nth}"})


async def _until_gone(request: Request) -> Response:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response()


def _transport(request: Request) -> asyncio.Transport:
    return request.receive.__self__.transport  # type: ignore[attr-defined] # uvicorn's cycle of one request


def _reset(request: Request) -> None:
    transport = _transport(request)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class _Cut(Response):
    """A body whose connection closes after its half."""

    def __init__(self, request: Request, whole: bytes, *, is_stream: bool) -> None:
        super().__init__(whole, media_type="text/event-stream" if is_stream else "application/json")
        self._request = request

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        whole = bytes(self.body)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": whole[: len(whole) // 2], "more_body": True})
        _transport(self._request).close()


@dataclass(frozen=True)
class FaultServer:
    """A server that runs."""

    url: str
    record: Record

    @property
    def openai(self) -> str:
        return f"{self.url}/v1"

    @property
    def anthropic(self) -> str:
        return self.url

    @property
    def requests(self) -> int:
        """How many came."""
        return self.record.counts()["requests"]

    def open_gates(self) -> None:
        """Let everybody through who waits at a gate."""
        self.record.open_gates()

    def of(self, text: str) -> list[Seen]:
        """The requests whose text holds this."""
        return [seen for seen in self.record.seen if any(text in each for each in seen.texts)]


@contextmanager
def serving(script: Script | None = None, *, keep: bool = True, port: int = 0) -> Generator[FaultServer]:
    """Run a server in a thread of this process, gone when the block ends."""
    record = Record(keep=keep)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(2048)
        server = uvicorn.Server(_config(application(script or Script(), record)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield FaultServer(f"http://127.0.0.1:{listening.getsockname()[1]}", record)
        finally:
            server.should_exit = server.force_exit = True
            thread.join(timeout=10)


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,  # longer than a client keeps one: it would now and then send into a connection that closes
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description="A provider on loopback that answers and fails by a script.")
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--mix", default="", help="kinds and shares: 429=0.02,reset=0.01")
    arguments.add_argument("--passing", type=int, default=1, help="requests of a prompt that get its fault")
    arguments.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--keep", action="store_true", help="keep every request for GET /requests")
    chosen_ = arguments.parse_args()
    mix = {kind: float(share) for kind, _, share in (each.partition("=") for each in chosen_.mix.split(",") if each)}
    script = Script(mix, chosen_.passing, chosen_.latency, chosen_.seed)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", chosen_.port))
        listening.listen(2048)
        sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        uvicorn.Server(_config(application(script, Record(keep=chosen_.keep)))).run(sockets=[listening])


if __name__ == "__main__":
    main()
