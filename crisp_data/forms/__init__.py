"""Forms in the notebook: thin widgets over plain objects that work without them.

This module is imported with the package, so ipywidgets is not: it takes a third of a second.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import pandas as pd

    from crisp_data.forms.broadcast import Broadcast
    from crisp_data.forms.compose import Compose
    from crisp_data.forms.explore import Explore

__all__ = ["Forms"]


def __dir__() -> list[str]:
    """Show what is meant for use where a name is completed."""
    return __all__


class Forms:
    """The methods of a workspace that open a form."""

    def broadcast(self, conversations: pd.DataFrame) -> Broadcast:
        """Open a form that writes one message to many conversations.

        Parameters
        ----------
        conversations : DataFrame
            Those to choose from, as ``ws.conversations()`` returned them; with columns of
            your own, which the message may name. It is copied.

        Returns
        -------
        Broadcast
            Its ``result`` is what became of each message, as :meth:`send_many` returns it.

        Notes
        -----
        Opening it spends nothing. The dry run and the sending spend as :meth:`send_many` does;
        nothing is sent without a dry run and the typed number of recipients.

        Examples
        --------
        >>> form = ws.broadcast(ws.conversations(state="unresolved", limit=20))
        >>> form
        Send to many (a form)
          sandbox, Acme, may write
          4,99... of 5,000 requests left today, 100 of them reserved for writes
          0 of 20 conversations selected
        >>> form.close()
        """
        from crisp_data.forms.broadcast import Broadcast

        return Broadcast(_quiet(self), conversations)

    def compose(self, session_id: str | None = None) -> Compose:
        """Open a form to answer a customer: find, read, write, confirm, send.

        Parameters
        ----------
        session_id : str, optional
            A conversation to begin with.

        Returns
        -------
        Compose
            The form; ``form.composer`` is the plain object that does its work, and
            ``form.receipt`` tells of the message that was sent last.

        Notes
        -----
        Spends one request for the 50 conversations updated last, none where they are in the
        cache; then one for each conversation opened, and what each button says. Nothing is sent
        without a second click that names website and customer.

        Examples
        --------
        >>> form = ws.compose()
        >>> form
        Write to a customer (a form)
          sandbox, Acme, may write
          ...
          50 conversations to choose from
          none open
        >>> form.close()
        """
        from crisp_data.forms.compose import Compose  # ipywidgets: a third of a second

        return Compose(cast(Any, self), session_id)

    def explore(self) -> Explore:
        """Open a form that filters, counts, prices and pulls conversations, messages, people.

        Returns
        -------
        Explore
            Its ``result`` is the frame that was pulled last, its ``code`` the lines of Python
            that pull the same.

        Notes
        -----
        Opening it spends nothing; each button says what it spends.

        Examples
        --------
        >>> form = ws.explore()
        >>> form
        Explore (a form)
          sandbox, Acme, may write
          4,99... of 5,000 requests left today, 100 of them reserved for writes
          nothing pulled yet
        >>> form.close()
        """
        from crisp_data.forms.explore import Explore

        return Explore(_quiet(self))


def _quiet(ws: Any) -> Any:
    """Give the workspace without bars and plans on stderr: a form shows them itself."""
    twin = copy.copy(ws)
    twin._progress = twin._plans_shown = False
    vars(twin).pop("outbox", None)  # it took the bars over when it was made
    return twin
