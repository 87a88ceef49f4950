r"""A text in the forms in which it is searched, each with the way back to the original.

One character has many spellings: full-width and mathematical letters, ligatures, marks without
a width in between, and the escapes of URLs, HTML and JSON. Patterns know one of them, so a text
is folded before it is searched, and what was found is replaced in the original.

>>> from crisp_data.privacy.folding import readings
>>> for reading in readings("em\u200dma\uff20example.com"):
...     at = reading.text.find("emma@example.com")
...     print(at, reading.original(at, at + 16) if at >= 0 else None)
0 (0, 17)
-1 None
"""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

# Nobody sees these, but they are no marks of format (category Cf) to Unicode: the grapheme
# joiner, the variation selectors, and the fillers of Hangul, Khmer, Mongolian and Braille.
# The stretcher of Arabic words is seen, and is no letter.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\ufff0-\ufff8\U000e0000-\U000e0fff\u0640]"
)
# Accents that make no letter with the one before, strokes and frames put over letters, and the
# vowels that Arabic and Hebrew mostly leave out. Those of other scripts tell words apart.
_DECORATION = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
# Vowels and endings of Hangul, and the half-width voiced marks of Japanese, are no marks to
# Unicode and join the character before all the same.
_JOINING = re.compile("[\u1161-\u1175\u11a8-\u11c2\uff9e\uff9f]")
# Of URLs, HTML, programs (JSON's among them), and Markdown, which escapes signs.
_ESCAPE = re.compile(
    r"(?:%[0-9a-f]{2})+|%u[0-9a-f]{4}|&(?:#[0-9]{1,7};?|#x[0-9a-f]{1,6};?|[a-z][a-z0-9]{1,31};)"
    r"|\\(?-i:U)[0-9a-f]{8}|\\u[0-9a-f]{4}|\\u\{[0-9a-f]{1,6}\}|(?:\\x[0-9a-f]{2})+"
    r"|\\(?-i:[nrtbf])|\\[!-/:-@\[-`{-~]",
    re.IGNORECASE | re.ASCII,
)
# Addresses that nobody shall click on by chance: "8[.]8[.]8[.]8", "anna@shop [dot] example".
_BRACKETED = re.compile(
    r"\s?[(\[{<]\s?(?:[.\u3002\uff0e\uff61]|:|dot|point|punkt|punto|ponto)\s?[)\]}>]\s?",
    re.IGNORECASE,
)
# What stands for the apostrophe: quotation marks, letters of their own, a prime, an accent.
_APOSTROPHES = "\u2019\u2018\u201b\u02bb\u02bc\u02b9\u2032\u00b4"
_BLANK_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}
# Tags that break no word: "<b>anna</b>@shop.example". Cells and paragraphs end one.
_INLINE = (
    r"(?:a|abbr|b|big|code|del|em|font|i|ins|mark|s|small|span|strong|tt|u)(?:\s[^<>]{0,300})?>"
)
_TAG = re.compile(rf"</?{_INLINE}|<w?br\s{{0,2}}/?>", re.IGNORECASE | re.ASCII)
_NUMBERS_APART = re.compile(
    rf"(?<=\d)(?:</{_INLINE})++(?:<{_INLINE})++(?=\d)", re.IGNORECASE | re.ASCII
)
# In a text's flags: a character that stays what it is, and others that follow it.
_CHANGES = "x"
_CHANGING = re.compile(f" ?{_CHANGES}+")
#: What every escape begins with.
ESCAPES = "%&\\"
Meaning = Callable[[str], Iterator[tuple[str, int]]]
# A text is escaped twice at most by honest programs, once more by those that forward it.
_ROUNDS = 3


