"""``processor demo``: the whole road on this machine, with servers inside the program."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from processor.steps.work_off import Decided

VAR = Path("var")


def demo(
    once: Annotated[bool, typer.Option("--once", help="Show the demo mails' road and end.")] = False,
) -> None:
    """See it work: an IMAP and SMTP server on loopback, realistic customer mails, and what is decided.

    Needs no configuration; the store lies in var/.  Ends with Ctrl-C.
    """
    from processor import journal
    from processor.cli.opening import open_engine, open_rules, refusals
    from processor.daemon import Daemon, begin_answering, clock
    from processor.demo.embedded import EmbeddedServerError, configuration, deliver_demo_mails, embedded
    from processor.desk.door import open_door
    from processor.steps.contracts import take_contracts
    from processor.steps.in_process import InProcess
    from processor.store.lock import StoreInUseError, only_one

    journal.write_to_stderr(logging.WARNING, journal.Plain())
    typer.echo("Starting the embedded mail servers and the store in var/ ...")
    try:
        VAR.mkdir(mode=0o700, exist_ok=True)
        with refusals(), only_one(f"sqlite:///{VAR.absolute() / 'processor.db'}"), embedded(VAR) as running:
            config = configuration(running, VAR)
            engine = open_engine(config)
            door = None if once else open_door(config.desk.listen, config.path)
            daemon = Daemon(config, engine, InProcess(engine, config, open_rules(config), clock, show))
            daemon.listen_to_signals()
            take_contracts(engine, config, clock())
            begin_answering(engine, config)
            _ports(running.smtp_port)
            count = deliver_demo_mails(running)
            typer.echo(f"{count} customer mails for oppsigelse@ and skysupport@; reading them over IMAP:\n")
            try:
                _run(daemon, count, once=once, smtp_port=running.smtp_port, sent=running.sent)
            finally:
                if door:
                    door.stop()
    except (StoreInUseError, EmbeddedServerError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _run(daemon: object, count: int, *, once: bool, smtp_port: int, sent: Path) -> None:
    import threading

    from processor.daemon import Daemon

    assert isinstance(daemon, Daemon)
    guide = threading.Thread(target=_guide, args=(daemon, count, once, smtp_port, sent), daemon=True)
    guide.start()
    daemon.run()
    if once:
        _summary(daemon, sent)


def _guide(daemon: object, count: int, once: bool, smtp_port: int, sent: Path) -> None:
    """When the demo mails are through, end or say how to send another."""
    import time

    from processor.daemon import Daemon
    from processor.store.counts import idle

    assert isinstance(daemon, Daemon)
    while SHOWN["mails"] < count or not idle(daemon.engine):
        if daemon.ended.wait(0.1):
            return
    time.sleep(0.2)
    if once:
        daemon.ended.set()
        return
    _summary(daemon, sent)
    typer.echo(f"\nThe staff's desk: {daemon.config.desk.address}  (its sign-in page names the demo's people)")
    typer.echo("\nRunning on; Ctrl-C ends. Send another mail from a second terminal:\n")
    typer.echo(
        '  .venv/bin/processor demo-mail "Hei, vi sier opp Visma Global fra nyttår. Mvh Kari, Fjord Bygg AS, org.nr 328627035"\n'
    )
    typer.echo(
        f"or with any mail program to 127.0.0.1:{smtp_port}, for oppsigelse@visma.no or skysupport@visma.com, e.g.\n"
    )
    typer.echo(
        f"  swaks --server 127.0.0.1:{smtp_port} --from kari@fjordbygg-demo.no --to oppsigelse@visma.no "
        "--header 'Subject: Oppsigelse' --body 'Vi sier opp Visma Global fra nyttår.'\n"
    )


SHOWN = {"mails": 0}


def show(decided: list[Decided]) -> None:
    """Print each mail of a decided batch."""
    from processor.cli.queue import local
    from processor.cli.telling import tell
    from processor.deciding.explanation import explain

    for mail in decided:
        told = explain(mail.message, mail.understanding, mail.decision)
        sender = mail.message.sender.spec if mail.message.sender else "(no usable sender)"
        tell(
            mail.recorded.ticket_no,
            told,
            arrived=local(mail.context.arrival),
            sender=sender,
            subject=mail.message.subject,
        )
        SHOWN["mails"] += 1


def _summary(daemon: object, sent: Path) -> None:
    from processor.daemon import Daemon
    from processor.store.counts import counts

    assert isinstance(daemon, Daemon)
    typer.echo(
        "In the store: "
        + "; ".join(
            f"{thing} " + ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
            for thing, states in counts(daemon.engine).items()
            if states
        )
    )
    typer.echo(f"The answers lie as mails in {sent}/, the queue is: .venv/bin/processor queue list -c var/demo.toml")


def _ports(smtp_port: int) -> None:
    (VAR / "demo-smtp-port").write_text(str(smtp_port), encoding="ascii")


def demo_mail(
    text: Annotated[str, typer.Argument(help="What the customer writes.")],
    subject: Annotated[str, typer.Option(help="The mail's subject.")] = "",
    sender: Annotated[str, typer.Option("--from", help="The customer's address.")] = "kari.holm@fjordbygg-demo.no",
    to: Annotated[str, typer.Option(help="oppsigelse@visma.no or skysupport@visma.com")] = "oppsigelse@visma.no",
) -> None:
    """Send a mail into a running demo, as a customer would.

    Example: processor demo-mail --to skysupport@visma.com "Jeg har mistet telefonen og får ikke logget inn."
    """
    from processor.demo.customer import send

    port = VAR / "demo-smtp-port"
    if not port.exists():
        typer.echo("No demo has run here. Start one with: make run", err=True)
        raise typer.Exit(1)
    well, said = send(int(port.read_text(encoding="ascii")), sender, to, subject, text)
    if not well:
        typer.echo(f"The demo did not take it ({said}). Is it running? Start it with: make run", err=True)
        raise typer.Exit(1)
    typer.echo(f"Sent: {said}")
