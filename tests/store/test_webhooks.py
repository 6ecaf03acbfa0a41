"""T70: webhooks are signed with their time, tried with gaps, bounded in time, and never sent into our own network."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from typer.testing import CliRunner

from processor.cli.main import app
from processor.config import Config, WebhookSettings
from processor.loading.configuration import load_config
from processor.loading.problems import Refused
from processor.loading.webhook_settings import EVENTS
from processor.steps.webhooks import signature, start_webhooks, tell_webhooks
from processor.store import tables as t
from processor.store.actions import approve, done, reject
from processor.store.engine import open_store
from processor.store.people import Person
from processor.store.seals import seal_all
from processor.store.webhooks import GAPS, KINDS, Tally, begin_try, collect, due, forget_told, tally, try_again
from processor.world.web import NoAnswer, Terms, post
from tests.servers.receiver import Receiver, receiving
from tests.shipped import configuration
from tests.store.made import NOW, action, column, count, decision, recorded, reply

SECRET = "a secret of a test"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver(SECRET.encode())) as made:
        yield made


@pytest.fixture
def config(tmp_path: Path, receiver: Receiver) -> Config:
    (tmp_path / "key").write_text("a key that is long enough for a test", encoding="ascii")
    (tmp_path / "config.toml").write_text(configuration(""), encoding="utf-8")
    hook = WebhookSettings("crm", receiver.url, lambda: SECRET, EVENTS, internal=True, timeout=2.0)
    return replace(load_config(tmp_path / "config.toml"), webhooks=(hook,))


def tell(engine: Engine, config: Config, clock: Clock) -> int:
    seal_all(engine, clock())
    return tell_webhooks(config, engine, clock)


def case(engine: Engine, n: int = 1) -> int:
    """A ticket with one action; the action's id."""
    recorded(engine, n, decision(reply(), [action()]))
    return int(column(engine, t.action.c.id)[-1])


def states(engine: Engine) -> list[tuple[str, int, int]]:
    with engine.connect() as conn:
        d = t.webhook_delivery.c
        return [tuple(row) for row in conn.execute(select(d.state, d.tries, d.status).order_by(d.id))]


def test_what_happens_to_a_ticket_is_told_once_in_order_and_signed(
    engine: Engine, config: Config, receiver: Receiver, kari: Person
) -> None:
    clock = Clock()
    case(engine, 1)
    assert tell(engine, config, clock) == 0, "what was before the webhook is not told"
    number, other = case(engine, 2), case(engine, 3)
    approve(engine, number, kari, NOW)
    done(engine, number, kari, NOW)
    reject(engine, other, kari, "nei", NOW)
    assert tell(engine, config, clock) == 6
    told = [(each["type"], each["data"]["ticket"]) for each in receiver.messages]
    two, three = "VS-0002-TEST", "VS-0003-TEST"
    assert told == [
        ("ticket.opened", two),
        ("ticket.opened", three),
        ("action.approved", two),
        ("action.done", two),
        ("ticket.closed", two),
        ("action.rejected", three),
    ]
    assert receiver.messages[3]["data"] == {
        "ticket": two,
        "url": f"http://127.0.0.1:8080/ticket/{two}",
        "action": {"id": number, "kind": "register_termination"},
    }
    assert all(receiver.believes(headers, body) for headers, body in receiver.got)
    assert len(set(receiver.ids)) == 6
    assert tell(engine, config, clock) == 0
    for private in ("fjordbygg", "kari", "nei", "oppsigelse"):
        assert all(private not in body.decode().lower() for _, body in receiver.got)


def test_a_message_changed_or_sent_again_later_is_not_believed(
    engine: Engine, config: Config, receiver: Receiver
) -> None:
    clock = Clock()
    tell(engine, config, clock)
    case(engine)
    tell(engine, config, clock)
    headers, body = receiver.got[0]
    assert receiver.believes(headers, body)
    assert not receiver.believes(headers, body.replace(b"opened", b"closed"))
    for name, value in (("webhook-timestamp", str(int(NOW.timestamp()) + 1)), ("webhook-id", "msg_other")):
        assert not receiver.believes({**headers, name: value}, body)


