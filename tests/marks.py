"""Marks for tests, and for the values of a parametrised test."""

from datetime import datetime, timedelta

import pytest
from dateutil.tz import gettz

#: dateutil reads a zone file without its old block, such as tzdata's, as UTC.
needs_dateutil_zones = pytest.mark.skipif(
    datetime(2026, 7, 1, tzinfo=gettz("Europe/Paris")).utcoffset() != timedelta(hours=2),
    reason="dateutil knows no zones here",
)


def slow(*values):
    """Leave these values to the slow run; the quick one has another of their kind."""
    named = [str(getattr(value, "__name__", "")) for value in values]
    assert not any(name.startswith("test_") for name in named), "a test is @pytest.mark.slow"
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]
