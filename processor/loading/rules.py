"""rules/ and templates/ → Rulebook, or every problem at once.

A request type is one file: adding a type is adding ``rules/<type>.toml`` and its templates.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from processor.loading.agreements import load_agreements
from processor.loading.conditions import Conditions
from processor.loading.folders import files_in
from processor.loading.model import SHIPPED, load_model
from processor.loading.patterns import compile_patterns, forget_read, load_products, load_words
from processor.loading.problems import Problem, Refused
from processor.loading.rows import RulesFile, load_row, load_shapes, nearest
from processor.loading.templates import ANSWER_LANGUAGES, LANGUAGES, LAYOUT, Templates, load_templates
from processor.loading.toml_lines import parse
from processor.loading.vocabulary import load_vocabulary
from processor.rulebook import Model, Pattern, ReplyKind, RequestType, Row, Rulebook

KEYS = (
    *("title", "rank", "answer_from", "needs", "level", "replies", "recognise", "row", "per_organisation"),
    *("repeated", "withdraws"),
)
NEUTRAL = "general/received"
ALWAYS: Mapping[str, ReplyKind] = {
    NEUTRAL: "receipt",
    "general/completed": "receipt",
    "general/follow_up": "question",
}
"""What the program sends by itself, whatever rows there are."""
TOPIC = re.compile(r"""['"]([^'"]{1,80})['"] in mail\.topics""")
SAVED = "saved/"
"""The folder of templates that no rule sends: staff choose among them."""


def load_rulebook(
    rules_dir: Path, templates_dir: Path, own_addresses: Iterable[str] = (), model_file: Path | None = SHIPPED
) -> Rulebook:
    """Load the rulebook, or raise Refused with everything that is wrong in all of the files.

    Without a ``model_file`` patterns decide alone, which is how a model is trained.
    """
    templates, problems = load_templates(templates_dir)
    conditions = Conditions()
    types: dict[str, RequestType] = {}
    kinds: dict[str, ReplyKind] = {}
    paths = files_in(rules_dir, ".toml")
    if not paths:
        raise Refused([Problem(str(rules_dir), 0, "holds no rules files")])
    unread: dict[str, str] = {}
    files: dict[str, RulesFile] = {}
    for path in paths:
        file, faults = _open(path)
        problems += faults
        if faults:
            unread[path.stem] = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
            continue
        types[path.stem], replies = _load_type(path.stem, file, conditions)
        problems += _check_replies(file, replies, templates) + file.problems
        kinds |= replies
        files[path.stem] = file
    problems += _check_withdrawals(files, types, unread)
    problems += _check_topics(types, unread) + _check_whole(rules_dir, types, kinds, templates, unread)
    data = rules_dir / "data"
    products, missing = load_products(data / "products.toml")
    public_domains, more = load_words(data / "public_domains.toml")
    vocabulary, others = load_vocabulary(data)
    # A tenth of the program's memory, which the model takes over.
    forget_read()
    model, wrong = load_model(model_file) if model_file else (None, [])
    agreements, faulty = load_agreements(data / "families.toml")
    problems += [*missing, *more, *others, *wrong, *faulty]
    if problems:
        raise Refused(problems)
    return Rulebook(
        types=_with_thresholds(types, model),
        products=products,
        public_domains=public_domains,
        own_addresses=frozenset(address.lower() for address in own_addresses),
        render=templates.render,
        languages=templates.languages,
        version=_version(rules_dir, templates.version),
        vocabulary=vocabulary,
        model=model,
        agreements=agreements,
    )


def _with_thresholds(types: Mapping[str, RequestType], model: Model | None) -> dict[str, RequestType]:
    """The stricter of the rules file's threshold and the one that the model was measured with."""
    learned = model.answer_from if model else {}
    return {
        name: replace(each, answer_from=max(each.answer_from, learned.get(name, 0.0))) for name, each in types.items()
    }


def _open(path: Path) -> tuple[RulesFile, list[Problem]]:
    values, lines, faults = parse(path)
    return RulesFile(f"{path.parent.name}/{path.name}", values, lines), faults