class Reading(NamedTuple):
    """One form of a text; each of its characters knows which original ones it stands for."""

    text: str
    places: Sequence[tuple[int, int]] | None = None  # None: no character has moved

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return where a piece, of one character at least, stands in the original."""
        if self.places is None:
            return start, end
        return self.places[start][0], self.places[end - 1][1]


def readings(text: str) -> list[Reading]:
    """Return the forms in which a text is to be searched; for most texts, itself alone."""
    forms = _folded(Reading(text))
    plain = unescaped(text)
    if plain is not None:
        forms += _folded(plain)
    within_tags = Reading(text) if plain is None else plain
    if "<" in within_tags.text and _TAG.search(within_tags.text):
        apart = replace(within_tags, _NUMBERS_APART, lambda tags: iter([(";", len(tags))]))
        forms += _folded(replace(apart, _TAG, _tag))
    return forms


def folded(reading: Reading) -> Reading:
    """Return the folded form of a text, or of another form of it."""
    return _fold(reading)[0]


def fold(text: str) -> str:
    """Write each character in its usual form, and leave out what nobody sees."""
    return _fold(Reading(text))[0].text


def unescaped(text: str) -> Reading | None:
    r"""Undo the escapes of URLs, HTML and JSON, and brackets around signs; None without any.

    >>> from crisp_data.privacy.folding import unescaped
    >>> unescaped(r"a%2540b &#64; \u0040 [.]").text
    'a@b @ @.'
    """
    reading = Reading(text)
    for _ in range(_ROUNDS):
        if not any(sign in reading.text for sign in ESCAPES):
            break
        further = replace(reading, _ESCAPE, _meaning)
        if further.text == reading.text:
            break
        reading = further
    if any(sign in reading.text for sign in "[({<"):
        reading = replace(reading, _BRACKETED, _of_bracketed)
    return None if reading.text == text else reading


def _folded(reading: Reading) -> list[Reading]:
    """Return the folded form, and the unfolded one where words end in other places there.

    Without its zero-width joiner "Ali's" in Persian is one word, which is no name.
    """
    plain, joined = _fold(reading)
    return [plain, reading] if joined else [plain]


def _fold(reading: Reading) -> tuple[Reading, bool]:
    """Fold a text; tell whether letters met that stood apart, or became what was none."""
    text = reading.text
    if text.isascii():
        return reading, False
    for sign in _APOSTROPHES:
        text = text.replace(sign, "'")
    reading = reading._replace(text=text)
    flags = text.translate(_FLAGS)
    if _CHANGES not in flags:
        return reading, False
    folded, joined = Pieces(reading), False
    for found in _CHANGING.finditer(flags):
        folded.copy(found.start())
        for raw, start, end in _clusters(text, *found.span()):
            piece = _plain(raw)
            apart = start > folded.end and folded.ends_in_letter()
            joined = joined or (piece[:1].isalnum() and (apart or not raw[0].isalnum()))
            folded.append(piece, start, end)
        if found.end() > folded.end and folded.ends_in_letter():
            joined = joined or text[found.end() : found.end() + 1].isalnum()
        folded.end = found.end()
    return folded.reading(), joined


class Pieces:
    """The pieces of another form, each with its place in the original."""

    def __init__(self, reading: Reading) -> None:
        self._of, self._pieces = reading, [""]
        self._places: list[tuple[int, int]] = []
        self.end = 0  # how much of the text has been dealt with

    def append(self, piece: str, start: int, end: int) -> None:
        """Put a piece in the place of another.

        Parameters
        ----------
        piece : str
            The new text.
        start : int
            Where the old text begins.
        end : int
            Where the old text ends.
        """
        self._pieces.append(piece)
        self._places += [self._of.original(start, end)] * len(piece)
        self.end = end

    def copy(self, end: int) -> None:
        """Take what stands before this place as it is."""
        text, places = self._of
        self._pieces.append(text[self.end : end])
        self._places += places[self.end : end] if places else pairwise(range(self.end, end + 1))
        self.end = end

    def ends_in_letter(self) -> bool:
        """Tell whether what was put last is a letter or digit."""
        return self._pieces[-1][-1:].isalnum()

    def reading(self) -> Reading:
        """Return the whole form."""
        self.copy(len(self._of.text))
        return Reading("".join(self._pieces), self._places)


def _clusters(text: str, begin: int, stop: int) -> Iterator[tuple[str, int, int]]:
    """Yield each character with the marks on it, without what nobody sees, and its place."""
    raw, start, end = "", 0, 0
    for at in range(begin, stop):
        char = text[at]
        mark = _is_mark(char)
        if _is_unseen(char):
            end = at + 1 if mark and raw else end  # a selector goes with what it selects
        elif mark and raw:
            raw, end = raw + char, at + 1
        else:
            if raw:
                yield raw, start, end
            raw, start, end = char, at, at + 1
    if raw:
        yield raw, start, end


@lru_cache(4096)
def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) == "Cf" or _UNSEEN.match(char) is not None


@lru_cache(4096)
def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] == "M" or _JOINING.match(char) is not None


@lru_cache(4096)
def _plain(raw: str) -> str:
    text = _UNSEEN.sub("", _DECORATION.sub("", unicodedata.normalize("NFKC", raw)))
    return "".join(map(_usual, text))


def _usual(char: str) -> str:
    """Write digits of every script as 0 to 9, and apostrophes, blanks and line ends as most do."""
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    if char in _APOSTROPHES:  # "\u0149" is one and an n
        return "'"
    return {"\u1680": " ", "\u0085": "\n", "\u2028": "\n", "\u2029": "\n"}.get(char, char)


class _Flags(dict[int, str]):
    """Tells which characters stay what they are, worked out when each is met first."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        stays = char == _plain(char) and not _is_unseen(char) and not _is_mark(char)
        self[code] = flag = " " if stays else _CHANGES
        return flag


