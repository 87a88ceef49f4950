"""The HTTP verbs on any path below ``/v1``: get, head, post, put, patch and delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crisp_data.api import envelope
from crisp_data.rest.call import Answer
from crisp_data.rest.request_sender import RequestSender


class HttpVerbs:
    """What a client sends to a path.

    Parameters
    ----------
    sender : RequestSender
        Makes calls and has them answered.
    """

    def __init__(self, sender: RequestSender) -> None:
        self._sender = sender

    def get(self, path: str, params: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """Read a path below ``/v1`` and return its ``data``; a second time from the cache.

        Parameters
        ----------
        path : str
            Such as ``website/{website_id}/operators/list``, filled in.
        params : dict, optional
            The query.
        **options : object
            ``refresh`` (default False): ask the service even where the cache has the answer.
            ``use_cache`` (default True): False for an answer that neither comes from the cache
            nor enters it. ``for_write`` (default False): the read belongs to a write, may spend
            what is reserved for writes, and never waits for the day's reset.

        Returns
        -------
        object
            The ``data`` of the answer.

        Raises
        ------
        ApiError, Offline, QuotaExceeded, BadAnswer

        Examples
        --------
        >>> ws.client.get(f"website/{ws.website_id}")["website_id"] == ws.website_id
        True
        """
        return self._data("GET", path, params, **options)

    def head(self, path: str, params: Mapping[str, Any] | None = None, **options: Any) -> bool:
        """Ask whether something exists; a missing one raises :class:`NotFound`.

        Parameters
        ----------
        path : str
            As in :meth:`get`.
        params : Mapping[str, object], optional
            As in :meth:`get`.
        **options : object
            As in :meth:`get`.

        Returns
        -------
        bool
            True; what does not exist raises.

        Raises
        ------
        NotFound
            It does not exist.
        """
        self._send("HEAD", path, params, **options)
        return True

    def post(self, path: str, json: Any = None, **options: Any) -> Any:
        """Create or send something; sent once, never tried again.

        Parameters
        ----------
        path : str
            As in :meth:`get`.
        json : object, optional
            The body.
        **options : object
            ``params``, the query.

        Returns
        -------
        object
            The ``data`` of the answer.
        """
        return self._data("POST", path, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> Any:
        """Replace something; sent once.

        Parameters
        ----------
        path : str
            As in :meth:`post`.
        json : object, optional
            As in :meth:`post`.
        **options : object
            As in :meth:`post`.

        Returns
        -------
        object
            As of :meth:`post`.
        """
        return self._data("PUT", path, json=json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> Any:
        """Change something; sent once.

        Parameters
        ----------
        path : str
            As in :meth:`post`.
        json : object, optional
            As in :meth:`post`.
        **options : object
            As in :meth:`post`.

        Returns
        -------
        object
            As of :meth:`post`.
        """
        return self._data("PATCH", path, json=json, **options)

    def delete(self, path: str, json: Any = None, **options: Any) -> Any:
        """Remove something; sent once.

        Parameters
        ----------
        path : str
            As in :meth:`post`.
        json : object, optional
            As in :meth:`post`.
        **options : object
            As in :meth:`post`.

        Returns
        -------
        object
            As of :meth:`post`.
        """
        return self._data("DELETE", path, json=json, **options)

    def _data(self, method: str, path: str, params: Any = None, **options: Any) -> Any:
        body = self._send(method, path, params, **options).body
        return envelope.data(body) if body else None

    def _send(self, method: str, path: str, params: Any = None, **options: Any) -> Answer:
        return self._sender.send(self._sender.make(method, path, params, **options))
