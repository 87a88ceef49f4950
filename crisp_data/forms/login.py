"""The form of ``crisp.login()``: it tries a token, and stores it only on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from crisp_data import config
from crisp_data.errors import BadParameter
from crisp_data.forms import widget_parts as parts
from crisp_data.forms.form import Form
from crisp_data.forms.protocol import Workspace
from crisp_data.secret import hide


class Login(Form):
    """A token's identifier, key and tier; what they open is in ``form.ws``.

    Parameters
    ----------
    connect : callable
        :func:`crisp_data.connect`, or what does the same.
    store : callable
        Gets the :class:`~crisp_data.config.Settings` that worked, where the user stores them.
    **options
        Passed to ``connect``: ``writes``, ``base_url``, ``tz`` ...

    Attributes
    ----------
    ws : Workspace or None
        None until the token has opened one.
    """

    ws: Any

    def __init__(
        self,
        connect: Callable[..., Workspace],
        store: Callable[[config.Settings], None] = config.store,
        **options: Any,
    ) -> None:
        self._connect, self._store, self._options = connect, store, options
        super().__init__(
            None,
            "Log in",
            "Find the token in the Crisp Marketplace: Plugins, Tokens.",
            progress=lambda: (0, 0, "Asking Crisp …"),
        )
        self.identifier = widgets.Text(description="Identifier")
        self.key = widgets.Password(description="Key")
        self.tier = widgets.Dropdown(description="Tier", options=list(config.DAILY_LIMITS))
        self.tier.value = "plugin"
        self.website = widgets.Text(
            description="Website", placeholder="id, name or domain; empty for the only one"
        )
        self.remember = widgets.Checkbox(description="Store the key in this system's keyring")
        self.open = parts.button("Open the workspace", self._start, "primary")
        self.body.children = [
            parts.row(self.identifier, self.key, self.tier),
            parts.row(self.website),
            self.remember,
            parts.row(self.open),
            self.runner.box,
        ]

    def _start(self) -> None:
        # Out of the widget at once: its value would be saved with the notebook's widgets.
        key, self.key.value = hide(self.key.value), ""
        self.runner.start(self.open, lambda: self._open(key), "Opening …")

    def _open(self, key: str | None) -> None:
        identifier, website = self.identifier.value.strip(), self.website.value.strip()
        if not identifier or not key:
            raise BadParameter("Enter both the identifier and the key.", "Type the key again.")
        self.ws = self._connect(
            website or None, identifier=identifier, key=key, tier=self.tier.value, **self._options
        )
        if self.remember.value:
            settings = self.ws.client.settings
            self._store(replace(settings, quota=self._options.get("quota")))
        name = self.ws.name or "a website whose name the token cannot read"
        stored = "is stored in the keyring" if self.remember.value else "was not stored"
        self.say(f"Opened {name}.", f"{self.ws.website_id}\nIt is in form.ws. The key {stored}.")
