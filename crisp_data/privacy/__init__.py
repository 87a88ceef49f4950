"""Frames without the people in them: pseudonyms for who, and texts that name nobody.

:func:`pseudonymise` makes one frame private, a :class:`Pseudonymiser` several that belong
together. Both keep columns, dtypes, row order and index, so every question that counts, times
or joins has the same answer as before.

What goes and what stays is decided by the columns' names
(:mod:`crisp_data.privacy.column_roles`) and, in texts, by form
(:mod:`crisp_data.privacy.patterns`) and by what the personal columns hold
(:mod:`crisp_data.privacy.known_values`). Whoever has the key, the originals or enough
knowledge of a conversation can still tell who it was: this is pseudonymous data, not anonymous.

What is not found
-----------------
Names that stand in no column, in texts. A column of names whose own name says nothing of the
kind, unless another holds the same names. Of names that are known: a first name or a surname
alone in small letters ("anna", also in the path of an address); both in one word in small letters
("annamueller"), unless a slash or an at sign stands before it; initials ("/u/amueller"); a name
without its middle one in small letters with a blank ("anna mueller" for Anna Maria Müller; joined
by a hyphen, dot, underscore or plus any two of a name's words are found), or where one of the two
has fewer than three letters, is a particle ("van-dijk") or stands behind the eighth; a name with
blanks within its words; a part of a name that is written without blanks, as in Chinese or Korean;
a name with the ending of a case other than "s" (Annas, but not "Анны").

Dates of birth; values of fewer than three letters or digits; a customer's number of fewer than
nine digits, also in the path of an address, for pages and orders have such. Phones in words. Of
phones that stand in no column: those with other signs between their groups, such as semicolons
or underscores, which dates and codes have. Phones that stand in a column are found with any signs
between their groups. Of those that are written with the code of their country in the column and
without it in the text, or the other way round, not found with such signs are those with fewer than
eight digits behind the code or the zero, those with eight where neither is written, and those with
another digit right before or behind them. Such a phone has two tokens, which do not join, for two
countries may have the same number; as a number in a column of another name it is not found.

Of phones that stand in no column and are broken by the end of a line, a comma or a colon, as lists
and tables of figures are:

- those that begin with neither a plus nor a zero;
- those that begin with a plus and have fewer than nine digits; a piece that reads as a time of day,
  or at the beginning of a line as an amount, besides another break or with fewer than two digits
  before it; or one that reads as an amount elsewhere, behind a break or two signs;
- those that begin with a zero and have fewer than ten digits, or more than eleven behind the
  break; a blank beside the comma or colon, or two groups of one length, as codes have; a piece
  that reads as a time of day, a date or an amount ("06 12:34 56 78", "06 12,34 56 78"); or breaks
  at more than one place, unless all their groups, of two to four digits each, stand between the
  same comma or colon;
- the last digits, where the break comes behind more than eight, or more than nine after a plus;
  and those that read as a time of day or an amount behind nine.

Cards with a comma and a blank between their groups. The letters of an account that has a digit
too many or too few, a mistyped one where the account is in small letters or a word stands right
behind it, or any word but "IBAN" right before it. Addresses of machines with blanks or words
between their numbers ("8 dot 8 dot 8 dot 8"). What stands behind the apostrophe or hyphen of a
name that is known in small letters only ("Connor", of "o'connor").

E-mails with one sign in words only ("anna at shop.example"), with a blank before the sign alone
("anna @shop.example", as mentions have), or with Chinese, Japanese or Korean
letters before the sign or in the domain; of a domain with usual dots and ideographic ones the end
("anna@mail.shop。example"). Text in quoted-printable or base64;
letters of another script that look alike; control characters within a value. Street addresses,
numbers of passports and plates, passwords and codes. Texts of operators
and customers alike may say who somebody is without naming them.

Examples
--------
>>> people = crisp.privacy.pseudonymise(ws.people(limit=5), key="not-for-production")
>>> people["email"][0]
'email_...'
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pandas as pd

from crisp_data.errors import BadParameter
from crisp_data.privacy.pseudonymiser import Pseudonymiser

__all__ = ["Pseudonymiser", "pseudonymise"]


def __dir__() -> list[str]:
    """Show what is meant for use where a name is completed."""
    return __all__


def pseudonymise(
    frame: pd.DataFrame,
    *,
    key: str | bytes | None = None,
    also: Collection[pd.DataFrame] = (),
    allow: Collection[str] = (),
    keep_operators: bool = False,
) -> pd.DataFrame:
    """Return the frame with tokens in the place of people, and its texts scrubbed.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table's frame or any other; it is not changed.
    key : str or bytes
        At least 16 characters. Frames made private with the same key join with each other,
        on ``session_id``, ``people_id``, ``email`` or any other. Without one a key is made at
        random, with a warning.
    also : frames
        Others whose names, phones and so on are to be found in this one's texts.
    allow : names
        Keys of ``data`` and ``extra`` that stay, searched like any text; by default none does.
    keep_operators : bool, default False
        Leave the names, pictures and ids of operators and bots as they are. Their e-mails go.

    Returns
    -------
    pandas.DataFrame
        The same columns, dtypes, rows and index. Index levels are treated as columns. The name
        of a column goes where it is somebody, as in a pivot by ``nickname``.

    Raises
    ------
    BadParameter
        The key is too short, or something given is no frame.

    Warns
    -----
    CrispWarning
        There was no key.

    Examples
    --------
    >>> from crisp_data.privacy import pseudonymise
    >>> frame = pd.DataFrame({"nickname": ["Emma Smith"], "content": ["emma smith was here"]})
    >>> private = pseudonymise(frame, key="not-for-production")
    >>> private["content"][0] == private["nickname"][0] + " was here"
    True
    """
    if isinstance(also, (str, pd.DataFrame)) or not isinstance(also, Iterable):
        raise BadParameter(
            f"also must be a list of frames, not a {type(also).__name__}.",
            "Pass them in a list: also=[conversations].",
        )
    maker = Pseudonymiser(key, allow=allow, keep_operators=keep_operators)
    return maker.learn(*also).frame(frame)
