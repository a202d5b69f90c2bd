"""``driftgauge benchmark``."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from driftgauge.benchmark.check import Pairing
from driftgauge.cli import options
from driftgauge.errors import needing
from driftgauge.pipeline import benchmark

_folder = click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
_pairing = click.option(
    "--pairing",
    type=click.Choice(["required", "none"]),
    help="Whether every scenario needs both modalities in each language; as its manifest says, else required.",
)
_to = click.option("--to", type=click.Path(path_type=Path), required=True, metavar="PATH", help="What to write; not there yet.")
_format = click.option(
    "--format",
    "file_format",
    type=click.Choice(sorted(benchmark.FORMATS)),
    default="driftgauge",
    show_default=True,
    help="A folder like ours, samples of Inspect (JSONL), or a table of VLMEvalKit (TSV).",
)


@click.group("benchmark")
def benchmark_command() -> None:
    """Check, freeze, verify, import and export a benchmark, and take in what authors wrote.

    A benchmark is a folder: scenarios.jsonl with one scenario a line, media/ with the pictures, and manifest.json once it is
    frozen.
    """


@benchmark_command.command("check")
@_folder
@_pairing
@_as_json
def check_command(folder: Path, pairing: Pairing | None, as_json: bool) -> None:
    """Check the benchmark in DIR: fields, ids, twins, pairing, and that every picture decodes within limits."""
    found = benchmark.check_benchmark(folder, pairing=pairing)
    if as_json:
        _print_json(asdict(found))
    else:
        click.echo(f"{folder} keeps the rules (pairing {found.pairing}): {_counted(found.counts)}.")


@benchmark_command.command("freeze")
@_folder
@_pairing
@click.option("--version", "new_version", is_flag=True, help="Freeze a changed benchmark as the next version.")
@_as_json
def freeze_command(folder: Path, pairing: Pairing | None, new_version: bool, as_json: bool) -> None:
    """Freeze the benchmark in DIR: give it a canary and a manifest with the hash of every prompt and file.

    A frozen benchmark that has not changed is left alone. One that has is refused, unless a new version is asked for; what
    both versions share stays comparable.
    """
    found = benchmark.freeze_benchmark(folder, pairing=pairing, new_version=new_version)
    manifest, previous = found.manifest, found.manifest.previous
    if as_json:
        counts = (
            {name: getattr(previous, name) for name in ("version", "shared", "changed", "added", "removed")}
            if previous
            else None
        )
        short = {name: getattr(manifest, name) for name in ("version", "root", "canary", "pairing", "counts", "created_at")}
        _print_json({"folder": str(folder), "done": found.done, **short, "previous": counts})
        return
    said = f"Frozen as version {manifest.version}" if found.done else f"Frozen already as version {manifest.version}, unchanged"
    click.echo(f"{said}: {_counted(manifest.counts)}.")
    click.echo(f"Root: {manifest.root}")
    if found.done and previous:
        others = [(name, len(getattr(previous, name))) for name in ("changed", "added", "removed")]
        rest = ", ".join(f"{number:,} {name}" for name, number in others)
        click.echo(f"Prompts shared with version {previous.version}: {previous.shared:,}; {rest}.")


@benchmark_command.command("verify")
@_folder
@_as_json
def verify_command(folder: Path, as_json: bool) -> None:
    """Verify that every byte of the frozen benchmark in DIR is as it was; name every file that is not."""
    manifest = benchmark.verify_benchmark(folder)
    if as_json:
        _print_json({"folder": str(folder), "version": manifest.version, "root": manifest.root, "counts": manifest.counts})
    else:
        click.echo(f"{folder} is as it was frozen (version {manifest.version}): {_counted(manifest.counts)}.")
        click.echo(f"Root: {manifest.root}")


@benchmark_command.command("import")
@click.argument("source", type=click.Path(path_type=Path), metavar="SOURCE")
@_to
@_format
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A value for a field that the source lacks (technique=role_play); may be given several times.",
)
@_as_json
def import_command(source: Path, to: Path, file_format: str, labels: tuple[str, ...], as_json: bool) -> None:
    """Read the benchmark SOURCE into a new folder; all of it or nothing.

    Pictures are decoded and checked. Nothing is fetched, and archives are not opened: unpack them first.
    """
    found = benchmark.import_benchmark(source, to=to, format=file_format, labels=_parse_labels(labels))
    _show_moved(found, "Imported into", as_json=as_json)


@benchmark_command.command("export")
@_folder
@_to
@_format
@_as_json
def export_command(folder: Path, to: Path, file_format: str, as_json: bool) -> None:
    """Write the benchmark in DIR as a copy of its folder, or in another format.

    A frozen benchmark has to verify first. Prompts that a format cannot hold are counted.
    """
    found = benchmark.export_benchmark(folder, to=to, format=file_format)
    _show_moved(found, "Exported to", as_json=as_json)


@benchmark_command.command("draft")
@options.study
@_as_json
def draft_command(study: Path, as_json: bool) -> None:
    """Write the scenarios of STUDY that authors wrote in the app, and a second person accepted, into its benchmark.

    Those that are there already are left alone; all of the others are written, or none. Freeze the next version afterwards:
    driftgauge benchmark freeze DIR --version. (The lead's page in the app does both.)
    """
    with needing("store"):
        from driftgauge.pipeline.authoring.version import write_drafts  # noqa: PLC0415 - the core has no store
    with needing("store"):
        found = write_drafts(study)
    if as_json:
        _print_json({**asdict(found), "folder": str(found.folder)})
        return
    if not found.scenarios:
        click.echo(f"Nothing to write: {found.accepted:,} accepted, all of them in {found.folder}.")
        return
    click.echo(f"Written into {found.folder}: {found.scenarios:,} scenarios, {found.pictures:,} media files.")
    click.echo(f"Next: driftgauge benchmark freeze {found.folder} --version")


@benchmark_command.command("demo")
@_folder
@options.seed
@_as_json
def demo_command(folder: Path, seed: int, as_json: bool) -> None:
    """Write a demo benchmark into DIR: petty rule-bending in a town that does not exist.

    24 scenarios and their benign twins, as text and with drawn pictures, in English and Spanish.
    """
    _show_moved(benchmark.write_demo_benchmark(folder, seed=seed), "Written to", as_json=as_json)


def _show_moved(found: benchmark.Moved, verb: str, *, as_json: bool) -> None:
    if as_json:
        _print_json({**asdict(found), "path": str(found.path)})
        return
    said = f"{verb} {found.path}" if found.done else f"The same is in {found.path} already; nothing was done"
    click.echo(f"{said}: {_counted(found.counts)}.")
    if found.skipped:
        click.echo(f"Left out, because the format cannot hold them: {len(found.skipped):,} prompts (--json lists them).")


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{counts[name]:,} {word}" for name, word in _WORDS if name in counts)


_WORDS = (("scenarios", "scenarios"), ("prompts", "prompts"), ("media", "media files"))


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _parse_labels(texts: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    known = (*benchmark.LABELS, "language")
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in known or not value:
            raise click.BadParameter(f"{text!r} is not FIELD=VALUE with one of {', '.join(known)}", param_hint="--label")
        found[name] = value
    return found
