"""The values that frames hold in their personal columns, found again in any text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise, permutations, product

from crisp_data.privacy.folding import fold
from crisp_data.privacy.known_phones import KnownPhones
from crisp_data.privacy.name_parts import (
    SHORTEST,
    alone,
    forms_in_pairs,
    glued,
    halves,
    parts_of_pairs,
)
from crisp_data.privacy.normalise import folded, transcribed, unaccented, words
from crisp_data.privacy.span import Span

# What may stand between two words of one value: "O'Brien", "Smith, Emma", "emma_smith".
_GAP = 4
_PARTS = re.compile(r"[\s,;|/]+")
# What joins two of a name's words in paths, names of files and accounts.
_SIGNS = frozenset("-._+'\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
_BEFORE_NAMES = ("/", "@", "~")

# Glued to letters an address of a machine is found where it is known: "v1.2.3.4" is a version.
_IP4 = re.compile(r"(?<!\d)(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)", re.ASCII)
_LONGEST_EMAIL = 254
_SEPARATORS = "=&?/|!*#$^`{}~'"
_NUMBERED = re.compile(r"([^\W\d_]{2,})\d{1,4}")

_SHORTEST_OWNER = 4

_Word = tuple[str, int, int]
_Key = tuple[str, ...]
_Values = dict[_Key, tuple[str, str]]


class Known:
    """Values by their words.

    Texts are searched word by word and not by one pattern of all values: a hundred thousand
    names make a pattern that takes minutes to compile and longer to run.
    """

    def __init__(self) -> None:
        self._values: _Values = {}
        self._variants: _Values = {}
        self._pairs: _Values = {}
        self._parts: set[str] = set()
        self._pair_keys: dict[str, set[_Key]] = {}
        self._lengths: dict[str, list[int]] = {}
        self.phones = KnownPhones()
        self._emails: set[str] = set()
        self._ips: set[str] = set()

    def __len__(self) -> int:
        return len(self._values)

    def add(self, kind: str, value: str, written: str | None = None) -> None:
        """Remember a value, as others may write it: "Müller" is Muller and Mueller to many.

        Parameters
        ----------
        kind : str
            The kind of value, such as "name"; a token begins with it.
        value : str
            The value, which its token is made from.
        written : str, optional
            Another spelling of it.
        """
        value = fold(value).strip()
        text = value if written is None else fold(written)
        if text == value:
            self._add(self._values, value, kind, value)
        for spelling in {text, unaccented(text), transcribed(text)} - {value}:
            self._add(self._variants, spelling, kind, value)

    def add_name(self, name: str, written: str | None = None) -> None:
        """Remember the parts of a name, and what they are put together to.

        "Hi Emma", "smith-emma", "@EmmaSmith"; of a double surname each half, alone and with
        the first name; "OBrien" and "Brien" of O'Brien; "emma smith" of Dr. Emma Smith (Acme);
        "ana-garcia" and "/garcialopez" of Ana García López.

        Parameters
        ----------
        name : str
            The name.
        written : str, optional
            Another spelling of it, whose parts are meant.
        """
        spelled = fold(name if written is None else written)
        parts = [part for part in _PARTS.split(spelled) if any(map(str.isalpha, part))]
        forms = [parts]
        if (whom := alone(spelled)) != parts:
            forms.append(whom)
        for n, part in enumerate(parts):
            joined, others = glued(part), halves(part)
            if part not in self._parts:  # the same first names come again and again
                self._parts.add(part)
                self.add("person", part)
                self.add("person", part, joined)
                for half in others:
                    self.add("person", half)
            others += [joined] if joined != part else []
            forms += [[*parts[:n], other, *parts[n + 1 :]] for other in others]
        for form in forms:
            if len(form) > 1:
                for whole in (" ".join(form), " ".join(reversed(form)), "".join(form)):
                    self.add("person", name, whole)
        if len(parts) > 2 or len(forms) > 1:  # else the whole name is the only pair
            self._add_pairs(fold(name).strip(), parts_of_pairs(spelled))

    def _add_pairs(self, name: str, parts: list[str]) -> None:
        """Remember any two parts of a name that has more, or has halves."""
        for part in parts:
            if part not in self._pair_keys:
                self._pair_keys[part] = _keys(part)
        value = ("person", name)
        for one, other in permutations(map(self._pair_keys.__getitem__, parts), 2):
            for first, last in product(one, other):
                both = first + last
                for key in (both, ("".join(both),)):
                    if key not in self._pairs:
                        self._pairs[key] = value
                        self._remember_length(key)

    def _add(self, known: _Values, text: str, kind: str, value: str) -> None:
        key = tuple(word for word, _, _ in words(text))
        if not _is_long_enough(key) or key in known:
            return
        known[key] = (kind, value)
        self._remember_length(key)

    def _remember_length(self, key: _Key) -> None:
        lengths = self._lengths.setdefault(key[0], [])
        if len(key) not in lengths:
            lengths.append(len(key))
            lengths.sort(reverse=True)

    def spans(self, text: str) -> Iterator[Span]:
        """Find the known values in a text, the longest at each place."""
        yield from self.phones.spans(text)
        if self._ips and text.count(".") > 2:
            for ip in _IP4.finditer(text):
                if ip[0] in self._ips:
                    yield Span(*ip.span(), "ip", ip[0])
        found = words(text)
        for n, first in enumerate(found):
            lengths = self._lengths.get(first[0])
            if lengths is None and (stem := _stem(first)) is not first:
                lengths = self._lengths.get(stem[0])
            for length in lengths or ():
                piece = found[n : n + length]
                if (span := self._span(text, piece)) is not None:
                    yield span
                    break

    def _span(self, text: str, piece: list[_Word]) -> Span | None:
        """Return what words stand for; a name may have a number behind it: "emma.smith84"."""
        for last in dict.fromkeys((piece[-1], _stem(piece[-1]))):
            whole = [*piece[:-1], last]
            key = tuple(word for word, _, _ in whole)
            value = self._values.get(key) or self._variants.get(key)
            if value is None and key in self._pairs and _is_joined(text, whole):
                value = self._pairs[key]
            if value is None or (last is not piece[-1] and value[0] != "person"):
                continue
            if _adjacent(whole) and _is_meant(value[1], text, whole):
                return Span(piece[0][1], piece[-1][2], *value)
        return None

    def add_found(self, span: Span) -> None:
        """Remember a whole value that shows what it is by its form."""
        if span.kind == "phone":
            self.phones.add(span.value)
        elif span.kind == "email":
            self._emails.add(folded(fold(span.value)))
        elif span.kind == "ip":
            self._ips.add(fold(span.value))

    def narrowed(self, span: Span) -> Span:
        """Leave out what stands before a known address: "email=anna@x.example", "_anna@x.example".

        Such signs may be a part of an address, so without knowing it nobody can tell.
        """
        value = span.value
        if span.kind != "email" or folded(value) in self._emails:
            return span
        for at in range(max(1, len(value) - _LONGEST_EMAIL), len(value)):
            sign = value[at - 1]
            if (sign in _SEPARATORS or not any(map(str.isalnum, value[:at]))) and (
                folded(value[at:]) in self._emails
            ):
                return Span(span.end - len(value) + at, span.end, "email", value[at:])
            if sign == "@":
                break
        return span


def _keys(part: str) -> set[_Key]:
    """Return the words of a part of a name as others may write them beside another part."""
    spelled = {
        way for form in forms_in_pairs(part) for way in (form, unaccented(form), transcribed(form))
    }
    return {tuple(word for word, _, _ in words(text)) for text in spelled}


def _stem(word: _Word) -> _Word:
    """Leave out the few digits at the end of a word, or the "s" of "Annas"."""
    text, start, _ = word
    last = text[-1]
    if last == "s" and len(text) > _SHORTEST_OWNER:
        return text[:-1], start, start + len(text) - 1
    if not last.isdecimal() or (found := _NUMBERED.fullmatch(text)) is None:
        return word
    return found[1], start, start + len(found[1])


def _is_long_enough(key: tuple[str, ...]) -> bool:
    count = sum(map(len, key))
    # Two characters are a whole name in Chinese and Japanese.
    return count >= SHORTEST or (count == 2 and unicodedata.category(key[0][0]) == "Lo" and
                                 ord(key[0][0]) >= 0x3000)  # fmt: skip


def _adjacent(piece: list[_Word]) -> bool:
    return all(b[1] - a[2] <= _GAP for a, b in pairwise(piece))


def _is_meant(value: str, text: str, piece: list[_Word]) -> bool:
    """Tell a name from an ordinary word: "will" is not "Will", but "emma smith" is Emma Smith."""
    if len(piece) > 1 or not piece[0][0].isalpha():
        return True
    _, start, end = piece[0]
    written = text[start:end]
    if written != folded(written) or value == folded(value):
        return True
    # Two names in one word are no ordinary word where pages and people have their names.
    return " " in value and text[start - 1 : start] in _BEFORE_NAMES


def _is_joined(text: str, piece: list[_Word]) -> bool:
    """Tell whether a sign joins words, or one word is of two: "/anagarcia", "AnaGarcia"."""
    if len(piece) > 1:
        return all(text[a[2] : b[1]] in _SIGNS for a, b in pairwise(piece))
    _, start, end = piece[0]
    rest = text[start + 1 : end]
    return rest != folded(rest) or text[start - 1 : start] in _BEFORE_NAMES
