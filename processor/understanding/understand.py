"""Message to Understanding: the whole room in one screen.

Pure: the same message and rulebook give the same understanding, and no message makes it raise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from processor.findings import AUTOMATIC, Form, Language, Request, Understanding
from processor.message import Message
from processor.rulebook import Model, RequestType, Rulebook
from processor.understanding.automatic import automatic_kinds, passed_on
from processor.understanding.beside import beside, main_of, perhaps, requests
from processor.understanding.company import role_of
from processor.understanding.features import features
from processor.understanding.fields import NOTHING, fields_of
from processor.understanding.form import file_flags, form_evidence, form_of, resting_on
from processor.understanding.language import language_of
from processor.understanding.model import Vector, logits, vector, words_for
from processor.understanding.passages import Passage, passages
from processor.understanding.recognise import Finding, recognise, topics
from processor.understanding.weigh import chances, joined, present

FORM_TYPE = "otp_rights"
FORM_PRESENCE = {"body": 0.97}
"""How sure a filled-in form alone makes us; attached ones more than pasted ones."""
AUTOMATIC_FROM = 0.5
PART_WORDS = 8
PART_SURE = 0.9
"""From how many words, and how surely, a part is said to be in another language."""
AUTOMATIC_WITH_FORM = 0.001
"""The most chance that a mail with a filled-in form is automatic."""
AUTOMATIC_PASSED_ON = 0.2
"""The most for what somebody passed on with words above it: low enough to be read, too high for trust."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What each source says of a mail, before they are joined."""

    read: tuple[Passage, ...]
    form: Form | None
    found: Mapping[str, tuple[Finding, ...]]
    presence: Mapping[str, float]
    kinds: Mapping[str, float]
    counts: Mapping[str, float]
    automatic_at_most: float = 1.0


def sources(message: Message, rulebook: Rulebook) -> Sources:
    """Ask patterns, the form and the marks of automatic mail, and count what the model will weigh."""
    read = passages(message, rulebook.needles)
    return _sources(message, read, recognise(rulebook.needles, read), rulebook)


def _sources(
    message: Message, read: tuple[Passage, ...], owned: Mapping[str, tuple[Finding, ...]], rulebook: Rulebook
) -> Sources:
    form = form_of(message)
    found = {name: owned[name] for name in rulebook.types if name in owned}
    words = sum([len(p.folded.split()) for p in read if p.kind in ("new", "forwarded", "attached")])
    presence = _with_form(present(found, rulebook.types, words), form)
    kinds = automatic_kinds(message, owned)
    most = AUTOMATIC_WITH_FORM if form is not None else AUTOMATIC_PASSED_ON if passed_on(message) else 1.0
    kinds = {kind: min(chance, most) for kind, chance in kinds.items()}
    return Sources(read, form, found, presence, kinds, features(message, read, form), most)


def understand(message: Message, rulebook: Rulebook) -> Understanding:
    """Tell what a mail is, asks for and says, with the evidence; never raises for any Message."""
    return next(found for found in _step_by_step(message, rulebook) if found is not None)


def understand_each(messages: Sequence[Message], rulebook: Rulebook) -> list[Understanding | Exception]:
    """What ``understand`` tells of each mail, or what it raised (a bug of ours).

    All go from step to step together: the code and tables that a step works with stay in the processor's cache, out of
    which the other steps drive them.
    """
    under_way = [_step_by_step(message, rulebook) for message in messages]
    found: list[Understanding | Exception | None] = [None] * len(messages)
    while not all(found):
        for at, steps in enumerate(under_way):
            try:
                found[at] = found[at] or next(steps)
            except Exception as fault:
                # It is this mail's answer, and the others of the batch go on.
                found[at] = fault
    return [each for each in found if each is not None]


def _step_by_step(message: Message, rulebook: Rulebook) -> Iterator[Understanding | None]:
    """None after each step, and at last what was understood."""
    read = passages(message, rulebook.needles)
    yield None
    owned = recognise(rulebook.needles, read)
    yield None
    source = _sources(message, read, owned, rulebook)
    form, found = source.form, source.found
    mail = None if rulebook.model is None else vector(rulebook.model, source.counts)
    likely, main, present_ = _weighed(source, mail, rulebook)
    silent = _silent(likely)
    automatic = automatic_of(likely)
    named = () if automatic else requests(main, likely, present_, source.presence, found, rulebook.types)
    asked = _asked(named, source, mail, rulebook)
    yield None
    role = role_of(read, rulebook.vocabulary, message.from_[0].name if message.from_ else "")
    spans = [span for findings in found.values() for finding in findings for span in finding.evidence]
    names = tuple(request.type for request in asked)
    marks = topics({name: found[name] for name in names if name in found})
    # Nobody wrote what a robot says: its numbers and dates are no customer's.
    about = NOTHING
    if not automatic:
        about = yield from fields_of(message, read, names, marks, spans, form, role, rulebook)
    yield None
    language, sure = language_of(for_language(read), rulebook.vocabulary, rulebook.model)
    yield Understanding(
        automatic=automatic,
        language=language,
        language_confidence=round(sure, 4),
        requests=asked,
        chances=_best_first(likely),
        silent=round(min(1.0, silent + likely.get("no_action", 0.0)), 6),
        fields=about.fields,
        field_evidence=(*about.evidence, *form_evidence(form)),
        form=form,
        role=role,
        topics=marks,
        flags=(*about.flags, *file_flags(message, form)),
        model=rulebook.model.version if rulebook.model else "",
        other_languages=_other_languages(read, language, rulebook),
        perhaps=() if automatic else perhaps(main, likely, present_, rulebook.types),
    )


