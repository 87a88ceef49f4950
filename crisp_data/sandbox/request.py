"""What a handler gets and gives: a `Call` in, an `Answer` or a `Refusal` out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .records import Conversation, Record, encode
from .state import Website
from .world import Token, World

PER_PAGE = 20
PER_PAGE_RANGE = range(20, 51)


class Encoded(bytes):
    """JSON that needs no encoding any more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A success in Crisp's envelope."""

    reason: str
    data: Any = field(default_factory=dict)
    status: int = 200

    def body(self) -> bytes:
        """Write the envelope."""
        data = self.data if isinstance(self.data, Encoded) else encode(self.data)
        return b'{"error":false,"reason":"%s","data":%s}' % (self.reason.encode(), data)


class Refusal(Exception):
    """A failure in Crisp's envelope, with the message in `data` where there is one."""

    def __init__(self, status: int, reason: str, message: str | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.message = status, reason, message

    def body(self) -> bytes:
        """Write the envelope."""
        data = {} if self.message is None else {"message": self.message}
        return encode({"error": True, "reason": self.reason, "data": data})


@dataclass(slots=True)
class Call:
    """One request that passed authentication, scope and schema."""

    name: str
    world: World
    token: Token
    path: dict[str, str]
    query: dict[str, str]
    body: Any

    @property
    def website(self) -> Website:
        """The website in the path."""
        return self.world.websites[self.path["website_id"]]

    @property
    def conversation(self) -> Conversation:
        """The conversation in the path; 404 where there is none."""
        session_id = self.path["session_id"]
        if session_id not in self.website.conversations:
            raise Refusal(404, "conversation_not_found")
        return self.website.conversations[session_id]

    def per_page(self) -> int:
        """Return the page size asked for; 400 outside of 20 to 50."""
        asked = self.query.get("per_page", str(PER_PAGE))
        if not asked.isdecimal():
            raise Refusal(400, "invalid_data", "query.per_page should be integer")
        if int(asked) < PER_PAGE_RANGE.start:
            raise Refusal(400, "invalid_data", "query.per_page should be >= 20")
        if int(asked) >= PER_PAGE_RANGE.stop:
            raise Refusal(400, "invalid_data", "query.per_page should be <= 50")
        return int(asked)

    def dispatch(self, data: Record | None = None) -> Answer:
        """Accept a request whose effect is outside the API, and note it for `truth`.

        Parameters
        ----------
        data : Record, optional
            What the answer tells.

        Returns
        -------
        Answer
            202.
        """
        website = self.world.website(self.path.get("website_id"))
        noted = {"operation": self.name, "path": self.path, "query": self.query, "body": self.body}
        website.dispatched.append(noted | {"timestamp": website.clock.tick()})
        return Answer("dispatched", data or {}, 202)

    def page(
        self,
        rows: Sequence[Any],
        size: int = PER_PAGE,
        write: Callable[[Any], bytes] = encode,
    ) -> Answer:
        """Answer one page of rows; pages begin at 1 and end with an empty one.

        Parameters
        ----------
        rows : Sequence[object]
            The whole list.
        size : int, default PER_PAGE
            Rows on a page.
        write : callable, default encode
            Encodes one row as JSON.

        Returns
        -------
        Answer
            The page.

        Raises
        ------
        Refusal
            404: the page number is not a number from 1.
        """
        asked = self.path["page_number"]
        if not asked.isdecimal() or int(asked) < 1:
            raise Refusal(404, "not_found")
        size = self.world.page_size(size)
        end = (1 if self.world.options.ignore_page_number else int(asked)) * size
        data = Encoded(b"[%s]" % b",".join(map(write, rows[end - size : end])))
        more = self.world.options.lists_206 and end < len(rows)
        return Answer("listed", data, 206 if more else 200)


Handler = Callable[[Call], Answer]
HANDLERS: dict[str, Handler] = {}


def operation(*names: str) -> Callable[[Handler], Handler]:
    """Register a handler under the official names of its operations."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(names, handler))
        return handler

    return register


def found(table: dict[str, Record], key: str, reason: str = "not_found") -> Record:
    """Return a record by its identifier; 404 where there is none.

    Parameters
    ----------
    table : dict[str, Record]
        Records by identifier.
    key : str
        The identifier.
    reason : str, default "not_found"
        The reason of the 404.

    Returns
    -------
    Record
        The record.

    Raises
    ------
    Refusal
        404: there is no such record.
    """
    try:
        return table[key]
    except KeyError:
        raise Refusal(404, reason) from None
