"""What /metrics tells, in Prometheus' text form.

Nearly all is the store's, read when asked, so that it is right with any number of workers and daemons; each
daemon of a store tells the same, so rules and dashboards take a maximum over instances and never a sum.
Labels are the operator's own words (mailboxes, rules, request types) and our states: never a customer's data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from processor import __version__
from processor.consent import days_left, token_age
from processor.store.leases import DAEMON, MAILBOX
from processor.store.tally import BOUNDS

if TYPE_CHECKING:
    from processor.consent import Consent
    from processor.store.measures import Measures
    from processor.store.reloading import Standing
    from processor.store.tally import Histogram, Totals
    from processor.watch.lookout import Lookout

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
FAILURES = {
    "mail.set_aside": "mail_set_aside",
    "outbox.retry": "reply_put_off",
    "outbox.failed": "reply_refused",
    "outbox.unknown": "reply_unknown",
    "outbox.lost": "reply_unknown",
    "outbox.bounced": "reply_bounced",
    "rules.refused": "rules_refused",
    "contracts.refused": "contracts_refused",
    "uid.reused": "uid_reused",
}


def exposition(lookout: Lookout) -> bytes:
    """All metrics; without the store's where it does not answer, which ``processor_store_up`` tells."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Once(_all(lookout)))
    return generate_latest(registry)


