"""One e-mail address, found in texts however it is written there.

A library finds addresses; this finds one that is known, where a link, a page or JSON has
escaped it, and only where it stands whole: ``xsales@shop.example`` is somebody else's.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from crisp_data.errors import BadParameter
from crisp_data.privacy.domains import IDEOGRAPHIC_DOT, spellings
from crisp_data.privacy.folding import Pieces, Reading, folded, replace

# What a cell must hold to hold an address: an at sign, or something that escapes one.
MAY_HOLD = r"[@\x{FF20}\x{FE6B}%&\\]"

_LONGEST = 320  # characters of an address: 64 before the at sign and 255 after it
_HALF = r"\ud800-\udfff"  # of a character that was cut in two
_SHAPE = re.compile(rf"[^\s@<>\"(),;:\[\]\\{_HALF}]+@[^\s@<>\"(),;:\[\]\\/{_HALF}]*\w")

_WEB = re.compile(
    r"(?:%[0-9A-Fa-f]{2})+|&(?:#[0-9]{1,7};?|#[xX][0-9A-Fa-f]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)"
)
_BACKSLASH = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[^ux])", re.DOTALL)
_BLANKS = {"b": " ", "f": " ", "n": "\n", "r": "\n", "t": "\t"}
_DEPTH = 4  # JSON within JSON within JSON: nobody escapes more often

# What parts a domain, and may end it: "jo@acme.example." is the same address.
_DOT = f"[.{IDEOGRAPHIC_DOT}]"
_LAST_DOT = re.compile(rf"{_DOT}\Z")

# What makes an address the end of a longer one: a letter or digit, and what may stand between.
_BEFORE = re.compile(r"([^\W_])[\u0300-\u036f]*(?:(?:\\?[-+_])*|\\?[.'])\Z")
_LABEL = re.compile(r"\.([^\W_][\w-]*)(\.[^\W_])?")
_HYPHEN = re.compile(r"-[\w-]*\.[^\W_]")
# "jo@acme.example.pdf" is a file that was named after Jo: these are no domains.
_FILES = re.compile(
    "avi|bmp|csv|docx?|eml|gif|heic|html?|ics|jpe?g|jsonl?|log|mp[34]|msg|od[pst]|pdf|png|pptx?|"
    "rtf|svg|tsv|txt|vcf|wav|webp|xlsx?|xml"
)


class Address:
    """An e-mail address that is looked for.

    Raises
    ------
    BadParameter
        It is none.

    >>> jo = Address("jo@acme.example")
    >>> jo.replaced("JO@acme.example, banjo@acme.example, ?to=jo%40acme.example", "X")
    'X, banjo@acme.example, ?to=X'
    """

    def __init__(self, email: str) -> None:
        if not isinstance(email, str):
            raise BadParameter(
                f"email must be one text, not a {type(email).__name__}.",
                "Call forget() once for each.",
            )
        self.text = email.strip()
        decoded = _decoded(Reading(self.text)).text
        plain = _LAST_DOT.sub("", _plain(self.text))
        if len(plain) > _LONGEST or not _SHAPE.fullmatch(plain):
            raise BadParameter(
                "email is not an e-mail address: nothing was changed.",
                "Pass one complete address, such as 'jo@acme.example'.",
            )
        self._local = plain.rpartition("@")[0]
        domain = unicodedata.normalize("NFKC", decoded).rpartition("@")[2].lower()
        self._pattern = re.compile(f"{re.escape(self._local)}@{_any_spelling(domain)}")

    def is_in(self, text: str, json: bool = False) -> bool:
        """Whether it stands in a text; ``json`` says that the text is written as JSON."""
        return bool(self._places(text, json))

    def is_whole(self, text: str) -> bool:
        """Whether a text is this address and nothing else."""
        return self._pattern.fullmatch(_LAST_DOT.sub("", _plain(text.strip()))) is not None

    def replaced(self, text: str, by: str, json: bool = False) -> str:
        """Put something else in its place, wherever it stands.

        Parameters
        ----------
        text : str
            Any text, or JSON.
        by : str
            What to put in the address's place.
        json : bool, default False
            Whether ``text`` is JSON, in which characters may be escaped.

        Returns
        -------
        str
            The text; all else stays as it was.
        """
        for start, end in reversed(self._places(text, json)):
            text = text[:start] + by + text[end:]
        return text

    def _places(self, text: str, json: bool) -> list[tuple[int, int]]:
        if not _escapes(text) and text.isascii():
            if self._local not in text.lower():  # most texts, and quickly
                return []
            return list(self._found(Reading(text), text))
        found: set[tuple[int, int]] = set()
        for depth, reading in enumerate(_readings(text)):
            if depth > 0 or not json:  # the letters of JSON itself are no text
                found.update(self._found(reading, text))
        return _apart(found)

    def _found(self, reading: Reading, text: str) -> Iterator[tuple[int, int]]:
        """Find where it stands whole, as places of the original text."""
        folded = _folded(reading)
        plain = folded.text
        for match in self._pattern.finditer(plain):
            first, last = match.span()
            start, end = folded.original(first, last)
            at = plain.index("@", first)
            domain = text[folded.original(at, at + 1)[0] : end]
            after = text[folded.original(last, last + 1)[0] :] if last < len(plain) else ""
            following = plain[last:]
            if following.startswith(IDEOGRAPHIC_DOT) and "." not in plain[at:last]:
                following = "." + following[1:]  # behind usual dots it ends a sentence
            if not _continued(plain[:first]) and not _continues(following, domain, after):
                yield start, end


def _plain(text: str) -> str:
    return _folded(_decoded(Reading(text))).text


def _readings(text: str) -> Iterator[Reading]:
    """Read a text as it stands, and with its backslashes undone once, twice, ..."""
    reading = _decoded(Reading(text))
    yield reading
    for _ in range(_DEPTH):
        if "\\" not in reading.text:
            # A text without backslashes is JSON as it stands: it is what JSON says.
            yield reading
            return
        reading = _decoded(replace(reading, _BACKSLASH, _of_backslash))
        yield reading


def _escapes(text: str) -> bool:
    return "%" in text or "&" in text or "\\" in text


def _decoded(reading: Reading) -> Reading:
    """Undo the escapes of URLs and HTML until none is left: ``%2540``, ``&amp;#64;``."""
    for _ in range(_DEPTH):
        before, reading = reading, replace(reading, _WEB, _of_web)
        if reading.text == before.text:
            break
    return reading


