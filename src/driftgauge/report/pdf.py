"""The report as a tagged PDF: the same document, laid out by WeasyPrint (extra ``pdf``)."""

import io
from importlib import import_module
from typing import Any, Final, Literal, cast

from driftgauge.errors import StudyError

Paper = Literal["a4", "letter"]
_SIZES: Final = {"a4": "A4", "letter": "letter"}


def pdf(html: str, *, paper: Paper) -> bytes:
    """Return a document of `render` (without script) as PDF/UA-1: tagged, with bookmarks from its headings.

    Parameters
    ----------
    html
        The document; nothing that it names is fetched.
    paper
        ``a4`` or ``letter``.

    Raises
    ------
    StudyError
        When WeasyPrint, or the Pango that it draws with, is not there.
    """
    weasyprint = _weasyprint()
    document = weasyprint.HTML(string=html, url_fetcher=_nothing)
    sheet = weasyprint.CSS(string=f"@page {{ size: {_SIZES[paper]} }}")
    made = io.BytesIO()
    document.write_pdf(made, stylesheets=[sheet], pdf_tags=True, pdf_variant="pdf/ua-1")
    return made.getvalue()


def _weasyprint() -> Any:
    """Return WeasyPrint; that it lets Pillow pass over pictures that are cut off, for the whole process, is taken back."""
    try:
        files = cast(Any, import_module("PIL.ImageFile"))
        strict = files.LOAD_TRUNCATED_IMAGES
        try:
            return cast(Any, import_module("weasyprint"))
        finally:
            files.LOAD_TRUNCATED_IMAGES = strict
    except (ImportError, OSError) as error:
        raise StudyError(
            f"A PDF needs WeasyPrint and Pango, and they cannot be loaded: {str(error).splitlines()[0]}",
            remedy="Install driftgauge[pdf], and the system's libpango (Debian: libpango-1.0-0 libpangoft2-1.0-0).",
        ) from None


def _nothing(url: str, *_: object, **__: object) -> Any:
    raise ValueError(f"a report fetches nothing, and asked for {url[:40]}")
