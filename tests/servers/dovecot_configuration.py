"""What Dovecot is told, in the words of 2.3 (Debian 12) and of 2.4 (Debian 13)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

# What 2.3 offers after login.  It can only be told the whole list, 2.4 what to leave out.
OFFERED = """
    IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1
    CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN CHILDREN UNSELECT MULTIAPPEND MOVE SPECIAL-USE STATUS=SIZE
"""


@dataclass(frozen=True)
class Plan:
    """One server: where it lives, as whom it runs, and what it pretends not to know."""

    home: Path
    owner: str
    group: str
    login_user: str
    internal_user: str
    internal_group: str
    imap_port: int
    imaps_port: int
    cert: Path
    key: Path
    cleartext: bool
    without: Collection[str]
    separator: str
    introspection: str = ""


COMMON = r"""
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
log_path = {home}/log
ssl = yes
mail_uid = {owner}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
mail_home = {home}/mail/%{user}
default_login_user = {login_user}
default_internal_user = {internal_user}
default_internal_group = {internal_group}
auth_mechanisms = plain login{token_mechanisms}
auth_failure_delay = 0 secs
mail_max_userip_connections = 100
mailbox_idle_check_interval = 1 secs
# Else a test of a wrong password makes the next test's login wait for seconds.
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  chroot =
  {many_logins}
  inet_listener imap {
    port = {imap_port}
  }
  inet_listener imaps {
    port = {imaps_port}
    ssl = yes
  }
}
namespace inbox {
  inbox = yes
  separator = {separator}
  mailbox Junk {
    special_use = \Junk
    auto = create
  }
}
"""

OF_2_3 = r"""
state_dir = {home}/run
disable_plaintext_auth = {no_cleartext}
mail_location = maildir:~/Maildir
ssl_cert = <{cert}
ssl_key = <{key}
passdb {
  driver = passwd-file
  args = {home}/users
}
userdb {
  driver = static
  args = uid={owner} gid={group} home={home}/mail/%u
}
"""

OF_2_4 = r"""
state_dir = {home}/run
auth_allow_cleartext = {cleartext}
mail_driver = maildir
mail_path = ~/Maildir
ssl_server_cert_file = {cert}
ssl_server_key_file = {key}
passdb passwd-file {
  passwd_file_path = {home}/users
}
userdb static {
  fields {
    uid = {owner}
    gid = {group}
    home = {home}/mail/%{user}
  }
}
"""


TOKENS_OF_2_3 = r"""
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {home}/oauth2
}
"""

# The file that 2.3 wants beside; 2.4 has the same words, with a prefix, in its own.
INTROSPECTION = """
introspection_mode = post
introspection_url = {introspection}
username_attribute = username
active_attribute = active
active_value = true
timeout_msecs = 2000
"""


def tokens(plan: Plan, *, old: bool) -> str:
    """What lets users in by a token that a token server vouches for (RFC 7662)."""
    if not plan.introspection:
        return ""
    if old:
        return TOKENS_OF_2_3.replace("{home}", str(plan.home))
    lines = introspection(plan).strip().splitlines()[:-1]
    return "oauth2 {\n" + "".join(f"  oauth2_{line}\n" for line in lines) + "}\n"


def introspection(plan: Plan) -> str:
    """How the token server is asked about a token."""
    return INTROSPECTION.replace("{introspection}", plan.introspection)


def configuration(plan: Plan, version: tuple[int, int]) -> str:
    """The whole dovecot.conf for a version such as (2, 3)."""
    old = version < (2, 4)
    words = {
        **{name: str(value) for name, value in vars(plan).items()},
        "cleartext": "yes" if plan.cleartext else "no",
        "no_cleartext": "no" if plan.cleartext else "yes",
        "token_mechanisms": " xoauth2 oauthbearer" if plan.introspection else "",
        "many_logins": "service_count = 0" if old else "restart_request_count = unlimited",
    }
    # Both versions must know what files they may write, and 2.4 must hear it first of all.
    first = "" if old else "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
    text = first + COMMON + (OF_2_3 if old else OF_2_4)
    for name, value in words.items():
        text = text.replace("{" + name + "}", value)
    text = text.replace("%{user}", "%u") if old else text
    return text + tokens(plan, old=old) + capabilities(plan.without, old=old)


def capabilities(without: Collection[str], *, old: bool) -> str:
    if not without:
        return ""
    if old:
        return f"imap_capability = {' '.join(word for word in OFFERED.split() if word not in without)}\n"
    return "imap_capability {\n" + "".join(f"  {word} = no\n" for word in without) + "}\n"
