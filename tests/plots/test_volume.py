"""What is drawn is what pandas counts, in the zone that the axes name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import dates, pyplot
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from crisp_data import plots, tables
from crisp_data.errors import BadParameter

PARIS = "Europe/Paris"
STATES = ["resolved", "unresolved", "pending"]


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    before = mpl.get_backend()
    mpl.use("agg")
    yield
    pyplot.close("all")
    mpl.use(before)


def conversations(*times: str | None, state: list[str | None] | None = None) -> pd.DataFrame:
    """Build a frame of the table from times of creation in UTC."""
    empty = tables.empty("conversations")
    rows = len(times)
    values: dict[str, object] = {
        "created_at": pd.to_datetime(list(times), utc=True, format="ISO8601"),
        "state": state or (STATES * rows)[:rows],
    }
    return pd.DataFrame(
        {
            name: pd.Series(values.get(name, [None] * rows), dtype=empty[name].dtype)
            for name in empty
        }
    )


@pytest.fixture(scope="module")
def autumn() -> pd.DataFrame:
    """Three weeks around the night when Paris leaves summer time, more in some hours."""
    generator = np.random.default_rng(1)
    start = pd.Timestamp("2026-10-12", tz="UTC")
    times = start + pd.to_timedelta(generator.gamma(5, 100, 900).clip(0, 500), unit="h")
    frame = conversations(*[time.isoformat() for time in times])
    frame["state"] = frame["state"].where(frame.index % 11 != 0)
    return frame


def heights(ax: Axes) -> dict[str, dict[pd.Timestamp, int]]:
    """Read back what the bars say: for each state the count at each start (UTC)."""
    drawn: dict[str, dict[pd.Timestamp, int]] = {}
    for bars in ax.containers:
        middles = [bar.get_x() + bar.get_width() / 2 for bar in bars]
        starts = [pd.Timestamp(dates.num2date(day)).round("s") for day in middles]
        counts = {s: int(b.get_height()) for s, b in zip(starts, bars, strict=True)}
        drawn[bars.get_label()] = {start: count for start, count in counts.items() if count}
    return drawn


def wall(start: str) -> pd.Timestamp:
    return pd.Timestamp(start, tz="UTC")


class TestVolume:
    @pytest.mark.parametrize("by", ["day", "week", "month"])
    @pytest.mark.parametrize("tz", ["UTC", PARIS, "Asia/Kolkata"])
    def test_bars_are_what_pandas_counts(self, autumn, by, tz):
        ax = plots.volume(autumn, by=by, tz=tz)
        clock = autumn["created_at"].dt.tz_convert(tz).dt.tz_localize(None)
        period = clock.dt.strftime({"day": "%Y-%m-%d", "week": "%G-W%V-1", "month": "%Y-%m-01"}[by])
        form = "%G-W%V-%u" if by == "week" else "%Y-%m-%d"
        expected: dict[str, dict[pd.Timestamp, int]] = {}
        for (start, state), rows in autumn.groupby(
            [period, autumn["state"].astype("str").fillna("no state")]
        ):
            day = pd.Timestamp(pd.to_datetime(start, format=form), tz="UTC")
            expected.setdefault(state, {})[day] = len(rows)
        assert heights(ax) == expected
        assert sum(sum(counts.values()) for counts in heights(ax).values()) == len(autumn)

    def test_bars_stand_on_one_another(self, autumn):
        ax = plots.volume(autumn)
        totals = np.zeros(len(ax.containers[0]))
        for bars in ax.containers:
            assert [bar.get_y() for bar in bars] == totals.tolist()
            totals += [bar.get_height() for bar in bars]
        days = autumn["created_at"].dt.floor("D").value_counts().sort_index()
        assert totals.tolist() == days.tolist()

    def test_a_day_of_25_hours_is_one_bar(self):
        # Paris: 25 October 2026 lasts from 22:00 UTC the day before to 23:00 UTC.
        frame = conversations(
            "2026-10-24T21:59:59Z",
            "2026-10-24T22:00Z",
            "2026-10-25T22:59:59Z",
            "2026-10-25T23:00Z",
            state=["resolved"] * 4,
        )
        drawn = heights(plots.volume(frame, tz=PARIS))["resolved"]
        assert drawn == {wall("2026-10-24"): 1, wall("2026-10-25"): 2, wall("2026-10-26"): 1}

    def test_the_hour_that_autumn_repeats_is_two_bars(self):
        frame = conversations(
            "2026-10-25T00:15Z", "2026-10-25T01:15Z", "2026-10-25T01:45Z", state=["resolved"] * 3
        )
        ax = plots.volume(frame, by="hour", tz=PARIS)
        assert heights(ax)["resolved"] == {wall("2026-10-25T00:00"): 1, wall("2026-10-25T01:00"): 2}
        ax.figure.canvas.draw()
        assert [label.get_text() for label in ax.get_xticklabels()] == ["02:00\n25 Oct"] * 2

    def test_hours_of_a_zone_with_half_hours(self):
        frame = conversations("2026-10-25T00:29Z", "2026-10-25T00:31Z", state=["pending"] * 2)
        drawn = heights(plots.volume(frame, by="hour", tz="Asia/Kolkata"))["pending"]
        assert drawn == {wall("2026-10-24T23:30"): 1, wall("2026-10-25T00:30"): 1}

    def test_hours_about_a_change_of_half_an_hour(self):
        """The hour from one o'clock has 90 minutes: it is one bar."""
        times = ["2026-04-04T14:50Z", "2026-04-04T15:10Z", "2026-10-03T15:10Z", "2026-10-03T15:40Z"]
        frame = conversations(*times, state=["pending"] * 4)
        drawn = heights(plots.volume(frame, by="hour", tz="Australia/Lord_Howe"))["pending"]
        assert drawn == {
            wall("2026-04-04T14:00"): 2,
            wall("2026-10-03T14:30"): 1,
            wall("2026-10-03T15:30"): 1,
        }

    def test_words_name_subject_unit_and_zone(self, autumn):
        ax = plots.volume(autumn, by="week", tz=PARIS)
        assert ax.get_title(loc="left") == "Conversations created per week"
        assert ax.get_ylabel() == "Conversations"
        assert ax.get_xlabel() == f"Week of creation ({PARIS})"
        legend = [text.get_text() for text in ax.get_legend().get_texts()]
        assert legend == [*STATES, "no state"]

    def test_the_zone_is_the_frames_own_unless_given(self, autumn):
        frame = autumn.assign(created_at=autumn["created_at"].dt.tz_convert(PARIS))
        assert plots.volume(frame).get_xlabel() == f"Day of creation ({PARIS})"
        assert heights(plots.volume(frame)) == heights(plots.volume(autumn, tz=PARIS))

    def test_each_state_has_its_own_colour_whichever_are_there(self):
        one = plots.volume(conversations("2026-10-25T00:15Z", state=["pending"]))
        colour = to_hex(one.containers[0][0].get_facecolor())
        three = plots.volume(conversations(*["2026-10-25T00:15Z"] * 3))
        colours = [to_hex(bars[0].get_facecolor()) for bars in three.containers]
        assert colours[2] == colour
        assert len(set(colours)) == 3

    def test_rows_without_a_time_are_counted(self):
        frame = conversations("2026-10-25T00:15Z", None, None)
        ax = plots.volume(frame)
        assert heights(ax) == {"resolved": {wall("2026-10-25"): 1}}
        assert ax.get_xlabel().endswith("; 2 without a time left out")

    def test_a_frame_put_together_counts_every_row(self, autumn):
        twice = pd.concat([autumn, autumn])
        one, two = heights(plots.volume(autumn)), heights(plots.volume(twice))
        assert two == {s: {day: 2 * n for day, n in counts.items()} for s, counts in one.items()}

    def test_the_frame_is_left_alone(self, autumn):
        before = autumn.copy()
        plots.volume(autumn, tz=PARIS)
        plots.by_hour(autumn, tz=PARIS)
        pd.testing.assert_frame_equal(autumn, before)


