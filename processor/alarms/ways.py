"""The ways by which an alarm leaves: webhooks, commands and mails; none waits for another, and each says why it failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from processor.alarms.words import Message
from processor.config import AlarmSettings, Command, Webhook
from processor.letter import compose
from processor.mail_servers import SmtpSettings
from processor.world.handing import way_out
from processor.world.hook import HookFailed, run_hook
from processor.world.outcomes import Delivered, text_of
from processor.world.web import NoAnswer, Terms, call

Way = Callable[[Message], str]
"""Tells a message; "" when it was taken, else why not, in words."""


def ways_of(settings: AlarmSettings) -> dict[str, Way]:
    """The configured ways by name, numbered in the order of the configuration."""
    ways: dict[str, Way] = {}
    for number, webhook in enumerate(settings.webhooks, 1):
        ways[f"webhook {number}"] = _by_webhook(webhook)
    for number, command in enumerate(settings.commands, 1):
        ways[f"command {number}"] = _by_command(command)
    if settings.smtp:
        for address in settings.mails:
            ways[f"mail {address}"] = _by_mail(settings.smtp, address)
    return ways


def ping(webhook: Webhook) -> str:
    """Ask the URL of a dead-man's switch; "" when it answered, else why not."""
    return _called(webhook, None)


def body_of(message: Message, form: str) -> object:
    """What is posted: our own values, or a text as Slack or a Teams workflow wants it."""
    if form == "slack":
        # Slack reads three signs of its own.
        plain = f"*{message.title}*\n{message.text}"
        return {"text": plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}
    if form == "teams":
        blocks = [
            {"type": "TextBlock", "text": message.title, "weight": "Bolder", "wrap": True},
            *({"type": "TextBlock", "text": line, "wrap": True} for line in message.text.splitlines()),
        ]
        card = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard"}
        return {
            "type": "message",
            "attachments": [
                {
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "contentUrl": None,
                    "content": {**card, "version": "1.2", "body": blocks},
                }
            ],
        }
    return message.values


def _by_webhook(webhook: Webhook) -> Way:
    return lambda message: _called(webhook, json.dumps(body_of(message, webhook.form)).encode())


def _called(webhook: Webhook, body: bytes | None) -> str:
    url = ""
    try:
        url = webhook.url()
        # Where alarms go is the operator's word, and may well be within their own network.
        call(url, Terms(webhook.timeout, webhook.ca_file, internal=True), body)
    except NoAnswer as error:
        # Whoever knows a chat's URL may write there, and logs are read by many.
        return error.said if url and url[:200] not in error.said else "its URL is no HTTPS address"
    except Exception as error:
        # A secret that is not there, a file of certificates that cannot be read: the other ways go on.
        return f"{type(error).__name__}: {error}"
    return ""


def _by_command(command: Command) -> Way:
    def tell(message: Message) -> str:
        text = f"{message.title}\n\n{message.text}\n".encode()
        try:
            run_hook(command.argv, text, command.timeout, _environment(message))
        except HookFailed as error:
            return error.said
        return ""

    return tell


def _environment(message: Message) -> Mapping[str, str]:
    return {
        "PROCESSOR_ALARM": message.alarm.kind if message.alarm else "",
        "PROCESSOR_ALARM_SUBJECT": message.alarm.subject if message.alarm else "",
        "PROCESSOR_ALARM_EVENT": message.event,
        "PROCESSOR_ALARM_ID": message.id,
    }


def _by_mail(smtp: SmtpSettings, address: str) -> Way:
    def tell(message: Message) -> str:
        try:
            data = compose(
                message_id=f"<alarm.{message.id}@{smtp.from_address.rpartition('@')[2]}>",
                from_address=smtp.from_address,
                from_name=smtp.from_name,
                to=address,
                date=message.at,
                subject=message.title,
                text=f"{message.text}\n",
                auto_submitted="auto-generated",
            )
            with way_out(smtp) as courier:
                outcome = courier.send(smtp.envelope_from, address, data, lambda: None)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return "" if isinstance(outcome, Delivered) else text_of(outcome)

    return tell
