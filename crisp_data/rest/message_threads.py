"""Threads of messages read side by side, given in the order in which they were asked for."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field

from crisp_data.errors import CrispError, ForkedProcess, NotFound, calling_line, work_for
from crisp_data.local.cancellation import ended_by
from crisp_data.rest.client import Client


@dataclass
class MessageThread:
    """What was read of one conversation's messages.

    Attributes
    ----------
    session_id : str
        The conversation.
    bodies : list of bytes
        Its batches as they came, the newest first. Bytes, and not records that judge, paging and
        table could share: the first two read two fields each, in 12 microseconds a batch together,
        under one in a hundred of what a request takes. Records of all fields that wait for the
        table are 1.7 times as large as their bytes, and a quarter of the batches has a field that
        only the table's builder learns to read.
    incomplete : str
        Why messages may be missing; empty where none can be.
    found : bool
        False where there is no such conversation.
    error : CrispError or None
        What ended the reading before its time.
    """

    session_id: str
    bodies: list[bytes] = field(default_factory=list)
    incomplete: str = ""
    found: bool = True
    error: CrispError | None = None


def read(
    client: Client,
    website_id: str,
    session_ids: Sequence[str],
    *,
    refresh: bool = False,
    use_cache: bool = True,
    known: Mapping[str, frozenset[int]] = {},
) -> Generator[MessageThread]:
    """Read threads, ``client.workers`` at a time.

    A thread is read whole, or down to the first batch with a fingerprint that ``known`` has
    for it. With ``use_cache=False`` the cache is neither asked nor fed.

    After an error nothing more is begun, and what was begun and read whole is still given: the
    last thread that comes carries the error. Every request is counted and retried as if it were
    alone, within the bounds on waiting that hold where the reading began.

    Parameters
    ----------
    client : Client
        The client that reads.
    website_id : str
        The website.
    session_ids : Sequence[str]
        The conversations.
    refresh : bool, default False
        Ask Crisp even where the cache has the answer.
    use_cache : bool, default True
        False for answers that neither come from the cache nor enter it.
    known : Mapping[str, frozenset[int]], optional
        Fingerprints at which a thread ends, by ``session_id``.

    Yields
    ------
    MessageThread
        The threads, in the order given.

    Raises
    ------
    ForkedProcess
        The process was forked while threads were read.
    """

    def one(session_id: str) -> MessageThread | None:
        if stopped.is_set():
            return None
        thread = MessageThread(session_id)
        pages = client.pages(
            "get_messages_in_conversation",
            website_id=website_id,
            session_id=session_id,
            refresh=refresh,
            use_cache=use_cache,
            known=known.get(session_id, frozenset()),
        )
        try:
            with ended_by(ended):
                thread.bodies.extend(page.body for page in pages)
        except NotFound:  # also of one that was deleted between two batches
            thread.found = False
            thread.bodies.clear()
        except CrispError as error:
            thread.error = error
            stopped.set()  # here, for the reader may be slow to come to it
        thread.incomplete = pages.incomplete
        return thread

    ended, stopped, pid = threading.Event(), threading.Event(), os.getpid()
    pool = ThreadPoolExecutor(client.workers, "crisp-data", work_for, (calling_line(),))
    # (A context is copied for each: two threads cannot be in one. What is given is let go.)
    waiting = deque(pool.submit(copy_context().run, one, session_id) for session_id in session_ids)
    failed: MessageThread | None = None
    try:
        while waiting:
            if os.getpid() != pid:  # a thread pool is the parent's: its threads are not here
                raise ForkedProcess("The threads that read messages belong to the parent process.")
            thread = waiting.popleft().result()
            if thread is not None and thread.error is None:
                yield thread
            failed = failed or (thread if thread and thread.error else None)
        if failed is not None:
            yield failed
    finally:
        # An interrupted pull begins nothing more and waits no longer; what is sent already may
        # finish.
        ended.set()
        pool.shutdown(wait=False, cancel_futures=True)