_FLAGS = _Flags()


def replace(reading: Reading, pattern: re.Pattern[str], meaning: Meaning) -> Reading:
    """Replace what a pattern finds by what it means, with the way back to the original.

    Parameters
    ----------
    reading : Reading
        The text.
    pattern : re.Pattern[str]
        What to replace.
    meaning : Meaning
        Returns the new pieces of a match, each with how many characters it stands for.

    Returns
    -------
    Reading
        The new text.
    """
    if not pattern.search(reading.text):
        return reading
    plain = Pieces(reading)
    for found in pattern.finditer(reading.text):
        plain.copy(found.start())
        for piece, length in meaning(found[0]):
            plain.append(piece, plain.end, plain.end + length)
    return plain.reading()


def _meaning(escape: str) -> Iterator[tuple[str, int]]:
    """Yield what an escape stands for, and how many characters each piece of it takes."""
    if escape[0] == "&":
        yield html.unescape(escape), len(escape)
    elif escape[1] in "uU":
        code = int(escape[2:].strip("{}"), 16)
        yield chr(code) if code <= sys.maxunicode else escape, len(escape)
    elif escape[0] == "%":
        yield from _octets(unquote_to_bytes(escape), 3)
    elif escape[1] in "xX":
        yield from _octets(bytes.fromhex(escape.replace("\\x", " ").replace("\\X", " ")), 4)
    else:
        yield _BLANK_ESCAPES.get(escape[1], escape[1]), len(escape)


def _of_bracketed(sign: str) -> Iterator[tuple[str, int]]:
    """Yield what a sign in brackets stands for."""
    yield ":" if ":" in sign else ".", len(sign)


def _octets(octets: bytes, length: int) -> Iterator[tuple[str, int]]:
    """Yield the characters of octets, each of which takes so many characters."""
    try:
        plain = octets.decode()
    except UnicodeDecodeError:  # as older programs write it
        yield from ((chr(octet), length) for octet in octets)
        return
    yield from ((char, length * len(char.encode())) for char in plain)


def _tag(tag: str) -> Iterator[tuple[str, int]]:
    """Yield what a tag stands for: the end of a line, or nothing."""
    yield "\n" if tag[:3].lower() == "<br" else "", len(tag)
