"""[store] of config.toml: the keys of its mails, each mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from processor.ciphers import Keyring
from processor.loading.configuration import load_config
from processor.loading.problems import Refused
from processor.loading.store_settings import keyring

REST = """
[company]
key = { file = "key" }
[[mailbox]]
name = "oppsigelse"
host = "imap.example.com"
user = "oppsigelse"
password = { file = "key" }
"""
FIRST, SECOND = "the first key of the mails, quite long", "the second key of the mails, also long"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, secret in (("key", "secret"), ("first", FIRST + "\n"), ("second", SECOND), ("short", "hemmelig")):
        (tmp_path / name).write_text(secret)
    return tmp_path


def written(folder: Path, store: str) -> Path:
    path = folder / "config.toml"
    path.write_text(f"[store]\n{store}{REST}", encoding="utf-8")
    return path


def refused(folder: Path, store: str) -> list[str]:
    with pytest.raises(Refused) as told:
        load_config(written(folder, store))
    return [str(each).replace(str(folder), "") for each in told.value.problems]


def test_mails_lie_in_clear_unless_a_key_is_named(folder: Path) -> None:
    config = load_config(written(folder, ""))
    assert config.encryption.seals is None
    assert keyring(config.encryption) is None


def test_one_key_seals_and_the_listed_ones_open(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_OLDER", SECOND)
    text = 'encrypt_with = { file = "first" }\ndecrypt_with = [{ env = "TEST_OLDER" }]\n'
    config = load_config(written(folder, text))
    ring = keyring(config.encryption)
    assert ring
    assert (ring.current, ring.names) == (Keyring(FIRST).current, Keyring(FIRST, [SECOND]).names)
    assert (config.encryption.file, config.encryption.line) == (str(folder / "config.toml"), 2)


def test_keys_come_as_systemd_credentials(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    ring = keyring(load_config(written(folder, 'encrypt_with = { credential = "first" }\n')).encryption)
    assert ring
    assert ring.current == Keyring(FIRST).current


def test_every_mistake_with_a_key_is_told_with_its_line(folder: Path) -> None:
    text = 'encrypt_with = { file = "none" }\ndecrypt_with = [{ file = "short" }, "hunter2"]\n'
    missing, typed, short = refused(folder, text)
    assert missing == "/config.toml:2: the secret in /none cannot be read: No such file or directory"
    assert "never the secret itself" in typed
    assert short == "/config.toml:3: decrypt_with: the key is 8 signs long and must have 32 at least"
    assert "hunter2" not in typed
    assert refused(folder, 'encrypt_with = { file = "short" }\n') == [
        "/config.toml:2: encrypt_with: the key is 8 signs long and must have 32 at least"
    ]
    assert refused(folder, 'encrypt_wit = { file = "first" }\n') == [
        "/config.toml:2: [store] knows no 'encrypt_wit' (did you mean encrypt_with?)"
    ]


def test_who_needs_no_key_may_go_without_and_who_needs_it_is_told_where_it_is_named(folder: Path) -> None:
    config = load_config(written(folder, 'encrypt_with = { file = "none" }\n'), passwords=False)
    with pytest.raises(Refused, match=r"config.toml:2: encrypt_with: the secret in .* cannot be read"):
        keyring(config.encryption)
