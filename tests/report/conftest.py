"""A workspace whose truth is known, and frames built from that truth without any client."""

import json
from html.parser import HTMLParser

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data import tables
from crisp_data.sandbox import Sandbox

PARIS = "Europe/Paris"
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """A page as a browser's parser sees it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.feed(html)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.texts.append((tuple(self.open), " ".join(data.split())))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return "\n".join(text for where, text in self.texts if "style" not in where)

    def within(self, tag: str) -> list[str]:
        return [text for where, text in self.texts if tag in where]


def frame_of(table: str, records: list, **constants: str) -> pd.DataFrame:
    builder = tables.Builder(table, tz=PARIS)
    builder.add(json.dumps({"error": False, "data": records}).encode(), **constants)
    return builder.frame()


@pytest.fixture(scope="package")
def box():
    """Read only, so all tests of the package may share it."""
    with Sandbox(seed=1, conversations=240) as sandbox:
        yield sandbox


@pytest.fixture
def acme(box):
    return crisp.connect(sandbox=box, tz=PARIS, progress=False)


@pytest.fixture(scope="package")
def truth(box):
    """Conversations and messages as the sandbox has them."""
    website = {"website_id": box.website_id}
    return (
        frame_of("conversations", box.truth("conversations"), **website),
        frame_of("messages", box.truth("messages"), **website),
    )


@pytest.fixture
def now(box):
    return pd.Timestamp(box.now).tz_convert(PARIS)