def test_the_signature_is_that_of_the_standard_webhooks_own_example() -> None:
    made = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        '{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_is_not_taken_is_tried_with_gaps_as_the_same_message_and_given_up_at_last(
    engine: Engine, config: Config, receiver: Receiver
) -> None:
    clock = Clock()
    tell(engine, config, clock)
    case(engine)
    receiver.statuses = [500] * (len(GAPS) + 1)
    for tried, gap in enumerate(GAPS, 1):
        assert tell(engine, config, clock) == 0
        assert states(engine) == [("waiting", tried, 500)]
        clock.now += gap - timedelta(seconds=1)
        tell_webhooks(config, engine, clock)
        assert len(receiver.got) == tried, "not before its time"
        clock.now += timedelta(seconds=1)
    tell_webhooks(config, engine, clock)
    assert states(engine) == [("failed", len(GAPS) + 1, 500)]
    assert len(set(receiver.ids)) == 1
    assert len({body for _, body in receiver.got}) == 1
    assert len({headers["webhook-timestamp"] for headers, _ in receiver.got}) == len(GAPS) + 1
    assert all(receiver.believes(*each) for each in receiver.got)
    assert count(engine, t.event, t.event.c.kind == "webhook.failed") == 1
    assert clock.now - NOW > timedelta(days=1.5)


def test_what_was_given_up_is_told_when_somebody_says_so(engine: Engine, config: Config, receiver: Receiver) -> None:
    clock = Clock()
    tell(engine, config, clock)
    case(engine)
    receiver.statuses = [503] * (len(GAPS) + 1)
    for gap in (*GAPS, GAPS[0]):
        tell(engine, config, clock)
        clock.now += gap
    assert tally(engine) == {"crm": Tally(0, 0, 1, "it says 503")}
    assert try_again(engine, "another", "Ada", clock()) == 0
    assert try_again(engine, "crm", "Ada", clock()) == 1
    assert tell(engine, config, clock) == 1
    assert len(set(receiver.ids)) == 1
    assert tally(engine)["crm"] == Tally(1, 0, 0, "")
    assert count(engine, t.event, t.event.c.kind == "webhook.resent") == 1


def test_the_command_tells_how_webhooks_stand_and_sends_again(tmp_path: Path) -> None:
    hooks_of(tmp_path, '[[webhook]]\nname = "crm"\nurl = "https://crm.example"\nsecret = { file = "key" }\n')
    where = ["--config", str(tmp_path / "config.toml")]
    open_store(f"sqlite:///{tmp_path}/var/processor.db").dispose()
    assert CliRunner().invoke(app, ["webhooks", "list", *where]).output == "crm: nothing told yet\n"
    assert (
        CliRunner().invoke(app, ["webhooks", "resend", "crm", *where]).output
        == "0 messages are tried at the next pass.\n"
    )
    assert CliRunner().invoke(app, ["webhooks", "resend", "x", *where]).exit_code == 1


def test_a_receiver_that_is_down_costs_one_time_limit_and_holds_up_no_other(
    engine: Engine, config: Config, receiver: Receiver
) -> None:
    (hook,), clock = config.webhooks, Clock()
    slow = Receiver(b"", seconds=5)
    with receiving(slow):
        down = replace(hook, name="a slow one", url=slow.url, timeout=0.2)
        both = replace(config, webhooks=(down, hook))
        tell(engine, both, clock)
        for n in (1, 2, 3):
            case(engine, n)
        began = time.monotonic()
        assert tell(engine, both, clock) == 3
        assert time.monotonic() - began < 3
    assert len(slow.got) == 1
    assert sorted(states(engine)) == [("sent", 1, 204)] * 3 + [("waiting", 0, 0)] * 2 + [("waiting", 1, 0)]


def test_two_processes_tell_a_message_once_and_one_that_dies_leaves_it_to_the_next_gap(
    engine: Engine, config: Config, receiver: Receiver
) -> None:
    clock = Clock()
    tell(engine, config, clock)
    case(engine)
    seal_all(engine, NOW)
    made = [collect(engine, "crm", EVENTS, "", NOW) for _ in range(2)]
    assert made == [1, 0]
    (number,) = due(engine, ["crm"], NOW)
    assert begin_try(engine, number, NOW)
    assert begin_try(engine, number, NOW) is None
    assert tell(engine, config, clock) == 0
    clock.now += GAPS[0]
    assert tell(engine, config, clock) == 1
    assert receiver.messages[0]["type"] == "ticket.opened"


def test_T70_no_message_leaves_for_our_own_network_and_no_redirect_is_followed(
    engine: Engine, config: Config, receiver: Receiver
) -> None:
    (hook,), clock = config.webhooks, Clock()
    outside = replace(config, webhooks=(replace(hook, internal=False),))
    tell(engine, outside, clock)
    case(engine)
    assert tell(engine, outside, clock) == 0
    assert receiver.got == []
    assert "within our own network" in column(engine, t.webhook_delivery.c.error)[0]
    for url in ("https://169.254.169.254/x", "https://10.0.0.1/", "https://[::1]/", "https://[fd00::1]/"):
        with pytest.raises(NoAnswer, match="within our own network"):
            post(url, "{}", Terms(1.0))
    receiver.statuses, receiver.location = [307], f"{receiver.url}/elsewhere"
    clock.now += GAPS[0]
    assert tell(engine, config, clock) == 0
    assert [status for _, _, status in states(engine)] == [307]
    assert len(receiver.got) == 1


