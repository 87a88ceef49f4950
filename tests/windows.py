"""What Windows does otherwise, for tests on other systems too."""

from __future__ import annotations

from datetime import datetime, tzinfo


class WindowsDatetime(datetime):
    """Refuses moments before 1970 as timestamps, as the C library of Windows does."""

    @classmethod
    def fromtimestamp(cls, timestamp: float, tz: tzinfo | None = None) -> WindowsDatetime:
        if timestamp < 0:
            raise OSError(22, "Invalid argument")
        return super().fromtimestamp(timestamp, tz)
