"""A server that ignores a parameter."""

import re

from urllib3 import HTTPConnectionPool


def ignore(monkeypatch, name):
    """Let no request carry a parameter of the query from now on."""
    real = HTTPConnectionPool.urlopen

    def urlopen(pool, method, url, **options):
        return real(pool, method, re.sub(rf"[?&]{name}=[^&]*", "", url), **options)

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", urlopen)
