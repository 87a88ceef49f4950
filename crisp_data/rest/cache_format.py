"""What is stored of an answer in the cache's file: compressed MessagePack, and no secret.

Own code, because of what the library's serializers do: pickle runs code from a tampered file,
and all of them write the request's headers, the credential among them.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime

import msgspec
from requests.structures import CaseInsensitiveDict
from requests_cache.models.request import CachedRequest
from requests_cache.models.response import CachedResponse
from requests_cache.serializers.pipeline import SerializerPipeline, Stage

from crisp_data.rest.transport import PULL


class _Stored(msgspec.Struct, array_like=True):
    """An answer. Nothing of the request but its verb: no header, no secret."""

    method: str
    url: str
    status: int
    created: datetime
    expires: datetime | None
    pull: str
    body: bytes


def pack(response: CachedResponse) -> bytes:
    """Write an answer."""
    stored = _Stored(
        str(response.request.method),
        str(response.url),
        response.status_code,
        response.created_at,
        response.expires,
        response.headers.get(PULL, ""),
        zlib.compress(response.content or b"", 1),
    )
    return msgspec.msgpack.encode(stored)


def unpack(packed: bytes) -> CachedResponse:
    """Read an answer.

    Raises
    ------
    ValueError
        It is damaged; requests-cache then asks again.
    """
    try:
        stored = msgspec.msgpack.decode(packed, type=_Stored)
        body = zlib.decompress(stored.body)
    except (msgspec.MsgspecError, zlib.error):
        raise ValueError("the cached answer is damaged") from None
    return CachedResponse(
        content=body,
        status_code=stored.status,
        url=stored.url,
        created_at=stored.created,
        expires=stored.expires,
        headers=CaseInsensitiveDict({PULL: stored.pull, "Content-Type": "application/json"}),
        request=CachedRequest(method=stored.method, url=stored.url),
    )


def created(packed: bytes) -> datetime:
    """Read when an answer came; a damaged one comes late, and so is never fresh."""
    try:
        return msgspec.msgpack.decode(packed, type=_Stored).created
    except msgspec.MsgspecError:
        return datetime.max.replace(tzinfo=UTC)


#: For requests-cache.
SERIALIZER = SerializerPipeline([Stage(dumps=pack, loads=unpack)], "crisp_data", is_binary=True)
