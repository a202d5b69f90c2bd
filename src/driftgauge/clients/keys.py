"""What each provider needs from the environment: names of variables and addresses, as Inspect has them; never a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Service:
    """A provider as Inspect finds it.

    Parameters
    ----------
    keys
        Environment variables of which one has to hold a key; none where no key is needed, or where it comes in other ways.
    address
        Where it answers unless a variable says otherwise; null where one has to, or where no one address is known.
    address_keys
        The environment variables that say where, the first one that is set.
    module
        The Python module that Inspect needs for it.
    needs_address
        Whether nothing can be asked while no address is known.
    also
        Further environment variables that have to be set.
    """

    keys: tuple[str, ...]
    address: str | None = None
    address_keys: tuple[str, ...] = ()
    module: str = "openai"
    needs_address: bool = False
    also: tuple[str, ...] = ()


EVERY_ADDRESS: Final = "INSPECT_EVAL_MODEL_BASE_URL"
"""What Inspect takes for the address of any provider whose own variable is not set."""
_GENERIC: Final = ("openai-api", "openai-api-completions")
"""The providers whose second part names a service of anybody's."""


def _compatible(name: str, address: str, *, keys: tuple[str, ...] = ()) -> Service:
    return Service(keys or (f"{name}_API_KEY",), address, (f"{name}_BASE_URL",))


SERVICES: Final[Mapping[str, Service]] = {
    "anthropic": Service(
        ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"), "https://api.anthropic.com", ("ANTHROPIC_BASE_URL",), "anthropic"
    ),
    "anthropic/azure": Service(
        ("AZUREAI_ANTHROPIC_API_KEY", "AZURE_ANTHROPIC_API_KEY"),
        address_keys=("AZUREAI_ANTHROPIC_BASE_URL", "AZURE_ANTHROPIC_BASE_URL"),
        module="anthropic",
        needs_address=True,
    ),
    "anthropic/bedrock": Service((), address_keys=("ANTHROPIC_BEDROCK_BASE_URL",), module="anthropic"),
    "anthropic/vertex": Service((), address_keys=("ANTHROPIC_VERTEX_BASE_URL",), module="anthropic"),
    "azureai": Service(
        ("AZURE_API_KEY", "AZUREAI_API_KEY"),
        address_keys=("AZUREAI_BASE_URL",),
        module="azure.ai.inference",
        needs_address=True,
    ),
    "bedrock": Service((), address_keys=("BEDROCK_BASE_URL",), module="aiobotocore"),
    "cloudflare": Service(
        ("CLOUDFLARE_API_KEY", "CLOUDFLARE_API_TOKEN"), "https://api.cloudflare.com", also=("CLOUDFLARE_ACCOUNT_ID",)
    ),
    "deepseek": _compatible("DEEPSEEK", "https://api.deepseek.com"),
    "fireworks": _compatible("FIREWORKS", "https://api.fireworks.ai/inference/v1"),
    "google": Service(
        ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        "https://generativelanguage.googleapis.com",
        ("GOOGLE_BASE_URL",),
        "google.genai",
    ),
    "google/vertex": Service((), address_keys=("GOOGLE_VERTEX_BASE_URL", "VERTEX_BASE_URL"), module="google.genai"),
    "grok": Service(("XAI_API_KEY", "GROK_API_KEY"), "https://api.x.ai", ("XAI_BASE_URL", "GROK_BASE_URL"), "xai_sdk"),
    "groq": Service(("GROQ_API_KEY",), "https://api.groq.com", ("GROQ_BASE_URL",), "groq"),
    "hf": Service((), module="transformers"),
    "hf-inference-providers": Service(("HF_TOKEN",), "https://router.huggingface.co/v1"),
    "litellm-proxy": Service(
        ("LITELLM_PROXY_API_KEY", "LITELLM_API_KEY"),
        address_keys=("LITELLM_PROXY_BASE_URL", "LITELLM_PROXY_API_BASE", "LITELLM_BASE_URL"),
        needs_address=True,
    ),
    "llama-cpp-python": Service((), "http://localhost:8000/v1", ("LLAMA_CPP_PYTHON_BASE_URL",)),
    "meta": _compatible("META", "https://api.meta.ai/v1", keys=("META_API_KEY", "MODEL_API_KEY")),
    "mistral": Service(("MISTRAL_API_KEY",), "https://api.mistral.ai", ("MISTRAL_BASE_URL",), "mistralai"),
    "mistral/azure": Service(
        ("AZUREAI_MISTRAL_API_KEY", "AZURE_MISTRAL_API_KEY"),
        address_keys=("AZUREAI_MISTRAL_BASE_URL", "AZURE_MISTRAL_BASE_URL"),
        module="mistralai",
        needs_address=True,
    ),
    "mockllm": Service((), module="inspect_ai"),
    "moonshot": _compatible("MOONSHOT", "https://api.moonshot.ai/v1"),
    "ollama": Service((), "http://localhost:11434/v1", ("OLLAMA_BASE_URL",)),
    "openai": _compatible("OPENAI", "https://api.openai.com/v1"),
    "openai/azure": Service(
        ("AZUREAI_OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"),
        address_keys=("AZUREAI_OPENAI_BASE_URL", "AZURE_OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT"),
        needs_address=True,
    ),
    "openai/bedrock": Service((), address_keys=("BEDROCK_OPENAI_BASE_URL", "AWS_BEDROCK_BASE_URL")),
    "openrouter": _compatible("OPENROUTER", "https://openrouter.ai/api/v1"),
    "perplexity": _compatible("PERPLEXITY", "https://api.perplexity.ai/v1"),
    "sagemaker": Service((), module="aiobotocore"),
    "sambanova": _compatible("SAMBANOVA", "https://api.sambanova.ai/v1"),
    "sglang": Service((), address_keys=("SGLANG_BASE_URL",)),
    "together": _compatible("TOGETHER", "https://api.together.xyz/v1"),
    "vllm": Service((), address_keys=("VLLM_BASE_URL",)),
    "vllm-completions": Service((), address_keys=("VLLM_BASE_URL",)),
}
"""Each provider of Inspect by the first part of a model id, and by the first two where the second changes what is needed."""


def service_of(model: str) -> Service | None:
    """Return what a model id needs, or null when its provider is not known here.

    Examples
    --------
    >>> service_of("openai/gpt-5").keys, service_of("openai-api/my-server/elm-1").keys
    (('OPENAI_API_KEY',), ('MY_SERVER_API_KEY',))
    >>> service_of("openai-api/my-server/elm-1").address_keys, service_of("nobody/elm-1")
    (('MY_SERVER_BASE_URL',), None)
    """
    provider, _, rest = model.partition("/")
    second, slash, _ = rest.partition("/")
    if provider in _GENERIC:
        name = second.upper().replace("-", "_")
        return Service((f"{name}_API_KEY",), None, (f"{name}_BASE_URL",), needs_address=True) if name and slash else None
    return SERVICES.get(f"{provider}/{second}" if slash else provider) or SERVICES.get(provider)


def address_of(service: Service, environment: Mapping[str, str]) -> str | None:
    """Return where a provider is asked, or null when nothing says so."""
    names = (*service.address_keys, EVERY_ADDRESS) if service.address_keys else ()
    return next(filter(None, map(environment.get, names)), service.address)
