"""The values that frames hold in their personal columns, found again in any text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from crisp_data.privacy.folding import fold
from crisp_data.privacy.normalise import folded, transcribed, unaccented, words
from crisp_data.privacy.span import Span

# Fewer letters and digits than this say nothing about anybody, and would be found everywhere.
SHORTEST = 3
# What may stand between two words of one value: "O'Brien", "Smith, Emma", "emma_smith".
_GAP = 4
_HYPHEN = re.compile("[-\u2010-\u2015\u2212\u05be]")

_Values = dict[tuple[str, ...], tuple[str, str]]


class Known:
    """Values by their words.

    Texts are searched word by word and not by one pattern of all values: a hundred thousand
    names make a pattern that takes minutes to compile and longer to run.
    """

    def __init__(self) -> None:
        self._values: _Values = {}
        self._variants: _Values = {}
        self._lengths: dict[str, list[int]] = {}
        self.phones: set[str] = set()

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

    def add_name(self, name: str) -> None:
        """Remember the parts of a name, and what they are put together to.

        "Hi Emma", "smith-emma", "@EmmaSmith"; of a double surname each half, alone and with
        the first name.
        """
        parts = [part for part in fold(name).split() if any(map(str.isalpha, part))]
        forms = [parts]
        for n, part in enumerate(parts):
            self.add("person", part)
            for half in _halves(part):
                self.add("person", half)
                forms.append([*parts[:n], half, *parts[n + 1 :]])
        for form in forms:
            if len(form) > 1:
                for written in (" ".join(form), " ".join(reversed(form)), "".join(form)):
                    self.add("person", name, written)

    def _add(self, known: _Values, text: str, kind: str, value: str) -> None:
        key = tuple(word for word, _, _ in words(text))
        if not _is_long_enough(key) or key in known:
            return
        known[key] = (kind, value)
        lengths = self._lengths.setdefault(key[0], [])
        if len(key) not in lengths:
            lengths.append(len(key))
            lengths.sort(reverse=True)

    def spans(self, text: str) -> Iterator[Span]:
        """Find the known values in a text, the longest at each place."""
        found = list(words(text))
        if self._lengths.keys().isdisjoint(word for word, _, _ in found):
            return
        for n, (word, start, _) in enumerate(found):
            for length in self._lengths.get(word, ()):
                piece = found[n : n + length]
                key = tuple(word for word, _, _ in piece)
                value = self._values.get(key) or self._variants.get(key)
                if value is not None and _adjacent(piece) and _is_meant(value[1], text, piece):
                    yield Span(start, piece[-1][2], *value)
                    break


def _is_long_enough(key: tuple[str, ...]) -> bool:
    count = sum(map(len, key))
    # Two characters are a whole name in Chinese and Japanese.
    return count >= SHORTEST or (count == 2 and unicodedata.category(key[0][0]) == "Lo" and
                                 ord(key[0][0]) >= 0x3000)  # fmt: skip


def _adjacent(piece: list[tuple[str, int, int]]) -> bool:
    return all(b[1] - a[2] <= _GAP for a, b in pairwise(piece))


def _is_meant(value: str, text: str, piece: list[tuple[str, int, int]]) -> bool:
    """Tell a name from an ordinary word: "will" is not "Will", but "emma smith" is Emma Smith."""
    if len(piece) > 1 or not piece[0][0].isalpha():
        return True
    _, start, end = piece[0]
    written = text[start:end]
    if written != folded(written) or value == folded(value):
        return True
    # Two names in one word are no ordinary word where pages and people have their names.
    return " " in value and text[start - 1 : start] in ("/", "@", "~")


def _halves(part: str) -> list[str]:
    """Return the halves of a double name, "Müller" and "Lüdenscheidt".

    Those in small letters are ordinary words: "happy-buyer".
    """
    halves = _HYPHEN.split(part)
    if len(halves) == 1:
        return []
    return [half for half in halves if half != half.lower() or half == half.upper()]
