"""Marks for the values of a parametrised test."""

import pytest


def slow(*values):
    """Leave these values to the slow run; the quick one has another of their kind."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]
