"""What a domain looks like to a hurried eye: names that are easily taken for one another have a key in common.

A key finds suspects and never tells that two names are the same.  Letters are folded by their looks (Unicode TR39,
as far as mail domains are registered with them), and so are rn for m, digits for letters, and the hyphen.
"""

from __future__ import annotations

import re
import unicodedata

LOOKS = {
    **dict(zip("абвгеёзикмнорстухьѕіїјҫԁһԛԝӏ", "abbreezukmhopctyxbsiijcdhqwl", strict=True)),
    **dict(zip("αβγεηικνορτυχω", "abyenikvoptuxw", strict=True)),
    **dict(zip("ıłøđħŧſɑɡʟɴʀɪʏ", "ilodhtfaglnriy", strict=True)),
    **dict(zip("013457", "oleast", strict=True)),
    **{"æ": "ae", "œ": "oe", "ß": "ss", "þ": "th", "ð": "d", "-": "", "_": ""},
}
SHAPES = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("i", "l"), ("j", "l"))
SECOND_LEVEL = {"co", "com", "org", "net", "ac", "gov", "edu", "kommune", "priv", "fhs", "vgs", "herad"}
"""Names that stand before a country's as if they were part of it."""
ADDED = (
    *("fakturaer", "faktura", "regnskap", "okonomi", "kundeservice", "service", "support", "epost", "post", "mail"),
    *("norge", "norway", "gruppen", "group", "konsern", "asa", "as", "hq", "no", "com", "online", "portal", "admin"),
    *("invoice", "billing", "accounting", "finance", "secure", "login", "konto", "helpdesk"),
)
"""Words with which a known name is made another that seems to belong to it."""
SHORTEST = 4
LONGEST = 253


def domain_key(domain: str) -> str:
    """The key of a known domain (A-labels, lower case), by the name before its public part; "" for one too short.

    ``fjordbygg.no``, ``fjord-bygg.com`` and ``fj0rdbygg.no`` have one and the same.
    """
    return _key(_name(domain))


def keys_like(domain: str) -> tuple[str, ...]:
    """The keys of what a strange domain may be taken for: its own, and that without a word added to it."""
    own = _key(_name(domain))
    found = [own]
    for word in _ADDED:
        found += [_long(own.removesuffix(word)), _long(own.removeprefix(word))]
    return tuple(dict.fromkeys(filter(None, found)))


def domains_named(text: str) -> tuple[str, ...]:
    """The domains that stand in a text such as a display name, lower case; the first few."""
    found = re.findall(r"(?<![\w.-])(?:[\w-]{1,63}\.){1,4}[a-z]{2,24}(?![\w-])", text[:300].lower())
    return tuple(dict.fromkeys(each.removeprefix("www.") for each in found))[:5]


def _name(domain: str) -> str:
    """The label that a person reads as the name, in Unicode."""
    labels = domain[:LONGEST].lower().rstrip(".").split(".")[:-1]
    if len(labels) > 1 and labels[-1] in SECOND_LEVEL:
        labels = labels[:-1]
    return _unicode(labels[-1]) if labels else ""


def _unicode(label: str) -> str:
    """A label as it is shown (RFC 3492); one that is none stays as it is."""
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode").lower()
    except (UnicodeError, OverflowError):
        return label


def _key(name: str) -> str:
    return _long(_folded(name))


def _folded(name: str) -> str:
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    seen = "".join(LOOKS.get(sign, sign) for sign in bare)
    for shape, same in SHAPES:
        seen = seen.replace(shape, same)
    return re.sub(r"(.)\1+", r"\1", seen)


def _long(key: str) -> str:
    return key if len(key) >= SHORTEST else ""


_ADDED = tuple(map(_folded, ADDED))