def _best_first(likely: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """In whole millionths, and by name where they are alike."""
    return tuple([(name, -less / 1e6) for less, name in sorted([(round(-1e6 * c), n) for n, c in likely.items()])])


def _asked(named: tuple[Request, ...], source: Sources, mail: Vector | None, rulebook: Rulebook) -> tuple[Request, ...]:
    """The requests with what the model and the form say for them."""
    form = source.form
    if rulebook.model is not None and mail is not None:
        named = tuple([_with_words(request, rulebook.model, mail, source.read) for request in named])
    if form is not None:
        named = tuple([resting_on(form, each) if each.type == FORM_TYPE else each for each in named])
    return named


def _weighed(
    source: Sources, mail: Vector | None, rulebook: Rulebook
) -> tuple[dict[str, float], str, Mapping[str, float]]:
    """The chance of each label to be what the mail is, the likeliest type, and how surely each is asked for beside it."""
    model = rulebook.model
    if model is None or mail is None:
        likely = chances(source.presence, source.kinds, rulebook.types)
        return likely, main_of(likely, rulebook.types), source.presence
    told = logits(model, mail)
    likely = weighed(model, told, source, rulebook.types)
    main = main_of(likely, rulebook.types)
    return likely, main, beside(model, told, source.presence, main)


def weighed(
    model: Model, told: Mapping[str, float], source: Sources, types: Mapping[str, RequestType]
) -> dict[str, float]:
    """The chance of each label, from what the model told and what the other sources say."""
    likely = joined(model, told, source.presence, source.kinds, types)
    return _written_by_a_person(likely, source.automatic_at_most)


def automatic_of(likely: Mapping[str, float]) -> str | None:
    """The kind of automatic mail, if it is likelier than not that nobody wrote it."""
    return max(AUTOMATIC, key=lambda kind: likely[kind]) if _silent(likely) >= AUTOMATIC_FROM else None


def _silent(likely: Mapping[str, float]) -> float:
    return sum([likely[kind] for kind in AUTOMATIC])


def _written_by_a_person(likely: dict[str, float], most: float) -> dict[str, float]:
    """What somebody filled in or passed on was sent by them, whatever else the mail looks like (a scanner's, for one)."""
    automatic = _silent(likely)
    if automatic <= most:
        return likely
    less, more = most / automatic, (1.0 - most) / max(1.0 - automatic, 1e-9)
    return {label: chance * (less if label in AUTOMATIC else more) for label, chance in likely.items()}


def _with_words(request: Request, model: Model, mail: Vector, read: tuple[Passage, ...]) -> Request:
    words = words_for(model, mail, request.type, read)
    return Request(request.type, request.confidence, request.evidence + words)


def _with_form(presence: dict[str, float], form: Form | None) -> dict[str, float]:
    if form is None or FORM_TYPE not in presence:
        return presence
    return presence | {FORM_TYPE: max(presence[FORM_TYPE], FORM_PRESENCE.get(form.source, 0.99))}


def _other_languages(read: tuple[Passage, ...], own: Language, rulebook: Rulebook) -> tuple[tuple[str, Language], ...]:
    """The language of each part that is not written in the mail's own and is long enough to tell."""
    told = [
        (part.kind, language_of(part.folded, rulebook.vocabulary, rulebook.model))
        for part in read
        if part.kind in ("forwarded", "attached", "quoted") and len(part.folded.split()) >= PART_WORDS
    ]
    return tuple(dict.fromkeys((kind, found) for kind, (found, sure) in told if found != own and sure >= PART_SURE))


def for_language(read: tuple[Passage, ...]) -> str:
    """New text before anything else; the subject alone when there is little of it."""
    own = "\n".join(p.folded for p in read if p.kind in ("new", "subject", "thread"))
    if len(own.split()) >= 8:
        return own
    return "\n".join([own, *(p.folded for p in read if p.kind in ("forwarded", "signature"))])