def _version(rules_dir: Path, templates_version: str) -> str:
    digest = hashlib.sha256(templates_version.encode())
    for path in sorted(rules_dir.rglob("*.toml")):
        digest.update(path.relative_to(rules_dir).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _load_type(name: str, file: RulesFile, conditions: Conditions) -> tuple[RequestType, dict[str, ReplyKind]]:
    file.known(file.values, KEYS, "")
    title, rank, answer_from, level, needs = load_shapes(file)
    replies = file.replies()
    rows: list[Row] = []
    for number, table in enumerate(file.tables("row")):
        row = load_row(name, number, table, file, conditions, replies)
        if row.name in {each.name for each in rows}:
            file.problem(f"row[{number}].name", f"a row is named {row.name!r} already")
        rows.append(row)
    each = file.values.get("per_organisation", True)
    if not isinstance(each, bool):
        file.problem("per_organisation", f"per_organisation must be true or false, and is {each!r}")
    repeated = file.text(file.values, "repeated", "", "")
    if repeated and replies.get(repeated) != "receipt":
        file.problem("repeated", f"repeated {repeated!r} is no receipt of [replies]", nearest(repeated, replies))
    withdraws = file.text(file.values, "withdraws", "", "")
    patterns = _patterns(file)
    made = RequestType(
        name, title, rank, answer_from, level, needs, patterns, tuple(rows), bool(each), repeated, withdraws
    )
    return made, replies


def _patterns(file: RulesFile) -> tuple[Pattern, ...]:
    patterns, faults = compile_patterns(file.tables("recognise"), file.name, lambda n: file.line(f"recognise[{n}]"))
    file.problems += faults
    return patterns


def _check_replies(file: RulesFile, replies: Mapping[str, ReplyKind], templates: Templates) -> list[Problem]:
    """Every declared reply needs its files; a receipt also in Swedish and Danish."""
    problems = []
    for template, kind in replies.items():
        wanted = LANGUAGES if kind == "receipt" else ANSWER_LANGUAGES
        missing = [each for each in wanted if each not in templates.languages.get(template, ())]
        if missing:
            said = f"{kind} {template!r} has no template in {', '.join(missing)}"
            problems.append(Problem(file.name, file.line(f"replies.{template}"), said))
    return problems


def _check_topics(types: Mapping[str, RequestType], unread: Mapping[str, str]) -> list[Problem]:
    """A row that waits for a topic which no pattern sets would silently never hold.

    ``unread`` are the texts of files that are no TOML: what they may declare is not missed.
    """
    known = {pattern.topic for each in types.values() for pattern in each.patterns}
    return [
        Problem(row.file, row.line, f"topic {topic!r} is set by no [[recognise]] table", nearest(topic, known))
        for each in types.values()
        for row in each.rows
        for topic in TOPIC.findall(row.when)
        if topic not in known and not any(topic in text for text in unread.values())
    ]


def _check_withdrawals(
    files: Mapping[str, RulesFile], types: Mapping[str, RequestType], unread: Mapping[str, str]
) -> list[Problem]:
    """A type takes back requests of a type that there is, and each of its rows has an action.

    What it puts on hold is freed or ended by what becomes of that action: without one it is held for ever.
    """
    problems = []
    for name, file in files.items():
        kind = types[name]
        if kind.withdraws and kind.withdraws not in types and kind.withdraws not in unread:
            said, hint = f"withdraws no type {kind.withdraws!r}", nearest(kind.withdraws, types)
            problems.append(Problem(file.name, file.line("withdraws"), said, hint))
        problems += [
            Problem(row.file, row.line, f"row {row.name!r} has no action, by which a person decides what it withdraws")
            for row in kind.rows
            if kind.withdraws and not row.actions
        ]
    return problems


def _check_whole(
    rules_dir: Path,
    types: Mapping[str, RequestType],
    kinds: Mapping[str, ReplyKind],
    templates: Templates,
    unread: Mapping[str, str],
) -> list[Problem]:
    """What no single file can tell: the neutral receipt, the layout, replies and templates used by nothing."""
    problems = []
    for template, kind in ALWAYS.items():
        if kinds.get(template) != kind and "general" not in unread:
            problems.append(Problem(f"{rules_dir.name}/general.toml", 0, f"must declare {template!r} as a {kind}"))
    missing = [each for each in LANGUAGES if each not in templates.languages.get(LAYOUT, ())]
    if missing:
        problems.append(Problem("templates", 0, f"layout {LAYOUT!r} is missing in {', '.join(missing)}"))
    used = {row.reply for each in types.values() for row in each.rows} | {each.repeated for each in types.values()}
    for template, kind in kinds.items():
        # A confirmation is sent when staff have registered something, so no row names it.
        if template not in used and kind != "confirmation" and template not in ALWAYS:
            where = f"{rules_dir.name}/{template.partition('/')[0]}.toml"
            problems.append(Problem(where, 0, f"reply {template!r} is used by no row"))
    for (template, _), source in templates.sources.items():
        maybe = template.partition("/")[0] in unread or any(template in text for text in unread.values())
        if template.startswith(SAVED):
            # Staff choose among these; the writer's language gives way to bokmål, as in every letter.
            if "nb" not in templates.languages[template]:
                problems.append(Problem(source.file, 0, f"saved reply {template!r} is missing in nb"))
        elif template not in kinds and template != LAYOUT and not maybe:
            problems.append(Problem(source.file, 0, f"template {template!r} stands in no [replies] table"))
    return problems