class TestDays:
    def test_weekends_are_shaded_between_the_first_and_the_last_day(self, autumn):
        ax = plots.volume(autumn)
        drawn = {id(bar) for bars in ax.containers for bar in bars}
        shades = [patch for patch in ax.patches if id(patch) not in drawn]
        noons = [dates.num2date(s.get_x() + s.get_width() / 2) for s in shades]
        days = autumn["created_at"].dt.floor("D")
        every = pd.date_range(days.min(), days.max())
        assert noons == list(every[every.day_of_week >= 5])
        assert "weekend" in [text.get_text() for text in ax.get_legend().get_texts()]

    def test_each_state_has_a_hatch_of_its_own_for_print(self, autumn):
        bars = plots.volume(autumn, by="week").containers
        assert len({container[0].get_hatch() for container in bars}) == len(bars) == 4

    def test_weekdays_are_what_pandas_counts(self, autumn):
        ax = plots.weekdays(autumn, tz=PARIS)
        days = autumn["created_at"].dt.tz_convert(PARIS).dt.day_of_week
        expected = days.value_counts().reindex(range(7), fill_value=0).tolist()
        assert [bar.get_height() for bar in ax.containers[0]] == expected
        assert [text.get_text() for text in ax.texts] == [str(count) for count in expected]
        assert ax.get_xlabel() == f"Weekday of creation ({PARIS})"


