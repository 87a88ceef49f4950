"""A workspace, or an archive, in the tasks of a pool of forked workers.

``Pool(4).map(ws.messages, ids)`` pickles the method and so the workspace, although the workers
are forks and have it. Its key must not travel. So what multiprocessing pickles is a name, under
which forks find what they inherited. In any other process its use raises, and not the reading of
the task: an error there would leave the pool waiting for ever.
"""

from __future__ import annotations

import secrets
import weakref
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from typing import Any, NoReturn

from crisp_data.errors import ForkedProcess

# Named when made, and not when sent: the workers may have been forked between.
_names: weakref.WeakKeyDictionary[Any, tuple[str, Callable[[], None] | None]] = (
    weakref.WeakKeyDictionary()
)
_named: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()


def register(thing: Any, check: Callable[[], None] | None = None) -> None:
    """Let forks of this process be sent a thing that they inherit; no other pickle takes it.

    ``check`` is called before it is sent, and raises where it must not be just now.

    >>> register(ws)
    """
    token = secrets.token_hex(8)
    _names[thing], _named[token] = (token, check), thing
    ForkingPickler.register(type(thing), _reduced)


def _reduced(thing: Any) -> tuple[Callable[..., Any], tuple[str, str]]:
    token, check = _names[thing]
    if check is not None:
        check()
    return _of_this_process, (type(thing).__name__, token)


def _of_this_process(kind: str, of: str) -> Any:
    return _named.get(of) or _Absent(kind)


class _Absent:
    """Stands for what this process does not have; any use of it says so."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __getattr__(self, attribute: str) -> _Absent:
        if attribute.startswith("_"):  # of pickle and its like, not of a user
            raise AttributeError(attribute)
        return self

    def __call__(self, *arguments: Any, **options: Any) -> NoReturn:
        raise ForkedProcess(
            f"This worker has no such {self._kind}: it did not begin as a fork of the process "
            "that made it, or was forked before that.",
            "Nothing was read or sent. Call connect(), or open the archive, in each worker, as in "
            "the initializer of the pool. To read faster none is needed: connect(workers=8) reads "
            "side by side.",
        )
