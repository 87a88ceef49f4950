"""The parts of a name that others may write without the rest of it.

>>> from crisp_data.privacy.name_parts import alone, halves, parts_of_pairs
>>> alone("Dr. Emma Smith (Acme)"), halves("Müller-Lüdenscheidt")
(['Emma', 'Smith'], ['Müller', 'Lüdenscheidt'])
>>> parts_of_pairs("Emma Jane van Dijk")
['Emma', 'Jane', 'van', 'Dijk']
"""

from __future__ import annotations

import re

# Fewer letters and digits than this say nothing about anybody, and would be found everywhere.
SHORTEST = 3
_HYPHEN = re.compile("[-\u2010-\u2015\u2212\u05be]")
_APOSTROPHE = re.compile("['`]")
# What is beside a name in its column, and in no text: "Dr. Emma Smith (Acme)".
_TITLES = {
    "dr", "prof", "professor", "mr", "mrs", "ms", "miss", "mx", "sir", "dame", "herr", "frau", "hr",
    "fr", "mme", "mlle", "madame", "monsieur", "ing", "dipl", "mag", "dott", "sig", "sra", "sr",
    "srta", "don",
}  # fmt: skip
_ASIDE = re.compile("[,;|/([{]|\\s[-\u2010-\u2015\u2212@]")
# Two of these, or one beside a word, are in the names of streets and hotels.
_PARTICLES = {
    "and", "das", "del", "della", "den", "der", "des", "dos", "las", "les", "los", "the", "und",
    "van", "von", "zum", "zur",
}  # fmt: skip
# The pairs grow with the square of the words, and a nickname may be a whole sentence.
_MOST = 8


def alone(name: str) -> list[str]:
    """Return the parts of a name without titles, and without what is said aside."""
    parts = _ASIDE.split(name, maxsplit=1)[0].split()
    while parts and parts[0].strip(".").lower() in _TITLES:
        del parts[0]
    return parts


def halves(part: str) -> list[str]:
    """Return the halves of a double name, "Müller" and "Lüdenscheidt", and "Brien" of O'Brien.

    Those in small letters are ordinary words: "happy-buyer". So is what stands before an
    apostrophe: "Dell'Acqua".
    """
    split = _HYPHEN.split(part)
    ends = [end for half in split if len(end := _APOSTROPHE.split(half)[-1]) >= SHORTEST]
    return [
        half
        for half in dict.fromkeys(split + ends)
        if half != part and (half != half.lower() or half == half.upper())
    ]


def glued(part: str) -> str:
    """Return a part without the signs in it: "OBrien", "Annalena"."""
    return "".join(filter(str.isalnum, part))


def parts_of_pairs(name: str) -> list[str]:
    """Return the parts of a name of which others may write any two: "Ana García" of three.

    Behind a comma the first name may follow.
    """
    before, _, behind = name.partition(",")
    return [*alone(before), *behind.split()[:1]][:_MOST]


def forms_in_pairs(part: str) -> list[str]:
    """Return what others may write for a part beside another one; nothing for an ordinary word.

    Words in small letters are ordinary ones, or found by themselves where the whole name is
    written so.
    """
    forms = dict.fromkeys([part, *halves(part), glued(part)])
    return [form for form in forms if _is_name(form)]


def _is_name(word: str) -> bool:
    return len(word) >= SHORTEST and word != word.lower() and word.lower() not in _PARTICLES
