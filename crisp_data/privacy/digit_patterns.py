"""Phones, cards and accounts: what shows by its digits and their groups.

Phone numbers are found by our own rule: ``phonenumbers``, the library for them, finds what one
country would dial, and a private text must lose a number of any country, mistyped ones too.

>>> from crisp_data.privacy.digit_patterns import numbers
>>> [span.value for span in numbers("+33 6 12\\n34 56 78 by 09:30:15, or 06.98.76.54.32")]
['06.98.76.54.32', '+33 6 12\\n34 56 78']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import accumulate

from stdnum import iban, luhn, numdb

from crisp_data.privacy.normalise import UNSPACED, digits
from crisp_data.privacy.span import Span

# Blanks, dots and dashes of any width, Japan's and the typesetter's too.
_DASH = r"\u2010-\u2015\u2212\u30fc-"
_GAP = rf"[ \t.\u00b7()/{_DASH}]{{0,3}}"
_NUMBER = re.compile(
    r"(?P<token>[a-z]+_[0-9a-f]{16}(?![0-9a-z]))"
    rf"|(?<!\d)(?:\+\(?|\((?=\+?\d{{1,5}}\))\+?)?\d(?:{_GAP}\d){{6,}}"
)
# Where a number may begin behind a digit that is another word's: "B5 0612345".
_APART = re.compile(rf"(?<=[ \t{_DASH}])[(0]")
# A number that begins as phones do may be broken: after a plus anywhere, after a zero at one
# place, or by the same sign between all of its groups. Lists of prices, quantities and codes
# look like any other.
_BREAK = re.compile(r"[,:\r\n]")
_SIGN = re.compile(r"[,:;_|+\r\n]")
_AFTER_PLUS = re.compile(rf"(?<!\d)\+\(?\d(?:[ \t.\u00b7()/,:\r\n{_DASH}]{{0,4}}\d){{8,18}}")
_BROKEN_ONCE = re.compile(
    rf"(?<![\d+])(?=[(0])(?<!\d[,:])(?:\((?=0\d{{0,4}}\)))?0(?:{_GAP}\d){{0,7}}"
    rf"(?:\)?[,:]|{_GAP}(?:(?:\r\n?|\n){_GAP}){{1,2}})\d(?:{_GAP}\d){{1,10}}(?!\d|[,:][\dx])"
)
_TWO_CODES = re.compile(r"\d{5}[,:]\d{5}|\d{6}[,:]\d{6}|\d{7}[,:]\d{7}")
_SAME_SIGN = re.compile(
    r"(?<!\d)(?<!\d[,:])0\d{1,4}([,:])\d{2,4}(?:\1\d{2,4}){1,4}(?!\d|\1\d)"
)  # fmt: skip
# Forms write blanks as plus signs.
_OF_FORM = re.compile(
    r"(?<!\d)(?<!\d\+)(?:0\d{1,4}|\+[1-9]\d{0,2}\+\d{1,12})(?:\+\d{2,9}){0,5}(?!\d|\+\d)"
)
_WIDE = rf"(?:{_GAP}\r?\n{_GAP}|[,:;_|+]|{_GAP})"
_CARD = re.compile(
    rf"(?<!\d)(?:[3-6]\d{{3}}(?:{_WIDE}\d{{4}}){{2}}{_WIDE}\d{{1,7}}"
    rf"|3\d{{3}}{_WIDE}\d{{6}}{_WIDE}\d{{5}})(?!\d)"
)
# As long as this a phone is whole: what follows a break is something else, or a time of day.
_WHOLE = 10
_WHOLE_BEFORE_TIME = 9
_PLACE = 2  # digits of a country, mostly
_ZONE = re.compile(r"(?:UTC|GMT)[ ]?\Z", re.IGNORECASE)  # "UTC+1 10:30" is no phone
_DAY = "|".join(
    rf"\d{{4}}{sign}[01]?\d{sign}[0-3]?\d|[0-3]?\d{sign}[0-3]?\d{sign}(?:19|20)\d{{2}}"
    for sign in ("-", "/", r"\.")
)
_DATE = re.compile(rf"(?<!\d)(?=\d)(?:{_DAY})(?:-(?:{_DAY}))?(?!\d|[-/.]\d)")
_TIME = re.compile(
    r"(?<!\d)(?=\d)(?<!\d:)(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?!\d|:\d)"
)
# What else is no part of a phone: 0.1234567 and 1234567.89, 1.000.000.000, and the version of a
# program, 120.0.6099.109. None of them stands in a longer row of digits, or behind a plus.
_AMOUNT = re.compile(
    rf"(?<![\d+])(?=\d)(?<!\d[ \t.,:()/{_DASH}])"
    r"(?:0[.,]\d+|[1-9]\d{0,7}[.,]\d{2}|[1-9]\d{0,2}([ .])000(?:\1[0]{3})+"
    r"|[1-9]\d{0,2}\.0\.\d{1,5}\.\d{1,5})"
    rf"(?!\d|(?:{_GAP}|[,:])\d)"
)
# Beside other figures, too, a comma is mostly the one of an amount: "01 12,50 10 25".
_DECIMAL = re.compile(
    r"(?<![\d.,])(?=\d)(?:0,\d+|0?\d,\d{1,2}|[1-9]\d{1,7},\d{1,2}|[1-9]\d{0,2}(?:\.\d{3})+,\d{1,2}"
    r"|[1-9]\d{0,2}(?:,\d{3})+(?:\.\d{1,2})?)(?!\d|[,.]\d)"
    r"|(?<=\d,)[1-9]\d*\.\d\d(?!\d|[,.]\d)"
)
# As few digits as a phone has, however broken: most texts have fewer.
_MANY = re.compile(r"\d(?:\D{0,8}\d){6}")
# Looked for at every word, also within what began as one and is none, and where the word IBAN
# is glued to it.
_IBAN_GAP = rf"[\s.,:;|+\u00b7/_{_DASH}]{{0,3}}"
_IBAN = re.compile(
    rf"(?:(?<![^\W_{UNSPACED}])|(?<=IBAN))"
    rf"(?=([A-Z]{{2}}{_IBAN_GAP}[0-9]{_IBAN_GAP}[0-9](?:{_IBAN_GAP}[A-Z0-9]){{11,30}}))",
    re.IGNORECASE | re.ASCII,
)
_IBAN_DIGITS = 10
_MAY_BE_MISTYPED = re.compile("[A-Z]{2}[0-9]{2}")
_HAS_IBAN_DIGITS = re.compile(rf"(?:\D*+\d){{{_IBAN_DIGITS}}}")
_BESIDE = re.compile(r"[^A-Za-z0-9]+")


def numbers(text: str) -> Iterator[Span]:
    """Find accounts, cards, phones and other long numbers; what two kinds claim comes twice."""
    for found in _IBAN.finditer(text) if _HAS_IBAN_DIGITS.match(text) else ():
        if (length := _iban_length(found[1])) is not None:
            yield Span(found.start(), found.start() + length, "iban", found[1][:length])
    if not _MANY.search(text):
        return
    # A day, an hour or an amount beside a number is no part of it.
    undated = _DATE.sub(_hidden, text)
    plain = _AMOUNT.sub(_hidden, undated)
    if ":" in text:
        plain = _TIME.sub(_hidden, plain)
    for found in _NUMBER.finditer(plain):  # what is in a token is no number
        if found["token"]:
            continue
        value, kind = found[0], number_kind(found[0])
        if kind is None and (apart := _APART.search(value)):
            value = value[apart.start() :]
            kind = number_kind(value)
        if kind is not None:
            yield Span(found.end() - len(value), found.end(), kind, value)
    if _SIGN.search(plain):
        yield from _broken(plain)
        if "+" in plain:
            yield from _after_plus(undated, plain)


def number_kind(text: str) -> str | None:
    """Tell what a run of digits is; None for one too short to be anybody's.

    Nine digits are enough, and seven where they begin as phone numbers do. Order numbers of
    that length go with them.
    """
    found = digits(text)
    if len(found) < (7 if text[0] in "+(" or found[0] == "0" else 9):
        return None
    if is_card(found):
        return "card"
    return "phone" if len(found) <= 15 else "number"


def is_card(found: str) -> bool:
    """Tell whether digits are a card's, by their count, first one and checksum."""
    return 13 <= len(found) <= 19 and found[0] in "23456" and bool(luhn.is_valid(found))


