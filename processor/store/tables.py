"""The tables by name, for Core statements; the models beside them say what each column means."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row as ResultRow
from sqlalchemy import Table

# Importing the models fills the metadata.
import processor.store.access_tables
import processor.store.alarm_tables
import processor.store.audit_tables
import processor.store.contract_tables
import processor.store.desk_tables
import processor.store.history_tables
import processor.store.insight_tables
import processor.store.lease_tables
import processor.store.lookup_tables
import processor.store.notice_tables
import processor.store.outbox_tables
import processor.store.server_tables
import processor.store.ticket_tables  # noqa: F401
from processor.store.mail_tables import Row

metadata = Row.metadata

# A row of a result, whose columns the type checker does not know.
AnyRow = ResultRow[*tuple[Any, ...]]


def _table(name: str) -> Table:
    return metadata.tables[name]


mail = _table("mail")
raw_mail = _table("raw_mail")
raw_part = _table("raw_part")
raw_key = _table("raw_key")
arrival = _table("arrival")
letter = _table("letter")
mailbox = _table("mailbox")
watermark = _table("watermark")
outage = _table("outage")
lease = _table("lease")
register_contact = _table("register_contact")
contract = _table("contract")
contract_domain = _table("contract_domain")
contract_import = _table("contract_import")
lookup = _table("lookup")
ticket = _table("ticket")
item = _table("item")
action = _table("action")
approval = _table("approval")
gate_step = _table("gate_step")
person = _table("person")
event = _table("event")
event_text = _table("event_text")
seal = _table("seal")
legal_hold = _table("legal_hold")
erasure = _table("erasure")
setting = _table("setting")
level = _table("level")
day_count = _table("day_count")
notice_wish = _table("notice_wish")
notice_told = _table("notice_told")
outbox = _table("outbox")
outbox_attempt = _table("outbox_attempt")
outbox_file = _table("outbox_file")
desk_session = _table("desk_session")
desk_link = _table("desk_link")
desk_failure = _table("desk_failure")
ticket_holder = _table("ticket_holder")
ticket_presence = _table("ticket_presence")
search_text = _table("search_text")
recovery_code = _table("recovery_code")
sign_in_step = _table("sign_in_step")
api_token = _table("api_token")
webhook_mark = _table("webhook_mark")
webhook_delivery = _table("webhook_delivery")
colleague_reply = _table("colleague_reply")
colleague_reference = _table("colleague_reference")
sent_copy = _table("sent_copy")
reconciliation = _table("reconciliation")
import_run = _table("import_run")
thread_name = _table("thread_name")
alarm = _table("alarm")
alarm_notice = _table("alarm_notice")
trouble = _table("trouble")
