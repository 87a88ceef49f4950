"""The days of a quota: which one it is, and when it ends, however the clocks go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from crisp_data.errors import BadParameter
from crisp_data.quota.ledger_file import LedgerFile

# Crisp's clock and ours differ a little: near the reset a request may fall on either day.
_RESET_MARGIN = timedelta(seconds=5)


class QuotaDays:
    """The days that a ledger's file counts by, named such as "2026-11-02".

    Parameters
    ----------
    file : LedgerFile
        The file.
    reset_hour : int
        The hour, UTC, at which a day begins.
    now : callable
        The clock, in seconds since 1970.

    Raises
    ------
    BadParameter
        The hour is out of range.
    """

    def __init__(self, file: LedgerFile, reset_hour: int, now: Callable[[], float]) -> None:
        if reset_hour not in range(24):
            raise BadParameter("reset_hour must be an hour of the day, 0 to 23, in UTC.")
        self._file, self._reset_hour, self._now = file, reset_hour, now

    @property
    def today(self) -> str:
        """The day that it is now."""
        return self._of(self.bring_back())

    def current(self) -> list[str]:
        """Name the days that a request is charged to now: near the reset both."""
        return self._charged(self.bring_back())

    def charged(self) -> list[str]:
        """Do the same within a transaction."""
        return self._charged(self._brought_back())

    def _charged(self, moment: datetime) -> list[str]:
        return sorted({self._of(moment - _RESET_MARGIN), self._of(moment + _RESET_MARGIN)})

    def end(self, day: str) -> datetime:
        """Say when a day ends, in UTC."""
        start = datetime.fromisoformat(day).replace(hour=self._reset_hour, tzinfo=UTC)
        return start + timedelta(days=1)

    def seconds_until_after(self, day: str) -> float:
        """Count the seconds until a request is charged to the day after alone."""
        return (self.end(day) + _RESET_MARGIN - self._moment()).total_seconds()

    def bring_back(self) -> datetime:
        """Charge what the file counts for days of the future to today; returns the moment.

        It was counted while the clock was ahead. Its requests were spent by now, nobody knows
        when: they count today, so that no quota is given twice and no day to come is begun as a
        spent one.
        """
        moment = self._moment()
        if self._file.ahead_of(_last_day(moment)):
            with self._file.transaction():
                moment = self._brought_back()  # anew: that day may have begun meanwhile
        return moment

    def _brought_back(self) -> datetime:
        moment = self._moment()
        if self._file.ahead_of(_last_day(moment)):
            self._file.bring_back(_last_day(moment), self._of(moment))
        return moment

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)

    def _of(self, moment: datetime) -> str:
        return (moment - timedelta(hours=self._reset_hour)).date().isoformat()


def _last_day(moment: datetime) -> str:
    """Name the last day that there can be just now, for any hour of reset: UTC's own."""
    return (moment + _RESET_MARGIN).date().isoformat()
