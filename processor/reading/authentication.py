"""Authentication-Results by its grammar (RFC 8601 section 2.2), token by token.

A search for ``dmarc=pass`` would be fooled by a quoted local part or a comment that holds it.  What
the grammar does not clearly give is dropped as a whole: no result is safer than a wrong one.  Whom
to believe is not decided here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from processor.message import AuthenticationResults, Defect, MethodResult
from processor.reading.headers import Headers

MAX_VALUE = 8_000
MAX_HEADERS = 50
MAX_RESULTS = 60

_ATOM = re.compile(r'[^\s()";=]+')
# A property's value may hold "=" unquoted, as base64 in header.b does.
_VALUE = re.compile(r'[^\s()";]+')
_KEYWORD = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,60})")
_PROPERTY = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}\.[a-z0-9][a-z0-9_.-]{0,60}")
_SERVER = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,253})")
# What most results are made of, read in one step: a method with its result, and a property whose value is one word.
_METHOD = re.compile(r"[ \t]*([A-Za-z0-9][A-Za-z0-9_-]{0,60})=([A-Za-z0-9][A-Za-z0-9_-]{0,60})(?![^\s()\";=])")
_PAIR = re.compile(r"[ \t]*([A-Za-z0-9][A-Za-z0-9_-]{0,60}(?:\.[A-Za-z0-9][A-Za-z0-9_.-]{0,60})?)=([^\s()\";]++)(?!\")")
_RESULT = re.compile(
    r" *([a-z0-9][a-z0-9_-]{0,60})=([a-z0-9][a-z0-9_-]{0,60})"
    r"((?: +[a-z0-9][a-z0-9_-]{0,60}(?:\.[a-z0-9][a-z0-9_.-]{0,60})?=[^ ();]+)*) *(?:; *|\Z)"
)
_COMMENT = re.compile(r"\([^()\\\";]*\)")
_INSTANCE = re.compile(r"\s*i\s*=\s*1\s*;(.*)", re.IGNORECASE | re.DOTALL)
_ONCE = {"dmarc"}
# Gmail and OpenDMARC tell the policy in a comment only: dmarc=fail (p=NONE sp=QUARANTINE dis=NONE).
_POLICY = re.compile(r"(?<![\w-])(p|sp) ?= ?(none|quarantine|reject)(?![\w-])", re.IGNORECASE)


class Unclear(Exception):
    """The header does not follow the grammar."""


@dataclass(slots=True)
class _Scanner:
    """Reads one header's text from the left; comments count as blanks."""

    text: str
    at: int = 0

    def skip(self) -> None:
        """Pass over blanks and comments (CFWS)."""
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter in " \t":
                self.at += 1
            elif letter == "(":
                self._comment()
            else:
                return

    def _comment(self) -> None:
        depth = 0
        while self.at < len(self.text):
            letter = self.text[self.at]
            self.at += 2 if letter == "\\" else 1
            depth += (letter == "(") - (letter == ")")
            if not depth:
                return
        raise Unclear("open comment")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, letter: str) -> bool:
        """Whether the next token is this letter; passes it if so."""
        self.skip()
        if self.peek() != letter:
            return False
        self.at += 1
        return True

    def atom(self) -> str:
        self.skip()
        found = _ATOM.match(self.text, self.at)
        if not found:
            raise Unclear("a word is missing")
        self.at = found.end()
        return found[0].lower()

    def value(self) -> str:
        """Words and quoted strings that stand together, as in ``"a b"@example.no``."""
        self.skip()
        out: list[str] = []
        while self.at < len(self.text):
            if self.peek() == '"':
                out.append(self._quoted())
            elif found := _VALUE.match(self.text, self.at):
                out.append(found[0])
                self.at = found.end()
            else:
                break
        return "".join(out).lower()

    def identifier(self) -> str:
        """One token or one quoted string (RFC 8601 section 2.2: ``value``), never several that make a name together.

        A server that takes away headers that came under its own name compares what is written, and a sender may write
        ``mx.example""`` so that ours alone reads its name there.
        """
        self.skip()
        if self.peek() == '"':
            return self._quoted().lower()
        found = _VALUE.match(self.text, self.at)
        if not found or self.text[found.end() : found.end() + 1] == '"':
            raise Unclear("no authserv-id")
        self.at = found.end()
        return found[0].lower()

    def _quoted(self) -> str:
        out: list[str] = []
        self.at += 1
        while self.at < len(self.text):
            letter = self.text[self.at]
            self.at += 1
            if letter == '"':
                return "".join(out)
            if letter == "\\":
                letter = self.text[self.at : self.at + 1]
                self.at += 1
            out.append(letter)
        raise Unclear("open quote")


def read_authentication(headers: Headers) -> tuple[tuple[AuthenticationResults, ...], list[Defect]]:
    """Every clear Authentication-Results header, top first; defect ``authentication_results_unclear``.

    ``received_above`` counts the Received headers above it, by which deciding tells our own server's
    header from one that came with the mail (RFC 8601 section 5).
    """
    found: list[AuthenticationResults] = []
    defects: list[Defect] = []
    received = seen = 0
    for name, value in headers.items:
        received += name == "received"
        if name != "authentication-results":
            continue
        seen += 1
        try:
            if seen > MAX_HEADERS or len(value) > MAX_VALUE:
                raise Unclear("too many or too long")
            server, results = parse_results(value)
            found.append(AuthenticationResults(server, received, results))
        except Unclear as unclear:
            defects.append(Defect("authentication_results_unclear", f"header {seen}: {unclear}"))
    return tuple(found), defects


