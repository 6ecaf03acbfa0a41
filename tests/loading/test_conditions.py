"""Conditions are checked before the program starts, and cheap when it runs."""

from __future__ import annotations

import pytest

from processor.loading.conditions import BLANK, VARIABLES, Conditions, Holds, Variable


def compiled(text: str) -> Holds:
    holds, problems = Conditions().compile(text, "x.toml", 7)
    assert problems == []
    return holds


def test_it_holds_when_the_condition_is_true() -> None:
    holds = compiled("size(fields.org_no) > 0 && sender.role == 'customer'")
    assert holds({**BLANK, "fields.org_no": ["974760673"], "sender.role": "customer"})
    assert not holds({**BLANK, "sender.role": "customer"})


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda v: v.name)
def test_every_documented_variable_can_be_asked_for(variable: Variable) -> None:
    question = {"text": "{} == ''", "texts": "size({}) == 0", "number": "{} == 0", "truth": "!{}"}[variable.type]
    assert compiled(question.format(variable.name))(BLANK)
    assert variable.meaning


def test_a_variable_is_found_however_its_name_is_written() -> None:
    values = {**BLANK, "mail.flags": ["public_domain"]}
    assert compiled("size(mail.flags) == 1")(values)
    assert compiled("size(mail . flags) == 1")(values)
    assert compiled("size(mail.\n  // the doubts\n  flags) == 1 && mail\n.language == ''")(values)


def test_a_condition_without_a_variable_is_the_same_on_every_mail() -> None:
    assert compiled("true")(BLANK)
    assert compiled("1 + 1 == 2")(BLANK)
    assert not compiled("false")(BLANK)


def test_an_unknown_name_is_a_problem_with_the_nearest_right_one() -> None:
    _, [problem] = Conditions().compile("fields.orgno == 'x'", "x.toml", 7)
    assert (problem.file, problem.line, problem.hint) == ("x.toml", 7, "fields.org_no")
    assert "fields.orgno" in problem.text


def test_a_wrong_type_is_a_problem() -> None:
    _, [problem] = Conditions().compile("fields.org_no == 'x'", "x.toml", 7)
    assert "column" in problem.text


def test_a_condition_that_is_no_question_is_a_problem() -> None:
    _, [problem] = Conditions().compile("size(fields.org_no)", "x.toml", 7)
    assert "true or false" in problem.text


def test_broken_syntax_gives_each_fault() -> None:
    _, problems = Conditions().compile("fields.org_no = 3", "x.toml", 7)
    assert len(problems) == 2


def test_a_condition_that_fails_on_an_empty_mail_is_refused() -> None:
    holds, [problem] = Conditions().compile("fields.org_no[0] == '974760673'", "x.toml", 7)
    assert "without fields" in problem.text
    assert not holds({**BLANK, "fields.org_no": ["974760673"]})


def test_an_evaluation_that_fails_later_does_not_hold() -> None:
    holds = compiled("size(fields.org_no) > 0 && fields.org_no[1] == 'x'")
    assert not holds({**BLANK, "fields.org_no": ["974760673"]})


def told(text: str) -> list[tuple[str, str]]:
    return [(each.text, each.hint) for each in Conditions().compile(text, "x.toml", 7)[1]]


def test_an_unknown_function_is_a_problem_with_the_nearest_right_one() -> None:
    assert told("siz(fields.org_no) > 0") == [("when, column 1: no function 'siz'", "size")]
    assert told("fields.company.startswith('a')") == [("when, column 16: no function 'startswith'", "startsWith")]


def test_what_a_misspelt_function_draws_behind_it_is_not_told() -> None:
    text = "fields.org_no.alll(p, p == 'x' || p == 'y' || p in fields.company)"
    assert told(text) == [("when, column 15: no function 'alll'", "all")]


def test_each_unknown_name_is_told_once() -> None:
    text = "mail.langage == 'nb' || mail.langage == 'nn' || snder.known"
    assert [hint for _, hint in told(text)] == ["mail.language", "sender.known"]


def test_a_name_that_nothing_binds_stays_a_problem_beside_an_unknown_function() -> None:
    assert told("fields.org_no.exist(p, q == 'x' && q == p)") == [
        ("when, column 24: no variable 'q'", ""),
        ("when, column 15: no function 'exist'", "exists"),
    ]


def test_a_function_of_lists_that_stands_alone_says_how_it_is_asked() -> None:
    [(said, _)] = told("all(fields.org_no, p, p == 'x')")
    assert said == "when, column 1: 'all' is asked of a list, as in mail.topics.all(each, each == '')"


def test_a_comparison_that_cannot_be_made_is_told_in_words() -> None:
    assert told("fields.users > '3'") == [("when, column 14: '>' does not go with a number and a text", "")]


@pytest.mark.parametrize(("text", "right"), [("mail.language = 'nb'", "=="), ("sender.known and true", "&&")])
def test_a_sign_of_another_language_is_told_with_the_right_one(text: str, right: str) -> None:
    assert told(text)[0][1] == right
