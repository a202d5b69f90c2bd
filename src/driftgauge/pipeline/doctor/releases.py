"""What the declared releases need: a key, a library, an address, a file of answers. Pure: the environment is handed in."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from driftgauge.clients.keys import Service, address_of, service_of
from driftgauge.errors import visible
from driftgauge.pipeline.doctor.records import Check
from driftgauge.study import Release, Study

_WHITE: Final = "has white space around it"


def asked(study: Study) -> tuple[Release, ...]:
    """Return the releases that a provider is asked for."""
    return tuple(each for each in study.declared_releases.values() if each.client == "inspect" and each.model)


def collected(study: Study) -> tuple[Release, ...]:
    """Return the releases whose answers are collected: asked, replayed or made up."""
    return tuple(each for each in study.declared_releases.values() if each.client != "inspect" or each.model)


def release_checks(
    study: Study, environment: Mapping[str, str], *, installed: Callable[[str], bool] = lambda module: True
) -> Iterator[Check]:
    """Yield what each release needs, and each key once.

    Parameters
    ----------
    study
        What is declared.
    environment
        Variables and their values, of which no check holds any.
    installed
        Whether a Python module is there.
    """
    for release in study.declared_releases.values():
        yield _release(study, release)
    seen: set[Service] = set()
    for release in asked(study):
        service = service_of(str(release.model))
        if service is not None and service not in seen:
            seen.add(service)
            yield from _service(service, _provider(str(release.model)), environment, installed)


def addresses(study: Study, environment: Mapping[str, str]) -> dict[str, list[str]]:
    """Return each address that is to be asked, with the releases behind it."""
    found: dict[str, list[str]] = {}
    for release in asked(study):
        service = service_of(str(release.model))
        address = address_of(service, environment) if service else None
        if address:
            found.setdefault(address, []).append(release.release)
    return found


def _release(study: Study, release: Release) -> Check:
    about = release.release
    if release.client == "replay":
        return _record(about, study.record_of(release))
    takes = f"takes {', '.join(release.takes)}"
    if release.client == "simulated":
        return Check("release", about, "ok", f"{takes}; its answers are made up, and marked so")
    if release.model is None:
        return Check("release", about, "ok", "has no model id: it is not asked, and its ratings are imported")
    if service_of(release.model) is None:
        said = f"{takes}; the provider of {visible(release.model)} is not known here, and was not looked at"
        remedy = "Give an id of Inspect, such as openai/gpt-5 or openai-api/SERVICE/MODEL."
        return Check("release", about, "warning", said, remedy)
    return Check("release", about, "ok", f"{takes}; asked as {visible(release.model)}")


def _record(about: str, path: Path | None) -> Check:
    name = path.name if path else "its record"
    try:
        there = path is not None and path.is_file() and path.stat().st_size > 0
    except OSError:
        there = False
    if there:
        return Check("release", about, "ok", f"is replayed from {visible(name)}")
    remedy = "Put the recorded answers there, or correct `record:`."
    return Check("release", about, "error", f"is replayed from {visible(name)}, which is not there, or empty", remedy)


def _provider(model: str) -> str:
    provider, _, rest = model.partition("/")
    return f"{provider}/{rest.partition('/')[0]}" if provider.startswith("openai-api") else provider


def _service(
    service: Service, provider: str, environment: Mapping[str, str], installed: Callable[[str], bool]
) -> Iterator[Check]:
    if service.module not in ("openai", "anthropic", "inspect_ai") and not installed(service.module):
        package = service.module.replace(".", "-").replace("_", "-")
        said = f"Inspect needs {package} for {provider}, and it is not installed"
        yield Check("extra", package, "error", said, f"Run: pip install {package}")
    yield _key(service, provider, environment)
    for name in service.also:
        if not environment.get(name):
            yield Check("key", provider, "error", f"{name} is not set", f"export {name}=…")
    if service.needs_address and not address_of(service, environment):
        names = " or ".join(service.address_keys)
        yield Check("endpoint", provider, "error", f"{names} is not set", f"export {service.address_keys[0]}=https://…")


def _key(service: Service, provider: str, environment: Mapping[str, str]) -> Check:
    if not service.keys:
        return Check("key", provider, "ok", "needs none, or has it from elsewhere (a profile, an account of the cloud)")
    name = next((name for name in service.keys if environment.get(name)), None)
    if name is None:
        said = f"{' or '.join(service.keys)} is not set" + (" (it is empty)" if _is_empty(service, environment) else "")
        return Check("key", provider, "error", said, f"export {service.keys[0]}=… (never in study.yaml)")
    if environment[name] != environment[name].strip():
        return Check("key", provider, "warning", f"{name} is set, and {_WHITE}", f"Set {name} again, without it.")
    return Check("key", provider, "ok", f"{name} is set")


def _is_empty(service: Service, environment: Mapping[str, str]) -> bool:
    return any(name in environment for name in service.keys)
