"""The token on a request: two headers, of which the one that holds the key is never shown."""

from __future__ import annotations

import requests
from requests.auth import AuthBase

from crisp_data.api import envelope
from crisp_data.config import Credentials
from crisp_data.secret import Secret, reveal


class TokenAuth(AuthBase):
    """Adds HTTP Basic and the tier to each request; as a session's ``auth`` no .netrc replaces it.

    Parameters
    ----------
    token : Credentials
        The token.

    Examples
    --------
    >>> import requests
    >>> from crisp_data.config import Credentials
    >>> from crisp_data.rest.token_auth import TokenAuth
    >>> auth = TokenAuth(Credentials("identifier", "key", "plugin"))
    >>> requests.Request("GET", "https://api.crisp.chat/v1/", auth=auth).prepare().headers
    {'Authorization': <hidden>, 'X-Crisp-Tier': 'plugin'}
    """

    def __init__(self, token: Credentials) -> None:
        plain = envelope.headers(token.identifier, reveal(token.key), token.tier)
        secret = {"Authorization": Secret(plain.pop("Authorization"))}
        self._headers = secret | plain

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the headers to a request."""
        request.headers.update(self._headers)
        return request

    def __repr__(self) -> str:
        return "<TokenAuth>"
