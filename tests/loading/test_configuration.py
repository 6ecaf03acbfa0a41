"""config.toml: what is right is loaded, what is wrong is all told at once, with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from processor.loading.configuration import load_config
from processor.loading.problems import Refused
from processor.ticket import Level, Limits

GOOD = """
[company]
key = { file = "key" }
own_addresses = ["Oppsigelse@Visma.no"]

[[mailbox]]
name = "oppsigelse"
host = "imap.example.com"
user = "oppsigelse"
password = { env = "TEST_PASSWORD" }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "key").write_text("secret key")
    monkeypatch.setenv("TEST_PASSWORD", "pw")
    return tmp_path


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(Refused) as refused:
        load_config(written(folder, text))
    return [f"{problem.line}: {problem.text} [{problem.hint}]" for problem in refused.value.problems]


def test_it_loads_a_small_configuration_with_safe_first_values(folder: Path) -> None:
    config = load_config(written(folder, GOOD))
    assert config.key == b"secret key"
    assert config.level is Level.OBSERVE
    assert config.own_addresses == ("oppsigelse@visma.no",)
    assert config.authserv_ids == ()
    assert config.store_url == f"sqlite:///{folder}/var/processor.db"
    mailbox = config.mailboxes[0]
    assert (mailbox.port, mailbox.tls, mailbox.handled, mailbox.review) == (993, "implicit", "keyword", "nothing")
    assert mailbox.password() == "pw"


def test_a_rotated_password_is_taken_without_a_restart(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(written(folder, GOOD))
    monkeypatch.setenv("TEST_PASSWORD", "new")
    assert config.mailboxes[0].password() == "new"


def test_every_problem_is_told_at_once_with_line_and_hint(folder: Path) -> None:
    text = GOOD.replace("own_addresses", "own_adresses").replace('user = "oppsigelse"', 'tls = "plain"\nport = "x"')
    found = problems(folder, text + '[answers]\nlevel = "aproved"\n[sever]\n')
    assert [line.split(":")[0] for line in found] == ["4", "6", "9", "10", "13", "14"]
    assert "[own_addresses]" in found[0]
    assert "needs 'user'" in found[1]
    assert "plain is for loopback" in found[2]
    assert "port must be a whole number" in found[3]
    assert "[approve]" in found[4]
    assert "no table [sever]" in found[5]


def test_a_secret_in_the_file_itself_is_refused(folder: Path) -> None:
    (found,) = problems(folder, GOOD.replace('{ env = "TEST_PASSWORD" }', '"hunter2"'))
    assert "never the secret itself" in found
    assert "hunter2" not in found
    assert "never the secret itself" in problems(folder, GOOD.replace("{ env =", "{ text ="))[0]


def test_a_missing_secret_is_told_at_start(folder: Path) -> None:
    assert "NOWHERE is not set" in problems(folder, GOOD.replace("TEST_PASSWORD", "NOWHERE"))[0]


def test_broken_toml_is_told_with_its_line(folder: Path) -> None:
    assert problems(folder, "[company]\nkey = = 1\n")[0].startswith("2: is not TOML")


def test_two_mailboxes_may_not_share_a_name(folder: Path) -> None:
    assert "is named 'oppsigelse' already" in problems(folder, GOOD + GOOD[GOOD.index("[[mailbox]]") :])[0]


def test_moving_needs_a_folder(folder: Path) -> None:
    assert "needs 'handled_folder'" in problems(folder, GOOD + 'handled = "move"\n')[0]


def test_the_shipped_example_loads(folder: Path) -> None:
    (folder / "secrets").mkdir()
    for name in ("key", "mailbox"):
        (folder / "secrets" / name).write_text("secret")
    example = Path(__file__).parent.parent.parent / "config.example.toml"
    config = load_config(written(folder, example.read_text(encoding="utf-8")))
    assert config.smtp is not None
    assert config.smtp.envelope_from == "oppsigelse@example.com"
    assert config.limits == Limits()


def test_the_port_for_monitoring_is_on_this_machine_alone_and_off_unless_it_is_named(folder: Path) -> None:
    assert load_config(written(folder, GOOD)).watch_listen is None
    for listen, where in (("127.0.0.1:9155", ("127.0.0.1", 9155)), ("[::1]:9155", ("::1", 9155))):
        assert load_config(written(folder, GOOD + f'[watch]\nlisten = "{listen}"\n')).watch_listen == where
    for listen in (
        "0.0.0.0:9155",
        "10.0.0.1:9155",
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:70000",
        ":9155",
        "localhost:1",
    ):
        (found,) = problems(folder, GOOD + f'[watch]\nlisten = "{listen}"\n')
        assert found.startswith("12: listen must be a loopback address with a port")


def test_since_is_a_day_or_all(folder: Path) -> None:
    assert load_config(written(folder, GOOD)).mailboxes[0].since is None
    assert load_config(written(folder, GOOD + 'since = "all"\n')).mailboxes[0].since is None
    assert load_config(written(folder, GOOD + "since = 2026-10-01\n")).mailboxes[0].since == date(2026, 10, 1)
    for wrong in ('"2026-10-01"', "2026-10-01T10:00:00Z", "20261001"):
        (found,) = problems(folder, GOOD + f"since = {wrong}\n")
        assert found.startswith("11: since must be a day such as 2026-10-01")


def test_the_sent_folder_is_looked_for_unless_one_or_none_is_set(folder: Path) -> None:
    assert load_config(written(folder, GOOD)).mailboxes[0].sent_folder is None
    for name in ("", "Sendte elementer"):
        found = load_config(written(folder, GOOD + f'sent_folder = "{name}"\nsent_copies = false\n')).mailboxes[0]
        assert (found.sent_folder, found.sent_copies) == (name, False)
    wrong = 'sent_folder = 7\nsent_copies = "no"\nsent_foldr = "x"\n'
    told = problems(folder, GOOD + wrong)
    assert [each.partition(":")[0] for each in told] == ["11", "12", "13"]
    assert "sent_folder" in told[2]


def test_what_a_mail_may_cause_can_be_made_stricter_and_never_looser(folder: Path) -> None:
    strict = '[provenance]\nproven = { reply = "receipt" }\nunproven = { reply = "nothing", review = true }\n'
    powers = load_config(written(folder, GOOD + strict)).provenance.powers
    assert (powers.proven.reply, powers.unproven.reply, powers.unproven.review) == ("receipt", "nothing", True)
    assert powers.forged.reply == "nothing"
    loose = '[provenance]\nunproven = { reply = "all", joins = true }\nforged = { review = false }\n'
    assert sorted(problems(folder, GOOD + loose)) == [
        "12: a mail of this level (unproven) may not join another's ticket []",
        "12: unproven may cause 'receipt' at most, and is 'all' []",
        "13: a mail of this level (forged) is always seen by a person []",
    ]