class _Once(Collector):
    """Metrics that are made already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics

    def describe(self) -> Iterable[Metric]:
        return ()


def _all(lookout: Lookout) -> Iterator[Metric]:
    yield _labelled("processor_loop_late", "1 where a loop has hung.", "loop", lookout.pulse.late())
    yield from _of_consents(lookout.consents(), datetime.now(UTC))
    try:
        measures, totals, rules = lookout.seen()
    except Exception:
        yield _gauge("processor_store_up", "Whether the store answers.", 0)
        return
    yield _gauge("processor_store_up", "Whether the store answers.", 1)
    yield from _of_mail(measures)
    yield from _of_alarms(measures)
    yield from _of_folders(measures)
    yield from _of_daemons(measures)
    yield from _of_people(measures)
    yield from _of_replies(measures)
    yield from _of_the_whole(measures, rules)
    yield from _of_totals(totals)


def _of_mail(found: Measures) -> Iterator[Metric]:
    yield _gauge(
        "processor_oldest_unhandled_mail_age_seconds",
        "Since when the oldest mail waits that is neither decided nor set aside; 0 if none does.",
        _age(found, found.oldest_mail),
    )
    yield _labelled("processor_mails", "Mails that are not dealt with, by state.", "state", found.mails)
    boxes = found.mailboxes
    yield _labelled(
        "processor_mailbox_last_read_age_seconds",
        "Since when a mailbox was not read to its end; since its first start if it never was.",
        "mailbox",
        {box.account: _age(found, box.read_at or box.answer_from) for box in boxes},
    )
    yield _labelled(
        "processor_mailbox_left",
        "Mails that a long taking in had still left on the server.",
        "mailbox",
        {box.account: box.intake.left for box in boxes if box.intake},
    )


def _of_consents(found: Sequence[Consent], now: datetime) -> Iterator[Metric]:
    """Logins by OAuth, which are this machine's and not the store's."""
    if not found:
        return
    ages = {each.login: age for each in found if (age := token_age(each, now)) is not None}
    yield _labelled("processor_token_age_seconds", "Since the login's tokens were renewed.", "login", ages)
    left = {each.login: days for each in found if (days := days_left(each, now)) is not None}
    yield _labelled("processor_consent_left_days", "Days before the login's consent ends.", "login", left)
    trouble = {each.login: float(bool(each.trouble)) for each in found}
    yield _labelled("processor_consent_gone", "1 where a person must sign in anew.", "login", trouble)


def _of_alarms(found: Measures) -> Iterator[Metric]:
    raised = GaugeMetricFamily("processor_alarm", "1 while an alarm is raised.", labels=["alarm", "subject"])
    for each in found.alarms:
        raised.add_metric([each.alarm.kind, each.alarm.subject], 1)
    yield raised
    yield _labelled(
        "processor_alarm_untold",
        "Alarms that a way was tried with and has not taken, or that it was given up for within a day.",
        "way",
        {way.way: way.given_up + (way.waiting if way.error else 0) for way in found.ways},
    )


def _of_folders(found: Measures) -> Iterator[Metric]:
    """What mail servers held when they were last compared with what we kept."""
    boxes = found.mailboxes
    yield _labelled(
        "processor_reconciled_age_seconds",
        "Since a mailbox was last compared to its end; since its first start if it never was.",
        "mailbox",
        {box.account: _age(found, box.reconciled_at or box.answer_from) for box in boxes},
    )
    differences = GaugeMetricFamily(
        "processor_reconciliation", "Differences found then, by kind.", labels=["mailbox", "kind"]
    )
    for box in boxes:
        kinds = dict.fromkeys(kind for each in box.folders for kind in each.counts)
        for kind in kinds:
            differences.add_metric([box.account, kind], sum(each.counts.get(kind, 0) for each in box.folders))
    yield differences
    yield _labelled(
        "processor_sent_copies", "Copies of replies that no Sent folder took yet, by state.", "state", found.copies
    )


def _of_daemons(found: Measures) -> Iterator[Metric]:
    """On PostgreSQL, where several daemons share the work."""
    if not found.leases:
        return
    held = GaugeMetricFamily(
        "processor_mailbox_lease", "1 where a living daemon reads the mailbox.", labels=["mailbox", "holder"]
    )
    for each in found.leases:
        if each.name.startswith(MAILBOX):
            held.add_metric([each.name.removeprefix(MAILBOX), each.holder], float(each.alive))
    yield held
    living = sum(each.alive for each in found.leases if each.name.startswith(DAEMON))
    yield _gauge("processor_daemons", "Daemons of this store that live.", living)


def _of_people(found: Measures) -> Iterator[Metric]:
    yield _labelled("processor_tickets", "Tickets that are not closed, by state.", "state", found.tickets)
    queue = GaugeMetricFamily(
        "processor_queue", "Actions that wait for staff, by state and request type.", labels=["state", "type"]
    )
    for (state, kind), count in found.actions.items():
        queue.add_metric([state, kind], count)
    yield queue
    yield _gauge("processor_queue_overdue", "Actions that wait for staff and are overdue.", found.overdue)


def _of_replies(found: Measures) -> Iterator[Metric]:
    yield _labelled("processor_outbox", "Replies neither sent nor withdrawn, by state.", "state", found.replies)
    yield _gauge(
        "processor_outbox_oldest_leaving_age_seconds",
        "Since when the oldest reply waits that may leave; 0 if none does.",
        _age(found, found.oldest_reply),
    )
    yield _gauge("processor_answers_stopped", "Whether automatic answers are stopped.", found.stopped)


def _of_the_whole(found: Measures, rules: Standing) -> Iterator[Metric]:
    info = GaugeMetricFamily("processor_info", "The program, and the store's schema.", labels=["version", "schema"])
    info.add_metric([__version__, found.schema], 1)
    yield info
    yield _labelled("processor_rules_info", "The rules in force.", "version", {rules.version: 1} if rules.since else {})
    if rules.since:
        yield _gauge("processor_rules_since_timestamp_seconds", "When they were taken.", rules.since.timestamp())
    yield _gauge("processor_rules_refused", "Whether changed rules were refused since.", rules.refused_at is not None)
    for name, said, value in (
        ("processor_disk_free_bytes", "Free where the store lies.", found.disk_free),
        ("processor_store_bytes", "The store's file and its write-ahead log.", found.size),
        (
            "processor_backup_age_seconds",
            "Since the last backup.",
            _age(found, found.backup_at) if found.backup_at else None,
        ),
    ):
        if value is not None:
            yield _gauge(name, said, value)


def _of_totals(totals: Totals) -> Iterator[Metric]:
    decisions = CounterMetricFamily("processor_decisions", "Mails decided, by the rule that decided.", labels=["rule"])
    for rule, count in sorted(totals.rules.items()):
        decisions.add_metric([rule or "none"], count)
    yield decisions
    failures = CounterMetricFamily("processor_failures", "What did not go as it should, by kind.", labels=["kind"])
    for kind in dict.fromkeys(FAILURES.values()):
        failures.add_metric([kind], sum(totals.events[event] for event, said in FAILURES.items() if said == kind))
    yield failures
    yield CounterMetricFamily("processor_mails_kept", "Mails taken in.", totals.events["mail.kept"])
    yield CounterMetricFamily("processor_replies_sent", "Replies that a server took.", totals.events["outbox.sent"])
    decided = HistogramMetricFamily("processor_decided_seconds", "From a mail's arrival until it was decided.")
    decided.add_metric([], *_buckets(totals.decided))
    yield decided
    answered = HistogramMetricFamily(
        "processor_answered_seconds",
        "From a mail's arrival until a server took the answer, sent by the program alone or after a person's word.",
        labels=["by"],
    )
    for alone, found in totals.answered.items():
        answered.add_metric(["program" if alone else "person"], *_buckets(found))
    yield answered


def _buckets(found: Histogram) -> tuple[list[tuple[str, float]], float]:
    within = [(str(bound), float(count)) for bound, count in zip(BOUNDS, found.within, strict=True)]
    return [*within, ("+Inf", float(found.count))], found.seconds


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(name, said, value=float(value))


def _labelled(name: str, said: str, label: str, values: Mapping[str, float]) -> Metric:
    made = GaugeMetricFamily(name, said, labels=[label])
    for word, value in values.items():
        made.add_metric([word], float(value))
    return made


def _age(found: Measures, since: datetime | None) -> float:
    return max(0.0, (found.at - since).total_seconds()) if since else 0.0
