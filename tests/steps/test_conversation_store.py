"""A conversation in the store: completed, repeated, withdrawn; what a stranger says changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from processor.contract import Contract
from processor.deciding.staff_words import deadline_in_short
from processor.message import Extracted
from processor.pipeline import conclude
from processor.steps import work_off
from processor.store.actions import Outcome, approve, done, reject
from processor.store.contract_staging import staged
from processor.store.corrections import retype
from processor.store.queue import queue
from processor.store.ticket_view import ticket
from processor.store.transaction import writing
from processor.store.work import give_back, pending
from tests.steps.talk import KARI, NOTICE, OLA, WITH_NUMBER, Talk, talk


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Talk]:
    made = talk(tmp_path)
    yield made
    made.engine.dispose()


def facts(here: Talk, action: int = 1) -> dict[str, str]:
    return dict(json.loads(here.ask(f"select facts from action where id = {action}")[0][0]))


@pytest.mark.parametrize(
    "words", ["Org.nr er 328627035.", "328 627 035", "Beklager, her kommer org.nr: 328 627 035\n\nMvh Kari"]
)
def test_an_answer_with_the_missing_number_completes_the_item(here: Talk, words: str) -> None:
    first = here.say(NOTICE)
    assert first.decision.rule == "termination/unidentified"
    here.later(days=2)
    answer = here.say(words, "SV: Oppsigelse mottatt", thread=here.last_answer())
    (item,) = answer.decision.items
    assert (answer.decision.outcome, item.how, item.arrival) == ("answer", "completes", first.context.arrival)
    assert answer.recorded.ticket_id == first.recorded.ticket_id
    assert here.ask("select org_no, rule, asks from item where how = ''") == [("328627035", "termination/notice", "")]
    assert here.ask("select state from action") == [("waiting",)]
    assert facts(here)["org_no"] == "328627035"
    assert facts(here)["completed"] == "28.11.2026 kl. 11.00"
    ((template, words),) = here.ask("select template, text from outbox order by id")[1:]
    assert template == "general/completed"
    assert "Den første e-posten kom torsdag 26. november 2026 kl. 11.00" in words


def test_the_queue_tells_the_deadline_that_an_answer_made_known(here: Talk) -> None:
    contract = Contract("100042", "328627035", "Fjord Bygg AS", (), "Visma Global", "global", "A")
    with staged(here.engine, [(2, contract)]) as beside:
        beside.take(beside.difference(), "contracts.csv", "d", "Kari", here.now)
    here.say(NOTICE)
    assert [each.deadline for each in queue(here.engine)] == [None]
    answer = here.say("Org.nr er 328627035.", "SV: Oppsigelse mottatt", thread=here.last_answer())
    (row,) = queue(here.engine)
    assert row.deadline == answer.decision.deadline
    assert deadline_in_short(row.deadline) == "ends 31.12.2027, in time"


def test_the_deadline_of_a_completed_notice_is_that_of_the_first_mail(here: Talk) -> None:
    here.say(NOTICE)
    here.later(days=400)
    answer = here.say("Kundenummeret er 1180457.", "SV: Oppsigelse mottatt", thread=here.last_answer())
    days = {each.contract: each.last_service_day for each in answer.decision.deadline.candidates}
    assert days["A"].isoformat() == "2027-12-31", answer.decision.deadline


def test_who_may_not_join_completes_nothing(here: Talk) -> None:
    here.say(NOTICE)
    thread = here.last_answer()
    here.say("Org.nr er 328627035.", "SV: Oppsigelse", "x@evil-demo.com", thread=thread)
    here.say("Org.nr er 328627035.", "SV: Oppsigelse", thread=thread, proven=False)
    assert here.ask("select org_no from item where id = 1") == [("",)]
    assert "org_no" not in facts(here)


@pytest.mark.parametrize("by", ["thread", "subject"])
def test_T13_T14_who_may_not_join_is_shown_to_staff_in_both_tickets(here: Talk, by: str) -> None:
    first = here.say(NOTICE)
    number, before = first.recorded.ticket_no, here.ask("select state, version, changed_at from ticket")
    subject = f"SV: [{number.lower()}] Oppsigelse" if by == "subject" else "SV: Oppsigelse"
    thread = {"thread": here.last_answer()} if by == "thread" else {}
    here.later(hours=1)
    second = here.say("Vi sier opp. Org.nr er 328627035.", subject, proven=False, **thread)
    assert second.recorded.ticket_no != number
    assert (second.context.may_belong_to, second.context.earlier) == (number, ())
    assert any(f"names our case {number}" in each for each in second.decision.because)
    assert second.decision.actions[0].facts["may_belong_to"] == number
    assert here.ask("select state, version, changed_at from ticket where id = 1") == before
    theirs, ours = (ticket(here.engine, each) for each in (number, second.recorded.ticket_no))
    assert theirs
    assert ours
    assert [each.data["ticket"] for each in theirs.events if each.kind == "mail.may_belong"] == [ours.number]
    assert [each.may_belong_to for each in ours.mails] == [number]


def test_a_number_that_is_nobodys_links_to_nothing(here: Talk) -> None:
    here.say(NOTICE)
    assert here.say(NOTICE, "SV: [VS-7K3M-9QX4] Oppsigelse", "x@evil-demo.com").context.may_belong_to == ""


def test_an_answer_about_another_company_completes_nothing(here: Talk) -> None:
    here.say(NOTICE)
    here.say(
        "Vi sier også opp Visma Global for Havn Drift AS, org.nr 974760673.\n\nKari Holm\nHavn Drift AS",
        "SV: Oppsigelse", thread=here.last_answer(),
    )  # fmt: skip
    assert here.ask("select org_no from item order by id") == [("",), ("974760673",)]
    assert here.ask("select count(*) from action") == [(2,)]


@pytest.mark.parametrize("sender", [KARI, OLA])
def test_a_second_notice_for_the_same_contract_joins_the_first(here: Talk, sender: str) -> None:
    first = here.say(WITH_NUMBER)
    here.later(days=1)
    second = here.say(WITH_NUMBER, "Oppsigelse av Visma Global", sender)
    assert second.recorded.ticket_id == first.recorded.ticket_id
    assert [each.how for each in second.decision.items] == ["repeats"]
    assert here.ask("select state from action") == [("waiting",)]
    assert facts(here)["second_notice"] == f"27.11.2026 kl. 11.00 from {sender}"
    ((template, words),) = here.ask("select template, text from outbox order by id")[1:]
    assert template == "termination/received_again"
    assert "Første gang vi fikk den, var torsdag 26. november 2026 kl. 11.00" in words


@pytest.mark.parametrize("how", ["retyped", "rejected"])
def test_what_repeated_a_notice_gets_an_action_of_its_own_when_the_first_one_falls(here: Talk, how: str) -> None:
    here.say(WITH_NUMBER)
    here.later(days=1)
    here.say(WITH_NUMBER)
    here.later(days=1)
    here.say(WITH_NUMBER)
    if how == "retyped":
        assert retype(here.engine, 1, ("other",), None, here.person(), here.now).superseded == 1
    else:
        assert reject(here.engine, 1, here.person(), "a test mail", here.now).ok
    (fallen, new) = here.ask("select state, kind, item_id from action order by id")
    assert (new[0], new[1]) == ("waiting", fallen[1])
    assert here.ask(f"select mail_id from item where id = {new[2]}") == [(3,)]
    assert facts(here, 2)["instead_of"] == "a1"


def test_each_copy_of_a_notice_gets_its_action_when_staff_reject_those_of_the_others(here: Talk) -> None:
    for _ in range(3):
        here.say(WITH_NUMBER)
        here.later(days=1)
    kari = here.person()
    for action in (1, 2, 3):
        assert reject(here.engine, action, kari, "a test mail", here.now).ok
    mails = "select item.mail_id, action.state from action join item on item.id = action.item_id order by action.id"
    # The first one's, then the newest copy's, then the older one's; after that there is none left.
    assert here.ask(mails) == [(1, "rejected"), (3, "rejected"), (2, "rejected")]
    assert facts(here, 3)["instead_of"] == "a2"


FOR_CLIENT = (
    "På vegne av klienten vår, Fjord Bygg AS (org.nr 328 627 035), sier vi opp Visma Global fra 31.12.2027.\n\n"
    "Mvh\nGeir Hovland\nautorisert regnskapsfører\nHovland Regnskap AS"
)
GEIR = "geir@hovlandregnskap-demo.no"


def test_an_accountant_who_writes_again_is_asked_for_authority_again(here: Talk) -> None:
    first = here.say(FOR_CLIENT, sender=GEIR)
    assert first.decision.rule == "termination/accountant"
    here.later(days=1)
    second = here.say(FOR_CLIENT, sender=GEIR)
    assert [each.how for each in second.decision.items] == ["repeats"]
    assert here.ask("select count(*) from action") == [(1,)]
    ((template, words),) = here.ask("select template, text from outbox order by id")[1:]
    assert template == "termination/received_again"
    assert "- fullmakt fra kunden til å si opp avtalen" in words
    assert "Det er avtalen kunden har signert, som avgjør datoen." in words
    # The reminder is the first one's, and begins anew: Friday and three business days.
    asked = here.ask("select asks, date(follow_up_at) from item order by id")
    assert asked == [("power_of_attorney", "2026-12-02"), ("", None)]


def test_what_a_neutral_receipt_did_not_ask_for_is_asked_for_when_the_proven_notice_comes(here: Talk) -> None:
    here.say(FOR_CLIENT, sender=GEIR, proven=False)
    assert here.ask("select asks from item") == [("",)]
    here.say(FOR_CLIENT, sender=GEIR)
    assert here.ask("select asks from item where how = ''") == [("power_of_attorney",)]


def test_the_power_of_attorney_completes_the_accountants_notice(here: Talk) -> None:
    here.say(FOR_CLIENT, sender=GEIR)
    passed_on = (
        "Her er den.\n\n---------- Videresendt melding ----------\nFra: Kari Holm <kari@fjordbygg-demo.no>\n"
        "Dato: 26. november 2026\nEmne: Fullmakt\nTil: geir@hovlandregnskap-demo.no\n\n"
        "Fjord Bygg AS gir Hovland Regnskap AS fullmakt til å si opp Visma Global."
    )
    answer = here.say(passed_on, "SV: Oppsigelse for en kunde mottatt", GEIR, thread=here.last_answer())
    assert [each.how for each in answer.decision.items] == ["completes"]
    assert here.ask("select rule, asks from item where how = ''") == [("termination/accountant_authorised", "")]
    assert facts(here)["power_of_attorney"] == "passed on in the mail"


def test_a_client_who_gives_notice_too_is_asked_for_no_authority(here: Talk) -> None:
    here.say(WITH_NUMBER)
    ((ticket,),) = here.ask("select id from ticket")
    second = here.say(FOR_CLIENT, "SV: Oppsigelse", "geir@fjordbygg-demo.no", thread=here.last_answer())
    assert second.recorded.ticket_id == ticket
    assert here.ask("select asks from item") == [("",), ("",)]
    assert "fullmakt" not in here.ask("select text from outbox order by id desc limit 1")[0][0]


def test_a_notice_that_repeats_one_without_an_action_is_decided_and_not_tried_for_ever(here: Talk) -> None:
    here.say(WITH_NUMBER)
    with writing(here.engine) as conn:
        conn.execute(text("DELETE FROM action"))
    here.later(days=1)
    second = here.say(WITH_NUMBER)
    assert [each.how for each in second.decision.items] == ["repeats"]
    assert here.ask("select state from mail") == [("decided",), ("decided",)]


def test_a_notice_that_repeats_what_staff_have_just_rejected_is_decided_anew(
    here: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.say(WITH_NUMBER)
    here.later(days=1)
    kari = here.person()

    def rejected_meanwhile(*given: Any) -> Any:
        reject(here.engine, 1, kari, "a test mail", here.now)
        return conclude(*given)

    monkeypatch.setattr(work_off, "conclude", rejected_meanwhile)
    here.keep(WITH_NUMBER)
    # The first pass gives the mail back, the second decides it.
    (second,) = here.work()
    assert [each.how for each in second.decision.items] == [""]
    assert [state for (state,) in here.ask("select state from action order by id")] == ["rejected", "waiting"]


@pytest.mark.parametrize("words", ["Vi sier opp alle avtalene våre hos dere.", "Vi sier opp hele kundeforholdet."])
def test_a_second_notice_that_may_mean_all_is_put_before_whoever_approved_the_first(here: Talk, words: str) -> None:
    here.say(WITH_NUMBER)
    assert approve(here.engine, 1, here.person(), here.now).outcome is Outcome.APPROVED
    here.later(days=1)
    second = here.say(f"{words}\n\nMvh\nKari Holm\nFjord Bygg AS\norg.nr 328627035", "Oppsigelse")
    assert [each.how for each in second.decision.items] == ["repeats"]
    assert here.ask("select state from action") == [("waiting",)]
    assert "products: Visma Global, then none by name, perhaps all" in facts(here)["differs"]


def test_a_second_notice_in_the_same_batch_waits_for_the_first(here: Talk) -> None:
    here.keep(WITH_NUMBER)
    here.keep(WITH_NUMBER, "Oppsigelse igjen", OLA)
    assert len(here.work()) == 2
    assert here.ask("select count(*) from ticket") == [(1,)]
    assert here.ask("select count(*) from action") == [(1,)]
    assert here.ask("select distinct tries from mail") == [(1,)]


def test_two_workers_with_a_notice_each_for_the_same_contract_make_one_action(
    here: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.keep(WITH_NUMBER)
    here.keep(WITH_NUMBER, "Oppsigelse igjen", OLA)
    (other,) = pending(here.engine, 1, "other", here.now)
    first_look = conclude

    def overtaken(*arguments: Any) -> Any:
        """While the second is decided, the other worker records the first."""
        monkeypatch.setattr(work_off, "conclude", first_look)
        give_back(here.engine, [other.mail_id], "other")
        work_off.work_off(
            here.engine, here.rulebook, here.config, "other", lambda: here.now, lambda *_: Extracted(), limit=1
        )
        return first_look(*arguments)

    monkeypatch.setattr(work_off, "conclude", overtaken)
    assert here.work()[-1].decision.items[0].how == "repeats"
    assert here.ask("select count(*) from action") == [(1,)]
    assert here.ask("select count(*) from ticket") == [(1,)]


def test_a_second_notice_that_says_otherwise_is_marked_and_waits_anew(here: Talk) -> None:
    here.say(WITH_NUMBER)
    kari = here.person()
    assert approve(here.engine, 1, kari, here.now).ok
    here.say(WITH_NUMBER.replace("31.12.2027", "31.12.2028"), "Oppsigelse")
    assert facts(here)["differs"] == "effective_date: 2027-12-31, then 2028-12-31"
    assert here.ask("select state from action") == [("waiting",)]


@pytest.mark.parametrize(
    ("words", "sender"),
    [
        (WITH_NUMBER, "x@evil-demo.com"),
        (WITH_NUMBER.replace("328627035", "974760673"), KARI),
        (WITH_NUMBER.replace("Visma Global", "Visma.net Expense"), KARI),
        (WITH_NUMBER.replace("Vi sier opp", "Vi sier opp 3 brukere på"), KARI),
    ],
    ids=["another sender", "another organisation", "another product", "a part"],
)
def test_what_is_not_the_same_contract_has_an_action_of_its_own(here: Talk, words: str, sender: str) -> None:
    here.say(WITH_NUMBER)
    second = here.say(words, "Oppsigelse", sender)
    assert here.ask("select count(*) from action") == [(2,)]
    assert [each.how for each in second.decision.items] == [""]


def test_a_notice_after_it_was_registered_tells_staff_so(here: Talk) -> None:
    here.say(WITH_NUMBER)
    assert done(here.engine, 1, here.person(), here.now).ok
    here.say(WITH_NUMBER, "Oppsigelse igjen")
    assert facts(here, 2)["already"].endswith(": done by Kari, 26.11.2026")


def test_an_unsure_second_notice_lies_beside_the_first_with_an_action_that_says_so(here: Talk) -> None:
    first = here.say(WITH_NUMBER)
    here.rulebook = replace(
        here.rulebook,
        types={**here.rulebook.types, "termination": replace(here.rulebook.types["termination"], answer_from=1.0)},
    )
    second = here.say(WITH_NUMBER, "Oppsigelse igjen")
    assert second.recorded.ticket_id == first.recorded.ticket_id
    assert facts(here, 2)["already"].startswith("a1 register_termination in VS-")


@pytest.mark.parametrize("threaded", [True, False])
def test_a_withdrawal_puts_the_open_action_on_hold(here: Talk, threaded: bool) -> None:
    first = here.say(WITH_NUMBER)
    here.later(days=1)
    thread = {"thread": here.last_answer()} if threaded else {}
    gone = here.say("Vi trekker oppsigelsen. Se bort fra den.\n\nKari Holm", "Oppsigelsen trekkes", **thread)
    assert gone.recorded.ticket_id == first.recorded.ticket_id
    assert here.ask("select kind, state from action order by id") == [
        ("register_termination", "held"),
        ("decide_withdrawal", "waiting"),
    ]
    assert facts(here)["withdrawn"] == f"27.11.2026 kl. 11.00 by {KARI}"
    assert facts(here, 2)["withdraws"].startswith("a1 register_termination in VS-")
    kari = here.person()
    for step in (approve, done):
        assert step(here.engine, 1, kari, here.now).outcome == Outcome.HELD


def test_what_is_not_surely_a_withdrawal_holds_nothing_and_is_put_before_a_person(here: Talk) -> None:
    """Above the threshold it is held; below, the notice goes on, and whoever approved it looks again."""
    here.say(WITH_NUMBER)
    assert approve(here.engine, 1, here.person(), here.now).ok
    kind = here.rulebook.types["termination_withdrawal"]
    unsure = replace(kind, answer_from=1.0)
    here.rulebook = replace(here.rulebook, types={**here.rulebook.types, kind.name: unsure})
    here.later(days=1)
    gone = here.say("Se bort fra oppsigelsen, org.nr 328627035.", "Oppsigelsen")
    assert gone.decision.outcome == "review"
    assert [(each.type, each.how) for each in gone.decision.items] == [("termination_withdrawal", "may_withdraw")]
    assert any("may take an earlier request back" in each for each in gone.decision.because)
    assert here.ask("select kind, state from action order by id") == [
        ("register_termination", "waiting"),
        ("decide_withdrawal", "waiting"),
    ]
    assert facts(here)["perhaps_withdrawn"] == f"27.11.2026 kl. 11.00 by {KARI}"
    assert facts(here, 2)["withdraws"].startswith("a1 register_termination in VS-")
    assert done(here.engine, 1, here.person("Per"), here.now).ok


def test_a_withdrawal_that_is_done_ends_the_action_and_one_rejected_frees_it(here: Talk) -> None:
    here.say(WITH_NUMBER)
    kari = here.person()
    here.say("Vi trekker oppsigelsen, org.nr 328627035.", "Trekkes")
    assert reject(here.engine, 2, kari, "for sent", here.now).ok
    assert here.ask("select state from action order by id") == [("waiting",), ("rejected",)]
    here.say("Vi trekker oppsigelsen, org.nr 328627035. Vi mener det.", "Trekkes")
    assert done(here.engine, 3, kari, here.now).ok
    assert here.ask("select state, reason from action order by id")[0] == ("rejected", "withdrawn: a3 done")


def test_what_was_held_waits_again_when_the_mail_proves_to_be_no_withdrawal(here: Talk) -> None:
    here.say(WITH_NUMBER)
    here.say("Vi trekker oppsigelsen, org.nr 328627035.", "Trekkes")
    assert [state for (state,) in here.ask("select state from action order by id")] == ["held", "waiting"]
    assert retype(here.engine, 2, ("other",), None, here.person(), here.now).superseded == 1
    assert [state for (state,) in here.ask("select state from action order by id")] == ["waiting", "superseded"]
    assert approve(here.engine, 1, here.person("Per"), here.now).ok


def test_a_strangers_withdrawal_holds_nothing(here: Talk) -> None:
    here.say(WITH_NUMBER)
    here.say("Vi trekker oppsigelsen, org.nr 328627035.", "Trekkes", "x@evil-demo.com")
    here.say("Vi trekker oppsigelsen, org.nr 328627035.", "Trekkes", proven=False)
    assert here.ask("select state from action where id = 1") == [("waiting",)]


def test_an_accountants_mail_about_three_clients_is_one_ticket_with_three_items(here: Talk) -> None:
    here.say(
        "Vi ønsker å si opp avtalene for tre av våre kunder: Fjord Bygg AS (org.nr 328627035), Havn AS (974760673) "
        "og Berg AS (991825827). Vi er regnskapsfører for dem.",
        "Oppsigelse for tre kunder", "post@regnskapshuset-demo.no",
    )  # fmt: skip
    assert here.ask("select count(*) from ticket") == [(1,)]
    assert here.ask("select type, org_no from item order by id") == [
        ("termination", each) for each in ("328627035", "974760673", "991825827")
    ]
    assert here.ask("select count(*) from action") == [(3,)]
    assert here.ask("select count(*) from outbox") == [(1,)]


def test_an_answer_after_an_outage_carries_the_hours(here: Talk) -> None:
    from processor.store.outages import note_outage

    began = here.now
    here.later(hours=5)
    note_outage(here.engine, "a", began, here.now)
    late = here.say(WITH_NUMBER, arrived=began.replace(hour=12))
    assert late.context.outage_hours == 5
    assert "arrived_in_outage" in late.decision.warnings
