"""A plain HTTP client for the sandbox: `requests` and nothing of the package."""

import pytest
import requests

from crisp_data.sandbox import Sandbox


class Api(requests.Session):
    """Paths are relative to the main website; a leading slash begins at the API's root."""

    def __init__(self, sandbox, token=None):
        super().__init__()
        token = token or sandbox
        self.root = sandbox.url
        self.base = f"{sandbox.url}website/{sandbox.website_id}/"
        self.auth = (token.identifier, token.key)
        self.headers["X-Crisp-Tier"] = token.tier

    def request(self, method, path, **kwargs):
        url = self.root + path[1:] if path.startswith("/") else (self.base + path).rstrip("/")
        return super().request(method, url, timeout=60, **kwargs)

    def data(self, path, **params):
        return self.get(path, params=params).json()["data"]

    def walk(self, path, **params):
        """Every row of a paged list."""
        rows, page = [], 1
        while found := self.data(path.format(page=page), **params):
            rows += found
            page += 1
        return rows


@pytest.fixture
def api(sandbox):
    with Api(sandbox) as session:
        yield session


@pytest.fixture
def control():
    """POST a command to the control plane."""
    return lambda sandbox, command, **body: requests.post(
        f"{sandbox.host}/_sandbox/{command}", json=body, timeout=60
    )


@pytest.fixture
def make():
    """Start sandboxes of any kind; stop them at the end."""
    started = []

    def start(**options):
        box = Sandbox(**{"conversations": 60, **options}).start()
        started.append(box)
        return box, Api(box)

    yield start
    for box in started:
        box.stop()


@pytest.fixture
def session_id(sandbox):
    """A seeded conversation with several messages, not resolved."""
    rows = sandbox.truth("conversations")
    return next(row["session_id"] for row in rows if row["state"] == "unresolved")


@pytest.fixture
def long_thread(sandbox):
    """The session with the longest thread, and its messages, oldest first."""
    threads = {}
    for row in sandbox.truth("messages"):
        threads.setdefault(row["session_id"], []).append(row)
    return max(threads.items(), key=lambda item: len(item[1]))