def read_sealed(headers: Headers) -> AuthenticationResults | None:
    """What the first of a chain of ARC sealers says that it saw; None where it is not clear (RFC 8617 section 4.1.1)."""
    found = [
        each[1] for value in headers.all("arc-authentication-results") if (each := _INSTANCE.match(value[:MAX_VALUE]))
    ]
    if len(found) != 1:
        return None
    try:
        server, results = parse_results(found[0])
    except Unclear:
        return None
    return AuthenticationResults(server, 0, results)


def is_signed(headers: Headers) -> bool:
    """Whether the mail brings a signature or a seal that could be checked."""
    return any(headers.first(name) for name in ("dkim-signature", "arc-seal"))


def parse_results(value: str) -> tuple[str, tuple[MethodResult, ...]]:
    """The authserv-id and the results of one header value, lower-cased; raises Unclear."""
    server, results = plain_results(value) or _scanned(value)
    _refuse_contradiction(results)
    return server, tuple(results)


def plain_results(value: str) -> tuple[str, list[MethodResult]] | None:
    """What a value says that is all ``name=word`` but for simple comments; None where it takes the grammar to tell."""
    if not value.isascii() or not value.isprintable() or '"' in value:
        return None
    if "(" in value:
        if _POLICY.search(value):
            return None
        value = _COMMENT.sub(" ", value)
    server, _, rest = value.lower().partition(";")
    server, results, at = server.strip(), [], 0
    while at < len(rest) and (found := _RESULT.match(rest, at)):
        properties = [word.partition("=") for word in found[3].split()]
        results.append(MethodResult(found[1], found[2], tuple([(name, said) for name, _, said in properties])))
        at = found.end()
    return (server, results) if at == len(rest) and len(results) <= MAX_RESULTS and _SERVER.fullmatch(server) else None


def _scanned(value: str) -> tuple[str, list[MethodResult]]:
    scan = _Scanner(value)
    server = scan.identifier()
    if not _SERVER.fullmatch(server):
        raise Unclear("no authserv-id")
    scan.skip()
    if scan.peek().isdigit() and scan.atom() != "1":
        raise Unclear("unknown version")
    results: list[MethodResult] = []
    while scan.take(";"):
        scan.skip()
        if scan.at == len(scan.text):
            break
        result = _result(scan)
        if result:
            results.append(result)
        if len(results) > MAX_RESULTS:
            raise Unclear("too many results")
    scan.skip()
    if scan.at < len(scan.text):
        raise Unclear("text after the results")
    return server, results


def _result(scan: _Scanner) -> MethodResult | None:
    if found := _METHOD.match(scan.text, scan.at):
        scan.at = found.end()
        return _with_properties(scan, found[1].lower(), found[2].lower())
    method = scan.atom().partition("/")[0]
    if method == "none" and scan.peek() != "=":
        return None
    if scan.take("/"):
        scan.atom()
    if not scan.take("=") or not _KEYWORD.fullmatch(method):
        raise Unclear("no method")
    result = scan.atom()
    if not _KEYWORD.fullmatch(result):
        raise Unclear("no result")
    return _with_properties(scan, method, result)


def _with_properties(scan: _Scanner, method: str, result: str) -> MethodResult:
    said = _policy(scan) if method == "dmarc" else []
    return MethodResult(method, result, (*_properties(scan), *said))


def _policy(scan: _Scanner) -> list[tuple[str, str]]:
    """The policy as the comment behind a DMARC result tells it: ``comment.p`` and ``comment.sp``.

    A comment means nothing by RFC 8601; deciding takes this one only to be milder than *forged*.
    """
    start = scan.at
    scan.skip()
    return [(f"comment.{name.lower()}", value.lower()) for name, value in _POLICY.findall(scan.text[start : scan.at])]


def _properties(scan: _Scanner) -> list[tuple[str, str]]:
    """``ptype.property=value`` pairs; ``reason=`` and Microsoft's undotted ``action=`` are kept by name."""
    found: list[tuple[str, str]] = []
    while True:
        while pair := _PAIR.match(scan.text, scan.at):
            found.append((pair[1].lower(), pair[2].lower()))
            scan.at = pair.end()
        scan.skip()
        if scan.peek() in ("", ";"):
            return found
        name = scan.atom()
        if not _PROPERTY.fullmatch(name) and not _KEYWORD.fullmatch(name):
            raise Unclear("no property")
        if not scan.take("="):
            raise Unclear("a property without a value")
        found.append((name, scan.value()))


def _refuse_contradiction(results: list[MethodResult]) -> None:
    for method in _ONCE:
        if len({result.result for result in results if result.method == method}) > 1:
            raise Unclear(f"two results of {method}")
