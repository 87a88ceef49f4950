r"""One e-mail address found in a text, however it is written there.

>>> from crisp_data.privacy.addresses import find_email, replace_email
>>> find_email("ask SALES%40shop.example, not xsales@shop.example", "sales@shop.example")
[(4, 24)]
>>> replace_email("ask sales\uff20shop.example!", "sales@shop.example", "[forgotten]")
'ask [forgotten]!'
"""

from __future__ import annotations

import re
from functools import lru_cache

from crisp_data.errors import BadParameter
from crisp_data.privacy.folding import ESCAPES, fold, shown
from crisp_data.privacy.normalise import UNSPACED, folded

_LETTER = rf"[^\W_{UNSPACED}]"
_IS_LETTER = re.compile(_LETTER)
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
# In front of an address these may be part of another one, or a dash, a bullet, an ellipsis.
_INNER = ".+-_"


def find_email(text: str, email: str) -> list[tuple[int, int]]:
    r"""Find an e-mail address in a text in each of its written forms.

    Found are capitals, percent-encoding (``%40``), entities of HTML (``&#64;``), escapes of
    JSON (``\u0040``), full-width and other compatibility forms, and marks without a width
    within it. Not found are the address in words ("sales at shop dot example") and a domain
    in its other form (``xn--``).

    Parameters
    ----------
    text : str
        Any text.
    email : str
        The address. Blanks around it and capitals make no difference.

    Returns
    -------
    list of (int, int)
        Where each occurrence begins and ends in ``text``, in order, none over another. Only
        whole addresses: neither ``xsales@shop.example`` nor ``sales@shop.example.org`` holds
        ``sales@shop.example``.

    Raises
    ------
    BadParameter
        ``email`` is no e-mail address.

    Examples
    --------
    >>> from crisp_data.privacy.addresses import find_email
    >>> find_email("https://a.example/?to=emma%40shop.example", "Emma@shop.example")
    [(22, 41)]
    """
    plain, pattern = _sought(email)
    if text.isascii() and not any(sign in text for sign in ESCAPES) and plain not in text.lower():
        return []  # as in most texts
    reading = shown(text)
    searched = folded(reading.text)
    return [
        reading.original(*found.span())
        for found in pattern.finditer(searched)
        if _begins(searched, found.start())
    ]


def replace_email(text: str, email: str, by: str) -> str:
    """Return the text with ``by`` in each place where :func:`find_email` finds the address.

    Parameters
    ----------
    text : str
        As in :func:`find_email`.
    email : str
        As in :func:`find_email`.
    by : str
        What to put there.

    Returns
    -------
    str
        All else stays as it was, character for character.

    Raises
    ------
    BadParameter
        ``email`` is no e-mail address.

    Examples
    --------
    >>> from crisp_data.privacy.addresses import replace_email
    >>> replace_email("Emma@Shop.example wrote", "emma@shop.example", "[forgotten]")
    '[forgotten] wrote'
    """
    pieces, at = [], 0
    for start, end in find_email(text, email):
        pieces += [text[at:start], by]
        at = end
    return "".join([*pieces, text[at:]]) if pieces else text


@lru_cache(64)
def _sought(email: str) -> tuple[str, re.Pattern[str]]:
    """Return an address as texts are searched for it, and the pattern of it."""
    plain = folded(fold(email)).strip()
    if not _ADDRESS.fullmatch(plain):
        raise BadParameter(
            "This is not an e-mail address.", "Give one whole address: name@example.com."
        )
    # What follows is no further letter, nor a dot or hyphen with one behind it.
    return plain, re.compile(rf"{re.escape(plain)}(?![.-]*{_LETTER})")


def _begins(text: str, start: int) -> bool:
    """Tell whether an address begins here, and not within another that ends like it."""
    at = start
    while at and text[at - 1] in _INNER:
        at -= 1
    # No address has two dots in a row: that is an ellipsis.
    return ".." in text[at:start] or not (at and _IS_LETTER.match(text[at - 1]))
