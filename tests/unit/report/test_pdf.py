"""Printing a PDF changes nothing for the rest of the process."""

from PIL import ImageFile

from driftgauge.report.pdf import pdf


def test_pictures_that_are_cut_off_are_refused_still_after_a_pdf_was_made() -> None:
    assert pdf("<p>one</p>", paper="a4").startswith(b"%PDF")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
