"""A ticket in the terminal: its mails, what was understood, actions, replies and history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from processor.cli.queue import local

if TYPE_CHECKING:
    from processor.store.queue import TicketView
    from processor.store.ticket_view import ActionView, ItemView, MailView


def print_ticket(view: TicketView, confirmations: Mapping[int, str] | None = None) -> None:
    """Print everything about a ticket, oldest first; ``confirmations`` says by action what leaves when it is done."""
    until = f" until {local(view.snoozed_until)}" if view.snoozed_until and view.state == "snoozed" else ""
    into = f" into {view.merged_into}" if view.merged_into else ""
    typer.echo(f"{view.number}  {view.state}{until}{into}  {view.subject}")
    typer.echo(
        f"from {view.sender} ({view.provenance}){f', {view.company}' if view.company else ''}; outcome {view.outcome}\n"
    )
    for mail in view.mails:
        _mail(mail)
    for item in view.items:
        _item(item)
    for action in view.actions:
        _action(action, (confirmations or {}).get(action.id, ""))
    for reply in view.replies:
        typer.echo(
            f"reply   r{reply.id}  {reply.kind} to {reply.to}: {reply.state} {reply.hold_reason}{reply.response}{reply.error}"
        )
        typer.echo("".join(f"          {line}\n" for line in reply.text.splitlines()))
    for letter in view.colleagues:
        to = f" to {letter.recipients}" if letter.recipients else ""
        answered = ", which answers the customer" if letter.answered else ""
        typer.echo(f"colleague  {local(letter.sent_at)}  {letter.sender} wrote{to}{answered}: {letter.subject}")
        typer.echo("".join(f"          {line}\n" for line in letter.text.splitlines()))
    for event in view.events:
        other = f": {event.data['ticket']}" if event.kind == "mail.may_belong" else ""
        typer.echo(f"event   {local(event.at)}  {event.kind} by {event.actor}{other}")


def _mail(mail: MailView) -> None:
    from processor.deciding.answerable import withheld_in_words

    again = (", our own" if mail.own else "") + (", the same letter again" if mail.duplicate else "")
    typer.echo(f"mail    m{mail.id}  {local(mail.arrived_at)}  {mail.account}/{mail.folder}, {mail.size} bytes{again}")
    if mail.outage_hours:
        typer.echo(f"          arrived during an outage of {mail.outage_hours} hours")
    if mail.may_belong_to:
        typer.echo(f"          may belong to {mail.may_belong_to}, which it names; who wrote it may not join it")
    if mail.withheld:
        typer.echo(f"          no reply: {withheld_in_words(mail.withheld)}")


def _item(item: ItemView) -> None:
    from processor.deciding.staff_words import account_in_words

    continues = f"  {item.how} item {item.continues}" if item.continues else ""
    # Nobody decided about what came before our time.
    rule = "of history" if item.how == "imported" else f"by {item.rule}"
    typer.echo(f"item    {item.id}  {item.type} {item.confidence:.0%}  {item.org_no}  {rule}{continues}")
    for span in (span for spans in item.evidence.get("requests", []) for span in spans):
        typer.echo(f"          «{' '.join(span['text'].split())}» ({span['rule']})")
    for line in account_in_words(item.account) if item.account else ():
        typer.echo(f"          {line}")
    if item.answered_at:
        typer.echo(f"          answered by a colleague, {local(item.answered_at)}")
    if item.asks:
        reminded = f"; the customer is reminded {local(item.follow_up_at)}" if item.follow_up_at else ""
        typer.echo(f"          lacks {', '.join(each.replace('_', ' ') for each in item.asks)}{reminded}")


def _action(action: ActionView, confirmation: str) -> None:
    from processor.deciding.staff_words import PEOPLE, action_words

    what, needs = action_words(action.kind), PEOPLE[action.needs]
    typer.echo(f"action  a{action.id}  {what}: {action.state.in_words}, needs {needs}, due {local(action.due)}")
    for name, value in action.facts.items():
        typer.echo(f"          {name}: {value}")
    if confirmation:
        typer.echo(f"          {confirmation}")
    for approval in action.approvals:
        typer.echo(f"          approved by {approval.person}, {local(approval.at)}")
