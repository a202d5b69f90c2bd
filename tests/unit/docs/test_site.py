"""The site that the docs are built into."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any


def test_the_site_builds_without_a_broken_link_and_fetches_nothing(docs: Any, tmp_path: Path) -> None:
    mkdocs = Path(sys.executable).parent / "mkdocs"
    done = subprocess.run(
        [mkdocs, "build", "--quiet", "--strict", "--site-dir", tmp_path / "site"],
        cwd=docs.root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    fetched = re.compile(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"?(?:https?:)?//[^\s\">]+")
    built = sorted((tmp_path / "site").rglob("*.html"))
    assert len(built) > 30
    assert {page.name: found[0] for page in built if (found := fetched.search(page.read_text(encoding="utf-8")))} == {}
