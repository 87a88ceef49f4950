"""What shows by its form that it is personal: e-mails, links, numbers, addresses of machines.

The patterns would rather take too much than leave something. Phone numbers are found by our
own rule: ``phonenumbers``, the library for them, finds what one country would dial, and a
private text must lose a number of any country, mistyped ones too.

>>> from crisp_data.privacy.patterns import spans
>>> text = "Call +33 6 12 34 56 78 before 2026-11-02, or write to emma@example.com"
>>> [(span.kind, text[span.start : span.end]) for span in spans(text)]
[('email', 'emma@example.com'), ('phone', '+33 6 12 34 56 78')]
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from stdnum import iban, luhn

from crisp_data.privacy.words import UNSPACED, digits


class Span(NamedTuple):
    """A piece of a text that goes, and the value that its token stands for."""

    start: int
    end: int
    kind: str
    value: str


_LETTER = rf"[^\W_{UNSPACED}]"
_ATOM = rf"(?:[^\W{UNSPACED}]|[.!#$&'*+/=?^`{{|}}~-])"
_LABEL = rf"(?:{_LETTER}|-)"
# The ends of an e-mail may be missing: previews are cut anywhere.
_EMAIL = re.compile(
    rf"(?:(?<!{_ATOM}){_ATOM}++|\"[^\"@\n]{{1,64}}\")(?:[@\uff20]|%40)"
    rf"{_LABEL}++(?:[.\uff0e]{_LABEL}++)*"
)
# As people write them whom machines shall not read, or whose telephone puts blanks in.
_DOT = r"(?:\.|\s?[(\[{]\s?(?:dot|point|punkt|punto)\s?[)\]}]\s?)"
_SPELLED_OUT = re.compile(
    rf"(?<!{_ATOM}){_ATOM}++(?:\s?[(\[{{]\s?(?:at|ät|arobase|@)\s?[)\]}}]\s?| @ )"
    rf"{_LABEL}++(?:{_DOT}{_LABEL}++)+",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"(?<![a-z0-9])(?:[a-z][a-z0-9+.-]*+://|www\.|data:[\w/+.;=-]+,)[^\s<>\"]++"
    r"|(?<![a-z0-9.@-])(?:[a-z0-9-]++\.)++[a-z]{2,}(?=[/?])[^\s<>\"]++",
    re.IGNORECASE | re.ASCII,
)
_SESSION = re.compile(rf"(?<!{_LETTER})session_[0-9a-f]++-[0-9a-f-]++", re.IGNORECASE)
_ID = re.compile(
    r"(?<![0-9a-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z])",
    re.IGNORECASE | re.ASCII,
)
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"
_IP4 = re.compile(rf"(?<!{_LETTER})(?<!\d\.){_BYTE}(?:\.{_BYTE}){{3}}(?!{_LETTER}|\.\d)")
_IP6 = re.compile(
    r"(?<![0-9a-z:.])(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|[0-9.]{7,15})?(?![0-9a-z:])",
    re.IGNORECASE | re.ASCII,
)
# Looked for at every word, also within what began as one and is none.
_IBAN = re.compile(
    rf"(?<!{_LETTER})(?=([A-Z]{{2}}[0-9]{{2}}(?:[ \u00a0]?[A-Z0-9]){{11,30}}))",
    re.IGNORECASE | re.ASCII,
)
# Blanks and dashes of any width, Japan's and the typesetter's too.
_GAP = (
    r"[ \t\u00a0\u2000-\u200a\u202f\u3000.\u00b7()\uff08\uff09/"
    r"\u2010-\u2015\u2212\u30fc\uff0d-]{0,3}"
)
_NUMBER = re.compile(
    r"(?P<token>[a-z]+_[0-9a-f]{16}(?![0-9a-z]))"
    rf"|(?<!\d)(?:[+\uff0b]\(?|\((?=[+\uff0b]?\d{{1,5}}\))[+\uff0b]?)?\d(?:{_GAP}\d){{6,}}"
)
_DATE = re.compile(
    r"(?<!\d)(?:\d{4}[-/.][01]?\d[-/.][0-3]?\d|[0-3]?\d[-/.][0-3]?\d[-/.](?:19|20)\d{2})"
    r"(?!\d|[-/.]\d)"
)
# What a computer made up: long, of letters and digits.
_RANDOM = re.compile(r"(?=[^/]*\d)(?=[^/]*[a-z])[a-z0-9~=]{12,}|[a-z0-9_~=-]{40,}", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_BLANK = re.compile(r"\s")


def spans(text: str) -> Iterator[Span]:
    """Find what a text holds, kind after kind; what two kinds claim comes twice."""
    # Most texts have none of these, and looking for one character is quicker than a pattern.
    yield from _emails(text)
    if "/" in text or "www." in text or "?" in text or "," in text:
        for found in _LINK.finditer(text):
            yield from _in_link(found[0].rstrip(".,;:!?)]}'*"), found.start())
    if text.count(":") > 1:
        for found in _IP6.finditer(text):
            if _is_ip(found[0]):
                yield Span(*found.span(), "ip", found[0])
    if "-" in text:
        for kind, pattern in (("session", _SESSION), ("id", _ID)):
            for found in pattern.finditer(text):
                yield Span(*found.span(), kind, found[0])
    if _DIGIT.search(text):
        yield from _with_digits(text)


def look(value: str) -> str | None:
    """Tell what a whole value is by its form, if its form says so."""
    text = value.strip()
    if "://" in text[:12] or text[:5] == "data:":
        return "link"
    found = [span.kind for span in spans(text) if (span.start, span.end) == (0, len(text))]
    return found[0] if found else None


def _emails(text: str) -> Iterator[Span]:
    if "@" in text or "%40" in text or "\uff20" in text:
        for found in _EMAIL.finditer(text):
            # As its owner writes it, so that both spellings have one token.
            plain = unicodedata.normalize("NFKC", found[0]).replace("%40", "@")
            yield Span(*found.span(), "email", plain)
    if "(" in text or "[" in text or "{" in text or " @ " in text:
        for found in _SPELLED_OUT.finditer(text):
            yield Span(*found.span(), "email", found[0])


def _in_link(link: str, start: int) -> Iterator[Span]:
    """Find where a link stops saying which page it is and starts saying whose."""
    end = start + len(link)
    begin = _public(link)
    if begin < len(link):
        yield Span(start + begin, end, "link", link)


def _public(link: str) -> int:
    """Count the characters of a link that every visitor would share: no query, no secret."""
    if link[:5].lower() == "data:":
        return 0
    host = link.find("://") + 3 if "://" in link else 0
    ends = [at for at in (link.find(mark, host) for mark in "?#;") if at >= 0]
    path = min(ends, default=len(link) - 1) + 1  # the mark itself may stay
    slash = link.find("/", host, path)
    if "@" in link[host : slash if slash >= 0 else path]:
        return host
    while 0 <= slash < path:
        following = link.find("/", slash + 1, path)
        segment = link[slash + 1 : following if following >= 0 else path]
        if _ID.search(segment) or _RANDOM.search(segment):
            return slash + 1
        slash = following
    return path


def _with_digits(text: str) -> Iterator[Span]:
    if text.count(".") > 2:
        for found in _IP4.finditer(text):
            yield Span(*found.span(), "ip", found[0])
    for found in _IBAN.finditer(text):
        if (length := _iban_length(found[1])) is not None:
            yield Span(found.start(), found.start() + length, "iban", found[1][:length])
    if _NUMBER.search(text):
        # A day beside a number is no part of it, and what is in a token is no number.
        for found in _NUMBER.finditer(_DATE.sub(lambda day: ":" * len(day[0]), text)):
            if not found["token"] and (kind := number_kind(found[0])) is not None:
                yield Span(*found.span(), kind, found[0])


def number_kind(text: str) -> str | None:
    """Tell what a run of digits is; None for one too short to be anybody's.

    Nine digits are enough, and seven where they begin as phone numbers do. Order numbers of
    that length go with them.
    """
    found = digits(text)
    if len(found) < (7 if text[0] in "+(\uff0b" or found[0] == "0" else 9):
        return None
    if 13 <= len(found) <= 19 and found[0] in "23456" and luhn.is_valid(found):
        return "card"
    return "phone" if len(found) <= 15 else "number"


def _iban_length(text: str) -> int | None:
    """Find how much of a run of letters and digits is an account; words may follow it."""
    ends = [len(text), *(found.start() for found in _BLANK.finditer(text))]
    return next(
        (n for n in sorted(ends, reverse=True) if iban.is_valid(text[:n], check_country=False)),
        None,
    )


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return len(text) > 2
