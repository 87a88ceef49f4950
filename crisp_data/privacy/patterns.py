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
from functools import cache
from itertools import product

from crisp_data.privacy.digit_patterns import numbers
from crisp_data.privacy.domains import dotted
from crisp_data.privacy.folding import readings
from crisp_data.privacy.normalise import UNSPACED, folded
from crisp_data.privacy.span import Span

_LETTER = rf"[^\W_{UNSPACED}]"
_ATOM = rf"(?:[^\W{UNSPACED}]|[.!#$&'*+/=?^`{{|}}~-])"
_LABEL = rf"(?:{_LETTER}|-)"
_DOMAIN = rf"{_LABEL}++(?:\.{_LABEL}++)*"
# The ends of an e-mail may be missing: previews are cut anywhere. Of several signs in what is
# no whole address ("/@emma@shop.example") the last one counts.
_EMAIL = (
    rf"{_ATOM}++@{{1,2}}{_LABEL}++(?:\.{_LABEL}++)++(?!@)|{_ATOM}++(?:@{_ATOM}++(?=@))?@{_DOMAIN}"
    rf"|(?:{_ATOM}++|\"[^\"@\n]{{1,64}}\")@(?:{_DOMAIN}|\[(?:ipv6:)?[0-9a-f.:]{{2,45}}\])"
)
# As people write them whom machines shall not read, or whose telephone puts blanks in. Blanks
# stand around the sign of a price, too ("5 @ 3.50"), so letters must follow a dot there.
_NAMED = rf"(?={_LABEL}{{1,63}}\.(?:{_LABEL}{{1,63}}\.){{0,3}}[^\W\d_]{{2}})"
_AT = rf"(?:\s?[(\[{{<]\s?(?:at|ät|arobase|arroba|@)\s?[)\]}}>]\s?|(?: @ |@\s){_NAMED})"
_BARE_ATOM = rf"(?:[^\W{UNSPACED}]|[.!#$&'*+/=?^`|~-])"  # braces are around signs here
_SPELLED_OUT = rf"{_BARE_ATOM}++{_AT}{_LABEL}++(?:\.{_LABEL}++)+"
# In words alone: "look at example.com" is no address, nor "at this point", so both signs are
# words here, and of one language.
_PAIRS = {" dot ": " at ", " point ": " arobase ", " punkt ": " ät ", " punto ": " arroba ",
          " ponto ": " arroba "}  # fmt: skip
_IN_WORDS = {
    dot: rf"{_ATOM}++(?:{dot}{_ATOM}++){{0,4}}{at}{_LABEL}++(?:{dot}{_LABEL}++)+"
    for dot, at in _PAIRS.items()
}
# What stands before an address, as in "'anna@shop.example'", and could be the first of it.
_SIGNS = re.compile(r"[^\w\"@]+(?=\w)")
# "5@3.50" and "react@18.2.0": no domain is a number, and an address has four.
_PRICE = re.compile(r"[^@]*@\d+(?:\.\d+){1,2}")
_AT_SIGN = re.compile(rf"{_AT}|{'|'.join(set(_PAIRS.values()))}", re.IGNORECASE)
_DOT_SIGN = re.compile("|".join(_PAIRS), re.IGNORECASE)
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
# "Chrome/120.0.0.0" is no machine, nor is 1.000.000.000.
_IP4 = re.compile(
    rf"(?<!{_LETTER})(?<!\d\.)(?!\d+(?:\.0{{1,3}}){{3}}(?!\d))"
    rf"{_BYTE}(?:\.{_BYTE}){{3}}(?!{_LETTER}|\.\d)"
)
# With what may stand beside an address and be a part of it: "IP:2001:db8::1: yes".
_IP6 = re.compile(
    r"(?<![0-9a-z])[.:]{0,3}[0-9a-f]{0,4}:[0-9a-f:.]{0,42}(?![0-9a-z])", re.IGNORECASE | re.ASCII
)
# What a computer made up: long, of letters and digits.
_RANDOM = re.compile(r"(?=[^/]*\d)(?=[^/]*[a-z])[a-z0-9~=]{12,}|[a-z0-9_~=-]{40,}", re.IGNORECASE)
_DIGIT = re.compile(r"\d")


def spans(text: str) -> Iterator[Span]:
    """Find what a folded text holds, kind after kind; what two kinds claim comes twice."""
    text = dotted(text)
    # Most texts have none of these, and looking for one character is quicker than a pattern.
    yield from _emails(text)
    lowered = text.lower()
    if "/" in text or "?" in text or "www." in lowered or "data:" in lowered:
        for found in _LINK.finditer(text):
            yield from _in_link(found[0].rstrip(".,;:!?)]}'*"), found.start())
    if text.count(":") > 1:
        yield from _ip6(text)
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
            around = plain[: span.start] + plain[span.end :]
            # "<anna@shop.example>" is the address, and no other value.
            if not around or (span.kind in ("email", "ip") and not any(map(str.isalnum, around))):
                return span
    return None


def _matches(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    return (Span(*found.span(), kind, found[0]) for found in pattern.finditer(text))


def _emails(text: str) -> Iterator[Span]:
    if "@" in text:
        for start, end in _addresses(_EMAIL, text):
            value = "@".join([part for part in text[start:end].split("@") if part][-2:])
            if not _PRICE.fullmatch(value):
                yield Span(start, end, "email", value)
    if any(sign in text for sign in ("(", "[", "{", "<", "@ ", "@\n")):
        yield from _spelled(_SPELLED_OUT, text)
    lowered = folded(text)
    for dot, pattern in _IN_WORDS.items():
        if dot in lowered:
            yield from _spelled(pattern, text)


def _addresses(pattern: str, text: str) -> Iterator[tuple[int, int]]:
    """Find each address, also one that begins right behind another: "a@x.example/b@x.example"."""
    here, anywhere = _compiled(pattern)
    at = 0
    while found := here.match(text, at) or anywhere.search(text, at):
        before, at = _SIGNS.match(found[0]), found.end()
        yield found.start() + (before.end() if before else 0), at


@cache
def _compiled(pattern: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Compile a pattern for one place, and for any where no address goes on."""
    anywhere = rf"(?<!{_ATOM})(?:{pattern})"
    return re.compile(pattern, re.IGNORECASE), re.compile(anywhere, re.IGNORECASE)


def _spelled(pattern: str, text: str) -> Iterator[Span]:
    """Find addresses in words; each has the token of the address that it spells."""
    for start, end in _addresses(pattern, text):
        plain = _DOT_SIGN.sub(".", _AT_SIGN.sub("@", text[start:end]))
        yield Span(start, end, "email", plain)


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


def _ip6(text: str) -> Iterator[Span]:
    for found in _IP6.finditer(text):
        run = found[0]
        starts = range(len(run) - len(run.lstrip(".:")) + 1)
        ends = range(len(run), len(run.rstrip(".:")) - 1, -1)
        for start, end in product(starts[:4], ends[:4]):
            if _is_ip(run[start:end]):
                yield Span(found.start() + start, found.start() + end, "ip", run[start:end])
                break


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return len(text) > 2
