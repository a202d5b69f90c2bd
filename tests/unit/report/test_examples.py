"""The examples in the docstrings hold."""

import doctest
import importlib
import pkgutil

import pytest

import driftgauge.report

MODULES = [found.name for found in pkgutil.walk_packages(driftgauge.report.__path__, "driftgauge.report.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
