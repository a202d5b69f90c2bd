"""Real models, through the model layer of Inspect AI: every provider it knows, one request a call.

What Inspect and the library of the provider would do by themselves is off: retries, caches of answers, caches of prefixes that
are billed, limits on connections, logging, output. Who asks again, how many at once, and what is kept, is the caller's matter.

Notes
-----
One request a call holds for every provider whose library can be told not to retry: OpenAI, Anthropic, Groq, Bedrock, and all
that speak OpenAI's protocol (``openai-api/<service>/<model>`` and the services that Inspect names). Google's library sends
again when a connection breaks off, and Inspect after a malformed function call. Azure AI's library retries by its own rule.
When Anthropic gives reasoning without counting its tokens, Inspect asks for the count, which is no second answer.

Inspect reads no ``.env`` on this way; `environment.load` does, when it is called. ``INSPECT_EVAL_MODEL_BASE_URL`` sends every
provider without a base URL of its own there, as in Inspect.
"""

import asyncio
import json
from collections.abc import Mapping
from contextvars import Context, copy_context
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from inspect_ai.event import Event, ModelEvent
from inspect_ai.log import Transcript
from inspect_ai.log._transcript import init_transcript
from inspect_ai.model import GenerateConfig, ModelOutput
from inspect_ai.model._assistant_internal import init_sample_assistant_internal

from driftgauge.clients.calls import Answer, Call, Fault
from driftgauge.clients.inspect_answers import answer
from driftgauge.clients.inspect_faults import fault, moderated
from driftgauge.clients.inspect_messages import messages
from driftgauge.clients.inspect_model import opened
from driftgauge.clients.inspect_settings import RESPONSE_SCHEMA, checked, held_to

_LIBRARIES: Final = ("inspect-ai", "openai", "anthropic")


class InspectClient:
    """Calls one model through Inspect.

    Parameters
    ----------
    model
        Inspect's id of it: ``openai/gpt-5``, ``anthropic/claude-sonnet-4-5``, ``openai-api/<service>/<model>``.
    settings
        The generation settings that calls will ask for, to be checked now.

    Raises
    ------
    CollectError
        When the provider is unknown, its key or address is not in the environment, a library is missing, or a setting is none.
    """

    def __init__(self, model: str, *, settings: Mapping[str, Any] | None = None) -> None:
        self._model = opened(model)
        self._configs: dict[str, GenerateConfig] = {}
        self._config(settings or {})

    @property
    def name(self) -> str:
        """``inspect``."""
        return "inspect"

    @property
    def versions(self) -> Mapping[str, str]:
        """Inspect and the libraries of the providers that most services speak like."""
        return {library: found for library in _LIBRARIES if (found := _version(library))}

    @property
    def is_simulated(self) -> bool:
        """Never."""
        return False

    async def ask(self, call: Call, *, timeout: float) -> Answer | Fault:
        """Send one request and wait at most so many seconds.

        Raises
        ------
        CollectError
            When a setting of the call is none.
        """
        config = self._config(call.settings)
        held = _Held()
        try:
            async with asyncio.timeout(timeout):
                output = await asyncio.create_task(self._generate(call, config), context=_apart(held))
        except Exception as error:  # noqa: BLE001 - whatever a provider's library raises is a fault of this call
            return moderated(error, held.event, asked=call.settings) or fault(error, held.event)
        return answer(output, held.event, asked=call.settings)

    async def close(self) -> None:
        """Let go of connections."""
        await self._model.api.aclose()

    async def _generate(self, call: Call, config: GenerateConfig) -> ModelOutput:
        return await self._model.generate(messages(call.turns), config=config)

    def _config(self, settings: Mapping[str, Any]) -> GenerateConfig:
        key = json.dumps(dict(settings), sort_keys=True, default=str)
        if key not in self._configs:
            own = {name: value for name, value in settings.items() if name != RESPONSE_SCHEMA}
            config, schema = checked(own), settings.get(RESPONSE_SCHEMA)
            self._configs[key] = config.model_copy(update={RESPONSE_SCHEMA: held_to(schema)}) if schema else config
        return self._configs[key]


class _Held(Transcript):
    """Holds what Inspect records of one call, whole, for as long as the call lasts."""

    def __init__(self) -> None:
        super().__init__(log_model_api=True)
        self.event: ModelEvent | None = None

    def _event(self, event: Event) -> None:
        if isinstance(event, ModelEvent):
            self.event = event

    def _event_updated(self, event: Event) -> None:
        pass


def _apart(held: _Held) -> Context:
    """Return a context in which nothing of a call outlives it: Inspect's transcript and memory of reasoning are its own."""
    context = copy_context()
    context.run(init_transcript, held)
    context.run(init_sample_assistant_internal)
    return context


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