def _of_web(escape: str) -> Iterator[tuple[str, int]]:
    """Read percent-encoded UTF-8, or one entity of HTML."""
    if escape[0] == "&":
        yield html.unescape(escape), len(escape)
        return
    raw, place = bytes.fromhex(escape.replace("%", "")), 0
    while place < len(raw):
        for size in (1, 2, 3, 4):
            try:
                character = raw[place : place + size].decode()
            except UnicodeDecodeError:
                continue
            break
        else:
            character, size = "\ufffd", 1
        yield character, 3 * size
        place += size


def _of_backslash(escape: str) -> Iterator[tuple[str, int]]:
    """Read an escape of JSON; a backslash before a mark, as Markdown writes it, is left out."""
    mark = escape[1]
    if mark in "ux":
        yield chr(int(escape[2:], 16)), len(escape)
    elif mark in _BLANKS:
        yield _BLANKS[mark], 2
    else:
        yield (escape if mark.isalnum() else mark), 2


def _folded(reading: Reading) -> Reading:
    """Read all forms of a character as one: capitals, full-width ones; none that is invisible."""
    if reading.text.isascii():
        return reading._replace(text=reading.text.lower())
    usual = folded(reading)
    pieces = Pieces(usual)
    for place, character in enumerate(usual.text):
        plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
        pieces.append(plain, place, place + 1)
    return pieces.reading()


def _any_spelling(domain: str) -> str:
    """Make a pattern of a domain: bücher.example is xn--bcher-kva.example, and bücher。example."""
    labels = re.split(_DOT, _LAST_DOT.sub("", domain))
    return _DOT.join(f"(?:{'|'.join(map(re.escape, _folded_spellings(one)))})" for one in labels)


def _folded_spellings(label: str) -> list[str]:
    return sorted({_folded(Reading(spelling)).text for spelling in spellings(label)})


def _joins(character: str) -> bool:
    """Whether a letter beside it makes an address longer: not where words have no blanks."""
    return unicodedata.category(character) != "Lo"


def _continued(before: str) -> bool:
    """Whether what stands before makes it the end of another address."""
    match = _BEFORE.search(before[-64:])
    return match is not None and _joins(match[1])


def _continues(after: str, domain: str, original: str) -> bool:
    """Whether what stands after makes it the beginning of another address."""
    if after and after[0].isalnum():
        return _joins(after[0])
    if label := _LABEL.match(after):
        name, more = label.groups()
        if _FILES.fullmatch(name) and not more:
            return False
        # "jo@acme.example.Then": a blank was left out.
        sentence = original[1:2].isupper() and domain == domain.lower()
        return _joins(name[0]) and not sentence
    return _HYPHEN.match(after) is not None


def _apart(found: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Bring places into their order, and make one of those that overlap."""
    apart: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if apart and start < apart[-1][1]:
            apart[-1] = apart[-1][0], max(end, apart[-1][1])
        else:
            apart.append((start, end))
    return apart
