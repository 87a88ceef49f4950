"""A website as its seed makes it, before any request has changed it.

Drawing it is most of what starting a sandbox costs. It depends on the options alone and nothing
changes it, so sandboxes with the same options share one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from .calendar import DATA_END, DAY
from .conversations import Facts, facts
from .people import scene
from .rng import stream
from .scripts import Plan, draw


class SeededWebsite:
    """The conversations that a seed gives a website; read-only.

    Parameters
    ----------
    seed : int
        The seed.
    number : int
        The website's number; 0 is the main one.
    conversations : int
        How many conversations there are.
    weeks : int
        How far back they reach.
    """

    def __init__(self, seed: int, number: int, conversations: int, weeks: int) -> None:
        self.scene = scene(seed, number)
        self.customers = max(3, conversations * 2 // 3)
        self._weeks = weeks
        #: By `session_id`, in the order of their numbers.
        self.facts: dict[str, Facts] = {}
        #: When the first conversation of a customer began, by the customer's number.
        self.first_seen: dict[int, int] = {}
        for n in range(conversations):
            plan = self.plan(n)
            known = self.facts[plan.session_id] = facts(plan, self.scene)
            earlier = self.first_seen.get(plan.customer, known.created_at)
            self.first_seen[plan.customer] = min(earlier, known.created_at)
        self._update_in_batches()

    def plan(self, number: int) -> Plan:
        """Return the plan of the conversation of that number."""
        return draw(self.scene.seed, number, self.customers, self._weeks)

    def _update_in_batches(self) -> None:
        """Update many at one millisecond, as `batch/*` does: one instant, more than a page."""
        rng = stream(self.scene.seed, "batches")
        for weeks_ago in (9, 5, 1):
            at = DATA_END - weeks_ago * 7 * DAY
            recent = [i for i, f in self.facts.items() if at - 21 * DAY < f.updated_at < at]
            for session_id in rng.sample(recent, min(len(recent) // 2, rng.randint(60, 120))):
                known = replace(self.facts[session_id], updated_at=at)
                if rng.random() < 0.5:
                    known = replace(known, state="resolved", waiting_since=None, unread=0)
                self.facts[session_id] = known


#: The website that these options make, drawn once in a process.
seeded_website = lru_cache(maxsize=32)(SeededWebsite)
