"""A text that is not shown: the key, and the header that is made of it.

Verbose tracebacks (IPython's ``%xmode Verbose``, rich's ``show_locals``, services that collect
errors) print the local variables of every frame. A secret therefore is never a plain text in one
for longer than it takes to be hidden.

Own code, because it must be a ``str`` whose bytes ``http.client`` sends; the types that libraries
have for secrets are not.
"""

from __future__ import annotations

from typing import Any, NoReturn, SupportsIndex

_SHOWN = "<hidden>"


class Secret(str):
    """A text that shows as ``<hidden>`` wherever it is printed, formatted or cut.

    It is equal to the plain text and encodes as it does; :func:`reveal` gives the plain text.

    Examples
    --------
    >>> from crisp_data.secret import Secret
    >>> key = Secret("b3f2")
    >>> key, f"{key}", key[:2], key == "b3f2", key.encode()
    (<hidden>, '<hidden>', <hidden>, True, b'b3f2')
    """

    #: Whether it was made of text that can be sent.
    is_text = True

    def __repr__(self) -> str:
        return _SHOWN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(_SHOWN, spec)

    def __getitem__(self, index: SupportsIndex | slice) -> Secret:
        # What shows only the beginning of a long text shows nothing either.
        return Secret(super().__getitem__(index))

    def strip(self, chars: str | None = None, /) -> Secret:
        """Leave out what stands around it, such as the line break of a copied key."""
        return Secret(super().strip(chars))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: Any) -> Secret:
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("A secret cannot be pickled: call connect() again where you need it.")


def hide(value: Any) -> Secret | None:
    """Hide a secret; never raises, for whoever calls it still holds the plain text.

    Parameters
    ----------
    value : str or None
        The plain text.

    Returns
    -------
    Secret or None
        The secret; None for None. What is no text, or cannot be encoded, says so by ``is_text``.
    """
    if value is None or isinstance(value, Secret):
        return value
    secret = Secret(value if isinstance(value, str) else "")
    secret.is_text = isinstance(value, str) and not any(
        "\ud800" <= one <= "\udfff" for one in value
    )
    return secret


def reveal(secret: str) -> str:
    """Give the plain text, to be used at once and kept in no variable.

    Parameters
    ----------
    secret : str
        The secret.

    Returns
    -------
    str
        The plain text.
    """
    return str.__str__(secret)