class TestByHour:
    def test_cells_are_what_pandas_counts(self, autumn):
        ax = plots.by_hour(autumn, tz=PARIS)
        clock = autumn["created_at"].dt.tz_convert(PARIS)
        expected = pd.crosstab(clock.dt.day_of_week, clock.dt.hour)
        expected = expected.reindex(index=range(7), columns=range(24), fill_value=0)
        drawn = ax.collections[0].get_array().reshape(7, 24)
        assert drawn.tolist() == expected.to_numpy().tolist()
        assert drawn.sum() == len(autumn)

    def test_one_conversation_is_one_cell_and_monday_is_on_top(self):
        ax = plots.by_hour(conversations("2026-10-25T22:30Z"), tz=PARIS)  # Sunday 23:30
        cells = ax.collections[0].get_array().reshape(7, 24)
        assert cells[6, 23] == 1
        assert cells.sum() == 1
        assert ax.get_yticklabels()[0].get_text() == "Mon"
        bottom, top = ax.get_ylim()
        assert bottom > top

    def test_words_name_subject_unit_and_zone(self, autumn):
        ax = plots.by_hour(autumn, tz=PARIS)
        assert ax.get_title(loc="left") == "Conversations created by weekday and hour"
        assert ax.get_xlabel() == f"Hour of the day ({PARIS})"
        assert [other.get_ylabel() for other in ax.figure.axes] == ["", "Conversations"]


@pytest.mark.parametrize("draw", [plots.volume, plots.weekdays, plots.by_hour])
class TestAll:
    @pytest.mark.parametrize("frame", [tables.empty("conversations"), conversations(None)])
    def test_nothing_to_draw_is_said(self, draw, frame):
        ax = draw(frame, tz=PARIS)
        assert [text.get_text() for text in ax.texts] == ["No conversations to show."]
        assert "Conversations created" in ax.get_title(loc="left")
        assert PARIS in ax.get_xlabel()
        assert not ax.containers
        assert not ax.collections

    def test_it_draws_on_the_axes_given(self, draw, autumn):
        _, ax = pyplot.subplots()
        assert draw(autumn, ax=ax) is ax
        assert pyplot.get_fignums() == [1]

    def test_refusals_say_what_to_do(self, draw, autumn):
        wrong = [
            ({"tz": "Mars/Olympus"}, autumn, "no time zone 'Mars/Olympus'"),
            ({}, autumn.drop(columns="created_at"), "no column 'created_at'"),
            (
                {},
                autumn.assign(created_at=autumn["created_at"].dt.tz_localize(None)),
                "no times with a zone",
            ),
        ]
        for options, frame, words in wrong:
            with pytest.raises(BadParameter, match=words) as caught:
                draw(frame, **options)
            assert caught.value.hint


def test_an_unknown_period(autumn):
    with pytest.raises(BadParameter, match="by='year'") as caught:
        plots.volume(autumn, by="year")
    assert "month" in caught.value.hint


@pytest.mark.slow
def test_importing_the_module_imports_no_matplotlib():
    code = "import sys, crisp_data.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
