"""The tools that benchmarks/pulls.py compares: what each would do to pull a website.

The plain ones read threads as users do who know how: the newest batch, and older ones by
``timestamp_before``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import requests
from crisp_api import Crisp

import crisp_data as crisp
from crisp_data.sandbox import Sandbox


@dataclass
class Tool:
    """A way to pull: what it does not do, one pull, and the ids of all that it found so far."""

    lacks: str
    pull: Callable[[], object] = lambda: None
    conversations: set[str] = field(default_factory=set)
    messages: set[tuple[str, int]] = field(default_factory=set)
    look: Callable[[], object] = lambda: None  # fills both where the pull does not

    def add(self, session_id: str, rows: list[dict[str, Any]]) -> None:
        """Note a batch of messages."""
        self.messages |= {(session_id, row["fingerprint"]) for row in rows}


def ours(sandbox: Sandbox, token: Any, folder: Path) -> Tool:
    """Bring an archive up to date."""
    who = {"identifier": token.identifier, "key": token.key}
    where = {"cache_dir": folder, "state_dir": folder, "quota": 10_000_000}
    # Without progress, as a script runs: the plan of a first sync, for people to read, looks at
    # some six pages more to say how long the list is.
    ws = crisp.connect(sandbox=sandbox, **who, **where, progress=False)
    archive = ws.archive(folder / "archive")

    def look() -> None:
        tool.conversations = set(archive.conversations()["session_id"])
        messages = archive.messages()
        tool.messages = set(zip(messages["session_id"], messages["fingerprint"], strict=True))

    tool = Tool("", archive.sync, look=look)
    return tool


def official(sandbox: Sandbox, token: Any, folder: Path) -> Tool:
    """Loop as the README of the official client suggests."""
    client, website = Crisp(), sandbox.website_id
    client.set_rest_host(sandbox.host)
    client.set_tier(token.tier)
    client.authenticate(token.identifier, token.key)
    tool = Tool(
        "pages of 20; does not see 206, so each thread costs one more request to show its end; "
        "a connection for each request; no quota, no retry; everything again each time; "
        "what moves while it reads pages is missed or comes twice; a message of the same instant "
        "as a batch's oldest is lost"
    )

    def thread(session_id: str) -> None:
        query: dict[str, int] = {}
        while rows := client.website.get_messages_in_conversation(website, session_id, query):
            tool.add(session_id, rows)
            older = {"timestamp_before": min(row["timestamp"] for row in rows)}
            if older == query:
                break
            query = older

    def pull() -> None:
        for number in count(1):
            rows = client.website.list_conversations(website, number)
            if not rows:
                break
            tool.conversations |= {row["session_id"] for row in rows}
        for session_id in sorted(tool.conversations):
            thread(session_id)

    tool.pull = pull
    return tool


def plain(sandbox: Sandbox, token: Any, folder: Path) -> Tool:
    """Loop over requests, as most scripts do that know how threads are paged."""
    session = requests.Session()
    session.auth = (token.identifier, token.key)
    session.headers["X-Crisp-Tier"] = token.tier
    tool = Tool(
        "pages of 20; no quota, no retry; everything again each time; what moves while it "
        "reads pages is missed or comes twice; a message of the same instant as a batch's oldest "
        "is lost"
    )

    def get(path: str, **query: int) -> tuple[list[dict[str, Any]], int]:
        url = f"{sandbox.url}website/{sandbox.website_id}/{path}"
        answer = session.get(url, params=query, timeout=30)
        answer.raise_for_status()
        return answer.json()["data"], answer.status_code

    def pull() -> None:
        for number in count(1):
            rows, _ = get(f"conversations/{number}")
            if not rows:
                break
            tool.conversations |= {row["session_id"] for row in rows}
        for session_id in sorted(tool.conversations):
            rows, status = get(f"conversation/{session_id}/messages")
            tool.add(session_id, rows)
            while status == 206:
                before = min(row["timestamp"] for row in rows)
                rows, status = get(f"conversation/{session_id}/messages", timestamp_before=before)
                tool.add(session_id, rows)

    tool.pull = pull
    return tool


def dlt(sandbox: Sandbox, token: Any, folder: Path) -> Tool:
    """Load with dlt's REST source, its cursor on the update time, into files."""
    # Nothing is told to anybody, and nothing is written outside of the folder.
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(folder)}
    os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"  # it warns of every column without values
    import dlt as library
    from dlt.sources.helpers.rest_client.paginators import BasePaginator
    from dlt.sources.rest_api import rest_api_source

    class ByPath(BasePaginator):
        """Crisp's page number is part of the path."""

        number = 1

        def update_state(self, response: Any, data: Any = None) -> None:
            self._has_next_page, self.number = bool(data), self.number + 1

        def update_request(self, request: Any) -> None:
            request.url = re.sub(r"\d+$", str(self.number), request.url)

    class Older(BasePaginator):
        """206 says that a thread has older messages."""

        before = 0

        def update_state(self, response: Any, data: Any = None) -> None:
            self._has_next_page = response.status_code == 206
            self.before = min((row["timestamp"] for row in data or ()), default=0)

        def update_request(self, request: Any) -> None:
            request.params = {**(request.params or {}), "timestamp_before": self.before}

    def iso(milliseconds: int) -> str:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    since = {"cursor_path": "updated_at", "start_param": "filter_date_start", "convert": iso}
    listing = {"path": "conversations/1", "params": {"per_page": 50}, "paginator": ByPath()}
    thread = {
        "path": "conversation/{resources.conversations.session_id}/messages",
        "paginator": Older(),
    }
    config: Any = {
        "client": {
            "base_url": f"{sandbox.url}website/{sandbox.website_id}/",
            "headers": {"X-Crisp-Tier": token.tier},
            "auth": {"type": "http_basic", "username": token.identifier, "password": token.key},
        },
        "resource_defaults": {"endpoint": {"data_selector": "data"}},
        "resources": [
            {
                "name": "conversations",
                "primary_key": "session_id",
                "endpoint": {**listing, "incremental": {**since, "initial_value": 0}},
            },
            {"name": "messages", "primary_key": "fingerprint", "endpoint": thread},
        ],
    }
    files = library.destinations.filesystem(bucket_url=(folder / "files").as_uri())
    tool = Tool(
        "fails on half an emoji, which is mended here; reads changed threads whole, one after "
        "another; no quota; what moves while it reads pages by number is missed or comes twice; "
        "a message of the same instant as a batch's oldest is lost"
    )

    def noted(row: dict[str, Any]) -> dict[str, Any]:
        if "fingerprint" in row:
            tool.add(row["session_id"], [row])
        else:
            tool.conversations.add(row["session_id"])
        # Half an emoji, which Crisp's excerpts may end with, would fail the whole load.
        return json.loads(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))

    def pull() -> None:
        source = rest_api_source(config)
        for resource in source.resources.values():
            resource.add_map(noted)
        pipeline = library.pipeline(
            "pulls", pipelines_dir=str(folder), destination=files, dataset_name="crisp"
        )
        pipeline.run(source).raise_on_failed_jobs()

    tool.pull = pull
    return tool


TOOLS = {"ours": ours, "official": official, "plain": plain, "dlt": dlt}
