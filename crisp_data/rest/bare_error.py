"""An error without what it came of.

Exceptions of ``requests`` carry the request, and the frames of urllib3 and ``http.client`` hold
its headers as plain bytes: a verbose traceback would print the key from there.
"""

from __future__ import annotations

from typing import TypeVar

_E = TypeVar("_E", bound=BaseException)


def bare(error: _E) -> _E:
    """Cut an error off from its traceback and from the errors before it.

    Parameters
    ----------
    error : BaseException
        The error.

    Returns
    -------
    BaseException
        The same error; raised again, its traceback begins there.

    Examples
    --------
    >>> from crisp_data.rest.bare_error import bare
    >>> try:
    ...     raise ValueError("Something.")
    ... except ValueError as error:
    ...     print(bare(error).__traceback__)
    None
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
