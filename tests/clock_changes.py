"""Every change of a clock from 2024 to 2028, and what the wall shows, reckoned without pandas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

#: Zones that stand for a kind of change: an hour at night, at midnight into a skipped or a
#: repeated one, half an hour, two hours, a summer time that is the standard, a change of the
#: standard time itself, and the far ends of the day.
SOME = (
    "Europe/Paris",
    "Europe/Dublin",
    "America/New_York",
    "America/Santiago",
    "America/Havana",
    "America/Asuncion",
    "America/Scoresbysund",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Almaty",
    "Asia/Beirut",
    "Asia/Gaza",
    "Antarctica/Troll",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
)
_FIRST, _LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@cache
def every_zone() -> list[str]:
    """List zones, one for each history of changes in these years."""
    histories = {}
    for zone in sorted(available_timezones()):
        history = tuple((at, offset(at - _DAY, zone), offset(at, zone)) for at in changes(zone))
        histories.setdefault(history, zone)
    return sorted(zone for history, zone in histories.items() if history)


def changes_of(zone: str, *years: int) -> list[datetime]:
    """List the changes of some years."""
    return [at for at in changes(zone) if at.year in years]


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """List the moments at which the clocks of a zone are changed, in UTC."""
    found, at, before = [], _FIRST, offset(_FIRST, zone)
    while at < _LAST:
        at += _DAY
        after = offset(at, zone)
        if before != after:
            found.append(_bisect(at - _DAY, at, zone))
        before = after
    return tuple(found)


def _bisect(before: datetime, after: datetime, zone: str) -> datetime:
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        same = offset(middle, zone) == offset(before, zone)
        before, after = (middle, after) if same else (before, middle)
    return after


def offset(at: datetime, zone: str) -> timedelta:
    """Give how far the clocks of a zone are ahead of UTC."""
    found = at.astimezone(ZoneInfo(zone)).utcoffset()
    assert found is not None
    return found


def wall(at: datetime, zone: str) -> datetime:
    """Give what the clocks of a zone show."""
    return at.replace(tzinfo=None) + offset(at, zone)


def shown(time: datetime, zone: str, first: bool = True) -> datetime:
    """Give the moment at which the clocks show a time: the first or last, or that of the change."""
    near = time.replace(tzinfo=UTC)
    offsets = {offset(near + days * _DAY, zone) for days in (-1, 0, 1)}
    found = [near - one for one in offsets if wall(near - one, zone) == time]
    if found:
        return min(found) if first else max(found)
    return next(at for at in changes(zone) if abs(at - near) < 2 * _DAY)


def moments_near(at: datetime) -> list[datetime]:
    """List moments about a change: in the hours before and after it, and at its very edge."""
    minutes = (-60, -30, 0, 15, 60)
    return [at + timedelta(minutes=one) for one in minutes] + [at - timedelta(milliseconds=1)]
