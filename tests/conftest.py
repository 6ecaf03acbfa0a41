"""Fixtures that every room may use."""

import re

from processor.loading import rules
from tests.store.blank import remember_the_schema

pytest_plugins = ["tests.servers.fixtures"]

# The suite reads the shipped rules, whole or with a line changed, some hundred times: each process of it reads and
# compiles an expression once.  What is found of an expression depends on its text alone.
re._MAXCACHE = 100_000  # type: ignore[attr-defined]
rules.forget_read = lambda: None  # type: ignore[attr-defined]
remember_the_schema()
