"""Template files to a function that renders them; the only importer of jinja2 for letters.

A template is one *part*: the subject in the first line, a blank line, the middle of a letter.
``general/letter`` is the layout around the parts.  The HTML of a letter is made from its finished
text, so that both say the same words.

Operators write templates, so they are held to what a letter needs: if, set and for over the given
lists.  Calls, imports and multiplication are refused when loading; the sandbox cannot bound time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import CodeType

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context

from processor.loading.folders import files_below
from processor.loading.letters import blocks, unwrap
from processor.loading.problems import Problem
from processor.loading.samples import LAYOUT_VALUES, PART_VALUES, sample_values
from processor.rulebook import RenderError

LANGUAGES = ("nb", "nn", "en", "sv", "da")
ANSWER_LANGUAGES = ("nb", "nn", "en")
LAYOUT = "general/letter"
MOST = 8000
"""The longest text or HTML of a letter, in characters."""
AND = {"nb": "og", "nn": "og", "en": "and", "sv": "och", "da": "og"}
FILTERS = ("listed", "length", "first", "last", "join", "upper", "lower", "capitalize", "trim", "default")
LOOP_STATE = {"index", "index0", "revindex", "revindex0", "first", "last", "length"}
FORBIDDEN: tuple[tuple[type[nodes.Node], str], ...] = (
    (nodes.Call, "a call"),
    (nodes.Include, "include"),
    (nodes.Import, "import"),
    (nodes.FromImport, "import"),
    (nodes.Extends, "extends"),
    (nodes.Macro, "a macro"),
    (nodes.CallBlock, "a call"),
    (nodes.Mul, "multiplication"),
    (nodes.Pow, "a power"),
    (nodes.Mod, "the % operator"),
)
MOST_TEXTS = 1000
"""Texts whose faults and code are kept: a start reads every template twice, to check and to render."""


Filled = Callable[[dict[str, object]], str]
"""A template's text with the values of a letter."""


@dataclass(frozen=True, slots=True)
class Source:
    """One template file: its path for problems, its subject and what stands below it."""

    file: str
    subject: str
    body: str


@pass_context
def listed(context: Context, words: Sequence[str]) -> str:
    """Join words as the letter's language does: "A, B og C"."""
    words = [str(word) for word in words]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {AND[context['language']]} {words[-1]}"


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, which lets at once through what it lets through after a search: values of ours, a loop's state."""

    def getattr(self, obj: object, attribute: str) -> object:
        if type(obj) is dict and attribute in obj and not hasattr(dict, attribute):
            return obj[attribute]
        if type(obj) is LoopContext and attribute in LOOP_STATE:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)


def _environment(*, autoescape: bool = False) -> ImmutableSandboxedEnvironment:
    environment = _Sandbox(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=autoescape)
    environment.globals.clear()
    environment.filters = {k: v for k, v in environment.filters.items() if k in FILTERS} | {"listed": listed}
    return environment


class Templates:
    """All templates of a folder; each is compiled when it is first rendered."""

    def __init__(self, sources: Mapping[tuple[str, str], Source], html_layout: str, version: str) -> None:
        self.sources = sources
        self.version = version
        self._environment = _environment()
        self._html = _filling(_environment(autoescape=True).from_string(html_layout))
        self._compiled: dict[tuple[str, str], tuple[Filled, Filled]] = {}

    @property
    def languages(self) -> Mapping[str, frozenset[str]]:
        """Each template and the languages that it exists in; the layout counts as one."""
        found: dict[str, set[str]] = {}
        for name, language in self.sources:
            found.setdefault(name, set()).add(language)
        return {name: frozenset(each) for name, each in found.items()}

    def render(self, template: str, language: str, values: Mapping[str, object]) -> tuple[str, str, str]:
        """Subject, text and HTML of a part or of the layout, whose subject is empty.

        A part's HTML is empty.  Raises RenderError for a missing template or value, and for more
        than MOST characters.
        """
        try:
            subject, body = self._get(template, language)
            everything = {**values, "language": language}
            text = body(everything)
            title = " ".join(subject(everything).split())
            if template != LAYOUT:
                return _bounded(title, unwrap(text), "")
            text = text.strip()
            found = blocks(text, _headings(values))
            # Screen readers say the page's title first (WCAG 2.4.2).
            html = self._html({"blocks": found, "language": language, "title": values.get("subject", "")})
        except TemplateError as error:
            raise RenderError(f"{template}.{language}: {error}") from error
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise RenderError(f"{template}.{language}: {type(error).__name__}: {error}") from error
        return _bounded("", text + "\n", html)

    def _get(self, template: str, language: str) -> tuple[Filled, Filled]:
        key = template, language
        if key not in self._compiled:
            source = self.sources[key]
            self._compiled[key] = self._made(source.subject), self._made(source.body)
        return self._compiled[key]

    def _made(self, text: str) -> Filled:
        template = Template.from_code(self._environment, _code(text), {})
        if "{" in text:
            return _filling(template)
        # Most subjects are the same in every letter.
        constant = template.render()
        return lambda _: constant


def _filling(template: Template) -> Filled:
    """As ``template.render``, which copies the values once for itself and once for its context."""
    root = template.root_render_func
    return lambda values: "".join(root(template.new_context(values, shared=True)))


