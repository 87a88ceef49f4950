"""What :mod:`crisp_data.metrics` measures, drawn: frames in, matplotlib axes out.

Every plot takes ``ax``, where to draw, and returns it; without one it makes a figure of its own,
which a notebook shows where the axes are a cell's last line, and which ``ax.figure.savefig``
writes. :func:`overview` puts them on one page. No plot computes a figure: the metrics do, by the
definitions written there, and take the same arguments here.

The axes name unit and time zone. Colours are those of Okabe and Ito, or of a map
that grows darker evenly; hatches, line styles and numbers show the same without colour. Names
that customers wrote are shown as written, cut where they are long; a character that no font
here can draw is a box. A frame of nothing gives a plot that says so.

``pyplot`` is not used, so no figure stays open that nobody closes. matplotlib is imported by the
call that draws, because most sessions that pull data draw nothing.

Examples
--------
>>> from crisp_data import metrics, plots
>>> messages = ws.messages(ws.conversations(limit=40))
>>> ax = plots.curve(metrics.first_response(messages), within=["1 hour", "1 day"])
>>> ax.get_ylabel()
'Share answered'
"""

from crisp_data.plots.about import about
from crisp_data.plots.backlog import backlog
from crisp_data.plots.curve import curve
from crisp_data.plots.grid import by_hour, load
from crisp_data.plots.overview import overview
from crisp_data.plots.volume import volume, weekdays

__all__ = ["about", "backlog", "by_hour", "curve", "load", "overview", "volume", "weekdays"]


def __dir__() -> list[str]:
    """Show what is meant for use where a name is completed."""
    return __all__
