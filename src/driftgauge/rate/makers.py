"""What models call themselves and their makers, by words of a release, a family or a model id."""

from typing import Final

MAKERS: Final = (
    (
        {"gpt", "chatgpt", "openai", "o1", "o3", "o4"},
        ("OpenAI", "Open AI", "ChatGPT", "Chat GPT", "GPT"),
    ),
    (
        {"claude", "anthropic", "sonnet", "opus", "haiku"},
        ("Anthropic AI", "Anthropic", "Claude"),
    ),
    (
        {"gemini", "gemma", "palm", "bard", "google"},
        (
            "Google Gemini",
            "Google Gemma",
            "Google Bard",
            "Google DeepMind",
            "Google AI",
            "Gemini",
            "Gemma",
            "DeepMind",
            "Google",
        ),
    ),
    (
        {"mistral", "mistralai", "ministral", "magistral", "mixtral", "pixtral", "codestral"},
        ("Mistral AI", "Mistral", "Mixtral", "Pixtral", "Le Chat"),
    ),
    (
        {"qwen", "qwq", "qvq", "dashscope", "alibaba", "tongyi"},
        ("Qwen", "Tongyi Qianwen", "Tongyi", "通义千问", "通义", "阿里云", "Alibaba Cloud", "Alibaba"),
    ),
    ({"llama", "meta"}, ("Meta Llama", "Meta AI", "Llama", "Meta")),
    ({"deepseek"}, ("DeepSeek AI", "DeepSeek", "Deep Seek", "深度求索")),
    ({"grok", "xai"}, ("Grok", "xAI")),
    ({"phi", "microsoft"}, ("Microsoft Phi", "Microsoft")),
    ({"command", "cohere", "aya"}, ("Cohere", "Command R")),
    ({"kimi", "moonshot", "moonshotai"}, ("Kimi", "Moonshot AI", "月之暗面")),
    ({"glm", "chatglm", "zhipu", "zai"}, ("ChatGLM", "GLM", "Zhipu AI", "Zhipu", "智谱")),
    ({"nova", "titan", "amazon"}, ("Amazon Nova", "Amazon Titan", "Amazon")),
)
"""Words that say whose a model is, and what it may call itself or its maker then."""

WORDS_TOO: Final = frozenset(
    {"llama", "grok", "mistral", "cohere", "command r", "le chat", "open ai", "deep seek", "aya", "opus", "sonnet", "haiku"}
)
"""Names that are words, too: those count where they are written with capitals."""

OWNERS: Final = frozenset({"google", "meta", "microsoft", "alibaba", "amazon"})
"""Makers of much else, whose names count where a text says who made it: not every search on Google is about Gemini."""

BEFORE_OWNERS: Final = (
    " by ", " por ", "team at ", "model from ", "models from ", "assistant from ", "modelo de ", "asistente de ", "equipo de ",
)  # fmt: skip
AFTER_OWNERS: Final = (
    "AI", "large language", "language model", "assistant", "model", "Gemini", "Gemma", "Bard", "Llama", "Phi", "Qwen",
    "Nova", "Titan",
)  # fmt: skip
"""What stands before such a name, or behind it and its 's, when it is the maker's."""

TAILS: Final = (
    "mini", "nano", "turbo", "flash", "lite", "pro", "plus", "max", "ultra", "large", "medium", "small", "sonnet", "opus",
    "haiku",
    "instruct", "chat", "preview", "latest", "exp", "thinking", "vision", "vl", "omni", "coder", "it", "next", "r", "air",
)  # fmt: skip
"""Words that makers put behind a name."""
QUIET_TAILS: Final = ("mini", "nano", "turbo")
"""Those of them that follow a name after a space without a capital."""
