"""How deeply JSON is nested, told from its bytes before anything reads it."""

from __future__ import annotations

# Lists and objects are alike here; quotes tell what is in a string.
_ALIKE = bytes.maketrans(b"{}", b"[]")
_OTHERS = bytes(byte for byte in range(256) if byte not in b'[]{}"')


def deeper_than(body: bytes, levels: int) -> bool:
    """Tell whether JSON is nested in more than so many levels of lists and objects.

    Own code: decoders have a bound of their own (about 1,000, less under a deep stack), which
    nobody can set, and JSON that just passed one of them would fail in the next. Each step is
    one pass at the speed of memory: innermost pairs are removed, level by level.

    Parameters
    ----------
    body : bytes
        The JSON; where it was cut, what is there counts. Anything else has no depth.
    levels : int
        How many levels are allowed.

    Returns
    -------
    bool
        Whether it is nested more deeply.

    Examples
    --------
    >>> deeper_than(b'{"data": ["[[["]}', 2)
    False
    >>> deeper_than(b'{"data": [[]]}', 2)
    True
    """
    start = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start not in (b"{", b"[") or body.count(b"[") + body.count(b"{") <= levels:
        return False
    if b"\\" in body:  # With the escapes gone, every quote begins or ends a string.
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    left = body.translate(_ALIKE, _OTHERS).replace(b'""', b"")
    if b'"' in left:  # Some string holds brackets.
        left = b"".join(left.split(b'"')[::2])
    for _ in range(levels):
        before = len(left)
        left = left.replace(b"[]", b"")
        if len(left) == before:
            break
    return b"[]" in left or left.count(b"[") > levels
