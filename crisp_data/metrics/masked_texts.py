"""Texts that Crisp has masked."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from crisp_data.metrics.frame_checks import needs

# Python's own, for Arrow's regular expressions know ASCII letters only.
_MASKED = re.compile(r"[x\W]+")
_TEXTS = ("text", "note")


def masked(messages: pd.DataFrame) -> pd.Series[Any]:
    r"""Tell which texts Crisp has masked, as it does with old ones of free workspaces.

    A masked text reads ``xxxx xx`` (*observed*): nothing but x, white space and punctuation,
    and more than one x. Times and writers stay right; what is measured by words is not.

    Parameters
    ----------
    messages : pandas.DataFrame
        Frame of the ``messages`` table.

    Returns
    -------
    Series
        ``masked`` boolean, index as in ``messages``; missing for what is no text or note. The
        mean is the share.

    Raises
    ------
    BadParameter
        The frame lacks a column.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> texts = pd.DataFrame({"type": "text", "content": ["xxxx xx, xxx!", "Xavier", "x"]})
    >>> metrics.masked(texts).mean()
    np.float64(0.3333333333333333)
    """
    needs(messages, "type", "content")
    found = messages["content"].map(_is_masked, na_action="ignore")
    is_text = messages["type"].isin(_TEXTS) & messages["content"].notna()
    return found.astype("boolean").where(is_text).rename("masked")


def _is_masked(text: Any) -> bool:
    return isinstance(text, str) and bool(_MASKED.fullmatch(text)) and text.count("x") > 1
