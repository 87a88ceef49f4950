"""A period of a workspace on one page that needs nothing else: figures, charts, tables.

The page is a file to store, send or print. It asks nobody for anything and runs nothing, in any
browser, light or dark, wide or narrow. All figures are those of :mod:`crisp_data.metrics`, and
the page says what each means.

The zone is the one that is asked for, or that of the workspace or the frames; never the
machine's. Crisp has none for a website: its settings hold names, contacts, e-mails and the
chatbox with their languages, and its own analytics ask for a zone each time (*documented*).

Each period is looked at from its end, so that what came later changes neither of the two that
are compared, and next week's report of the same month is the same report.

Examples
--------
>>> crisp.report.write(folder / "week.html", ws, since="7 days ago").name
'week.html'
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from crisp_data.errors import BadParameter
from crisp_data.local.atomic_file import as_path, check_place, whole_file
from crisp_data.metrics import BusinessHours
from crisp_data.metrics.frame_checks import names
from crisp_data.metrics.hours import check_hours
from crisp_data.plots.curve import WITHIN
from crisp_data.privacy import Pseudonymiser
from crisp_data.privacy.pseudonymiser import pseudonymiser
from crisp_data.report.build import compose, period_views
from crisp_data.report.figures import figures as measure
from crisp_data.report.figures import frame, limits
from crisp_data.report.inputs import read_inputs
from crisp_data.report.page import render

__all__ = ["check", "figures", "write"]


def __dir__() -> list[str]:
    """Show what is meant for use where a name is completed."""
    return __all__


def write(
    path: str | Path,
    conversations: Any,
    messages: pd.DataFrame | None = None,
    *,
    since: Any = None,
    until: Any = None,
    tz: str | None = None,
    title: str | None = None,
    within: Any = WITHIN,
    hours: BusinessHours | None = None,
    bots: str | Iterable[str] = (),
    private: bool | Pseudonymiser | None = None,
    inboxes: pd.DataFrame | None = None,
    now: Any = None,
    complete: tuple[Any, Any] | None = None,
    refresh: bool = False,
) -> Path:
    """Write a report of a period, compared with the one before it.

    Parameters
    ----------
    path : str or Path
        A file that ends in ``.html``.
    conversations : workspace, archive, or DataFrame
        Where to read from: the conversations that were updated since the period before began,
        and their threads. Or a frame of them, of the ``conversations`` table.
    messages : pandas.DataFrame, optional
        Their threads, where ``conversations`` is a frame.
    since : str, date, datetime or Timestamp, optional
        The period, as in ``ws.conversations``, but of what happened in it and not of the last
        update. The last whole calendar month without both; until now without ``until``. It is
        compared with the equally long one before: whole months with as many whole months.
    until : str, date, datetime or Timestamp, optional
        The period, as in ``ws.conversations``, but of what happened in it and not of the last
        update. The last whole calendar month without both; until now without ``until``. It is
        compared with the equally long one before: whole months with as many whole months.
    tz : str, optional
        The zone of the page: its days, months and times. That of the workspace, the archive or
        the frames where none is given.
    title : str, optional
        What stands on top; the website's name where it is known.
    within : str, Timedelta, or several
        Times of service levels, such as "1 hour"; the first is a key figure.
    hours : BusinessHours, optional
        Count open time only.
    bots : iterable of str
        ``user_id`` or ``nickname`` of bots, besides what is ``automated``.
    private : bool or Pseudonymiser, optional
        Name nobody: tokens in the place of people, operators too, and no addresses of
        conversations. True takes the key from CRISP_PRIVACY_KEY, or a random one with a warning.
    inboxes : pandas.DataFrame, optional
        Names for the inboxes of frames; a workspace is asked, an archive may have them.
    now : str, datetime or Timestamp, optional
        When frames were read; the latest time in them where none is given.
    complete : tuple, optional
        From when to when, by last update, frames are complete, where they may not reach back
        to the period before. An archive knows.
    refresh : bool
        Ask Crisp even where the cache of the workspace knows.

    Returns
    -------
    pathlib.Path
        The file; it is written whole or not at all.

    Raises
    ------
    BadParameter
        Before anything is spent where the path, the period or an argument will not do; also
        where an archive holds nothing of the period.
    FileTrouble
        The file may not be replaced, as on Windows while another program has it open.
    QuotaExceeded, Offline, RateLimited, ServerError
        From reading a workspace.

    Notes
    -----
    Of a workspace it spends what reading those conversations and threads costs, and one request
    for the inboxes; of an archive nothing. A period before that an archive does not reach back
    to is not compared, and the page says so.

    Examples
    --------
    >>> from crisp_data import report
    >>> report.write(folder / "october.html", ws, tz="Europe/Paris").name
    'october.html'
    """
    path, levels = check(path), limits(within)
    check_hours(hours)
    bots = names(bots)
    maker = pseudonymiser(private)
    span: dict[str, Any] = {"since": since, "until": until, "tz": tz, "now": now}
    inputs = read_inputs(
        conversations, messages, **span, inboxes=inboxes, complete=complete, refresh=refresh
    )
    if maker is not None:
        inputs = inputs.private(maker)
    report = compose(inputs, title, levels, hours, bots, private=maker is not None)
    text = render(report)
    with whole_file(path) as file:
        file.write(text.encode("utf-8", "replace"))
    return path


def figures(
    conversations: Any,
    messages: pd.DataFrame | None = None,
    *,
    since: Any = None,
    until: Any = None,
    tz: str | None = None,
    within: Any = WITHIN,
    hours: BusinessHours | None = None,
    bots: str | Iterable[str] = (),
    now: Any = None,
    complete: tuple[Any, Any] | None = None,
    refresh: bool = False,
) -> pd.DataFrame:
    """Measure the key figures of a period and of the one before: those on top of the page.

    Parameters
    ----------
    conversations : object
        As in :func:`write`.
    messages : pandas.DataFrame, optional
        As in :func:`write`.
    since : object, optional
        As in :func:`write`.
    until : object, optional
        As in :func:`write`.
    tz : str, optional
        As in :func:`write`.
    within : object, default WITHIN
        As in :func:`write`.
    hours : BusinessHours, optional
        As in :func:`write`.
    bots : str or Iterable[str], optional
        As in :func:`write`.
    now : object, optional
        As in :func:`write`.
    complete : tuple[object, object], optional
        As in :func:`write`.
    refresh : bool, default False
        As in :func:`write`.

    Returns
    -------
    pandas.DataFrame
        One row for each: ``figure`` str; ``now`` and ``before``, numbers, Timedeltas or shares
        from 0 to 1, missing where there is none; ``change`` str, the difference in words.

    Raises
    ------
    BadParameter, QuotaExceeded, Offline, RateLimited, ServerError
        As in :func:`write`.

    Examples
    --------
    >>> from crisp_data import report
    >>> found = report.figures(ws, tz="Europe/Paris")
    >>> found["figure"].head(3).tolist()
    ['Conversations', 'Customers', 'Messages']
    """
    levels = limits(within)
    check_hours(hours)
    bots = names(bots)
    span: dict[str, Any] = {"since": since, "until": until, "tz": tz, "now": now}
    inputs = read_inputs(conversations, messages, **span, complete=complete, refresh=refresh)
    now_, before = period_views(inputs, hours, bots)
    return frame(measure(now_, before, levels))


def check(path: str | Path) -> Path:
    """Refuse a path that cannot be written, before anything is spent on what goes there.

    Parameters
    ----------
    path : str or Path
        The file to be written.

    Returns
    -------
    Path
        The path, with a leading ``~`` expanded.

    Raises
    ------
    BadParameter
        The ending is not ``.html``, or the folder is missing.
    """
    path = as_path(path)
    if path.suffix.lower() != ".html":
        raise BadParameter(
            f"{path.name!r} is not the name of an HTML page.", "Use a name that ends in .html."
        )
    check_place(path)
    return path