@lru_cache(maxsize=MOST_TEXTS)
def _code(text: str) -> CodeType:
    """What a template's text is compiled to, for whatever environment of ours that does not escape."""
    return _environment().compile(text)


def _headings(values: Mapping[str, object]) -> frozenset[str]:
    parts = values.get("parts")
    if not isinstance(parts, Sequence):
        return frozenset()
    return frozenset(str(part["heading"]) for part in parts)


def _bounded(subject: str, text: str, html: str) -> tuple[str, str, str]:
    longest = max(len(subject), len(text), len(html) // 2)
    if longest > MOST:
        raise RenderError(f"a letter of {longest} characters; {MOST} are allowed")
    return subject, text, html


def load_templates(folder: Path) -> tuple[Templates, list[Problem]]:
    """Read every template of a folder; faulty ones are problems with file and line."""
    sources: dict[tuple[str, str], Source] = {}
    problems: list[Problem] = []
    digest = hashlib.sha256()
    for path in files_below(folder, ".txt"):
        name, _, language = path.stem.rpartition(".")
        file = f"{folder.name}/{path.relative_to(folder).as_posix()}"
        text, faults = _read(path, file)
        digest.update(f"{file}\0{text}\0".encode())
        if language not in LANGUAGES:
            hint = next(iter(get_close_matches(language, LANGUAGES, 1)), "")
            faults.append(Problem(file, 0, f"no language {language!r}: files are named <reply>.<language>.txt", hint))
        template = f"{path.parent.name}/{name}"
        source, more = _split(template, file, text)
        problems += faults or more or list(_faults(template, source))
        sources[template, language] = source
    layout, faults = _read(folder / "general" / "letter.html", f"{folder.name}/general/letter.html")
    digest.update(layout.encode())
    try:
        return Templates(sources, layout, digest.hexdigest()), problems + faults
    except TemplateError as error:
        fault = Problem(f"{folder.name}/general/letter.html", getattr(error, "lineno", 0) or 0, str(error))
        return Templates(sources, "", digest.hexdigest()), [*problems, fault]


def _read(path: Path, file: str) -> tuple[str, list[Problem]]:
    try:
        return path.read_text(encoding="utf-8"), []
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        return "", [Problem(file, 0, f"cannot be read: {reason}")]


def _split(template: str, file: str, text: str) -> tuple[Source, list[Problem]]:
    if template == LAYOUT:
        return Source(file, "", text), []
    subject, _, body = text.partition("\n")
    first, _, rest = body.partition("\n")
    if not subject.strip() or first.strip() or not rest.strip():
        return Source(file, "", text), [Problem(file, 1, "must be a subject, a blank line and a body")]
    # The body keeps its place in the file, so that line numbers are right.
    return Source(file, subject, "\n\n" + rest), []


def _faults(template: str, source: Source) -> Iterator[Problem]:
    for text in (source.subject, source.body):
        for fault in _judged(text, template == LAYOUT):
            yield Problem(source.file, *fault)


Fault = tuple[int, str, str]
"""Line, what is wrong and a hint."""


@lru_cache(maxsize=MOST_TEXTS)
def _judged(text: str, is_layout: bool) -> tuple[Fault, ...]:
    try:
        found = list(_environment().parse(text).find_all(nodes.Node))
    except TemplateError as error:
        return ((getattr(error, "lineno", 0) or 0, str(error), ""),)
    return (*_unknown_values(found, LAYOUT_VALUES if is_layout else PART_VALUES), *_forbidden(found))


def _unknown_values(found: Sequence[nodes.Node], known: Sequence[str]) -> Iterator[Fault]:
    names = [node for node in found if isinstance(node, nodes.Name)]
    set_here = {node.name for node in names if node.ctx == "store"} | {"loop", "language", *known}
    for node in names:
        if node.name not in set_here:
            hint = next(iter(get_close_matches(node.name, known, 1)), "")
            yield node.lineno, f"no value {node.name!r}", hint


def _forbidden(found: Sequence[nodes.Node]) -> Iterator[Fault]:
    for node in found:
        if word := next((word for kind, word in FORBIDDEN if isinstance(node, kind)), ""):
            yield node.lineno, f"{word} is not for templates", ""
        elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
            hint = next(iter(get_close_matches(node.name, FILTERS, 1)), "")
            yield node.lineno, f"no filter {node.name!r}", hint
        elif isinstance(node, nodes.For):
            inner = [each for outer in node.find_all(nodes.For) for each in outer.find_all(nodes.For)]
            if inner:
                yield node.lineno, "loops stand three deep; two are enough for a letter", ""


def check_templates(templates: Templates) -> list[Problem]:
    """Render every template in every language with every sample; what fails is a problem."""
    problems = []
    for (name, language), source in templates.sources.items():
        for values in sample_values():
            parts = [{"heading": "Oppsigelse", "body": "En linje."}] * (3 if values["users"] else 1)
            try:
                templates.render(name, language, values if name != LAYOUT else {**values, "parts": parts})
            except RenderError as error:
                problems.append(Problem(source.file, 0, str(error)))
                break
    return problems