def _broken(text: str) -> Iterator[Span]:
    """Find phones and cards that go on behind a line's end, a comma or a colon."""
    if _BROKEN_ONCE.search(text):
        for span in _counted(_BROKEN_ONCE, _DECIMAL.sub(_hidden, text), range(10, 16)):
            if not _TWO_CODES.fullmatch(span.value):  # "01067,20095"
                yield span
    yield from _counted(_SAME_SIGN, text, range(9, 14))
    if "+" in text:
        yield from _counted(_OF_FORM, text, range(9, 15))
    for found in _CARD.finditer(text):
        if is_card(digits(found[0])):
            yield Span(*found.span(), "card", found[0])


def _counted(pattern: re.Pattern[str], text: str, counts: range) -> Iterator[Span]:
    for found in pattern.finditer(text):
        if len(digits(found[0])) in counts:
            yield Span(*found.span(), "phone", found[0])


def _after_plus(text: str, plain: str) -> Iterator[Span]:
    """Find broken phones that begin with a plus.

    Where they are broken once, a piece of them may read as a time of day or an amount; in a list
    of changes, "+5, 10:30, 12.50", each does.
    """
    for found in _AFTER_PLUS.finditer(text):
        start, end = found.span()
        count = [0, *accumulate(char.isdecimal() for char in found[0])]
        breaks = [sign.start() for sign in _BREAK.finditer(text, start, end)]
        pieces = [piece.start() for piece in _HIDDEN.finditer(plain, start, end)]
        ends = [at for at in pieces if count[at - start] >= _WHOLE_BEFORE_TIME]
        early = [at for at in breaks if count[at - start] < _WHOLE]
        zone = _ZONE.search(text, max(0, start - 4), start) or digits(found[0])[0] == "0"
        may = [_may_be_phone(text, at, count[at - start]) for at in pieces]
        if zone or "\t" in found[0] or len(early) > 1 or not all(may):
            ends = pieces[:1]
        ends += [at for at in breaks if count[at - start] >= _WHOLE and plain[at] != "x"]
        number = _LAST_DIGIT.sub("", text[start : min(ends, default=end)])
        if _BREAK.search(number) and len(digits(number)) >= _WHOLE_BEFORE_TIME:
            yield Span(start, start + len(number), "phone", number)


