"""Medians, curves and service levels: published figures, and the oracle's fractions."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from crisp_data import metrics
from crisp_data.errors import BadParameter
from tests.metrics import oracle

MINUTE = pd.Timedelta(minutes=1)


def lasted(durations, censored, **columns) -> pd.DataFrame:
    """A frame of durations in minutes."""
    took = pd.Series(np.array(durations, "m8[m]").astype("m8[ms]"))
    return pd.DataFrame({"duration": took, "censored": np.array(censored, bool), **columns})


# Weeks of remission of 42 children with leukaemia, with 6-MP and with a placebo: Freireich and
# others, Blood 21 (1963), the example of most textbooks; + is censored.
TREATED = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def remission() -> pd.DataFrame:
    listed = [(group, word) for group in (TREATED, PLACEBO) for word in group.split()]
    return lasted(
        [int(word.strip("+")) for _, word in listed],
        [word.endswith("+") for _, word in listed],
        group=["treated" if group is TREATED else "placebo" for group, _ in listed],
    )


def test_the_textbooks_example():
    frame = remission().sample(frac=1, random_state=1)
    assert metrics.median(frame, by="group").to_dict() == {
        "placebo": 8 * MINUTE,
        "treated": 23 * MINUTE,
    }
    treated = metrics.curve(frame[frame["group"] == "treated"])
    assert (treated["duration"] / MINUTE).tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert treated["at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert treated["ended"].tolist() == [3, 1, 1, 1, 1, 1, 1]
    left = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert (1 - treated["share"]).round(3).tolist() == left


def test_what_is_left_out_flatters():
    frame = remission().query("group == 'treated'")
    assert metrics.median(frame, censored=False) == 10 * MINUTE
    assert metrics.median(frame) == 23 * MINUTE
    plain = metrics.median(remission(), by="group", censored=False)
    over = remission().query("not censored").groupby("group")["duration"].median()
    assert plain.to_dict() == over.to_dict()


def test_less_than_half_are_over():
    assert pd.isna(metrics.median(lasted([5, 9, 9], [False, True, True])))
    assert metrics.median(lasted([5, 9], [False, True])) == 5 * MINUTE


LASTED = st.lists(
    st.tuples(st.integers(0, 6), st.booleans(), st.sampled_from(["a", "b", None])), max_size=30
)


@settings(derandomize=True)
@given(rows=LASTED, within=st.integers(0, 6))
def test_the_oracle_agrees(rows, within):
    durations, censored, groups = zip(*rows, strict=True) if rows else ((), (), ())
    frame = lasted(durations, censored, group=pd.Series(groups, dtype="str"))
    limit = f"{within} minutes"
    check(frame, oracle.median(durations, censored), metrics.median(frame))
    assert curve_of(metrics.curve(frame)) == approximately(oracle.survival(durations, censored))
    (level,) = metrics.service_level(frame, within=limit).to_dict("records")
    assert counts(level) == oracle.service_level(durations, censored, within)

    medians = metrics.median(frame, by="group")
    curves, levels = (
        metrics.curve(frame, by="group"),
        metrics.service_level(frame, within=limit, by=["group"]),
    )
    assert len(medians) == len(levels) == len(set(groups))
    for group in set(groups):
        mine = [(d, c) for d, c, g in rows if g == group]
        took, open_ = zip(*mine, strict=True)
        check(frame, oracle.median(took, open_), medians[np.nan if group is None else group])

        def of_group(found, group=group):
            return found[found["group"].isna() if group is None else found["group"] == group]

        assert curve_of(of_group(curves)) == approximately(oracle.survival(took, open_))
        (level,) = of_group(levels).to_dict("records")
        assert counts(level) == oracle.service_level(took, open_, within)


def check(_, expected, found):
    assert pd.isna(found) if expected is None else found == expected * MINUTE


def curve_of(steps):
    return list(zip(steps["duration"] / MINUTE, steps["share"], strict=True))


def approximately(survival):
    return [(moment, pytest.approx(float(1 - left), abs=1e-12)) for moment, left in survival]


def counts(level):
    names = {"total": "questions", "in_time": "answered", "late": "late", "undecided": "undecided"}
    share = None if pd.isna(level["share"]) else pytest.approx(level["share"])
    return {**{listed: level[name] for name, listed in names.items()}, "share": share}


def test_several_times_and_groups():
    frame = remission()
    levels = metrics.service_level(frame, within=["10 minutes", 20 * MINUTE], by="group")
    assert levels.columns.tolist() == [
        "group",
        "within",
        "total",
        "in_time",
        "late",
        "undecided",
        "share",
    ]
    assert levels["group"].tolist() == ["placebo", "placebo", "treated", "treated"]
    assert (levels["within"] / MINUTE).tolist() == [10, 20, 10, 20]
    assert levels["in_time"].tolist() == [13, 19, 5, 7]
    assert levels["late"].tolist() == [8, 2, 13, 7]
    assert levels["undecided"].tolist() == [0, 0, 3, 7]


def test_two_columns_to_group_by():
    frame = lasted([1, 3, 5], [False] * 3, x=["a", "a", "b"], y=pd.array([1, 2, 1], dtype="Int64"))
    medians = metrics.median(frame, by=["x", "y"])
    assert medians.index.names == ["x", "y"]
    assert medians["a", 2] == 3 * MINUTE
    steps = metrics.curve(frame, by=["x", "y"])
    assert steps["y"].dtype == "Int64"
    assert len(steps) == 3


def test_nothing_at_all():
    frame = lasted([], [], group=pd.Series([], dtype="str"))
    assert pd.isna(metrics.median(frame))
    assert metrics.median(frame, by="group").dtype == "m8[ms]"
    assert metrics.curve(frame).dtypes.astype(str).to_dict() == {
        "duration": "timedelta64[ms]",
        "at_risk": "Int64",
        "ended": "Int64",
        "share": "Float64",
    }
    (level,) = metrics.service_level(frame, within="1 hour").to_dict("records")
    assert level["total"] == 0
    assert pd.isna(level["share"])
    assert metrics.service_level(frame, within="1 hour", by="group").empty


def test_durations_of_another_unit_and_missing_ones():
    frame = lasted([1, 3, 5, 100], [False] * 4)
    frame.loc[3, "duration"] = pd.NaT
    slow = frame.assign(duration=frame["duration"].astype("m8[ns]"))
    assert metrics.median(slow) == metrics.median(frame) == 3 * MINUTE
    assert metrics.service_level(frame, within="4 minutes")["total"].item() == 3


@pytest.mark.parametrize(
    "within", ["soon", "60", 60, 1.5, None, "-1 hour", pd.NaT, ["1 hour", "x"]]
)
def test_what_is_no_duration(within):
    with pytest.raises(BadParameter, match=r"within (is not|must be) a duration") as caught:
        metrics.service_level(remission(), within=within)
    assert "hour" in caught.value.hint


def level_of_an_hour(frame, **options):
    return metrics.service_level(frame, within="1 hour", **options)


@pytest.mark.parametrize("measure", [metrics.median, metrics.curve, level_of_an_hour])
def test_columns_that_are_missing(measure):
    for column in ("duration", "censored"):
        with pytest.raises(BadParameter, match=column):
            measure(remission().drop(columns=column))
    with pytest.raises(BadParameter, match="'country'"):
        measure(remission(), by="country")
    with pytest.raises(BadParameter, match="holds no durations"):
        measure(remission().assign(duration=1))
