"""Numbers of things in English, with the right ending."""

from __future__ import annotations


def count(number: int, thing: str, things: str | None = None) -> str:
    """Write a number of things: ``1 request``, ``2,000 requests``.

    Parameters
    ----------
    number : int
        How many.
    thing : str
        The name of one.
    things : str, optional
        The name of several, where it is not ``thing`` with an ``s``.

    Returns
    -------
    str
        The number, with thousands separated by commas, and the name.

    Examples
    --------
    >>> from crisp_data.plurals import count
    >>> count(1, "row"), count(2000, "row"), count(0, "reply", "replies")
    ('1 row', '2,000 rows', '0 replies')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
