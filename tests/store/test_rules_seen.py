"""Which version of a rule decided when: told from events, also over a change of the rules and back."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Engine

from processor.store.reloading import answered, ask_reload, note_reload, wished
from processor.store.rules_seen import note_rules, rules_seen, rules_used
from tests.store.made import LATER, NOW, decision, recorded

ROWS = {"termination/notice": ("aaaa", "true", "termination/received")}
CHANGED = {"termination/notice": ("bbbb", "false", "termination/received")}


def decided(engine: Engine, n: int, version: str, now: object = NOW) -> None:
    recorded(engine, n, replace(decision(), version=version), now=now)


def test_each_version_has_its_own_count_and_days(engine: Engine) -> None:
    assert note_rules(engine, "r1", "m", ROWS, "daemon", NOW)
    decided(engine, 1, "r1")
    decided(engine, 2, "r1", LATER)
    assert note_rules(engine, "r2", "m", CHANGED, "daemon", LATER)
    decided(engine, 3, "r2", LATER)
    old, new = rules_used(engine)
    assert (old.version, old.mails, old.first, old.last) == ("aaaa", 2, NOW, LATER)
    assert (new.version, new.mails, new.when, new.in_force) == ("bbbb", 1, "false", LATER)


def test_a_rule_that_did_not_change_with_the_others_keeps_its_version(engine: Engine) -> None:
    note_rules(engine, "r1", "m", ROWS, "daemon", NOW)
    decided(engine, 1, "r1")
    note_rules(engine, "r2", "m", ROWS | {"elma_question/general": ("cccc", "true", "")}, "daemon", LATER)
    decided(engine, 2, "r2", LATER)
    used = {each.rule: each for each in rules_used(engine)}
    assert used["termination/notice"].mails == 2
    assert used["elma_question/general"].mails == 0


def test_the_same_rules_are_noted_once(engine: Engine) -> None:
    assert note_rules(engine, "r1", "m", ROWS, "daemon", NOW)
    assert not note_rules(engine, "r1", "m", ROWS, "daemon", LATER)
    assert note_rules(engine, "r1", "m2", ROWS, "daemon", LATER)
    assert [each.at for each in rules_seen(engine)] == [NOW, LATER]


def test_decisions_by_rules_that_were_never_noted_are_counted_apart(engine: Engine) -> None:
    decided(engine, 1, "r0")
    (used,) = rules_used(engine)
    assert (used.version, used.mails, used.in_force) == ("", 1, None)


def test_a_day_leaves_out_what_decided_nothing_since(engine: Engine) -> None:
    note_rules(engine, "r1", "m", ROWS, "daemon", NOW)
    decided(engine, 1, "r1", NOW)
    assert rules_used(engine, LATER) == []


def test_a_wish_to_reload_is_answered_by_name(engine: Engine) -> None:
    assert wished(engine) is None
    first, second = ask_reload(engine, False, "kari", NOW), ask_reload(engine, True, "kari", NOW)
    assert wished(engine) == second
    assert second.force
    note_reload(engine, "r1", (), None, "daemon", NOW)
    note_reload(engine, "", ("an example fails", "mend it"), first, "daemon", NOW)
    note_reload(engine, "r2", (), second, "daemon", NOW)
    refused, taken = answered(engine, first, NOW), answered(engine, second, NOW)
    assert refused
    assert (refused.taken, refused.problems) == (False, "an example fails\nmend it")
    assert taken
    assert (taken.taken, taken.version) == (True, "r2")
    assert answered(engine, first, LATER) is None
