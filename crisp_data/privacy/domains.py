r"""Domains of e-mail addresses, which people and machines spell in several ways.

IDNA takes the full stops of Chinese and Japanese for dots, and writes other letters as ASCII.

>>> from crisp_data.privacy.domains import readable
>>> readable("xn--bcher-kva.example")
'bücher.example'
"""

from __future__ import annotations

import re
from contextlib import suppress

from crisp_data.privacy.normalise import UNSPACED

#: A full stop that is a dot within a domain. U+FF61 is this one when folded, U+FF0E the usual dot.
IDEOGRAPHIC_DOT = "\u3002"
_ASCII = "xn--"
_LABEL = rf"(?:[^\W_{UNSPACED}]|[_-])"
# Behind the sign of an e-mail, which may be in brackets, and between the numbers of a machine.
# Behind a domain with usual dots it ends a sentence.
_TYPED = re.compile(
    rf"(?:@|[)\]}}>]\s?){_LABEL}++(?:{IDEOGRAPHIC_DOT}{_LABEL}++)+"
    rf"|(?<!\d)(?<!\d{IDEOGRAPHIC_DOT})\d{{1,3}}(?:{IDEOGRAPHIC_DOT}\d{{1,3}}){{3}}"
    rf"(?!\d|{IDEOGRAPHIC_DOT}\d)"
)


def dotted(text: str) -> str:
    """Write the usual dot in addresses that are typed with the ideographic one; nothing moves."""
    if IDEOGRAPHIC_DOT not in text:
        return text
    return _TYPED.sub(lambda found: found[0].replace(IDEOGRAPHIC_DOT, "."), text)


def readable(domain: str) -> str:
    """Write the labels of a domain that are in Punycode in their own letters."""
    return ".".join(map(_readable, domain.split("."))) if _ASCII in domain else domain


def _readable(label: str) -> str:
    if label.startswith(_ASCII):
        with suppress(UnicodeError):
            return label.removeprefix(_ASCII).encode("ascii").decode("punycode")
    return label


def spellings(label: str) -> set[str]:
    """Return a label as it is, in its own letters, and in Punycode.

    Parameters
    ----------
    label : str
        A label in small letters, which may be in Punycode.

    Returns
    -------
    set[str]
        Its spellings. Of a letter that one version of IDNA knows and another replaces, as "ß",
        there are two in Punycode.
    """
    plain = _readable(label)
    names = {label, plain}
    if not plain.isascii():
        with suppress(UnicodeError):
            names.add(_ASCII + plain.encode("punycode").decode())
        with suppress(UnicodeError):
            names.add(plain.encode("idna").decode())
    return names
