"""Fixtures that every room may use."""

import gc
import re
from collections.abc import Generator

import pytest

from processor.loading import rules
from tests.read_once import read_once
from tests.store.blank import remember_the_schema
from tests.store.compiled import share_statements
from tests.store.hashing import hash_quickly

pytest_plugins = ["tests.servers.fixtures"]

# The suite reads the shipped rules, whole or with a line changed, some hundred times: each process of it reads and
# compiles an expression once.  What is found of an expression depends on its text alone.
re._MAXCACHE = 100_000  # type: ignore[attr-defined]
rules.forget_read = lambda: None  # type: ignore[attr-defined]
read_once()
remember_the_schema()
hash_quickly()
share_statements()
# Python looks for garbage each 700 new objects, in all that was collected here: a fifth of the suite's time.
NEW_OBJECTS = 10_000
gc.disable()
# Where single tests take ten seconds and more.  They come first, so that no process has one to do when all others are
# done, and so that their waits meet the others' work.
LONG = (
    "tests/desk/test_accessible.py",
    "tests/docs/test_moving_a_mailbox.py",
    "tests/simulator/",
    "tests/road/",
    "tests/desk/test_keys_alone.py",
    "tests/desk/test_browser.py",
    "tests/desk/test_api_document.py",
    "tests/docs/",
    "tests/cli/test_demo.py",
    "tests/store/test_backup.py",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage in modules and tests, which stay until the end, but in what the tests leave."""
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, in the order of ``LONG``, then all others in theirs."""
    items.sort(key=lambda each: next((at for at, name in enumerate(LONG) if each.nodeid.startswith(name)), len(LONG)))
