"""What is stored of an answer in the cache's file: compressed MessagePack, and no secret.

Own code, because of what the library's serializers do: pickle runs code from a tampered file,
and all of them write the request's headers, the credential among them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from requests_cache.serializers.pipeline import SerializerPipeline, Stage

from crisp_data.rest.call import Answer, Call


class Stored(msgspec.Struct, array_like=True):
    """An answer. Of the request its verb and its address: no header, no secret.

    Attributes
    ----------
    method, url : str
        What was asked.
    status : int
    created : datetime
        When it came.
    expires : datetime or None
    generation : str
        Names the list that begins with it.
    body : bytes
        Compressed.
    incomplete : str or None
        Where the answer is a whole list, why rows may be missing all the same; else None.
    """

    method: str
    url: str
    status: int
    created: datetime
    expires: datetime | None
    generation: str
    body: bytes
    incomplete: str | None = None

    @property
    def expires_unix(self) -> int | None:
        """When it expires, as requests-cache writes it beside the value."""
        return None if self.expires is None else round(self.expires.timestamp())

    def answer(self) -> Answer:
        """Give the answer as it was.

        Raises
        ------
        ValueError
            The body is damaged.
        """
        try:
            body = zlib.decompress(self.body)
        except zlib.error:
            raise ValueError("the cached answer is damaged") from None
        came = self.created.timestamp()
        return Answer(self.status, body, came, self.generation, True, self.incomplete)


class StoredList(msgspec.Struct, array_like=True):
    """A list that was read: one generation, its pages in order, and how it ended.

    Attributes
    ----------
    generation : str
        Names it in the keys of its pages after the first.
    came : float
        When page 1 came, in seconds since 1970.
    expires : float
        When its first answer expires.
    queries : list of dict
        What was asked for each page.
    rows : list of int
        How many records each page has that none before it has; 0 where the list can be resumed,
        for its queries count for themselves.
    whole : bool
        Whether nothing more was to be read; False where the reading was broken off.
    incomplete : str
        Why rows may be missing all the same.
    """

    generation: str
    came: float
    expires: float
    queries: list[dict[str, str]]
    rows: list[int]
    whole: bool
    incomplete: str

    @property
    def expires_unix(self) -> int:
        """When it expires, as requests-cache writes it beside the value."""
        return round(self.expires)


def store(call: Call, answer: Answer, lifetime: int, incomplete: str | None) -> Stored:
    """Make what is stored of an answer.

    Parameters
    ----------
    call : Call
        What was asked.
    answer : Answer
        What came.
    lifetime : int
        Seconds that it is stored.
    incomplete : str or None
        As in :class:`Stored`.

    Returns
    -------
    Stored
        What goes into the file.
    """
    came, expires = (
        datetime.fromtimestamp(at, UTC) for at in (answer.came, answer.came + lifetime)
    )
    body = zlib.compress(answer.body, 1)
    return Stored(
        call.method, call.url, answer.status, came, expires, answer.generation, body, incomplete
    )


def created(packed: bytes) -> datetime:
    """Read when an answer came; a damaged one comes late, and so is never fresh."""
    try:
        return msgspec.msgpack.decode(packed, type=Stored).created
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)


def _serializer(kind: type) -> SerializerPipeline:
    """Make what requests-cache writes and reads by; what is damaged counts as not there."""
    load: Callable[[bytes], Any] = msgspec.msgpack.Decoder(kind).decode
    stage = Stage(dumps=msgspec.msgpack.encode, loads=load)
    return SerializerPipeline([stage], "crisp_data", is_binary=True)


#: For requests-cache.
ANSWERS, LISTS = _serializer(Stored), _serializer(StoredList)
