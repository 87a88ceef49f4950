"""A server that ignores a parameter."""

import re

from requests.adapters import HTTPAdapter


def ignore(monkeypatch, name):
    """Let no request carry a parameter of the query from now on."""
    real = HTTPAdapter.send

    def send(adapter, request, **options):
        request.url = re.sub(rf"[?&]{name}=[^&]*", "", request.url)
        return real(adapter, request, **options)

    monkeypatch.setattr(HTTPAdapter, "send", send)
