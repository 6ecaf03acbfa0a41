"""Message to Understanding: the whole room in one screen.

Pure: the same message and rulebook give the same understanding, and no message makes it raise.
"""

from __future__ import annotations

from collections.abc import Mapping

from processor.findings import Form, Request, Understanding
from processor.message import Message
from processor.rulebook import Rulebook
from processor.understanding.automatic import automatic_kinds
from processor.understanding.company import role_of
from processor.understanding.fields import fields_of
from processor.understanding.form import form_of
from processor.understanding.language import language_of
from processor.understanding.passages import Passage, passages
from processor.understanding.recognise import recognise, topics
from processor.understanding.weigh import chances, present, requests

FORM_TYPE = "otp_rights"
FORM_PRESENCE = {"body": 0.97}
"""How sure a filled-in form alone makes us; attached ones more than pasted ones."""
AUTOMATIC_FROM = 0.5


def understand(message: Message, rulebook: Rulebook) -> Understanding:
    """Tell what a mail is, asks for and says, with the evidence; never raises for any Message."""
    read = passages(message, rulebook.needles)
    form = form_of(message)
    owned = recognise(rulebook.needles, read)
    found = {name: owned[name] for name in rulebook.types if name in owned}
    words = sum(len(p.folded.split()) for p in read if p.kind in ("new", "forwarded", "attached"))
    presence = _with_form(present(found, rulebook.types, words), form)
    kinds = automatic_kinds(message, owned)
    if form is not None:
        kinds = {kind: min(chance, 0.05) for kind, chance in kinds.items()}
    likely = chances(presence, kinds, rulebook.types)
    kind = max(kinds, key=lambda name: kinds[name], default="")
    automatic = kind if kind and 1.0 - _none(kinds) >= AUTOMATIC_FROM else None
    asked: tuple[Request, ...] = () if automatic else requests(likely, presence, found, rulebook.types)
    role = role_of(read, rulebook.vocabulary.phrases, message.from_[0].name if message.from_ else "")
    spans = [span for findings in found.values() for finding in findings for span in finding.evidence]
    names = tuple(request.type for request in asked)
    marks = topics({name: found[name] for name in names if name in found})
    about = fields_of(message, read, names, marks, spans, form, role, rulebook)
    language, sure = language_of(_for_language(read), rulebook.vocabulary.languages, rulebook.vocabulary.letters)
    return Understanding(
        automatic=automatic,
        language=language,
        language_confidence=round(sure, 4),
        requests=asked,
        chances=tuple(sorted(((n, round(c, 6)) for n, c in likely.items()), key=lambda pair: (-pair[1], pair[0]))),
        silent=round(min(1.0, 1.0 - _none(kinds) + likely.get("no_action", 0.0)), 6),
        fields=about.fields,
        field_evidence=about.evidence,
        form=form,
        role=role,
        topics=marks,
        flags=about.flags,
    )


def _with_form(presence: dict[str, float], form: Form | None) -> dict[str, float]:
    if form is None or FORM_TYPE not in presence:
        return presence
    return presence | {FORM_TYPE: max(presence[FORM_TYPE], FORM_PRESENCE.get(form.source, 0.99))}


def _none(kinds: Mapping[str, float]) -> float:
    """The chance that a person wrote this."""
    result = 1.0
    for chance in kinds.values():
        result *= 1.0 - chance
    return result


def _for_language(read: tuple[Passage, ...]) -> str:
    """New text before anything else; the subject alone when there is little of it."""
    own = "\n".join(p.folded for p in read if p.kind in ("new", "subject", "thread"))
    if len(own.split()) >= 8:
        return own
    return "\n".join([own, *(p.folded for p in read if p.kind in ("forwarded", "signature"))])
