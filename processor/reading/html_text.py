"""HTML to plain text; the one importer of inscriptis.

What a reader does not see (style, scripts, comments, hidden elements) is no text, since rules must
not be struck by it.  Nothing is fetched.  Huge or deeply nested pages get their tags stripped.
"""

from __future__ import annotations

import html
import re

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement

MAX_HTML = 400_000
MAX_TAGS = 20_000
# libxml2 leaves out what lies deeper than 256; tables in tables cost most.
MAX_DEPTH = 120

_CONFIG = ParserConfig(css=CSS_PROFILES["strict"].copy())
# Outlook writes each line as a paragraph without margins, and an empty one for a blank line.
_OUTLOOK = ParserConfig(css=CSS_PROFILES["strict"] | {"p": HtmlElement(display=Display.block)})
# Ways to hide text that inscriptis does not know become the one it knows.
_HIDING = re.compile(
    r"(?:visibility\s{0,9}:\s{0,9}(?:hidden|collapse)|mso-hide\s{0,9}:\s{0,9}all|(?:font-size|max-height|opacity)\s{0,9}:\s{0,9}0(?:\.0{0,4})?(?:px|pt|em|%)?\s{0,9}(?=[;\"']))",
    re.IGNORECASE,
)
_HIDDEN = re.compile(
    r"(<[a-z][a-z0-9]{0,20}\s(?:[^<>]{0,500}\s)?)hidden(?=[\s>=/])(?:=(?:\"[^\"<>]{0,20}\"|'[^'<>]{0,20}'))?",
    re.IGNORECASE,
)
# An empty line as Outlook writes it; inscriptis would swallow it, and keeps Gmail's <br>.
_INLINE = r"(?:</?(?:span|o:p|b|font|u)(?:\s[^<>]{0,300})?>){0,5}"
_EMPTY_LINE = re.compile(
    rf"(<(?:div|p)(?:\s[^<>]{{0,300}})?>{_INLINE})(?:&nbsp;|&#160;|\xa0)(?={_INLINE}</(?:div|p)>)", re.IGNORECASE
)
# Tags that change no line; without them a page is read twice as fast.
_FORMATTING = re.compile(r"</?(?:span|o:p|font|b|i|u|em|strong|small)(?:\s[^<>]{0,500})?>", re.IGNORECASE)
_HIDES = re.compile(r"display\s{0,9}:\s{0,9}none", re.IGNORECASE)
_NESTING = re.compile(
    r"<(/?)(?:div|span|table|blockquote|ul|ol|font|b|i|a|em|strong|section|center|td|dl|big|small|u)\b", re.IGNORECASE
)
_TAG = re.compile(r"<(?:/?([a-z][a-z0-9]{0,20})|[!?])[^<>]{0,5000}>", re.IGNORECASE)
_UNREAD = re.compile(r"<(style|script|title|head|template|noscript)\b", re.IGNORECASE)
_BREAKING = {"br", "p", "div", "tr", "li", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "hr"}


def html_to_text(page: str) -> str:
    """The visible text of a page, lines as shown; never raises."""
    page = page[:MAX_HTML]
    if page.count("<") > MAX_TAGS or _depth(page) > MAX_DEPTH:
        return strip_tags(page)
    config = _OUTLOOK if "MsoNormal" in page else _CONFIG
    try:
        page = _HIDDEN.sub(r'\1style="display:none"', _HIDING.sub("display:none", page))
        page = _EMPTY_LINE.sub(r"\1<br>", page)
        if not _HIDES.search(page):
            page = _FORMATTING.sub("", page)
        return str(get_text(page, config))
    except Exception:  # lxml and inscriptis raise many kinds on broken pages.
        return strip_tags(page)


def strip_tags(page: str) -> str:
    """The crude way: tags away, block ends as line ends, entities as letters; linear in time."""
    page = _without(page, "<!--", "-->")
    for name in {found[1].lower() for found in _UNREAD.finditer(page)}:
        page = _without(page, f"<{name}", f"</{name}>")
    return html.unescape(_TAG.sub(lambda tag: "\n" if (tag[1] or "").lower() in _BREAKING else "", page))


def _without(page: str, start: str, end: str) -> str:
    """The page without every stretch from ``start`` to ``end``; an open one reaches to the end."""
    low, out, at = page.lower(), [], 0
    if len(low) != len(page):
        low = page
    while (begin := low.find(start, at)) >= 0:
        out.append(page[at:begin])
        close = low.find(end, begin)
        if close < 0:
            return "".join(out)
        at = close + len(end)
    return "".join([*out, page[at:]])


def _depth(page: str) -> int:
    depth = deepest = 0
    for tag in _NESTING.finditer(page):
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest
