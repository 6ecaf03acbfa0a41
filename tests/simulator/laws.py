"""What must hold, whatever happens: after each commit and each word to a server, and in full when all is quiet."""

from __future__ import annotations

import hmac
import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta

from tests.simulator.disk import DIGEST_KEY, Change
from tests.simulator.letters import Letter
from tests.simulator.mailserver import Folder, Stored, watched
from tests.simulator.moves import ACTION_MOVES, MAIL_MOVES, REPLY_MOVES
from tests.simulator.smtp_peer import Accepted
from tests.simulator.world import World

NOT_COUNTED = "('draft', 'held', 'failed', 'bounced', 'cancelled')"
ALWAYS_HELD = re.compile(r"poison|not decided after|too large|arriving|could not be fetched|^$")
TOKEN = re.compile(rb"^Sak (\S+)\.\r?$", re.MULTILINE)


class Laws:
    """The laws of one run; ``broken`` says which did not hold."""

    def __init__(self, world: World) -> None:
        self.world, self.disk = world, world.disk
        self.broken: list[str] = []
        self.read = 0
        self.version = -1
        self.stopped = False
        self.resends: Counter[int] = Counter()
        self.begun: Counter[str] = Counter()
        self.accepted: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.ticket_of: dict[str, int] = {}
        self.letters: dict[str, Letter] = {}
        self.delivered: dict[bytes, Letter] = {}
        self.taken: dict[int, set[str]] = defaultdict(set)
        self.checked = 0
        for account in world.accounts.values():
            account.touched = self.touched
        world.peer.beginning, world.peer.accepting = self.beginning, self.accepting

    def came(self, letter: Letter) -> None:
        """A letter was put into a mailbox."""
        self.letters[letter.token] = letter
        self.delivered[letter.raw] = letter

    def check(self) -> None:
        """What was committed since the last check."""
        (version,) = self.disk.ask("PRAGMA data_version")[0]
        if version != self.version:
            self.version = version
            query = "SELECT n, what, id, old, new, a, b, c, d FROM sim_log WHERE n > ? ORDER BY n"
            for change in self.disk.ask(query, self.read):
                self.read = change[0]
                self.checked += 1
                getattr(self, LAW_OF[change[1]].__name__)(change)
        if self.world.odd:
            self.broken += self.world.odd
            self.world.odd.clear()

    # -- what is said to servers

    def touched(self, folder: Folder, uid: int, how: str) -> None:
        """A session marks, moves or removes a mail: it must be whole with us, and decided or set aside."""
        mail = folder.mails[uid]
        state = self._kept(mail)
        if state not in ("decided", "set_aside", "kept again"):
            self._break(f"{how} was done to {mail.letter.token} on the server while it is {state or 'not kept'}")

    def beginning(self, message_id: str) -> None:
        """DATA begins: the attempt must have been written down."""
        self.begun[message_id] += 1
        ((written,),) = self.disk.ask("SELECT count(*) FROM outbox_attempt WHERE message_id = ?", message_id)
        if self.begun[message_id] > written:
            self._break(
                f"text number {self.begun[message_id]} of {message_id} is sent after {written} written attempts"
            )

    def accepting(self, taken: Accepted) -> None:
        """The peer answers for a mail: no receipt twice, no second answer to a letter, no confirmation too early."""
        query = (
            "SELECT o.id, o.kind, o.automatic, r.content, o.item_id, o.issue FROM outbox o"
            " LEFT JOIN raw_mail r ON r.mail_id = o.answers_mail_id WHERE o.message_id = ?"
        )
        rows = self.disk.ask(query, taken.message_id)
        if not rows:
            self._break(f"{taken.message_id} was sent and is in no outbox")
            return
        which, kind, automatic, raw, item, issue = rows[0]
        self.accepted[taken.message_id] += 1
        if kind != "confirmation" and self.accepted[taken.message_id] > 1 + self.resends[which]:
            self._break(f"reply r{which} ({kind}) was taken {self.accepted[taken.message_id]} times")
        if kind == "confirmation":
            self.taken[item * 1000 + issue].add(taken.message_id)
            if len(self.taken[item * 1000 + issue]) > 1:
                self._break(f"the confirmation of item {item} left under two Message-IDs")
        if raw is not None and self.accepted[taken.message_id] == 1:
            self._answers(which, kind, automatic, _token(raw))

    def _answers(self, which: int, kind: str, automatic: int, token: str) -> None:
        self.answered[token] += 1
        if self.answered[token] > 1:
            self._break(f"letter {token} was answered by {self.answered[token]} replies, the last r{which} ({kind})")
        letter = self.letters.get(token)
        if letter and letter.sort in ("automatic", "forged"):
            self._break(f"{letter.sort} letter {token} was answered by r{which}")

    # -- what is committed

    def _reply(self, change: Change) -> None:
        _, _, which, old, new, automatic, kind, attempted, leave_before = change
        if new not in REPLY_MOVES[old].split():
            self._break(f"reply r{which} went from {old} to {new}")
        if (old, new) == ("sending", "ready") and kind != "confirmation":
            self._break(f"reply r{which} ({kind}) in sending was made ready again")
        if old in ("unknown", "failed") and new == "ready":
            self.resends[which] += 1
        if new == "sent":
            (message_id,) = self.disk.ask("SELECT message_id FROM outbox WHERE id = ?", which)[0]
            if not self.accepted[message_id]:
                self._break(f"reply r{which} is called sent and was never taken")
        if automatic == "1" and new == "sending":
            self._attempt(which, attempted, leave_before)
        if not old:
            self._born(which, new, automatic, kind)

    def _attempt(self, which: int, attempted: str, leave_before: str) -> None:
        if self.stopped:
            self._break(f"reply r{which} began to leave while answers were stopped")
        if leave_before and attempted >= leave_before:
            self._break(f"reply r{which} left at {attempted}, after {leave_before}")
        query = (
            "SELECT m.arrived_at, b.answer_from FROM outbox o JOIN mail m ON m.id = o.answers_mail_id"
            " JOIN mailbox b ON b.account = m.account WHERE o.id = ?"
        )
        for arrived, start in self.disk.ask(query, which):
            if arrived < start:
                self._break(f"reply r{which} answers a mail of {arrived}, before the start at {start}")
        if self.world.steady:
            self._under_cap(attempted)

    def _under_cap(self, now: str) -> None:
        since = _time(now) - timedelta(hours=1)
        query = "SELECT count(*) FROM outbox WHERE automatic AND attempted_at > ?"
        ((used,),) = self.disk.ask(query, since.isoformat(" "))
        if used > self.world.config.limits.in_all:
            self._break(f"{used} automatic replies within an hour, and {self.world.config.limits.in_all} are allowed")

    def _born(self, which: int, state: str, automatic: str, kind: str) -> None:
        query = (
            "SELECT o.recipient, o.created_at, r.content, o.answers_mail_id FROM outbox o"
            " LEFT JOIN raw_mail r ON r.mail_id = o.answers_mail_id WHERE o.id = ?"
        )
        recipient, created, raw, answers = self.disk.ask(query, which)[0]
        letter = self.letters.get(_token(raw)) if raw else None
        if letter and letter.sort in ("automatic", "forged"):
            self._break(f"reply r{which} is written to {letter.sort} letter {letter.token}")
        if letter and letter.sort == "unproven" and kind != "receipt":
            self._break(f"reply r{which} ({kind}) is written to an unproven letter")
        if automatic == "1" and state == "ready" and self.stopped:
            self._break(f"reply r{which} was made ready while answers were stopped")
        if automatic != "1" or state != "ready" or answers is None:
            return
        since = (_time(created) - timedelta(hours=24)).isoformat(" ")
        count = "SELECT count(*) FROM outbox WHERE recipient = ? AND automatic AND created_at > ? AND state NOT IN "
        ((used,),) = self.disk.ask(count + NOT_COUNTED, recipient, since)
        if used > self.world.config.limits.per_sender:
            self._break(f"reply r{which} is number {used} to {recipient} within a day")

    def _action(self, change: Change) -> None:
        _, _, which, old, new, needs, version, _, _ = change
        if new not in ACTION_MOVES[old].split():
            self._break(f"action a{which} went from {old} to {new}")
        if needs == "two_staff" and new in ("approved", "done"):
            query = "SELECT count(DISTINCT person_id) FROM approval WHERE action_id = ? AND version = ?"
            ((people,),) = self.disk.ask(query, which, int(version))
            if people < 2:
                self._break(f"action a{which} needs two and is {new} by {people}")
        if needs == "two_staff" and new == "done" and old != "approved":
            self._break(f"action a{which} was done before two approved it")

    def _mail(self, change: Change) -> None:
        _, _, which, old, new, before, ticket, reason, _ = change
        if new not in MAIL_MOVES[old].split():
            self._break(f"mail m{which} went from {old} to {new}")
        if before is not None and ticket != before:
            self._break(f"mail m{which} went from ticket {before} to {ticket}")
        if old and new == "set_aside" and not ALWAYS_HELD.search(reason or ""):
            self._break(f"mail m{which} was set aside: {reason}")
        if new == "decided":
            self._one_ticket(which, int(ticket))

    def _one_ticket(self, which: int, ticket: int) -> None:
        rows = self.disk.ask("SELECT content FROM raw_mail WHERE mail_id = ?", which)
        token = _token(rows[0][0]) if rows else ""
        if self.ticket_of.setdefault(token, ticket) != ticket:
            self._break(f"letter {token} has tickets {self.ticket_of[token]} and {ticket}")

    def _switch(self, change: Change) -> None:
        self.stopped = change[4] == "1"

    def _watermark(self, change: Change) -> None:
        """All that stands below the mark must be with us: it is never asked for again."""
        _, _, last, _, epoch, account, folder, _, _ = change
        here = self.world.accounts[account].folders[folder]
        if here.epoch != int(epoch):
            return
        query = "SELECT uid FROM arrival WHERE account = ? AND folder = ? AND uidvalidity = ? AND uid <= ?"
        known = {row[0] for row in self.disk.ask(query, account, folder, here.epoch, last)}
        for uid in here.mails:
            if uid <= last and uid not in known:
                self._break(f"the watermark of {account}/{folder} passed {uid}, which is not kept")

    def _bytes_gone(self, change: Change) -> None:
        self._break(f"the bytes of mail m{change[2]} are gone")

    def _ticket(self, change: Change) -> None:
        rows = self.disk.ask("SELECT count(*) FROM mail WHERE ticket_id = ?", change[2])
        if not rows[0][0]:
            self._break(f"ticket {change[2]} was made for no mail")

    # -- when all is quiet

    def full(self) -> None:
        """Everything, once the world is whole again and nothing is left to do."""
        for account in self.world.accounts.values():
            for folder in watched(account):
                for uid, mail in folder.mails.items():
                    self._here(account.name, folder, uid, mail)
        for (token,) in self._stuck():
            self._break(token)
        for message_id, which, state, kind in self.disk.ask("SELECT message_id, id, state, kind FROM outbox"):
            left = self.accepted[message_id]
            if state == "sent" and not left:
                self._break(f"reply r{which} is sent and was never taken")
            # A confirmation in doubt is sent again, and the second may be refused.
            again = self.resends[which] or kind == "confirmation"
            if left and not again and state not in ("sent", "unknown", "bounced", "cancelled"):
                self._break(f"reply r{which} was taken and is {state}")
        if self.disk.ask("PRAGMA foreign_key_check"):
            self._break("rows point at rows that are gone")

    def _here(self, account: str, folder: Folder, uid: int, mail: Stored) -> None:
        query = (
            "SELECT m.state, r.whole, r.content, a.done, m.outcome FROM arrival a JOIN mail m ON m.id = a.mail_id"
            " LEFT JOIN raw_mail r ON r.mail_id = m.id"
            " WHERE a.account = ? AND a.folder = ? AND a.uidvalidity = ? AND a.uid = ? ORDER BY a.reuse DESC"
        )
        rows = self.disk.ask(query, account, folder.name, folder.epoch, uid)
        where = f"{account}/{folder.name}/{uid} ({mail.letter.token})"
        if not rows:
            self._break(f"lost: {where} is on the server and not in the store")
            return
        state, whole, content, done, _ = rows[0]
        if whole and content != mail.letter.raw:
            self._break(f"{where} was kept with other bytes")
        if whole == 0 and not (mail.cursed or state == "set_aside"):
            self._break(f"{where} was given up without need")
        if whole == 0 and state != "set_aside":
            self._break(f"{where} is kept by its header and is {state}")
        if folder.name == "INBOX" and not done and whole:
            self._break(f"the server was never told of {where}, which is {state}")

    def _stuck(self) -> list[tuple[str]]:
        found = self.disk.ask("SELECT 'mail m' || id || ' waits for ever' FROM mail WHERE state = 'kept'")
        stopped = "" if not self.stopped else "AND NOT automatic"
        query = f"SELECT 'reply r' || id || ' waits for ever: ' || state FROM outbox WHERE state IN ('sending', 'ready', 'retry') {stopped}"
        return list(found) + list(self.disk.ask(query))

    def _kept(self, mail: Stored) -> str:
        """The state of a mail whose bytes we hold, "" if we do not."""
        digest = hmac.digest(DIGEST_KEY, mail.letter.raw, "sha256").hex()
        rows = self.disk.ask("SELECT id, state FROM mail WHERE digest = ?", digest)
        if not rows:
            return ""
        which, state = rows[0]
        if self.disk.ask("SELECT 1 FROM event WHERE mail_id = ? AND kind = 'mail.retried'", which):
            # What is done on the server may be for the time before a person asked for another try.
            state = "kept again" if state == "kept" else state
        pieces = self.disk.ask(
            "SELECT content, 0 AS number FROM raw_mail WHERE mail_id = ? AND whole"
            " UNION ALL SELECT content, number FROM raw_part WHERE mail_id = ? ORDER BY number",
            *(which, which),
        )
        return str(state) if b"".join(piece for piece, _ in pieces) == mail.letter.raw else ""

    def _break(self, what: str) -> None:
        self.broken.append(what)


LAW_OF = {
    "reply": Laws._reply,
    "action": Laws._action,
    "mail": Laws._mail,
    "switch": Laws._switch,
    "watermark": Laws._watermark,
    "bytes gone": Laws._bytes_gone,
    "ticket": Laws._ticket,
}


def _token(raw: bytes) -> str:
    found = TOKEN.search(raw)
    return found[1].decode() if found else ""


def _time(stored: str) -> datetime:
    return datetime.fromisoformat(stored)