def test_only_the_events_that_are_asked_for_are_told(
    engine: Engine, config: Config, receiver: Receiver, kari: Person
) -> None:
    (hook,), clock = config.webhooks, Clock()
    few = replace(config, webhooks=(replace(hook, events=("action.rejected",)),))
    tell(engine, few, clock)
    reject(engine, case(engine), kari, "nei", NOW)
    assert tell(engine, few, clock) == 1
    assert [each["type"] for each in receiver.messages] == ["action.rejected"]


def test_a_secret_that_is_gone_loses_no_message(engine: Engine, config: Config, receiver: Receiver) -> None:
    (hook,), clock = config.webhooks, Clock()

    def gone() -> str:
        raise OSError("the secret is gone")

    without = replace(config, webhooks=(replace(hook, secret=gone),))
    tell(engine, config, clock)
    case(engine)
    assert tell(engine, without, clock) == 0
    clock.now += GAPS[0]
    assert tell(engine, config, clock) == 1


def test_what_was_told_a_month_ago_is_let_go(engine: Engine, config: Config) -> None:
    clock = Clock()
    tell(engine, config, clock)
    case(engine)
    tell(engine, config, clock)
    assert forget_told(engine, NOW + timedelta(days=29)) == 0
    assert forget_told(engine, NOW + timedelta(days=31)) == 1


def test_the_thread_tells_by_itself_and_ends(
    engine: Engine, config: Config, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processor.steps.webhooks.LOOK_SECONDS", 0.02)
    ended, clock = threading.Event(), Clock()
    tell(engine, config, clock)
    case(engine)
    seal_all(engine, NOW)
    start_webhooks(replace(config, webhooks=()), engine, clock, ended)
    assert all(each.name != "webhooks" for each in threading.enumerate())
    start_webhooks(config, engine, clock, ended)
    (thread,) = [each for each in threading.enumerate() if each.name == "webhooks"]
    until = time.monotonic() + 10
    while not receiver.got and time.monotonic() < until:
        time.sleep(0.02)
    ended.set()
    thread.join(10)
    assert not thread.is_alive()
    assert len(receiver.got) == 1


def hooks_of(folder: Path, said: str) -> tuple[WebhookSettings, ...]:
    (folder / "key").write_text("a key that is long enough for a test", encoding="ascii")
    (folder / "config.toml").write_text(f"{configuration('')}{said}", encoding="utf-8")
    return load_config(folder / "config.toml").webhooks


def test_webhooks_are_read_with_their_events(tmp_path: Path) -> None:
    good = '[[webhook]]\nname = "crm"\nurl = "https://crm.example/hook"\nsecret = { file = "key" }\n'
    (made,) = hooks_of(tmp_path, good)
    assert (made.name, made.url, made.events, made.internal) == ("crm", "https://crm.example/hook", EVENTS, False)
    assert made.secret() == "a key that is long enough for a test"
    assert set(EVENTS) == set(KINDS.values())


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('url = "http://crm.example"', "http:// is for this machine alone"),
        ('url = "ftp://crm.example"', "must be an https:// address"),
        ('url = "https://user:pw@crm.example"', "must be an https:// address"),
        ('url = "https://127.0.0.1/x"', "internal = true"),
        ('url = "https://[::1/x"', "must be an https:// address"),
        ('url = "https://x.example"\nevents = ["mail.read"]', "there is no event 'mail.read'"),
        ('url = "https://x.example"\ntimeout = 60', "30 seconds at most"),
        ('url = "https://x.example"\nsecrets = 1', "knows no 'secrets'"),
    ],
)
def test_a_wrong_webhook_is_told_with_its_line(tmp_path: Path, said: str, problem: str) -> None:
    with pytest.raises(Refused) as refused:
        hooks_of(tmp_path, f'[[webhook]]\nname = "crm"\nsecret = {{ file = "key" }}\n{said}\n')
    (found,) = refused.value.problems
    assert problem in str(found)
    assert found.line > 0


def test_two_webhooks_have_two_names_and_each_a_secret(tmp_path: Path) -> None:
    one: Any = '[[webhook]]\nname = "crm"\nurl = "https://crm.example"\n'
    with pytest.raises(Refused) as refused:
        hooks_of(tmp_path, one + 'secret = { file = "key" }\n' + one)
    assert [each.text.split(" ")[0] for each in refused.value.problems] == ["[webhook[1]]", "a"]
