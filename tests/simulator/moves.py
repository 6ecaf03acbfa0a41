"""Which state may follow which, "" for birth, with spaces between: of replies, actions and mails."""

# Written down here once more, on purpose: the program's own table may be what is wrong.
REPLY_MOVES = {
    "": "draft held ready",
    "draft": "ready cancelled",
    "held": "ready cancelled",
    "ready": "sending retry failed held cancelled",
    "retry": "sending retry failed held cancelled",
    "sending": "sent retry failed unknown ready",
    "sent": "bounced",
    "unknown": "bounced ready cancelled",
    "failed": "ready cancelled",
    "bounced": "",
    "cancelled": "draft unknown",
}
ACTION_MOVES = {
    "": "waiting",
    "waiting": "seconded approved held rejected superseded",
    "seconded": "approved waiting held rejected superseded",
    "approved": "done waiting held rejected superseded",
    "held": "waiting rejected superseded",
    "done": "",
    "rejected": "",
    "superseded": "",
}
# A worker that lost its lease may still decide what another set aside: decided once, which is what counts.
MAIL_MOVES = {"": "kept set_aside", "kept": "decided set_aside", "set_aside": "kept decided", "decided": "decided"}
