"""A browser in a word or two, so that people tell theirs apart; it is what the browser says, and decides nothing."""

from __future__ import annotations

# The first that fits: each of them also names those after it.
BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS")),
    *(("CrOS", "ChromeOS"), ("Linux", "Linux")),
)


def browser_of(user_agent: str) -> str:
    """Such as "Firefox, Linux"; "" for one that is not known."""
    found = [next((name for mark, name in each if mark in user_agent[:500]), "") for each in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, found))
