"""Answers from the cache, or from Crisp: equal reads at once are one, writes drop what is stale.

A cache hit costs nothing and never reaches the ledger. The file is requests-cache's, one private
SQLite file a token, and so are the patterns of lifetimes. Its ``CachedSession`` is not used: it
would ask the file three times for a miss, around the lock of a single flight, and what it makes
of a request and an answer takes as long as the request itself.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from crisp_data.local.forks import PerProcess
from crisp_data.rest import cache_format, cache_trouble, single_flight
from crisp_data.rest.cache_file import CacheFile
from crisp_data.rest.cache_format import Stored, StoredList
from crisp_data.rest.cache_policy import CachePolicy
from crisp_data.rest.call import Answer, Call

OnAnswer = Callable[[Answer], str | None]


class Cache:
    """Answers calls, from its file where that will do.

    Parameters
    ----------
    policy : CachePolicy
        Decides.
    file : PerProcess[CacheFile]
        Holds the answers.
    send : callable
        Asks Crisp.
    """

    def __init__(
        self, policy: CachePolicy, file: PerProcess[CacheFile], send: Callable[[Call], Answer]
    ) -> None:
        self.policy, self._file, self._send = policy, file, send

    @property
    def file(self) -> CacheFile:
        """The open file of this process."""
        return self._file.get()

    def answer(self, call: Call, on_answer: OnAnswer = lambda answer: None) -> Answer:
        """Answer a call; whatever becomes of a write, drop what it may have changed.

        Parameters
        ----------
        call : Call
            What is asked.
        on_answer : callable, optional
            Given the answer once, wherever it came from, and before it is stored: says of a
            whole list why rows may be missing, and None of any other answer.

        Returns
        -------
        Answer
            The answer.
        """
        if call.reads:
            return self._read(call, on_answer)
        try:
            return self._send(call)
        finally:
            self.drop(call.path)

    def _read(self, call: Call, on_answer: OnAnswer) -> Answer:
        """Read from the file, also what another asked for meanwhile, or ask Crisp.

        The file is asked before the lock is, so that a hit waits for nobody. After an error
        whoever waited tries for itself. What is not to be cached cannot be shared either.
        """
        lifetime = self.policy.lifetime(call)
        if lifetime is None:
            return _taken(self._named(call, self._send(call)), on_answer)
        asked, since, key = time.time(), call.since, self.policy.key(call)
        if lifetime == 0 and not call.place:  # about this moment: only what came since will do
            since = since or asked
        # What must have come since now is in no file yet.
        if not since and (found := self._find(call, key)) is not None:
            return _taken(found, on_answer)
        with single_flight.lock(self.file.locks, key, min(asked, since or asked)) as landed:
            if landed and (found := self._find(call, key, since)) is not None:
                return _taken(found, on_answer)
            if lifetime == 0:  # a day of looking at visitors must not pile up on the disk
                self.file.delete_expired()
            return self._fetch(call, key, lifetime, on_answer)

    def _fetch(self, call: Call, key: str, lifetime: int, on_answer: OnAnswer) -> Answer:
        """Ask Crisp, and store the answer unless something was written or purged meanwhile."""
        asked = time.time()
        answer = self._named(call, self._send(call))
        incomplete = on_answer(answer)
        if self.policy.stores(answer):
            stored = cache_format.store(call, answer, self.policy.stays(lifetime), incomplete)
            self.file.put(key, stored, partial(self._is_unchanged, call, asked))
        return answer

    def _is_unchanged(self, call: Call, since: float) -> bool:
        """Whether nothing that concerns a call was written or purged since a moment."""
        if since > time.time():  # the clock was set back: nobody can tell
            return False
        return not single_flight.written_since(self.file.locks, self.policy.marks(call), since)

    def _named(self, call: Call, answer: Answer) -> Answer:
        """Name the list that begins with an answer; further pages carry its name already."""
        return answer if call.place else replace(answer, generation=secrets.token_hex(16))

    def _find(self, call: Call, key: str, since: float = 0.0) -> Answer | None:
        """Give the cached answer if it will do, else None."""
        stored = self.file.get(key)
        if stored is None or not self._is_fresh(call, stored, since):
            return None
        try:
            return stored.answer()
        except ValueError:
            return None

    def _is_fresh(self, call: Call, stored: Stored, since: float = 0.0) -> bool:
        expires = float("inf") if stored.expires is None else stored.expires.timestamp()
        return self._will_do(call, stored.created.timestamp(), expires, since)

    def _will_do(self, call: Call, came: float, expires: float, since: float = 0.0) -> bool:
        """Whether what came at a moment still holds, for all that any process has written."""
        fresh = self.policy.is_fresh(came, expires, since, time.time())
        marks = self.policy.marks(call)
        return fresh and not single_flight.is_outdated(self.file.locks, marks, came)

    def find(self, call: Call, on_answer: OnAnswer) -> Answer:
        """Answer a call as :meth:`answer` does, from the file alone.

        Raises
        ------
        LookupError
            It has no answer that will do.
        """
        found = self._find(call, self.policy.key(call)) if self.policy.lifetime(call) else None
        if found is None:
            raise LookupError
        return _taken(found, on_answer)

    def holds(self, call: Call) -> bool:
        """Whether a fresh answer to a call is cached, without unpacking it."""
        if self.policy.lifetime(call) is None:
            return False
        stored = self.file.get(self.policy.key(call))
        return stored is not None and self._is_fresh(call, stored)

    def get_list(
        self, first: Call, rows: int | None, generation: str | None = None
    ) -> StoredList | None:
        """Look up how a list was read whose page 1 is this; None where that is too long ago.

        Or where page 1 was read anew since: then the other pages are of another generation.

        Parameters
        ----------
        first : Call
            The call for page 1.
        rows : int or None
            How many records are wanted; None for all.
        generation : str, optional
            The generation of page 1, where that has just been read.

        Returns
        -------
        StoredList or None
            How it was read.
        """
        if not self.policy.lifetime(first):
            return None
        found = self.file.get_list(self.policy.list_key(first, rows))
        if found is None or not self._will_do(first, found.came, found.expires):
            return None
        if generation is None:
            return found if self._begins(first, found.generation) else None
        return found if found.generation == generation else None

    def _begins(self, first: Call, generation: str) -> bool:
        """Whether the cached page 1 is that of a generation."""
        stored = self.file.get(self.policy.key(first))
        return stored is not None and stored.generation == generation

    def holds_single(self, first: Call) -> bool:
        """Whether page 1 is cached, and known to be the whole list; without unpacking it.

        Most threads are one batch: its answer itself says so, and no record of the list is kept.
        """
        if not self.policy.lifetime(first):
            return False
        stored = self.file.get(self.policy.key(first))
        if stored is None or stored.incomplete is None:
            return False
        return self._is_fresh(first, stored)

    def get_all(self, calls: Sequence[Call], generation: str) -> Iterator[Answer] | None:
        """Give cached pages of a list, each unpacked when it is taken; None unless all will do.

        Page 1 has one key for all generations: it may be another's by now.
        """
        stored = self.file.get_all([self.policy.key(call) for call in calls])
        if stored is None or not all(map(self._is_fresh, calls, stored)):
            return None
        if any(one.generation not in ("", generation) for one in stored):
            return None
        return map(_unpacked, stored)

    def put_list(self, first: Call, rows: int | None, read: StoredList) -> None:
        """Note how a list was read, for as long as its page 1 stays fresh.

        Parameters
        ----------
        first : Call
            The call for page 1.
        rows : int or None
            How many records were wanted; None for all.
        read : StoredList
            How it was read; its ``expires`` is set.
        """
        lifetime = self.policy.lifetime(first)
        if not lifetime or not self._begins(first, read.generation):
            return
        found = None if read.whole else self.get_list(first, rows)
        if found is not None and (found.whole or len(found.queries) > len(read.queries)):
            return  # another read it further meanwhile
        read.expires = read.came + lifetime
        unchanged = partial(self._is_unchanged, first, read.came)
        self.file.put(self.policy.list_key(first, rows), read, unchanged)

    def drop(self, path: str) -> None:
        """Delete the answers about a conversation and its website's lists; else the website's."""
        starts = self.policy.stale_after(path)
        single_flight.mark_written(self.file.locks, starts)
        self.file.delete_between((start, start + "g") for start in starts)


def _taken(answer: Answer, on_answer: OnAnswer) -> Answer:
    on_answer(answer)
    return answer


def _unpacked(stored: Stored) -> Answer:
    try:
        return stored.answer()
    except ValueError as error:
        raise cache_trouble.damaged() from error
