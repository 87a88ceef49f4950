"""What shows by its form that it is personal: e-mails, links, numbers, addresses of machines.

The patterns would rather take too much than leave something. They know the usual form of each
character: a text is folded first (:mod:`crisp_data.privacy.folding`).

>>> from crisp_data.privacy.patterns import spans
>>> text = "Call +33 6 12 34 56 78 before 2026-11-02, or write to emma@example.com"
>>> [(span.kind, text[span.start : span.end]) for span in spans(text)]
[('email', 'emma@example.com'), ('phone', '+33 6 12 34 56 78')]
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from crisp_data.privacy.digit_patterns import numbers
from crisp_data.privacy.folding import readings
from crisp_data.privacy.normalise import UNSPACED
from crisp_data.privacy.span import Span

_LETTER = rf"[^\W_{UNSPACED}]"
_ATOM = rf"(?:[^\W{UNSPACED}]|[.!#$&'*+/=?^`{{|}}~-])"
_LABEL = rf"(?:{_LETTER}|-)"
# The ends of an e-mail may be missing: previews are cut anywhere.
_EMAIL = re.compile(rf"(?:(?<!{_ATOM}){_ATOM}++|\"[^\"@\n]{{1,64}}\")@{_LABEL}++(?:\.{_LABEL}++)*")
# As people write them whom machines shall not read, or whose telephone puts blanks in.
_AT = r"(?:\s?[(\[{]\s?(?:at|ät|arobase|arroba|@)\s?[)\]}]\s?| @ )"
_DOT = r"(?:\.|\s?[(\[{]\s?(?:dot|point|punkt|punto|ponto)\s?[)\]}]\s?)"
_SPELLED_OUT = re.compile(
    rf"(?<!{_ATOM}){_ATOM}++{_AT}{_LABEL}++(?:{_DOT}{_LABEL}++)+", re.IGNORECASE
)
# In words alone: "look at example.com" is no address, nor "at this point", so both signs are
# words here, and of one language.
_PAIRS = {" dot ": " at ", " point ": " arobase ", " punkt ": " ät ", " punto ": " arroba ",
          " ponto ": " arroba "}  # fmt: skip
_IN_WORDS = {
    dot: re.compile(
        rf"(?<!{_ATOM}){_ATOM}++(?:{dot}{_ATOM}++){{0,4}}{at}{_LABEL}++(?:{dot}{_LABEL}++)+",
        re.IGNORECASE,
    )
    for dot, at in _PAIRS.items()
}
_AT_SIGN = re.compile(rf"{_AT}|{'|'.join(set(_PAIRS.values()))}", re.IGNORECASE)
_DOT_SIGN = re.compile(rf"{_DOT}|{'|'.join(_PAIRS)}", re.IGNORECASE)
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
# What a computer made up: long, of letters and digits.
_RANDOM = re.compile(r"(?=[^/]*\d)(?=[^/]*[a-z])[a-z0-9~=]{12,}|[a-z0-9_~=-]{40,}", re.IGNORECASE)
_DIGIT = re.compile(r"\d")


def spans(text: str) -> Iterator[Span]:
    """Find what a folded text holds, kind after kind; what two kinds claim comes twice."""
    # Most texts have none of these, and looking for one character is quicker than a pattern.
    yield from _emails(text)
    if "/" in text or "www." in text or "?" in text or "," in text:
        for found in _LINK.finditer(text):
            yield from _in_link(found[0].rstrip(".,;:!?)]}'*"), found.start())
    if text.count(":") > 1:
        yield from (span for span in _matches("ip", _IP6, text) if _is_ip(span.value))
    if "-" in text:
        yield from _matches("session", _SESSION, text)
        yield from _matches("id", _ID, text)
    if _DIGIT.search(text):
        if text.count(".") > 2:
            yield from _matches("ip", _IP4, text)
        yield from numbers(text)


def look(value: str) -> Span | None:
    """Tell what a whole value is by its form, if its form says so."""
    text = value.strip()
    if "://" in text[:12] or text[:5] == "data:":
        return Span(0, len(text), "link", text)
    for reading in readings(text):
        plain = reading.text.strip()
        for span in spans(plain):
            if (span.start, span.end) == (0, len(plain)):
                return span
    return None


def _matches(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    return (Span(*found.span(), kind, found[0]) for found in pattern.finditer(text))


def _emails(text: str) -> Iterator[Span]:
    if "@" in text:
        yield from _matches("email", _EMAIL, text)
    if "(" in text or "[" in text or "{" in text or " @ " in text:
        yield from _spelled(_SPELLED_OUT, text)
    for dot, pattern in _IN_WORDS.items():
        if dot in text:
            yield from _spelled(pattern, text)


def _spelled(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    """Find addresses in words; each has the token of the address that it spells."""
    for found in pattern.finditer(text):
        plain = _DOT_SIGN.sub(".", _AT_SIGN.sub("@", found[0]))
        yield Span(*found.span(), "email", plain)


def _in_link(link: str, start: int) -> Iterator[Span]:
    """Find where a link stops saying which page it is and starts saying whose."""
    begin = _public(link)
    if begin < len(link):
        yield Span(start + begin, start + len(link), "link", link)


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


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return len(text) > 2
