"""Long work behind a form: in a thread, watched, and ended by a stop button."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets as widgets

from crisp_data.forms import widget_parts as parts

if TYPE_CHECKING:
    from crisp_data.forms.form import Form

#: How much is done, of how much (0: nobody knows), and a few text.
Progress = Callable[[], tuple[int, int, str]]

_REFRESH_S = 0.25  # seconds between two looks at the work


class BackgroundTask:
    """Runs work in a thread and shows how far it is.

    A kernel handles one message after another: work in a button's own handler would keep the
    click on Stop waiting until there is nothing left to stop, and every cell with it. Going
    step by step instead, each step started by the page, would need a page that stays open,
    and Voila's may be closed while messages are being sent. A thread goes on, and its
    widgets are brought up to date by plain messages, which are the same in JupyterLab,
    Notebook, VS Code and Voila. Where nobody can click, as under nbconvert, no thread starts.

    Parameters
    ----------
    form : Form
        Shows results and errors.
    progress : callable
        Gives how much is done, of how much (0: nobody knows), and a few words; called four
        times a second while the work runs, so the work itself never waits for the page.
    stop : callable, optional
        Called by the stop button; the work is to end soon after. Without it there is none.

    Attributes
    ----------
    box : ipywidgets.Box
        Bar and stop button; hidden while nothing runs.
    """

    def __init__(
        self,
        form: Form,
        progress: Progress,
        stop: Callable[[], None] | None = None,
    ) -> None:
        self.form, self._progress, self._on_stop = form, progress, stop
        self._bar = widgets.HTML()
        self._stop = parts.button("Stop", self._stop_pressed)
        self.box = parts.row(self._bar, self._stop) if stop else parts.row(self._bar)
        parts.show(self.box, False)
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether work is under way."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, button: widgets.Button, work: Callable[[], None], busy_label: str = "") -> None:
        """Start work; the button stays grey until it ends. While some runs, nothing happens.

        Parameters
        ----------
        button : widgets.Button
            The button that was pressed.
        work : callable
            What to do in the background.
        busy_label : str, optional
            What the button says until the work ends; what it says now by default.
        """
        if self.running:
            return
        self._stop.disabled = False
        self._draw()
        parts.show(self.box, True)
        # A daemon: a script that ends does not wait for it. What it sends is journalled.
        self._thread = threading.Thread(
            target=self._run, args=(button, work, busy_label), name="crisp-form", daemon=True
        )
        self._thread.start()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the work to end, in a cell or a script; say whether it has."""
        if self._thread is not None:
            self._thread.join(timeout)
        return not self.running

    def _run(self, button: widgets.Button, work: Callable[[], None], busy_label: str) -> None:
        ended = threading.Event()
        refresh = threading.Thread(target=self._refresh_until, args=(ended,), daemon=True)
        refresh.start()
        try:
            with self.form.busy(button, busy_label):
                work()
        finally:
            ended.set()
            refresh.join()
            parts.show(self.box, False)

    def _refresh_until(self, ended: threading.Event) -> None:
        while not ended.wait(_REFRESH_S):
            self._draw()

    def _draw(self) -> None:
        done, total, text = self._progress()
        text = html.escape(text)
        value = f"value='{min(done, total)}' max='{total}'" if total else ""
        self._bar.value = (
            f"<div class='crisp-progress'><progress {value} aria-label='{text}'></progress>"
            f"<span>{text}</span></div>"
        )

    def _stop_pressed(self) -> None:
        self._stop.disabled = True
        if self._on_stop is not None:
            self._on_stop()
