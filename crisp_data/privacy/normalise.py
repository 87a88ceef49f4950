"""Text as words, and the one form in which values are compared."""

from __future__ import annotations

import re
import unicodedata

# Scripts that put no space between words: Thai to Lao, Burmese, Khmer, Japanese, Chinese, and
# Korean, which glues particles to names. Each of their characters is a word of its own here,
# so a name is found in the middle of a sentence, whatever surrounds it.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U000323af"
)
WORD = re.compile(rf"[^\W_{UNSPACED}]+|[{UNSPACED}]")


# Letters that are no other one with an accent, to Unicode.
_BARE = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ł": "l", "Ł": "L"}
    | {"đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i"}
)
_TRANSCRIBED = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
    | {"ø": "oe", "Ø": "Oe", "å": "aa", "Å": "Aa"}
)


def unaccented(text: str) -> str:
    """Drop the accents of Latin letters, as many who write a name do."""
    return text if text.isascii() else "".join(map(_bare, text.translate(_BARE)))


def _bare(letter: str) -> str:
    if letter.isascii():
        return letter
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() else letter


def transcribed(text: str) -> str:
    """Write the letters that some languages have as those who lack them do."""
    return text if text.isascii() else unaccented(text.translate(_TRANSCRIBED))


def folded(text: str) -> str:
    """Drop the difference between capitals and small letters; no character moves.

    The lower case of one letter (U+0130) is two characters, that of the Greek sigma depends on
    what follows.
    """
    if text.isascii():
        return text.lower()
    return text.replace("\u0130", "i").lower().replace("\u03c2", "\u03c3")


def words(text: str) -> list[tuple[str, int, int]]:
    """Return each word, folded, with where it begins and ends."""
    return [(found[0], *found.span()) for found in WORD.finditer(folded(text))]


def digits(text: str) -> str:
    """Keep the digits only, those of every script written as 0 to 9."""
    if text.isascii():
        return "".join(filter(str.isdecimal, text))
    return "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())
