"""The phones that frames hold in their columns, found again in any text.

>>> from crisp_data.privacy.known_phones import KnownPhones
>>> known = KnownPhones()
>>> known.add("+33 6 12 34 56 78")
>>> {span.value for span in known.spans("call 06;12;34;56;78, or 5;06;12;34;56;79")}
{'0612345678'}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from crisp_data.privacy.digit_patterns import is_card
from crisp_data.privacy.normalise import digits
from crisp_data.privacy.span import Span

_DIGITS = re.compile(r"\d(?:[\W_]{0,4}\d){6,}")
#: So many digits are a phone's also within a longer number; fewer occur there by chance.
LONG_PHONE = 9
_SHORTEST_NATIONAL = LONG_PHONE - 1  # behind a zero
# The codes of countries, by ITU-T E.164: these of one and two digits, all others of three.
# They tell where a number within its country begins, and not whose "06 12 34 56 78" is.
_CODE = r"(?:[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9]\d\d)"
_OF_COUNTRY = re.compile(rf"(?:00)?{_CODE}")
_PLUS = re.compile(r"\+\(?\Z")


class KnownPhones:
    """Phones by their digits, with and without the code of their country."""

    def __init__(self) -> None:
        self.whole: set[str] = set()
        self._lengths: set[int] = set()
        self._national: set[str] = set()
        self._national_lengths: set[int] = set()

    def add(self, phone: str) -> None:
        """Remember the digits of a phone."""
        found = {digits(phone), digits(phone.replace("(0)", ""))}
        for plain in (found | {one.removeprefix("00") for one in found}) - {""} - self.whole:
            self.whole.add(plain)
            self._lengths.add(len(plain))
            national = plain[_before_national(plain) :]
            if len(national) >= _SHORTEST_NATIONAL:
                self._national.add(national)
                self._national_lengths.add(len(national))

    def spans(self, text: str) -> Iterator[Span]:
        """Find the digits of known phones, whatever stands between and beside them."""
        for run in _DIGITS.finditer(text) if self.whole else ():
            places = [n for n in range(*run.span()) if text[n].isdecimal()]
            plain = digits(run[0])
            for first, length in product(range(len(places)), self._lengths):
                last = first + length - 1
                if last < len(places) and plain[first : last + 1] in self.whole:
                    start, end = places[first], places[last] + 1
                    if length >= LONG_PHONE or not _inside(text, start, end):
                        yield _span(start, end, plain[first : last + 1])
            if len(places) >= LONG_PHONE and self._national:
                yield from self._other_forms(text, places, plain)

    def _other_forms(self, text: str, places: list[int], plain: str) -> Iterator[Span]:
        """Find phones that are known with another beginning: "06…" of +33 6…, and +33 6… of "06…".

        They have the token of what is written: the same national number may be of two countries.
        """
        for first, start in enumerate(places):
            if text[start - 1 : start].isdecimal():
                continue
            signed = text[start - 1 : start] in ("+", "(") and plain[first] != "0"
            plus = _PLUS.search(text, max(0, start - 2), start) if signed else None
            code = (
                _OF_COUNTRY.match(plain, first) if plus or plain.startswith("00", first) else None
            )
            begin = code.end() if code else first
            # In some countries the zero is a part of the number, in most it is not: "+33 (0)6".
            for at in range(begin, begin + 1 + (plain[begin : begin + 1] == "0")):
                for length in self._national_lengths:
                    national = plain[at : at + length]
                    if national not in self._national or at + len(national) - first < LONG_PHONE:
                        continue
                    end = places[at + len(national) - 1] + 1
                    if not text[end : end + 1].isdecimal():
                        value = (code[0] if code else plain[first:at]) + national
                        yield _span(plus.start() if plus else start, end, value)


def _span(start: int, end: int, found: str) -> Span:
    # Some phones of 13 digits have a card's checksum, and the token that their column has.
    return Span(start, end, "card" if is_card(found) else "phone", found)


def _before_national(plain: str) -> int:
    """Count the digits before the number within the country: a zero, or the country's code."""
    if plain[:1] == "0" and plain[:2] != "00":
        return 1
    code = _OF_COUNTRY.match(plain)
    return code.end() if code else 0


def _inside(text: str, start: int, end: int) -> bool:
    """Tell whether the digits go on before or behind."""
    return text[start - 1 : start].isdecimal() or text[end : end + 1].isdecimal()
