"""The command line has one thread for linear algebra, unless its user says otherwise."""

import os
import subprocess
import sys

ASK = """
import os, sys
from driftgauge.__main__ import run
assert "numpy" not in sys.modules
sys.argv = ["driftgauge", "analyze", "--help"]
try:
    run()
finally:
    print(os.environ["OPENBLAS_NUM_THREADS"], "numpy" in sys.modules)
"""


def threads_under(**environment: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", ASK], env=inherited | environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def test_linear_algebra_has_one_thread_before_numpy_is_imported() -> None:
    assert threads_under() == "1 True"


def test_who_sets_the_threads_has_their_way() -> None:
    assert threads_under(OPENBLAS_NUM_THREADS="2") == "2 True"
