"""Why a column cannot be written; the step that knows its name makes an error of it."""

from __future__ import annotations


class Unwritable(Exception):
    """A column that no file of this format holds.

    Parameters
    ----------
    reason : str
        What the column does wrong, as the end of a sentence about it.
    hint : str
        What to do; ``{column}`` stands for the column in Python.
    """

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason, self.hint = reason, hint


MIXED = Unwritable(
    "mixes values of several types, or holds text that is not Unicode",
    "Convert it to one type first, such as {column}.astype('str').",
)
TOO_DEEP = Unwritable(
    "holds values nested too deeply, or containing themselves",
    "Flatten them first, or drop the column.",
)
