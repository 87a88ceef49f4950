"""What is drawn is what the metrics say, read back off the artists."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from matplotlib import dates
from matplotlib.figure import Figure

from crisp_data import metrics, plots, tables
from crisp_data.errors import BadParameter
from crisp_data.plots import style

PARIS = "Europe/Paris"


@pytest.fixture(scope="module")
def answers(messages):
    return metrics.first_response(messages)


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def assert_curve(line, steps, longest) -> None:
    seconds = steps["duration"].dt.total_seconds().tolist()
    shares = steps["share"].tolist()
    assert line.get_xdata().tolist() == [0, *seconds, longest.total_seconds()]
    assert line.get_ydata().tolist() == [0, *shares, shares[-1]]
    assert line.get_drawstyle() == "steps-post"


class TestCurve:
    def test_one_curve_to_the_longest_time_known(self, answers):
        ax = plots.curve(answers, within=["1 hour"])
        assert_curve(ax.lines[0], metrics.curve(answers), answers["duration"].max())
        assert ax.get_xlabel() == "Time until answered"
        assert ax.get_ylabel() == "Share answered"

    def test_lines_of_service_levels_say_their_shares(self, answers):
        within = ["10 minutes", "1 hour", "2 days"]
        ax = plots.curve(answers, within=within)
        levels = metrics.service_level(answers, within=within)
        assert [line.get_xdata()[0] for line in ax.lines[1:]] == [600, 3600, 172_800]
        expected = [
            f"{at}: {share:.0%}"
            for at, share in zip(["10 min", "1 h", "2 days"], levels["share"], strict=True)
        ]
        assert [text.get_text() for text in ax.texts] == expected
        left, right = ax.get_xlim()
        assert left < 600
        assert right > 172_800

    def test_a_curve_for_each_group_the_largest_first(self, answers, conversations):
        joined = metrics.join(answers, conversations, on="topic").sample(frac=1, random_state=1)
        ax = plots.curve(joined, by="topic", most=3)
        sizes = joined.groupby("topic", dropna=False).size()
        groups = sizes.sort_values(ascending=False, kind="stable").index[:3]
        steps = metrics.curve(joined, by="topic")
        for line, name in zip(ax.lines, words(ax), strict=False):
            group = next(g for g in groups if name.startswith(style.shown(g, 24)))
            own = joined[joined["topic"] == group]
            assert name == f"{style.shown(group, 24)} ({len(own)})"
            assert_curve(line, steps[steps["topic"] == group], own["duration"].max())
        assert len({line.get_linestyle() for line in ax.lines[:3]}) == 3
        assert ax.get_xlabel().endswith(f"{len(sizes) - 3} smaller groups left out")

    def test_rows_without_a_group_have_a_curve(self, answers, conversations):
        joined = metrics.join(answers, conversations, on="topic")
        joined["topic"] = joined["topic"].where(joined["topic"] == "billing")
        ax = plots.curve(joined, by="topic")
        assert {name.partition(" (")[0] for name in words(ax)} == {"none", "billing"}
        line = ax.lines[[name.startswith("none") for name in words(ax)].index(True)]
        missing = joined[joined["topic"].isna()]
        assert_curve(line, metrics.curve(missing), missing["duration"].max())

    def test_resolutions(self, messages):
        found = metrics.resolution(messages)
        ax = plots.curve(found)
        assert ax.get_title(loc="left") == "Tickets: resolved within"
        assert_curve(ax.lines[0], metrics.curve(found), found["duration"].max())


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_backlog(messages, by):
    counts = metrics.backlog(messages, by=by, tz=PARIS)
    ax = plots.backlog(messages, by=by, tz=PARIS)
    for line, column in zip(ax.lines, ["open", "waiting"], strict=True):
        drawn = [
            pd.Timestamp(dates.num2date(day)).tz_localize(None)
            for day in dates.date2num(line.get_xdata())
        ]
        assert drawn[:-1] == counts["start"].dt.tz_localize(None).tolist()
        assert drawn[-1] > drawn[-2]
        assert line.get_ydata().tolist()[:-1] == counts[column].tolist()
        assert words(ax)[["open", "waiting"].index(column)].endswith(
            f", {counts[column].iloc[-1]} now"
        )
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()
    assert ax.get_xlabel() == f"{by.capitalize()} ({PARIS}), as each ended"


def test_load(messages):
    ax = plots.load(messages, tz=PARIS)
    counts = metrics.load(messages, tz=PARIS).pivot(
        index="nickname", columns="hour", values="messages"
    )
    names = [text.get_text() for text in ax.get_yticklabels()]
    cells = ax.collections[0].get_array().reshape(-1, 24)
    assert len(names) == len(counts) == 3
    for name, row in zip(names, cells, strict=True):
        nickname, _, total = name.partition("  ")
        assert row.tolist() == counts.loc[nickname].tolist()
        assert int(total) == row.sum()
    assert cells.sum(axis=1).tolist() == sorted(cells.sum(axis=1), reverse=True)
    assert ax.get_xlabel() == f"Hour of the day ({PARIS})"
    left = plots.load(messages, most=1)
    assert left.get_xlabel().endswith("2 more operators left out")


@pytest.mark.parametrize("on", ["topic", "segment"])
def test_about(conversations, on):
    ax = plots.about(conversations, on=on, most=2)
    rows = metrics.join(conversations[["session_id"]], conversations, on=on)[on]
    counts = rows.value_counts()
    expected = [*counts.sort_values(ascending=False).head(2), rows.isna().sum()]
    assert [bar.get_width() for bar in ax.containers[0]] == expected
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names[-1] == f"no {on}"
    for name, count in zip(names[:-1], expected, strict=False):
        assert count == counts[{style.shown(full, 40): full for full in counts.index}[name]]
    assert f"{len(counts) - 2} smaller {on}s left out" in ax.get_xlabel()


class TestOverview:
    def test_frames_or_whatever_has_them(self, conversations, messages):
        class Archive:
            def conversations(self):
                return conversations

            def messages(self, of):
                assert of is conversations
                return messages

        titles = [
            [ax.get_title(loc="left") for ax in page.axes]
            for page in (plots.overview(conversations, messages), plots.overview(Archive()))
        ]
        assert titles[0] == titles[1]
        assert "Conversations by segment" in titles[0]

    def test_a_workspace_and_what_it_spends(self, ws, sandbox):
        ws.messages(ws.conversations())
        before = sandbox.stats()["requests"]
        assert isinstance(plots.overview(ws), Figure)
        assert sandbox.stats()["requests"] == before, "all was in the cache"

    def test_the_numbers_on_top(self, conversations, messages, answers):
        page = plots.overview(conversations, messages, within="1 hour")
        numbers = [text.get_text() for text in page.axes[0].texts][::2]
        assert numbers[0] == f"{len(conversations):,}"
        assert numbers[1] == f"{(messages['type'] == 'text').sum():,}" != f"{len(messages):,}"
        assert numbers[2] == style.duration(metrics.median(answers))
        share = metrics.service_level(answers, within="1 hour")["share"].iloc[0]
        assert numbers[3] == f"{share:.0%}"
        assert numbers[5] == str(len(metrics.waiting(messages)))

    def test_every_plot_tells_the_zone(self, conversations, messages):
        page = plots.overview(conversations, messages, tz=PARIS)
        labels_shown = [ax.get_xlabel() for ax in page.axes if PARIS in ax.get_xlabel()]
        assert len(labels_shown) == 5

    def test_messages_are_needed(self, conversations):
        with pytest.raises(BadParameter, match="needs messages"):
            plots.overview(conversations)
        with pytest.raises(BadParameter, match="is not a DataFrame"):
            plots.overview([1])


def test_empty_frames_are_explained(monkeypatch):
    conversations, messages = tables.empty("conversations"), tables.empty("messages")
    page = plots.overview(conversations, messages)
    labels_shown = [ax.texts[0].get_text() for ax in page.axes[1:]]
    assert len(labels_shown) == 8
    assert all(text.startswith("No ") and text.endswith(" to show.") for text in labels_shown)
    assert not [ax for ax in page.axes if ax.lines or ax.collections or ax.containers]


@pytest.mark.slow
def test_a_notebook_shows_axes_and_pages_without_pyplot(conversations, messages):
    from matplotlib import pyplot

    ax, page = plots.weekdays(conversations), plots.overview(conversations, messages)
    for shown in (ax, page, page.axes[1]):
        assert shown._repr_png_().startswith(b"\x89PNG")
    assert pyplot.get_fignums() == []


def test_the_head_of_a_slow_and_large_workspace_does_not_run_together(conversations):
    rows = metrics.thread("2019-01-01 09:00 customer", "2026-09-20 09:00 Ana")
    page = plots.overview(conversations[:1], rows)
    page.canvas.draw()
    boxes = [text.get_window_extent() for text in page.axes[0].texts[::2]]
    assert page.axes[0].texts[4].get_text() == "2819 days"
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])
    assert page.get_suptitle() == "Conversations, 14 Sep 2026 (UTC)"


def test_many_rows_make_a_higher_figure():
    rows = [metrics.thread("09:00 customer", f"09:10 Operator{n}") for n in range(60)]
    people = pd.concat(rows, ignore_index=True)
    topics = tables.empty("conversations").reindex(range(60))
    topics = topics.assign(
        session_id=[f"session_{n}" for n in range(60)],
        topic=[f"Topic {n}" for n in range(60)],
        created_at=pd.Timestamp("2026-10-05", tz="UTC").as_unit("ms"),
    )
    for ax in (plots.load(people, most=200), plots.about(topics, most=200)):
        ax.figure.canvas.draw()
        boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
        assert len(boxes) == 60
        assert not any(a.overlaps(b) for a, b in pairwise(boxes))
