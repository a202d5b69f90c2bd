"""The script of the page: what lets it run, what it reads, and that nothing a name holds gets into it."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

PAYLOADS = {"<!--<script>": {"</script><script>window.ran=1</script>": (0.5, 0.3, 0.02), "b\u2028&amp;": (0.3, 0.2, 0.02)}}


@pytest.fixture(scope="module")
def page(build: Callable[..., Any]) -> str:
    return build(PAYLOADS).html(static=False)


def test_the_policy_allows_this_script_and_vega_by_their_hashes_and_no_other(page: str) -> None:
    [own] = re.findall(r'<script id="report-script" type="module">(.*?)</script>', page, re.DOTALL)
    [packed] = re.findall(r'<script id="explore-vega" type="application/gzip">(.*?)</script>', page)
    vega = gzip.decompress(base64.b64decode(packed))
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'" for text in (own.encode(), vega))
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy == [f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {hashes}"]


def test_names_are_data_that_end_no_element(page: str) -> None:
    assert len(re.findall(r"</?script", page, re.IGNORECASE)) == 6
    data = re.findall(r'<script id="explore-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert not set("<>&\u2028") & set(data[0])
    assert set(json.loads(data[0])["releases"]) == {"</script><script>window.ran=1</script>", "b &amp;"}


def test_rows_say_their_interval_in_words(page: str) -> None:
    data = re.findall(r'<script id="explore-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    for row in json.loads(data[0])["rows"]:
        assert row["low"] <= row["value"] <= row["high"]
        assert re.match(r"\d+(\.\d+)?.% \(\d+(\.\d+)? to \d+(\.\d+)?.%\); 363 scenarios, \d+ raters$", row["said"])
