"""tqdm's bars, loaded with the first that is made.

``tqdm.auto`` brings asyncio, and in a notebook the widgets: what shows no bar need not load them.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any


def tqdm(*arguments: Any, **options: Any) -> Any:
    """Make a bar that fits a terminal and a notebook alike.

    >>> list(tqdm([1, 2], disable=True))
    [1, 2]
    """
    from tqdm.auto import tqdm

    return tqdm(*arguments, **options)


def write(text: str) -> None:
    """Write a line to standard error, above the bars that are there.

    >>> write("12 requests")
    """
    from tqdm.auto import tqdm

    tqdm.write(text, file=sys.stderr)


def _renew_lock() -> None:
    if "tqdm.auto" in sys.modules:
        sys.modules["tqdm.auto"].tqdm.set_lock(threading.RLock())


if hasattr(os, "register_at_fork"):  # Windows has no fork
    # Every bar takes this lock, hidden ones too, and tqdm itself does not renew it.
    os.register_at_fork(after_in_child=_renew_lock)
