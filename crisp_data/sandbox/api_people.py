"""Operations on people profiles."""

from __future__ import annotations

from .calls import Answer, Call, operation


@operation("list_people_profiles")
def list_people_profiles(call: Call) -> Answer:
    """List profiles, newest first."""
    rows = sorted(
        call.website.people.values(), key=lambda row: (-row["created_at"], row["people_id"])
    )
    return call.page(rows, call.per_page())
