"""The days of a quota: which one a moment belongs to, and when it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: Crisp's clock and ours differ a little: near the reset a request may fall on either day.
RESET_MARGIN = timedelta(seconds=5)


def day_of(moment: datetime, reset_hour: int) -> str:
    """Name the day of a moment, such as "2026-11-02", where days begin at an hour of UTC."""
    return (moment - timedelta(hours=reset_hour)).date().isoformat()


def days_near(moment: datetime, reset_hour: int) -> list[str]:
    """Name the day of a moment, and near a reset both days."""
    moments = (moment - RESET_MARGIN, moment + RESET_MARGIN)
    return sorted({day_of(one, reset_hour) for one in moments})


def end_of(day: str, reset_hour: int) -> datetime:
    """Say when a day ends, in UTC."""
    start = datetime.fromisoformat(day).replace(hour=reset_hour, tzinfo=UTC)
    return start + timedelta(days=1)


def last_day(moment: datetime) -> str:
    """Name the last day that there can be at a moment, whatever the hour of reset."""
    return (moment + RESET_MARGIN).date().isoformat()
