"""A batch of mail asks outside registers: only for what it needs, never for longer than it may, once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from processor.config import LookupSettings, PeppolSettings, RegisterSettings
from processor.findings import Fields, Understanding
from processor.loading.configuration import load_config
from processor.lookup import Company, Lookups, Participant, valid_org_no
from processor.message import Extracted
from processor.steps.lookups import Register, Registers
from processor.steps.work_off import work_off
from processor.store.engine import open_store
from processor.store.keep import Arrival, keep
from processor.store.lookups import forget_answers, keep_answers, known_answers
from processor.store.past import past_mails
from processor.world.probing_lookups import probe_lookups
from processor.world.web import NoAnswer
from tests.deciding.made_cases import understanding
from tests.servers.registers import Page, Site, Zone, dns_server, web_server
from tests.shipped import rulebook_of
from tests.steps.talk import NOTICE as TALKED
from tests.steps.talk import talk
from tests.steps.test_private_numbers import CONFIG

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
A, B, C = "974760673", "991825827", "923609016"
# A busy machine may let a thread wait for a while before it asks.
ON = LookupSettings(
    RegisterSettings(on=True, timeout=20.0), PeppolSettings(on=True, timeout=20.0, autoinvoice=("PNO000123",))
)
HASTY = LookupSettings(replace(ON.register, timeout=0.4), replace(ON.peppol, timeout=0.4))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_store(f"sqlite:///{tmp_path / 'x.db'}")
    yield made
    made.dispose()


@dataclass
class World:
    """What both registers say; ``seconds`` before each answer, ``fails`` instead of one."""

    bankrupt: bool = False
    seconds: float = 0.0
    fails: Exception | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)

    def company(self, org_no: str, seconds: float, now: datetime) -> Company:
        self._answer("company", org_no)
        return Company(org_no, "found", "", now, "data.brreg.no", f"FJORD {org_no} AS", bankrupt=self.bankrupt)

    def participant(self, org_no: str, seconds: float, now: datetime) -> Participant:
        self._answer("participant", org_no)
        zone = PeppolSettings().zone
        return Participant(org_no, "registered", "", now, zone, access_point="PNO000123", invoices=True)

    def _answer(self, what: str, org_no: str) -> None:
        self.asked.append((what, org_no))
        if self.seconds:
            self.let_go.wait(self.seconds)
        if self.fails:
            raise self.fails


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.let_go.set()


def registers(
    world: World, engine: Engine, settings: LookupSettings = ON, clock: Callable[[], datetime] = lambda: NOW
) -> Registers:
    made = Registers(LookupSettings(), engine, clock)
    made.settings = settings
    if settings.register.on:
        made.companies = Register(Company, world.company, settings.register.timeout, 0.0)
    if settings.peppol.on:
        made.participants = Register(Participant, world.participant, settings.peppol.timeout, 0.0)
    return made


def mail(kind: str, *org_nos: str) -> Understanding:
    return understanding(kind, fields=Fields(org_no=org_nos))


def test_nothing_is_asked_while_all_is_off(engine: Engine) -> None:
    found = Registers(LookupSettings(), engine, lambda: NOW).ask([mail("termination", A)])
    assert found == [Lookups()]
    assert (found[0].company(A).state, found[0].company(A).reason) == ("not_checked", "off")
    assert found[0].participant(A).reason == "off"


def test_each_type_of_mail_asks_only_what_it_needs(world: World, engine: Engine) -> None:
    mails = [
        mail("termination", A),
        mail("elma_question", B),
        mail("invoice_question", C),
        mail("termination", "123456789"),
    ]
    found = registers(world, engine).ask(mails)
    assert sorted(world.asked) == [("company", A), ("company", B), ("participant", B)]
    assert [(len(each.companies), len(each.participants)) for each in found] == [(1, 0), (1, 1), (0, 0), (0, 0)]
    assert found[1].participant(B).ours


def test_a_register_that_is_off_stays_out_of_it(world: World, engine: Engine) -> None:
    found = registers(world, engine, replace(ON, register=RegisterSettings())).ask([mail("elma_register", A)])
    assert world.asked == [("participant", A)]
    assert found[0].company(A).reason == "off"


def test_what_was_answered_is_not_asked_again_until_it_is_old(world: World, engine: Engine) -> None:
    registers(world, engine).ask([mail("elma_question", A), mail("elma_question", A)])
    soon = registers(world, engine, clock=lambda: NOW + timedelta(minutes=59)).ask([mail("elma_question", A)])
    assert world.asked == [("company", A), ("participant", A)] or world.asked == [("participant", A), ("company", A)]
    assert (soon[0].participant(A).asked_at, soon[0].company(A).asked_at) == (NOW, NOW)
    registers(world, engine, clock=lambda: NOW + timedelta(minutes=61)).ask([mail("elma_question", A)])
    assert world.asked[2:] == [("participant", A)]


def test_an_answer_of_another_register_is_not_taken_for_this_ones(world: World, engine: Engine) -> None:
    registers(world, engine).ask([mail("elma_question", A)])
    other = replace(ON, peppol=replace(ON.peppol, zone="other.example"))
    registers(world, engine, other).ask([mail("elma_question", A)])
    assert world.asked.count(("participant", A)) == 2


def test_whose_access_point_it_is_follows_todays_configuration(world: World, engine: Engine) -> None:
    registers(world, engine).ask([mail("elma_question", A)])
    changed = replace(ON, peppol=replace(ON.peppol, autoinvoice=()))
    assert not registers(world, engine, changed).ask([mail("elma_question", A)])[0].participant(A).ours


def test_a_register_that_hangs_costs_its_timeout_once_and_is_then_left_alone(world: World, engine: Engine) -> None:
    world.seconds = 60.0
    asking = registers(world, engine, HASTY)
    began = time.monotonic()
    first = asking.ask([mail("elma_question", A), mail("termination", B)])
    assert time.monotonic() - began < 30.0
    assert (first[0].company(A).reason, first[0].participant(A).reason) == ("timed_out", "timed_out")
    assert first[1].company(B).reason == "too_many"
    asked = list(world.asked)
    second = asking.ask([mail("termination", C)])
    assert world.asked == asked
    assert second[0].company(C).reason == "resting"


@pytest.mark.parametrize("reason", ["timed_out", "unreachable", "refused"])
def test_a_register_that_failed_is_left_alone_and_nothing_is_kept(world: World, engine: Engine, reason: str) -> None:
    world.fails = NoAnswer(reason, "no", 0.0)  # type: ignore[arg-type]  # one of them
    asking = registers(world, engine)
    found = asking.ask([mail("termination", A, B)])[0]
    assert [each.reason for each in found.companies] == [reason, "too_many"]
    assert asking.ask([mail("termination", C)])[0].company(C).reason == "resting"
    assert world.asked == [("company", A)]
    assert known_answers(engine, Company, [A], "data.brreg.no", NOW - timedelta(days=1)) == []


def test_a_register_says_how_long_it_wants_to_rest(world: World, engine: Engine) -> None:
    world.fails = NoAnswer("refused", "busy", 3000.0)
    asking = registers(world, engine)
    asking.ask([mail("termination", A)])
    assert asking.companies is not None
    assert asking.companies.resting_until > time.monotonic() + 2900


@pytest.mark.parametrize("fault", [NoAnswer("nonsense", "HTML"), RuntimeError("a bug of ours")])
def test_nonsense_about_one_number_says_nothing_about_the_others(
    world: World, engine: Engine, fault: Exception
) -> None:
    world.fails = fault
    asking = registers(world, engine)
    assert asking.ask([mail("termination", A)])[0].company(A).reason == "nonsense"
    world.fails = None
    assert asking.ask([mail("termination", A)])[0].company(A).state == "found"


def test_one_mail_with_many_numbers_asks_for_a_few(world: World, engine: Engine) -> None:
    many = [number for number in map(str, range(974760000, 974760400)) if valid_org_no(number)]
    assert len(many) > 12
    found = registers(world, engine).ask([mail("termination", *many)])[0]
    assert [each.org_no for each in found.companies] == many[:10]
    assert found.company(many[10]).reason == "off"


def test_two_numbers_are_asked_for_with_a_pause_between(world: World) -> None:
    register = Register(Company, world.company, 2.0, 0.2)
    began = time.monotonic()
    register.begin([A, B], lambda: NOW)()
    assert time.monotonic() - began >= 0.2


def test_what_does_not_fit_into_the_time_was_too_many(world: World) -> None:
    world.seconds = 0.15
    found = Register(Company, world.company, 0.5, 0.0).begin([A, B, C], lambda: NOW)()
    assert [each.reason for each in found] == ["", "", "too_many"]


def test_an_smp_that_was_down_is_asked_again(engine: Engine, world: World) -> None:
    asking = registers(world, engine)
    down = Participant(A, "registered", "", NOW, PeppolSettings().zone, smp_note="unreachable")
    asking.participants = Register(Participant, lambda *_: down, 0.4, 0.0)
    asking.ask([mail("elma_question", A)])
    assert known_answers(engine, Participant, [A], PeppolSettings().zone, NOW - timedelta(days=1)) == []


def test_answers_are_kept_once_each_and_forgotten_when_old(engine: Engine) -> None:
    first = Company(A, "found", "", NOW, "x", "ET NAVN")
    keep_answers(engine, [first, Participant(A, "not_registered", "", NOW, "x"), Company(B, "not_checked", "off")])
    keep_answers(engine, [replace(first, name="ET ANNET NAVN")])
    before = NOW - timedelta(days=1)
    assert [each.name for each in known_answers(engine, Company, [A, B], "x", before)] == ["ET ANNET NAVN"]
    assert len(known_answers(engine, Participant, [A], "x", before)) == 1
    assert known_answers(engine, Company, [A], "x", NOW) == []
    assert forget_answers(engine, NOW + timedelta(seconds=1)) == 2


def test_both_registers_are_asked_as_configured(engine: Engine) -> None:
    entry = b'{"organisasjonsnummer": "974760673", "navn": "FJORD BYGG AS", "konkurs": true}'
    zone = Zone({("sml.example.", "SOA"): ["a.example. b.example. 1 2 3 4 5"]})
    with dns_server(zone), web_server(Site({f"/enheter/{A}": Page(entry)})) as site:
        settings = LookupSettings(
            RegisterSettings(on=True, url=site.url),
            PeppolSettings(on=True, zone="sml.example", dns_servers=(zone.server,)),
        )
        found = Registers(settings, engine, lambda: NOW).ask([mail("elma_register", A)])[0]
        told = probe_lookups(settings, NOW)
    assert (found.company(A).bankrupt, found.participant(A).state) == (True, "not_registered")
    assert [[each.ok for each in findings] for _, findings in told] == [[True], [False, True]]
    assert told[0][1][0].what == "answers about FJORD BYGG AS"
    assert [each.ok for _, findings in probe_lookups(settings, NOW) for each in findings] == [False, False]


SERVER = "mx.kundesenter.example"


def letter(text: str, subject: str) -> bytes:
    made = EmailMessage()
    made["Received"] = f"from mail.fjordbygg-demo.no by {SERVER} with ESMTPS id 1; {format_datetime(NOW)}"
    made["Authentication-Results"] = (
        f"{SERVER}; dkim=pass header.d=fjordbygg-demo.no; dmarc=pass header.from=fjordbygg-demo.no"
    )
    made["Date"], made["Message-ID"] = format_datetime(NOW), f"<{len(text)}@fjordbygg-demo.no>"
    made["From"], made["To"], made["Subject"] = "Kari Holm <kari@fjordbygg-demo.no>", "oppsigelse@visma.no", subject
    made.set_content(text)
    return made.as_bytes()


NOTICE = letter(
    f"Hei,\n\nVi sier opp avtalen på Visma Global for Fjord Bygg AS, org.nr {A}, fra 31.12.2026.\n\nHilsen\nKari Holm\n",
    "Oppsigelse",
)


def test_on_the_road_a_notice_of_a_bankrupt_company_goes_to_a_person_and_the_answer_is_stored(
    world: World, engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("k" * 40)
    (tmp_path / "config.toml").write_text(CONFIG)
    config = load_config(tmp_path / "config.toml")
    rulebook = rulebook_of(ROOT / "rules", ROOT / "templates", ("oppsigelse@visma.no",))
    world.bankrupt = True
    keep(engine, [Arrival("a", "INBOX", 1, 1, NOW, len(NOTICE), NOTICE)], NOW)
    asking = registers(world, engine)
    _, (done,) = work_off(engine, rulebook, config, "w", lambda: NOW, lambda *_: Extracted(), look_up=asking.ask)
    assert done.decision.outcome == "review"
    said = f"The company register says that {A} FJORD {A} AS is bankrupt; asked 26.11.2026 11.00."
    assert said in done.decision.because
    assert done.context.lookups.company(A).bankrupt
    stored = past_mails(engine, 1, 1, None)[0].told
    assert '"bankrupt":true' in stored


@pytest.mark.parametrize("words", [f"Takk for svar! Her er nummeret: {A}", f"Takk for hjelpen, {A}. Ha en fin dag!"])
def test_a_number_that_completes_a_notice_is_asked_about_as_the_notices_own(
    world: World, tmp_path: Path, words: str
) -> None:
    made = talk(tmp_path)
    world.bankrupt = True
    made.look_up = registers(world, made.engine, replace(ON, peppol=PeppolSettings())).ask
    assert made.say(TALKED).decision.outcome == "answer"
    assert world.asked == []
    done = made.say(words, "SV: Oppsigelse", thread=made.last_answer())
    assert [item.how for item in done.decision.items] == ["completes"]
    assert world.asked == [("company", A)]
    assert done.decision.outcome == "review"
    assert any("is bankrupt" in each for each in done.decision.because)
    made.engine.dispose()


def test_an_answer_that_completes_nothing_asks_only_for_itself(world: World, tmp_path: Path) -> None:
    made = talk(tmp_path)
    made.look_up = registers(world, made.engine).ask
    made.say(TALKED)
    made.say(f"Takk for svar! Her er nummeret: {A}", "Takk", sender="ola@havn-demo.no", thread=made.last_answer())
    made.say("Takk skal dere ha!", "Takk", thread=made.last_answer())
    assert world.asked == []
    made.engine.dispose()
