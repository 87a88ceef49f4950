"""Which conversation goes on from which: some of a person's from the one before it."""

from __future__ import annotations

from itertools import pairwise

from .records import Conversation, Record
from .state import Website

#: One of so many seeded conversations goes on from the person's conversation before it.
_EVERY = 4


def relations(website: Website, one: Conversation) -> Record:
    """Return the parent and the children of a conversation."""
    person = one.facts.people_id
    own = [row for row in website.conversations.values() if row.facts.people_id == person]
    own.sort(key=lambda row: (row.facts.created_at, row.session_id))
    parents = {
        later.session_id: earlier.session_id
        for earlier, later in pairwise(own)
        if person and later.number >= 0 and later.number % _EVERY == 0
    }
    children = [child for child, parent in parents.items() if parent == one.session_id]
    return {"conversations": {"parent": parents.get(one.session_id), "children": children}}
