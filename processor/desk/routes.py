"""Every page and what it needs; a test walks each of them with each role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from processor.desk import (
    absence_pages,
    account_pages,
    acting,
    bulk,
    correct_page,
    forward_page,
    gate_acting,
    insight_pages,
    live,
    mail_pages,
    notice_pages,
    people_page,
    person_pages,
    provider_pages,
    queue_pages,
    second_step_pages,
    signing_in,
    static_page,
    take_in_page,
    ticket_pages,
    ticket_steps,
    undo,
    view_pages,
    write_page,
)
from processor.desk.asking import Asked, Desk
from processor.store.accounts import Role


@dataclass(frozen=True, slots=True)
class Route:
    """``needs`` None: also for those who are not signed in.  ``files``: its form may bring files."""

    method: str
    path: str
    needs: Role | None
    page: Callable[[Desk, Asked], Response]
    files: bool = False


READER, AGENT, ADMIN = Role.READER, Role.AGENT, Role.ADMIN
ROUTES: tuple[Route, ...] = (
    Route("GET", "/", READER, queue_pages.home),
    Route("GET", "/queue", READER, queue_pages.queue),
    Route("POST", "/queue/take", AGENT, bulk.take),
    Route("POST", "/queue/sleep", AGENT, bulk.sleep),
    Route("POST", "/queue/close", AGENT, bulk.close),
    Route("POST", "/queue/view", READER, view_pages.save),
    Route("POST", "/queue/view/drop", READER, view_pages.drop),
    Route("GET", "/live", READER, live.live),
    Route("GET", "/search", READER, queue_pages.search),
    Route("GET", "/ticket/{number}", READER, ticket_pages.ticket),
    Route("GET", "/mail/{mail}/html", READER, mail_pages.html),
    Route("POST", "/mail/{mail}/html", READER, mail_pages.html_with_images),
    Route("GET", "/mail/{mail}/raw", READER, mail_pages.raw),
    Route("GET", "/mail/{mail}/file/{digest}", READER, mail_pages.file),
    Route("GET", "/action/{action}/letter", READER, ticket_pages.letter),
    Route("POST", "/action/{action}/approve", AGENT, acting.approve),
    Route("POST", "/action/{action}/done", AGENT, acting.done),
    Route("POST", "/action/{action}/reject", AGENT, acting.reject),
    Route("POST", "/action/{action}/called", AGENT, gate_acting.called),
    Route("POST", "/action/{action}/outside", AGENT, gate_acting.outside),
    Route("POST", "/reply/{reply}/approve", AGENT, acting.approve_reply),
    Route("POST", "/reply/{reply}/edit", AGENT, acting.edit_reply),
    Route("POST", "/reply/{reply}/cancel", AGENT, acting.cancel_reply),
    # Taking back, and what is done with whole tickets.
    Route("POST", "/action/{action}/undo", AGENT, undo.action),
    Route("POST", "/reply/{reply}/undo", AGENT, undo.reply),
    Route("POST", "/reply/{reply}/reinstate", AGENT, undo.reinstate),
    Route("POST", "/ticket/{number}/note", AGENT, acting.note),
    Route("POST", "/ticket/{number}/take", AGENT, acting.take),
    Route("POST", "/ticket/{number}/leave", AGENT, acting.leave),
    Route("POST", "/ticket/{number}/close", AGENT, acting.close),
    Route("POST", "/ticket/{number}/snooze", AGENT, ticket_steps.sleep),
    Route("POST", "/ticket/{number}/open", AGENT, ticket_steps.reopen),
    Route("POST", "/ticket/{number}/merge", AGENT, ticket_steps.into),
    Route("POST", "/ticket/{number}/unmerge", AGENT, ticket_steps.out_again),
    Route("POST", "/mail/{mail}/split", AGENT, ticket_steps.split_mail),
    Route("POST", "/mail/{mail}/forward", AGENT, forward_page.send_on),
    Route("POST", "/mail/{mail}/retype", AGENT, acting.retype),
    # Away, with handover.
    Route("POST", "/account/absence", AGENT, absence_pages.own),
    Route("POST", "/people/{person}/absence", ADMIN, absence_pages.of_person),
    # A ticket by hand.
    Route("GET", "/take-in", AGENT, take_in_page.form),
    Route("POST", "/take-in", AGENT, take_in_page.bring, files=True),
    # What was understood, corrected in place; letters to the customer.
    Route("POST", "/mail/{mail}/write", AGENT, write_page.write, files=True),
    Route("POST", "/mail/{mail}/correct", AGENT, correct_page.correct_mail),
    Route("GET", "/insight", READER, insight_pages.insight),
    Route("GET", "/insight/learning", READER, insight_pages.agreement),
    Route("GET", "/insight/rule", READER, insight_pages.rule),
    Route("GET", "/insight/report", READER, insight_pages.report),
    Route("GET", "/insight/numbers.csv", READER, insight_pages.numbers),
    Route("GET", "/people", ADMIN, people_page.people),
    Route("POST", "/people/add", ADMIN, people_page.add),
    Route("POST", "/people/{person}/role", ADMIN, people_page.role),
    Route("POST", "/people/{person}/link", ADMIN, people_page.link),
    Route("POST", "/people/{person}/end", ADMIN, people_page.end),
    Route("POST", "/people/{person}/remove", ADMIN, people_page.remove),
    # People and access.
    Route("GET", "/people/events", ADMIN, person_pages.events),
    Route("POST", "/people/second-step", ADMIN, person_pages.require),
    Route("GET", "/people/{person}", ADMIN, person_pages.person),
    Route("POST", "/people/{person}/mailboxes", ADMIN, person_pages.limit),
    Route("POST", "/people/{person}/second-step-off", ADMIN, person_pages.second_step_off),
    Route("POST", "/people/{person}/browser/{mark}/end", ADMIN, person_pages.end_persons_browser),
    Route("POST", "/people/{person}/token/{token}/end", ADMIN, person_pages.end_persons_token),
    Route("GET", "/account", READER, account_pages.account),
    Route("POST", "/account/password", READER, account_pages.password),
    Route("POST", "/account/language", READER, account_pages.language),
    Route("POST", "/account/browser/{mark}/end", READER, account_pages.end_own_browser),
    Route("POST", "/account/token", READER, account_pages.add_token),
    Route("POST", "/account/token/{token}/end", READER, account_pages.end_own_token),
    Route("GET", "/account/second-step", READER, second_step_pages.second_step),
    Route("POST", "/account/second-step/begin", READER, second_step_pages.begin),
    Route("POST", "/account/second-step/confirm", READER, second_step_pages.confirm),
    Route("POST", "/account/second-step/codes", READER, second_step_pages.codes),
    Route("POST", "/account/second-step/off", READER, second_step_pages.off),
    Route("GET", "/account/notices", READER, notice_pages.notices),
    Route("POST", "/account/notices", READER, notice_pages.choose),
    Route("POST", "/sign-out", READER, signing_in.sign_out),
    Route("GET", "/sign-in", None, signing_in.page),
    Route("POST", "/sign-in", None, signing_in.sign_in),
    Route("POST", "/sign-in/code", None, signing_in.code),
    Route("GET", "/provider", None, provider_pages.begin),
    Route("GET", "/provider/back", None, provider_pages.come_back),
    Route("POST", "/people/{person}/provider", ADMIN, provider_pages.name_at_provider),
    Route("GET", "/link/{secret}", None, signing_in.link_page),
    Route("POST", "/link/{secret}", None, signing_in.set_by_link),
    Route("GET", "/static/{name}", None, static_page.file),
)
