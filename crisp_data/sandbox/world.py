"""A whole sandbox without its socket: websites, tokens, the day's quota, what was counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .calendar import DATA_END, DAY
from .plans import new_plan
from .records import Clock
from .rng import stream, uuid4
from .state import Website

TIERS = ("plugin", "website", "user")
INBOXES = ("open", "partitioned", "refused")


@dataclass(frozen=True, slots=True)
class Options:
    """How a sandbox is made and which reading of Crisp's open questions it takes."""

    seed: int = 1
    conversations: int = 300
    weeks: int = 13
    batch_size: int = 40
    quota: int | None = None
    tier: str = "plugin"
    inclusive_before: bool = False
    inclusive_dates: bool = True
    date_filter: bool = True
    lists_206: bool = False
    page_sizes: tuple[int, ...] = ()
    ignore_page_number: bool = False
    inboxes: str = "open"

    def __post_init__(self) -> None:
        """Refuse what no sandbox can be made of."""
        if self.tier not in TIERS:
            raise ValueError(f"tier is one of {', '.join(TIERS)}, not {self.tier!r}")
        if self.inboxes not in INBOXES:
            raise ValueError(f"inboxes is one of {', '.join(INBOXES)}, not {self.inboxes!r}")
        if self.conversations < 0 or self.batch_size < 1 or self.weeks < 1:
            raise ValueError("conversations >= 0, batch_size >= 1 and weeks >= 1 are needed")
        if any(size < 1 for size in self.page_sizes):
            raise ValueError("page_sizes are rows of a page, each at least 1")


@dataclass(slots=True)
class Token:
    """A keypair and what it may do; `scopes` None means all.

    A scope such as ``website:conversation:messages`` allows reading and writing; with
    ``:read`` or ``:write`` behind it, only that.
    """

    identifier: str
    key: str = field(repr=False)
    tier: str
    websites: tuple[str, ...]
    scopes: frozenset[str] | None = None
    spent: Counter[int] = field(default_factory=Counter, repr=False)

    def allows(self, scope: str, mode: str) -> bool:
        """Whether the token has this scope in this mode (``read`` or ``write``)."""
        return self.scopes is None or scope in self.scopes or f"{scope}:{mode}" in self.scopes


@dataclass(slots=True)
class Stats:
    """What reached the socket, refused requests included."""

    requests: int = 0
    by_operation: Counter[str] = field(default_factory=Counter)
    by_status: Counter[str] = field(default_factory=Counter)

    def count(self, operation: str, status: str) -> None:
        """Count one request."""
        self.requests += 1
        self.by_operation[operation] += 1
        self.by_status[status] += 1

    def as_dict(self) -> dict[str, Any]:
        """Return plain dicts, sorted by name."""
        return {
            "requests": self.requests,
            "by_operation": dict(sorted(self.by_operation.items())),
            "by_status": dict(sorted(self.by_status.items())),
        }


class World:
    """Everything that a request can read or change."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = Clock()
        self.rng = stream(options.seed, "world")
        self.stats = Stats()
        self._sizes = stream(options.seed, "page sizes")
        sizes = (options.conversations, -(-options.conversations // 5), 5)
        self._all = [
            Website(options.seed, n, size, self.clock, options.weeks)
            for n, size in enumerate(sizes)
        ]
        #: The third website exists, but the plugin is not installed there.
        self.foreign_website_id = self._all.pop().id
        self.plugin_id = uuid4(self.rng)
        self.websites = {website.id: website for website in self._all}
        times = dict.fromkeys(("created_at", "updated_at"), DATA_END - 200 * DAY)
        for website in self._all:
            plugin = {"plugin_id": self.plugin_id, "settings": {}} | times
            website.table("subscriptions")[self.plugin_id] = plugin
            plan = {"website_id": website.id} | new_plan("p-1") | times
            website.table("plans")[website.id] = plan
        self.tokens: dict[str, Token] = {}
        self.default = self.token(options.tier)

    def token(
        self,
        tier: str = "plugin",
        websites: tuple[str, ...] | None = None,
        scopes: frozenset[str] | None = None,
    ) -> Token:
        """Issue a keypair: a website token reaches one website, others all by default.

        Parameters
        ----------
        tier : str, default "plugin"
            "plugin", "website" or "user".
        websites : tuple[str, ...], optional
            Ids of the websites that it reaches.
        scopes : frozenset[str], optional
            What it may do; None for everything.

        Returns
        -------
        Token
            The token.

        Raises
        ------
        ValueError
            There is no such tier.
        """
        if tier not in TIERS:
            raise ValueError(f"tier is one of {', '.join(TIERS)}, not {tier!r}")
        if websites is None:
            websites = tuple(self.websites)[: 1 if tier == "website" else None]
        issued = Token(uuid4(self.rng), f"{self.rng.getrandbits(256):064x}", tier, websites, scopes)
        self.tokens[issued.identifier] = issued
        return issued

    def website(self, website_id: str | None = None) -> Website:
        """Return a website, the main one by default."""
        return self._all[0] if website_id is None else self.websites[website_id]

    def add_website(self, name: str, domain: str) -> Website:
        """Make a website with nothing in it but its operators."""
        number = len(self.websites) + 1  # the foreign one has a number, too
        website = Website(self.options.seed, number, 0, self.clock, self.options.weeks)
        website.drop("")
        website.people.clear()
        website.settings.update(name=name, domain=domain)
        self.websites[website.id] = website
        return website

    def installed(self, website: Website) -> bool:
        """Whether a website has the tokens' plugin."""
        return self.plugin_id in website.table("subscriptions")

    def page_size(self, asked: int) -> int:
        """Say how many rows a page holds: as asked for, or fewer where the options say so."""
        own = self.options.page_sizes
        return min(asked, self._sizes.choice(own)) if own else asked

    def spend(self, token: Token) -> bool:
        """Count one request against the day's quota; False where the day is spent."""
        today = self.clock.now // DAY
        if self.options.quota is not None and token.spent[today] >= self.options.quota:
            return False
        token.spent[today] += 1
        return True

    @property
    def now(self) -> datetime:
        """The sandbox's time, in UTC."""
        return datetime.fromtimestamp(self.clock.now / 1000, UTC)