def _may_be_phone(text: str, start: int, before: int) -> bool:
    """Tell whether what reads as a time or an amount may go on a phone of so many digits."""
    is_time = text[start + 1 : start + 3].find(":") >= 0
    return before >= _PLACE and (is_time or text[start - 1] in "\r\n")


def _iban_length(text: str) -> int | None:
    """Find how much of a run of letters and digits is an account; words may follow it.

    One with a mistyped digit is told by its country's form where that alone shows it: in capitals,
    with its first digits right behind the country, and without a word glued to it.
    """
    places = [at for at, char in enumerate(text) if char.isalnum()]
    length = _length_in_country(text[:2].upper())
    if not length or len(places) < length:
        return None
    end = places[length - 1] + 1
    account = _BESIDE.sub("", text[:end])
    if sum(char.isdigit() for char in account) < _IBAN_DIGITS:
        return None
    if iban.is_valid(account, check_country=False):
        return end
    mistyped = _MAY_BE_MISTYPED.match(text) and not text[end : end + 1].isalnum()
    right = account[:2] + iban.calc_check_digits(account) + account[4:] if mistyped else ""
    return end if mistyped and iban.is_valid(right, check_country=False) else None


@cache
def _length_in_country(country: str) -> int:
    """Return how many characters the accounts of a country have; 0 where it has none."""
    _, properties = numdb.get("iban").info(country)[0]
    counts = map(int, re.findall(r"\d+", properties.get("bban", "")))
    return sum(counts, 4) if "bban" in properties else 0


_HIDDEN = re.compile("x+")
_LAST_DIGIT = re.compile(r"\D+\Z")


def _hidden(found: re.Match[str]) -> str:
    return "x" * len(found[0])
