"""A mailbox that is written plainly is read at a glance, and as the full parser reads it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.message import Address
from processor.reading.addresses import _addresses
from processor.reading.plain_mailbox import plain_mailbox

_WORDS = st.sampled_from([
    "Kari", "Øst", "A&B", "-", "_", "1", "=?utf-8?q?=C3=98?=", "=?UTF-8?B?w5g=?=", "=?utf-8?b?w5jDmA?=", "=?iso-8859-1?q?=D8_a?=",
    "=?utf-8?q?=D8?=", "=?utf-8?q?a=2Cb?=", "=?utf-8?q?=3D=3Fa?=", "=?windows-1252?q?=C3=98?=", "=?utf-8?q?a=?=", "=?utf-8?b?YQ?=",
    "=?utf-8?q?_a?=", "=?utf-8?q?a@b.no?=", "=?utf-8?b?Y\u017f==?=", "K.", "Kari,", "it's", "Ã¥", "e\u0301", "(x)", "", "a@b.no", "\t",
])  # fmt: skip
_SPECS = st.sampled_from([
    "kari@a-demo.no", "K.M+x_1@A.B-demo.NO", "kari@a", "kari@a..no", ".k@a.no", "kari@a.no.", "kåre@å.no", "kari@[1.2.3.4]", "\"k m\"@a.no", "a@b@c.no",
    "-@-a.no", "kari@a_b.no", "",
])  # fmt: skip
_SHAPES = st.sampled_from(
    [
        "{0} <{1}>",
        "{0} <{1}>",
        '"{0}" <{1}>',
        "<{1}>",
        "{1}",
        "{0}<{1}>",
        " {0}  <{1}>",
        "{0} <{1}> ",
        "{0} <{1}>, {1}",
        "{0}: {1};",
    ]
)


@given(st.lists(_WORDS, max_size=4), _SPECS, _SHAPES)
@settings(max_examples=600, deadline=None)
def test_a_plain_mailbox_is_what_the_full_parser_reads(words: list[str], spec: str, shape: str) -> None:
    value = shape.format(" ".join(words), spec)
    found = plain_mailbox(value)
    assert found is None or _addresses(value) == ((found,), ())


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Kari Østbye <Kari.O@A-demo.no>", "Kari Østbye"),
        ('"Østbye, K. A." <Kari.O@A-demo.no>', "Østbye, K. A."),
        ("Kari =?utf-8?q?=C3=98stbye?= <Kari.O@A-demo.no>", "Kari Østbye"),
        ("=?UTF-8?B?w5hzdGJ5ZQ==?= & Co <Kari.O@A-demo.no>", "Østbye & Co"),
        ("=?iso-8859-1?Q?Kari_=D8stbye?= <Kari.O@A-demo.no>", "Kari Østbye"),
        ("<Kari.O@A-demo.no>", ""),
        ("Kari.O@A-demo.no", ""),
    ],
)
def test_the_usual_ways_to_write_a_mailbox_are_plain(value: str, name: str) -> None:
    expected = Address("Kari.O", "a-demo.no", name)
    assert plain_mailbox(value) == expected
    assert _addresses(value) == ((expected,), ())
