"""Columns that repeat another, made private from what that one became."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pandas as pd

from crisp_data.privacy.scrub import Scrubber
from crisp_data.privacy.series import like
from crisp_data.tables.message_text import readable

_ATTACHED = ("file", "animation", "audio")


def contents(private: pd.DataFrame) -> pd.Series[Any]:
    """Read anew the contents that are no plain text: they say what their JSON now says."""
    content = private["content"].tolist()
    for row, text in enumerate(private["content_json"].tolist()):
        if isinstance(text, str) and text[:1] == "{":
            try:
                content[row] = readable(msgspec.json.decode(text))
            except (msgspec.DecodeError, RecursionError):
                continue
    return like(private["content"], content)


def previews(
    frame: pd.DataFrame, private: pd.DataFrame, scrubber: Scrubber
) -> Iterator[tuple[str, pd.Series[Any]]]:
    """Give the last message and its excerpt anew.

    Where an attachment came last, both are its name or its address. Otherwise the excerpt is
    cut from the private text: cut from the original, it may end within an e-mail or a number,
    whose first half nobody recognises.

    Parameters
    ----------
    frame : pandas.DataFrame
        The original frame.
    private : pandas.DataFrame
        The frame made private so far.
    scrubber : Scrubber
        Makes texts private.

    Yields
    ------
    tuple[str, pandas.Series[object]]
        A column's name and its private values.
    """
    names = ("preview_type", "last_message", "preview_excerpt")
    rows = zip(*(frame[n].tolist() for n in names), *(private[n].tolist() for n in names[1:]),
               strict=True)  # fmt: skip
    texts, excerpts = [], []
    for kind, old, cut, text, excerpt in rows:
        if kind in _ATTACHED:
            texts.append(scrubber.value("file", old, Counter()))
            excerpts.append(scrubber.value("file", cut, Counter()))
        elif isinstance(old, str) and isinstance(cut, str) and _begins(old, cut):
            texts.append(text)
            excerpts.append(text[: len(cut)])
        else:
            texts.append(text)
            excerpts.append(excerpt)
    yield "last_message", like(frame["last_message"], texts)
    yield "preview_excerpt", like(frame["preview_excerpt"], excerpts)


def _begins(text: str, cut: str) -> bool:
    """Tell whether one is the other's beginning, half an emoji at its end aside."""
    return text.startswith(cut.rstrip("\ufffd")) and len(cut) < len(text)
