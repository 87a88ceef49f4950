"""What the seed puts among spam: e-mails that became no conversations."""

from __future__ import annotations

from .calendar import DATA_END, HOUR
from .people import Scene
from .records import Record
from .rng import mix, pick, uuid_at

_COUNT = 24  # a second page
_SUBJECTS = ("You have won", "Invoice overdue!!", "Rank first on every search engine")
_REASONS = ("score", "blocklist", "attachment")


def spams(scene: Scene) -> dict[str, Record]:
    """Write a website's spam, by `spam_id`."""
    rows = [_spam(mix(scene.salt, 7_000 + n), n) for n in range(_COUNT)]
    return {row["spam_id"]: row for row in rows}


def _spam(salt: int, n: int) -> Record:
    sender = f"offer{n}@spam.example"
    subject = pick(_SUBJECTS, salt)
    return {
        "spam_id": uuid_at(salt, 0),
        "type": "email",
        "reason": pick(_REASONS, salt >> 3),
        "metadata": {"from": sender, "subject": subject},
        "headers": {"from": sender, "subject": subject},
        "content": {"text": f"{subject}. Only today, only for you."},
        "timestamp": DATA_END - n * 7 * HOUR - salt % HOUR,
    }
