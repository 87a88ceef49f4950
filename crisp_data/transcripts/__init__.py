"""Conversations to read: Markdown, HTML, plain text, or pieces for a language model.

==============  ===============================================================================
format          what it is
==============  ===============================================================================
``markdown``    headings and quotes; what people wrote is escaped
``html``        a page for light and dark, wide and narrow; it loads and runs nothing
``text``        plain text; what people wrote is indented
``jsonl``       a JSON object a line: ``session_id title chunk first last from until who text``,
                where ``first`` and ``last`` are the positions of messages in their thread
==============  ===============================================================================

Files, pickers, fields, carousels, events, audio and animations read as text. Bots and internal
notes are marked, and notes are left out unless asked for: transcripts go to customers. To name
nobody, make the frames private first (:mod:`crisp_data.privacy`).

>>> from crisp_data import transcripts
>>> conversations = ws.conversations(limit=3)
>>> messages = ws.messages(conversations)
>>> [path.name for path in transcripts.write("threads.html", messages, conversations)]
['threads.html']
>>> len(transcripts.write("threads", messages, format="markdown"))
3
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Literal

import pandas as pd

from crisp_data.arguments import check_word, plain_int
from crisp_data.dates import check_tz
from crisp_data.errors import BadParameter
from crisp_data.local.atomic_file import as_path, check_place, whole_file, whole_folder
from crisp_data.transcripts import chunks, html_document, markdown, plain
from crisp_data.transcripts.entries import Transcript, threads

__all__ = ["FORMATS", "check", "render", "write"]


def __dir__() -> list[str]:
    """Show what is meant for use where a name is completed."""
    return __all__


Format = Literal["markdown", "html", "text", "jsonl"]
FORMATS: dict[str, str] = {"markdown": ".md", "html": ".html", "text": ".txt", "jsonl": ".jsonl"}

_LEAST = 500
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def render(
    messages: pd.DataFrame,
    conversations: pd.DataFrame | None = None,
    *,
    format: Format = "markdown",
    notes: bool = False,
    tz: str | tzinfo | None = None,
    characters: int = 4000,
) -> Iterator[tuple[str, str]]:
    """Yield the ``session_id`` and the transcript of each conversation.

    Parameters
    ----------
    messages : pandas.DataFrame
        What ``ws.messages()`` returned, or part of it; conversations come in its order.
    conversations : pandas.DataFrame, optional
        Gives subject or topic, state and segments.
    format : {"markdown", "html", "text", "jsonl"}
        HTML comes as an article; :func:`write` puts a page around it.
    notes : bool, default False
        Also the operators' internal notes, marked as such.
    tz : str or tzinfo, optional
        The zone of all times; that of the frame unless given.
    characters : int
        JSON lines only: the length of ``text`` that no piece exceeds.

    Returns
    -------
    Iterator[tuple[str, str]]
        An iterator of ``session_id`` and text.

    Raises
    ------
    BadParameter
        An unknown format or zone, or a frame that holds something else.

    Examples
    --------
    >>> from crisp_data import transcripts
    >>> messages = ws.messages(ws.conversations(limit=1))
    >>> for session_id, text in transcripts.render(messages, format="text"):
    ...     print(text.splitlines()[2])
    conversation: session_...
    """
    writer = _writer(format, characters)
    found = threads(messages, conversations, notes=notes, tz=None if tz is None else check_tz(tz))
    return ((thread.session_id, writer(thread)) for thread in found)


def write(
    path: str | Path,
    messages: pd.DataFrame,
    conversations: pd.DataFrame | None = None,
    *,
    format: Format | None = None,
    notes: bool = False,
    tz: str | tzinfo | None = None,
    characters: int = 4000,
) -> list[Path]:
    """Write transcripts: all into one file, or one file each into a new folder.

    Parameters
    ----------
    path : str or Path
        A file that ends in ``.md``, ``.html``, ``.txt`` or ``.jsonl``; or, without such an
        ending, a folder that is not there yet or empty.
    messages : pandas.DataFrame
        As in :func:`render`.
    conversations : pandas.DataFrame, optional
        As in :func:`render`.
    format : {"markdown", "html", "text", "jsonl"}
        Needed for a folder; for a file its ending decides.
    notes : bool, default False
        As in :func:`render`.
    tz : str or tzinfo, optional
        As in :func:`render`.
    characters : int, default 4000
        As in :func:`render`.

    Returns
    -------
    list of pathlib.Path
        The files. In a folder each is named after the day that its conversation began and its
        ``session_id``.

    Raises
    ------
    BadParameter
        As in :func:`render`, or where the path will not do. Nothing was written then: what is
        written is whole.
    FileTrouble
        The file may not be replaced, as on Windows while another program has it open.

    Examples
    --------
    >>> from crisp_data import transcripts
    >>> messages = ws.messages(ws.conversations(limit=2))
    >>> transcripts.write("model.jsonl", messages, characters=2000)[0].name
    'model.jsonl'
    """
    path, kind, single = check(path, format)
    writer = _writer(kind, characters)
    found = threads(messages, conversations, notes=notes, tz=None if tz is None else check_tz(tz))
    if single:
        with whole_file(path) as file:
            for text in _document(kind, map(writer, found)):
                file.write(text.encode("utf-8", "replace"))
        return [path]
    names: list[str] = []
    with whole_folder(path) as folder:
        for thread in found:
            names.append(_name(thread) + FORMATS[kind])
            text = "".join(_document(kind, [writer(thread)]))
            (folder / names[-1]).write_bytes(text.encode("utf-8", "replace"))
    return [path / name for name in names]


def check(path: str | Path, format: str | None = None) -> tuple[Path, str, bool]:
    """Refuse a path that cannot be written, before anything is spent on what goes there.

    Returns the path, the format, and whether all goes into one file.

    Parameters
    ----------
    path : str or Path
        The file or folder to be written.
    format : str, optional
        The format that was asked for; a file's ending decides without it.

    Returns
    -------
    tuple[Path, str, bool]
        The path, the format, and whether all goes into one file.

    Raises
    ------
    BadParameter
        The format is unknown or does not fit the ending, or the place cannot be written.
    """
    path = as_path(path)
    ending = path.suffix.lower()
    named = next((name for name, known in FORMATS.items() if known == ending), None)
    check_word("format", format, tuple(FORMATS))
    if named and format and named != format:
        raise BadParameter(
            f"The ending of {path.name} does not fit the format {format}.",
            f"Use a name like *{FORMATS[format]}, or a folder.",
        )
    kind = named or format
    if kind is None:
        raise BadParameter(
            f"The ending of {path.name!r} names no format.",
            f"Use one of {', '.join(FORMATS.values())}, or a folder and format=.",
        )
    check_place(path, folder=not named)
    return path, kind, bool(named)


def _writer(kind: str, characters: int) -> Callable[[Transcript], str]:
    check_word("format", kind, tuple(FORMATS))
    characters = plain_int(characters)
    if not isinstance(characters, int) or characters < _LEAST:
        raise BadParameter(f"characters must be a whole number, at least {_LEAST}.")
    if kind == "jsonl":
        return partial(chunks.render, characters=characters)
    return {"markdown": markdown.render, "html": html_document.render, "text": plain.render}[kind]


def _document(kind: str, texts: Iterable[str]) -> Iterator[str]:
    """Join transcripts to what one file holds."""
    if kind == "html":
        yield from html_document.page(texts)
        return
    between = {"markdown": "\n---\n\n", "text": "\n\n", "jsonl": ""}[kind]
    for n, text in enumerate(texts):
        yield between + text if n else text


def _name(thread: Transcript) -> str:
    """Name a file so that every system can hold it, whatever the session is called."""
    first = next((entry.when[:10] for entry in thread.entries if entry.when), "undated")
    safe = _UNSAFE.sub("_", thread.session_id)[:80]
    if safe != thread.session_id or not safe:
        whole = thread.session_id.encode("utf-8", "replace")
        safe += hashlib.blake2b(whole, digest_size=8).hexdigest()
    return f"{first}_{safe}"
