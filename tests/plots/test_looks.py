"""Nothing overlaps, names are shown as written, and pictures stay what was looked at.

The pictures in ``baseline`` were looked at before they were stored. ``DRAW_BASELINE=1`` in the
environment draws them anew: look at them again before keeping them.
"""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from crisp_data import metrics, plots
from crisp_data.plots import style
from crisp_data.plots.chart_page import Page, chart
from tests.marks import slow

BASELINE = Path(__file__).parent / "baseline"
# The root of the mean square, of 255. Letters three hundredths larger, as other versions of the
# fonts may have them, give 0.5 at this size; one line or one bar that is gone gives 10 and more.
TOLERANCE = 5

DRAW = {
    "volume_day": lambda c, m, ax: plots.volume(c, ax, tz="Europe/Paris"),
    "volume_week": lambda c, m, ax: plots.volume(c, ax, by="week"),
    "volume_hour": lambda c, m, ax: plots.volume(c, ax, by="hour"),
    "volume_month": lambda c, m, ax: plots.volume(c, ax, by="month"),
    "weekdays": lambda c, m, ax: plots.weekdays(c, ax),
    "by_hour": lambda c, m, ax: plots.by_hour(c, ax),
    "curve": lambda c, m, ax: plots.curve(metrics.first_response(m), ax),
    "curve_by": lambda c, m, ax: plots.curve(
        metrics.join(metrics.first_response(m), c, on="topic"), ax, by="topic"
    ),
    "backlog": lambda c, m, ax: plots.backlog(m, ax),
    "load": lambda c, m, ax: plots.load(m, ax),
    "topics": lambda c, m, ax: plots.about(c, ax),
    "segments": lambda c, m, ax: plots.about(c, ax, on="segment"),
}
SIZES = {"notebook": (9, 4), "column": (4, 3)}


def drawn(name, conversations, messages, size):
    page = Page(*size)
    ax = DRAW[name](conversations, messages, chart(page))
    page.canvas.draw()
    return page, ax


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("rows", [60, *slow(1)])
@pytest.mark.parametrize("name", DRAW)
def test_no_words_overlap(name, size, rows, conversations, messages):
    chosen = conversations[:rows]
    page, ax = drawn(
        name, chosen, messages[messages["session_id"].isin(chosen["session_id"])], size
    )
    words = [ax._left_title, ax.xaxis.label, ax.yaxis.label, *ax.get_yticklabels(), *ax.texts]
    left, right = ax.get_xlim()
    words += [label for label in ax.get_xticklabels() if left <= label.get_position()[0] <= right]
    words += [ax.get_legend()] if ax.get_legend() else []
    boxes = [word.get_window_extent() for word in words if word.get_visible()]
    boxes = [box for box in boxes if box.width > 1 and box.height > 1]
    inside = page.bbox
    assert all(inside.x0 - 1 <= box.x0 and box.x1 <= inside.x1 + 1 for box in boxes)
    assert not [(a, b) for n, a in enumerate(boxes) for b in boxes[:n] if a.overlaps(b)]
    assert ax.get_window_extent().height > 0.3 * page.bbox.height
    if ax.get_legend():
        legend = ax.get_legend().get_window_extent()
        bars = [bar for bars in ax.containers for bar in bars]
        assert not any(bar.get_window_extent().overlaps(legend) for bar in bars)


@pytest.mark.parametrize("name", ["curve_by", "load", "topics", "segments"])
def test_names_are_shown_as_written(name, conversations, messages):
    # As mathematics, "^2" without its dollars would end the drawing with an error, and with
    # them nobody would see what was written.
    _, ax = drawn(name, conversations, messages, SIZES["notebook"])
    labels = list(ax.get_legend().get_texts()) if name == "curve_by" else ax.get_yticklabels()
    written = [label for label in labels if "$" in label.get_text()]
    assert written
    assert not any(label.get_parse_math() for label in labels)
    if name in ("topics", "segments"):
        texts = [label.get_text() for label in labels]
        assert "$ALL$ of_it ^2" in texts
        assert "_hidden" in texts
        assert any(text.endswith("…") and len(text) <= 40 for text in texts)


def test_what_cannot_be_drawn_is_a_box():
    assert style.shown("a\U000f0000b\n c", 10) == "a□b c"
    assert not style.drawable("\U000f0000")
    assert style.drawable("Zoé N'Diaye")


@pytest.mark.parametrize("most", [1, 2, 24])
def test_long_names_are_cut(most):
    cut = style.shown("a rather long name of a segment", most)
    assert len(cut) <= most
    assert cut.endswith("…")


@pytest.mark.parametrize(
    ("length", "written"),
    [
        ("35 s", "35 s"),
        ("90 min", "1.5 h"),
        ("1 day", "1 day"),
        ("48 h", "2 days"),
        ("1 min", "1 min"),
    ],
)
def test_durations_are_written_in_their_largest_unit(length, written):
    assert style.duration(length) == written


@pytest.mark.skipif(
    mpl.__version_info__ < (3, 11), reason="matplotlib sets letters otherwise before 3.11"
)
@pytest.mark.parametrize("name", ["volume_day", "by_hour", "curve_by", "backlog", "segments"])
def test_pictures_are_those_that_were_looked_at(name, conversations, messages, tmp_path):
    path = BASELINE / f"{name}.png"
    with mpl.rc_context():
        mpl.rcdefaults()
        page, _ = drawn(name, conversations, messages, (6, 3))
        new = tmp_path / path.name
        page.savefig(new, dpi=50)
    if os.environ.get("DRAW_BASELINE"):
        path.write_bytes(new.read_bytes())
    assert rms(imread(new), imread(path)) < TOLERANCE


def rms(one, other) -> float:
    """As matplotlib.testing.compare has it, but without a file of differences in the tree."""
    assert one.shape == other.shape
    return float(np.sqrt(np.mean((255 * (one - other)) ** 2)))
