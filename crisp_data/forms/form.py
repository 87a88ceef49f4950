"""The frame of every form. Needs ipywidgets, no browser."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, ClassVar

import ipywidgets as widgets
from IPython.display import publish_display_data

from crisp_data.errors import CrispError
from crisp_data.forms import html as pieces
from crisp_data.forms.background import BackgroundTask, Progress
from crisp_data.forms.protocol import Workspace
from crisp_data.forms.request_counter import RequestCounter
from crisp_data.forms.widget_parts import close, stack
from crisp_data.rest import waits

#: Seconds that a handler may wait for: enough to try again after a connection that was lost.
MAX_WAIT_S = 2.0
_VIEW = "application/vnd.jupyter.widget-view+json"


class Form:
    """A form: the banner and the quota above, a body to be filled, results and errors below.

    A form is no widget but holds one, ``box``, so that a page without a kernel shows text in
    its place. A plain object decides and works; the form only shows it.

    Parameters
    ----------
    ws : workspace or None
        None where none is open yet; set ``form.ws`` later and call :meth:`refresh`.
    title : str
        One line, above the body.
    lead : str
        What the form does, in a sentence.
    progress : callable, optional
        As for :class:`~crisp_data.forms.background.BackgroundTask`.
    stop : callable, optional
        As for :class:`~crisp_data.forms.background.BackgroundTask`.

    Attributes
    ----------
    box : ipywidgets.VBox
        All of it, with the class ``crisp-form``.
    body : ipywidgets.VBox
        To be filled: ``form.body.children = [...]``.
    below : ipywidgets.VBox
        What is long, such as a table: it stands below results and errors, which so stay near
        the buttons.
    runner : BackgroundTask
        Does the form's long work; ``form.body`` shows its ``box``.
    """

    #: Style sheets beside this module. Each form brings its own: a page may show several, or one.
    styles: ClassVar[tuple[str, ...]] = ("form.css",)

    def __init__(
        self,
        ws: Workspace | None,
        title: str,
        lead: str = "",
        *,
        progress: Progress = lambda: (0, 0, ""),
        stop: Callable[[], None] | None = None,
    ) -> None:
        self.ws, self.title = ws, title
        self.runner = BackgroundTask(self, progress, stop)
        self._banner, self._quota, self._notice = (widgets.HTML() for _ in range(3))
        head = f"<div class='crisp-head'><h2>{html.escape(title)}</h2>{pieces.soft(lead)}</div>"
        self.body, self.below = (stack().add_class("crisp-body") for _ in range(2))
        css = "".join(files(__package__).joinpath(name).read_text("utf-8") for name in self.styles)
        style = widgets.HTML(f"<style>\n{css}</style>", layout={"display": "none"})
        above = [style, self._banner, self._quota, widgets.HTML(head)]
        self.box = widgets.VBox([*above, self.body, self._notice, self.below])
        self.box.add_class("crisp-form")
        Form.refresh(self)  # a subclass has nothing of its own to refresh yet

    def refresh(self) -> None:
        """Bring banner and quota up to date; spends nothing."""
        self._banner.value = pieces.banner(self.ws)
        self._quota.value = pieces.quota(self.ws)

    def say(self, what: str, hint: str = "", kind: str = "done") -> None:
        """Show a result ("done") or a remark ("info"); both are escaped here.

        Parameters
        ----------
        what : str
            What happened.
        hint : str, optional
            What to do next; each line becomes a paragraph.
        kind : str, default "done"
            "done" or "info".
        """
        self._notice.value = pieces.notice(kind, what, hint)

    def fail(self, error: BaseException) -> None:
        """Show an error: its text where it is a CrispError, else only its class.

        The text of another error may hold what nobody should read in a form.

        Parameters
        ----------
        error : BaseException
            What went wrong.
        """
        if isinstance(error, CrispError):
            what, _, hint = str(error).partition("\n")
            self.say(what, f"{hint}\n{self.error_note()}", "error")
        else:
            hint = "An unexpected error. The traceback is in the kernel's log."
            self.say(f"Stopped by {type(error).__name__}.", hint, "error")

    @contextmanager
    def unless_stopped(self, counter: RequestCounter) -> Iterator[None]:
        """Say that a block was stopped, where that is what ended it.

        Parameters
        ----------
        counter : RequestCounter
            Counts what the block spends.

        Raises
        ------
        CrispError
            What ended the block, where nobody stopped it.
        """
        try:
            yield
        except CrispError:
            if not counter.stopped:
                raise
            self.say("Stopped. No further requests were sent.", self.error_note(), "info")

    def attempt(self, work: Callable[[], object]) -> bool:
        """Do what takes no time; show a :class:`CrispError`, and say whether there was none.

        Parameters
        ----------
        work : callable
            What to do.

        Returns
        -------
        bool
            Whether it was done.
        """
        try:
            work()
        except CrispError as error:
            self.fail(error)
            return False
        return True

    def error_note(self) -> str:
        """What stands below an error, such as what was done before it.

        Returns
        -------
        str
            A line of text; empty where there is nothing to say.
        """
        return ""

    def clear_notice(self) -> None:
        """Take the last result or error away."""
        self._notice.value = ""

    @contextmanager
    def busy(self, button: widgets.Button, busy_label: str = "") -> Iterator[None]:
        """Disable a button while its work is done, and show how that ends.

        A :class:`CrispError` is shown and ends the block. Anything else is shown by its class
        and raised again, into the kernel's log.

        Parameters
        ----------
        button : widgets.Button
            The button that was pressed.
        busy_label : str, optional
            What the button says until the block ends.

        Notes
        -----
        A second click that the browser sent before the button went grey is handled after the
        first one's work. So what sends must ask to be confirmed anew after it has sent.
        """
        label, button.disabled = button.description, True
        button.description = busy_label or label
        self.clear_notice()
        try:
            yield
        except CrispError as error:
            self.fail(error)
        except BaseException as error:
            self.fail(error)
            raise
        finally:
            button.description, button.disabled = label, False
            self.refresh()

    @contextmanager
    def reading(self, button: widgets.Button) -> Iterator[None]:
        """Read in a handler: as :meth:`busy`, but what would have to be waited for is an error.

        The kernel does nothing else meanwhile, and a rate limit lasts for minutes, the day's
        reset for hours.

        Parameters
        ----------
        button : widgets.Button
            The button that was pressed.
        """
        with self.busy(button, "Reading …"), waits.at_most(MAX_WAIT_S):
            yield

    def join(self, timeout: float | None = None) -> bool:
        """Wait for work in the background to end, in a cell or a script.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most; None waits until it ends.

        Returns
        -------
        bool
            Whether it has ended.
        """
        return self.runner.join(timeout)

    def lines(self) -> list[str]:
        """What a page without a kernel says of the form: figures, nobody's words.

        Returns
        -------
        list[str]
            Lines of text.
        """
        return []

    def close(self) -> None:
        """Take the form and all that is in it off the page."""
        close(self.box)

    def _summary(self) -> list[str]:
        if self.ws is None:
            return ["not connected", *self.lines()]
        where = pieces.service(self.ws)
        writes = "may write" if self.ws.client.writes else "read-only"
        website = self.ws.name or self.ws.website_id
        return [f"{where}, {website}, {writes}", pieces.quota_line(self.ws), *self.lines()]

    def __repr__(self) -> str:
        return "\n".join([f"{self.title} (a form)", *(f"  {line}" for line in self._summary())])

    def _ipython_display_(self) -> None:
        """Show text, and the form in an output of its own; where the form works it hides the text.

        In one output the form alone would count: a notebook that is opened without its kernel,
        or a page made of it, would then show an error or nothing.
        """
        text = self._repr_mimebundle_()
        view = {_VIEW: text.pop(_VIEW)} if _VIEW in text else {}
        for output in filter(None, (text, view)):
            publish_display_data(output)  # type: ignore[no-untyped-call]

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        rows = "".join(f"<div>{html.escape(line)}</div>" for line in self._summary())
        colour = {"live": "#a4300a", "sandbox": "#0a5c94", "": "#6b7280"}[pieces.service(self.ws)]
        fallback = (
            "<div class='crisp-words' "
            f"style='border-left:4px solid {colour};padding-left:12px'>"
            f"<strong>{html.escape(self.title)}</strong>{rows}</div>"
        )
        bundle = {"text/plain": repr(self), "text/html": fallback}
        if self.box.comm is None:  # closed
            return bundle
        return {**bundle, _VIEW: self.box._repr_mimebundle_(**options)[_VIEW]}
