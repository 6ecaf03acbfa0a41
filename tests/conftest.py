"""Fixtures that every room may use."""

import gc
import re
from collections.abc import Generator

import pytest

from processor.loading import rules
from tests.store.blank import remember_the_schema

pytest_plugins = ["tests.servers.fixtures"]

# The suite reads the shipped rules, whole or with a line changed, some hundred times: each process of it reads and
# compiles an expression once.  What is found of an expression depends on its text alone.
re._MAXCACHE = 100_000  # type: ignore[attr-defined]
rules.forget_read = lambda: None  # type: ignore[attr-defined]
remember_the_schema()
# Python looks for garbage each 700 new objects, in all that was collected here: a fifth of the suite's time.
NEW_OBJECTS = 10_000
gc.disable()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage in modules and tests, which stay until the end, but in what the tests leave."""
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
        gc.enable()
