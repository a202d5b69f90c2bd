"""``driftgauge report serve``."""

from pathlib import Path

import click

from driftgauge.errors import needing


@click.command("serve")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER...")
@click.option("--host", default="127.0.0.1", show_default=True, help="What to listen on; 0.0.0.0 for the whole network.")
@click.option("--port", type=click.IntRange(0, 65535), default=8010, show_default=True, help="The port.")
@click.option("--texts", is_flag=True, help="Print a second link, by which prompts, responses and ratings can be read.")
def browse_command(folders: tuple[Path, ...], host: str, port: int, texts: bool) -> None:
    """Serve what was measured in each FOLDER (a study, the --out of `analyze`, or a folder of such) until Ctrl-C.

    Studies over time, verdicts, and from a drift to the prompts that flipped. A link that is printed lets people in. Texts are
    shown by a second link alone, and the journal of a study says that they were opened.
    """
    with needing("web"):
        from driftgauge.web.browse.serve import Served, library_of, serve_results  # noqa: PLC0415 - the core has no server
        from driftgauge.web.serve import free_port  # noqa: PLC0415 - the same
    served = Served(folders, host, free_port(port, host=host), texts)
    with needing("web"):
        library = library_of(served)
        click.echo(f"Results: {served.address}/enter/{library.links.results} (Ctrl-C ends it)")
        if library.links.texts:
            click.echo(f"With prompts, responses and ratings, confidential: {served.address}/enter/{library.links.texts}")
        serve_results(served, library)
