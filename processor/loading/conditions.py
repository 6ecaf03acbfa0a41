"""A row's ``when`` to a function: CEL, type-checked before the program starts.

The only importer of cel_expr_python.  CEL has no loops but those over a list's elements, so no
condition can hang.  Compiled conditions cannot be pickled: each process loads its own rulebook.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from cel_expr_python import cel

from processor.loading.condition_faults import problems_of
from processor.loading.problems import Problem

Holds = Callable[[Mapping[str, object]], bool]


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that a condition may use, its type, and a sentence for the documentation."""

    name: str
    type: Literal["text", "texts", "number", "truth"]
    meaning: str


VARIABLES: tuple[Variable, ...] = (
    Variable("fields.org_no", "texts", "organisation numbers, nine digits each"),
    Variable("fields.customer_no", "texts", "customer numbers as written"),
    Variable("fields.company", "text", "the customer's company as written, or empty"),
    Variable("fields.products", "texts", "canonical product names"),
    Variable("fields.effective_date", "text", "ISO date, 'asap', or empty"),
    Variable("fields.invoice_no", "texts", "invoice numbers as written"),
    Variable("fields.domains", "texts", "domains that rights are asked for"),
    Variable("fields.emails", "texts", "addresses of the persons that the request is about"),
    Variable("fields.users", "number", "how many users or licences are to go, 0 if not said"),
    Variable("sender.role", "text", "'customer', 'accountant' or 'estate'"),
    Variable("sender.authority", "truth", "a power of attorney came along, or came in an earlier mail of the ticket"),
    Variable("sender.authenticity", "text", "'proven', 'unproven' or 'forged'"),
    Variable("sender.domain", "text", "domain of the From address, lower case"),
    Variable("sender.known", "truth", "the sender is in the contract register"),
    Variable("mail.language", "text", "'nb', 'nn', 'en', 'sv' or 'da'"),
    Variable("mail.purpose", "text", "purpose of the mailbox that it came to, such as 'termination'"),
    Variable("mail.topics", "texts", "topics of the patterns that were struck"),
    Variable("mail.flags", "texts", "doubts, such as 'several_org_no' or 'public_domain'"),
    Variable("form.present", "truth", "a rights form is attached or pasted"),
    Variable("form.complete", "truth", "the form names an administrator's address and a domain"),
    Variable("deadline.status", "text", "'timely', 'borderline', 'late' or 'unknown'"),
)

BLANK: Mapping[str, object] = {
    v.name: {"text": "", "texts": [], "number": 0, "truth": False}[v.type] for v in VARIABLES
}
"""The values of a mail that says nothing; a decision starts from a copy."""

TYPES = {
    "text": cel.Type.STRING,
    "texts": cel.Type.List(cel.Type.STRING),
    "number": cel.Type.INT,
    "truth": cel.Type.BOOL,
}


class Conditions:
    """Compiles conditions over the variables of a decision."""

    def __init__(self) -> None:
        self._environment = cel.NewEnv(variables={v.name: TYPES[v.type] for v in VARIABLES})

    def compile(self, text: str, file: str, line: int) -> tuple[Holds, list[Problem]]:
        """Compile one condition that stands at a line of a file.

        A condition that fails on a mail without any field (``fields.org_no[0]``) is a problem too:
        a row that silently never holds is found by nobody.
        """
        try:
            expression = self._environment.compile(text)
        except RuntimeError as error:
            return _never, problems_of(str(error), text, file, line, [v.name for v in VARIABLES])
        if expression.return_type() != cel.Type.BOOL:
            said = f"when must be true or false, and {text!r} is {expression.return_type()}"
            return _never, [Problem(file, line, said)]

        trial = expression.eval(data=BLANK).plain_value()
        if not isinstance(trial, bool):
            return _never, [Problem(file, line, f"when fails on a mail without fields: {text!r}; ask size() first")]
        # Every value that is handed over is made a value of CEL's first, so only those are that may be asked for:
        # whatever its spaces, a condition names a variable by its last word.
        names = [v.name for v in VARIABLES if v.name.rpartition(".")[2] in text]
        if not names:
            return (_always if trial else _never), []

        def holds(values: Mapping[str, object]) -> bool:
            return expression.eval(data={name: values[name] for name in names}).plain_value() is True

        return holds, []


def _always(values: Mapping[str, object]) -> bool:  # noqa: ARG001
    return True


def _never(values: Mapping[str, object]) -> bool:  # noqa: ARG001
    return False
