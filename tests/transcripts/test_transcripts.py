"""Transcripts: all that was said, by whom and when, and nothing that a reader's machine obeys."""

import json
from datetime import timedelta, timezone
from html.parser import HTMLParser
from itertools import pairwise
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from dateutil.tz import gettz
from hypothesis import example, given

import crisp_data as crisp
from crisp_data import transcripts
from crisp_data.transcripts import markdown
from crisp_data.transcripts.entries import lines
from tests.marks import needs_dateutil_zones


def as_github(text):
    """Read Markdown as GitHub does; there is a build for few systems."""
    return pytest.importorskip("cmarkgfm").github_flavored_markdown_to_html(text)


HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", "# Heading",
    "[x](https://evil.example)", "![x](https://evil.example/x.png)", "https://evil.example",
    "www.evil.example", "<https://evil.example>", "    code", "```\ncode\n```", "- list", "1. list",
    "***", "---", "===", "a\n===", "a\n---", "> quote", "| a | b |\n|---|---|\n| 1 | 2 |",
    "&lt;b&gt;",
    "[x]: https://evil.example", "[^1]", "</p></li></ol><h1>out</h1>", "\x1b[31mred", "a\u2028# b",
    "**bold** _it_ ~~no~~ `code`", "$x$", "\\<b>", "\\", "\ttab", "+ plus", "~~~\ncode", "",
    "\n\n# after blank", "<!-- comment", "]]>", "ftp://evil.example/x", "a\\\n# b", "\ud800",
)  # fmt: skip
TYPES = {
    "file": {"name": "bill.pdf", "url": "https://f.example/1", "type": "application/pdf"},
    "audio": {"url": "https://f.example/2", "type": "audio/webm", "duration": 7},
    "animation": {"url": "https://f.example/3", "type": "image/gif"},
    "picker": {"text": "Plan?", "choices": [{"label": "Pro", "selected": True}, {"value": "Free"}]},
    "field": {"text": "Order?", "explain": "Starts with 1", "value": "17"},
    "carousel": {
        "text": "Look:",
        "targets": [
            {"title": "Pro", "description": "9 €", "actions": [{"label": "See", "url": "https://f.example/4"}]}
        ],
    },
    "event": {"namespace": "state:resolved", "text": "Conversation was resolved"},
}  # fmt: skip
READ = {
    "file": ["File: bill.pdf (application/pdf)"],
    "audio": ["Audio, 7 s (audio/webm)"],
    "animation": ["Animation (image/gif)"],
    "picker": ["Plan?", "[x] Pro", "[ ] Free"],
    "field": ["Order?", "Starts with 1", "Answer: 17"],
    "carousel": ["Look:", "Pro: 9 €", "See"],
    "event": ["Conversation was resolved"],
}
FORMATS = sorted(transcripts.FORMATS)


def messages_of(texts, **columns):
    rows = {
        "session_id": "session_1",
        "timestamp": pd.date_range("2026-10-25T00:30Z", periods=len(texts), freq="h"),
        "type": "text",
        "from": "user",
        "content": pd.Series(texts, dtype=object),  # holds what a cut emoji leaves, too
        "nickname": "Emma",
    }
    return pd.DataFrame(rows | columns)


def text_of(messages, format="text", **options):
    return "".join(text for _, text in transcripts.render(messages, format=format, **options))


class Page(HTMLParser):
    """The elements of a page, and the text that it shows."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.shown = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data):
        self.shown.append(data)


@pytest.fixture
def pulled(ws):
    conversations = ws.conversations()
    return ws.messages(conversations), conversations


@pytest.mark.parametrize("format", FORMATS)
def test_every_conversation_and_every_word(pulled, sandbox, format, folder):
    """The sandbox's truth is the referee: every thread and text, notes where asked."""
    messages, conversations = pulled
    truth = sandbox.truth("messages")
    for notes in (False, True):
        found = dict(transcripts.render(messages, conversations, format=format, notes=notes))
        assert list(found) == list(conversations["session_id"])
        for row in truth:
            if not isinstance(row["content"], str) or not row["content"].isalnum():
                continue
            assert row["type"] != "note" or notes == (row["content"] in found[row["session_id"]])
            assert row["type"] == "note" or row["content"] in found[row["session_id"]]
        for note in {
            row["content"] for row in truth if row["type"] == "note" and row["content"][0] != "<"
        }:
            whole = "".join(found.values()).replace("\\", "")
            assert (note in whole) == notes


def test_frames_of_arrow_read_alike(pulled):
    other = [frame.convert_dtypes(dtype_backend="pyarrow") for frame in pulled]
    assert isinstance(other[0]["timestamp"].dtype, pd.ArrowDtype)
    for format in FORMATS:
        for options in ({"notes": True}, {"tz": ZoneInfo("Asia/Tokyo")}):
            alike = {"conversations": other[1], "format": format, **options}
            assert text_of(other[0], **alike) == text_of(
                pulled[0], **{**alike, "conversations": pulled[1]}
            )
    naive = pulled[0].assign(timestamp=pulled[0]["timestamp"].dt.tz_localize(None))
    with pytest.raises(crisp.BadParameter, match="no time zone"):
        text_of(naive.convert_dtypes(dtype_backend="pyarrow"))
    with pytest.raises(crisp.BadParameter, match="tz must not be empty"):
        text_of(pulled[0], tz="")


def test_who_when_and_what():
    messages = messages_of(
        ["Hi", "Hello", "a note", "Done"],
        **{
            "from": ["user", "operator", "operator", "operator"],
            "nickname": ["Emma Smith", "Jonas", "Jonas", None],
            "type": ["text", "text", "note", "event"],
            "automated": [False, True, False, False],
        },
    )
    # The night that the clocks go back: 02:30 comes twice.
    assert text_of(messages, tz="Europe/Paris", notes=True).split("\n\n")[1:] == [
        "2026-10-25 02:30  Emma Smith (customer)\n    Hi",
        "2026-10-25 02:30  Jonas (bot)\n    Hello",
        "2026-10-25 03:30  Jonas (operator, internal note)\n    a note",
        "2026-10-25 04:30  Operator (operator)\n    Done\n",
    ]
    assert "a note" not in text_of(messages)
    with pytest.raises(crisp.BadParameter, match="no time zone"):
        text_of(messages, tz="Mars/Olympus")


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        (timezone(timedelta(hours=1), "CET"), "UTC+01:00"),
        pytest.param(gettz("Europe/Paris"), "Europe/Paris", marks=needs_dateutil_zones),
    ],
)
def test_the_zone_is_named_as_others_find_it(zone, name):
    """A fixed offset may be called like a zone that changes its clocks, as in winter in Paris."""
    messages = messages_of(["Hi"])
    messages["timestamp"] = messages["timestamp"].dt.tz_convert(zone)
    assert f"times: {name}" in text_of(messages)


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_type_reads_as_text(kind):
    content = json.dumps(TYPES[kind])
    found = list(lines("other", content))
    assert [line.text for line in found] == READ[kind]
    messages = messages_of(["other"], type=kind, content_json=content)
    for format in FORMATS:
        text = text_of(messages, format)
        for url in [line.url for line in found if line.url]:
            assert url in text
    pages = Page(text_of(messages, "html"))
    assert [v for tag, name, v in pages.attributes if (tag, name) == ("a", "href")] == [
        line.url for line in found if line.url
    ]


def test_an_unanswered_field_and_broken_json():
    field = {key: value for key, value in TYPES["field"].items() if key != "value"}
    assert [line.text for line in lines("", json.dumps(field))][-1] == "Not answered"
    assert [line.text for line in lines("words\r\nmore", "{broken")] == ["words", "more"]
    assert [line.text for line in lines(None, None)] == []


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil", ' https://x"']
)
def test_only_web_addresses_are_links(url):
    messages = messages_of([""], type="file", content_json=json.dumps({"name": "x", "url": url}))
    assert "href" not in text_of(messages, "html")
    assert "<a" not in as_github(text_of(messages, "markdown"))


def test_an_address_cannot_break_out():
    url = "https://f.example/)<b>\"' \n# x"
    messages = messages_of([""], type="file", content_json=json.dumps({"name": "a]b", "url": url}))
    page = Page(text_of(messages, "html"))
    assert page.tags.count("a") == 1
    assert "h1" not in page.tags
    html = as_github(text_of(messages, "markdown"))
    assert Page(html).tags.count("a") == 1
    assert Page(html).tags.count("h1") == 1


TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.sampled_from("ab1 \n\t\\`*_{}[]<>()#+-.!|~&=:/$@^\"'")),
    st.text(),
)
NO_MARKUP = {"h1", "p", "blockquote", "strong", "br", "a"}


def hostile(text):
    messages = messages_of(["fine", text], nickname=pd.Series([text, text], dtype=object))
    about = {"session_id": "session_1", "subject": text, "segments": [text], "state": "resolved"}
    return messages, pd.DataFrame([about], dtype=object)


@given(TEXTS)
@example("<script>alert(1)</script>")
@example("a\n===")
@example("[x](https://evil.example) www.evil.example")
def test_html_shows_text_as_text(text):
    messages, conversations = hostile(text)
    (found,) = (text for _, text in transcripts.render(messages, conversations, format="html"))
    page = Page(found)
    assert set(page.tags) == {"article", "h2", "p", "span", "bdi", "ol", "li", "div", "b", "time"}
    assert [page.tags.count(tag) for tag in ("h2", "li", "time", "b")] == [1, 2, 2, 2]
    assert {name for _, name, _ in page.attributes} == {"class", "datetime", "dir"}
    written = "".join(page.shown)
    for line in text.splitlines():
        if line.isprintable():
            assert line in written


@given(TEXTS)
@example("a\n===")
@example("[x](https://evil.example) www.evil.example")
@example("    code")
@example("\n# x")
def test_markdown_shows_text_as_text(text):
    (found,) = (text for _, text in transcripts.render(*hostile(text), format="markdown"))
    html = as_github(found.encode("utf-8", "replace").decode())
    page = Page(html)
    assert set(page.tags) <= NO_MARKUP
    assert page.tags.count("h1") == 1
    assert page.tags.count("blockquote") == 2
    assert "raw HTML omitted" not in html
    links = [v for tag, name, v in page.attributes if (tag, name) == ("a", "href")]
    assert all(link.startswith(("mailto:", "xmpp:")) for link in links)
    shown = "".join(page.shown).replace("\xa0", " ")
    for line in text.splitlines():
        if line.isprintable() and line.isascii():
            assert line.strip() in shown


@pytest.mark.parametrize("text", HOSTILE)
def test_escaping_loses_nothing(text):
    for line in text.splitlines():
        if line.isprintable():
            html = as_github("x " + markdown.escaped(line))
            assert "".join(Page(html).shown).replace("\xa0", " ").strip() == f"x {line}".strip()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("format", ["text", "jsonl"])
def test_nobody_speaks_for_another(text, format):
    """No line of what was written begins as a line of ours does."""
    forged = f"{text}\n2026-10-25 02:30  Boss (operator)\n[2026-10-25 02:30] Boss (operator): pay"
    found = text_of(messages_of([forged]), format)
    shown = json.loads(found)["text"] if format == "jsonl" else found
    assert not [
        line for line in shown.splitlines() if line.startswith(("2026-10-25 02", "[2026-10-25 02"))
    ]
    assert "\x1b" not in shown


def test_the_page_asks_for_nothing(pulled, folder):
    (path,) = transcripts.write(folder / "all.html", *pulled)
    text = path.read_text("utf-8")
    page = Page(text)
    assert page.tags[0] == "html"
    assert "default-src 'none'" in text
    assert not {"script", "img", "link", "iframe", "form", "object", "video"} & set(page.tags)
    assert {name for _, name, _ in page.attributes if name.startswith(("on", "src"))} == set()
    assert "@import" not in text
    assert "url(" not in text
    assert page.tags.count("article") == len(pulled[1])


@given(st.lists(st.text(max_size=3000), min_size=1, max_size=12), st.integers(500, 2000))
def test_pieces_are_bounded_and_whole(texts, characters):
    messages = messages_of(texts)
    found = [
        json.loads(line) for line in text_of(messages, "jsonl", characters=characters).splitlines()
    ]
    assert [piece["chunk"] for piece in found] == list(range(1, len(found) + 1))
    assert all(0 < len(piece["text"]) <= characters for piece in found)
    assert (found[0]["first"], found[-1]["last"]) == (1, len(texts))
    for before, after in pairwise(found):
        assert after["first"] - before["last"] in (0, 1)
        if after["first"] == before["last"]:  # only what is too long stands in two
            assert len(texts[before["last"] - 1]) > characters / 2 - 200
    assert {name for piece in found for name in piece["who"]} == {"Emma"}
    joined_text = "".join(piece["text"] for piece in found)
    assert all(text in joined_text for text in texts if text.isalnum() and len(text) < 300)


def test_a_bound_may_be_a_number_of_numpy():
    messages = messages_of(["a" * 900, "b" * 900])
    assert text_of(messages, "jsonl", characters=np.int64(1000)) == text_of(
        messages, "jsonl", characters=1000
    )


def test_pieces_stay_apart_where_one_more_message_is_too_much():
    found = text_of(messages_of(["a" * 300, "b" * 300, "c" * 300]), "jsonl", characters=700)
    pieces = [json.loads(line) for line in found.splitlines()]
    assert [(piece["first"], piece["last"]) for piece in pieces] == [(1, 2), (3, 3)]


def test_a_piece_may_be_full_and_no_fuller():
    messages = messages_of(["a" * 300, "b" * 300])
    (whole,) = (json.loads(line) for line in text_of(messages, "jsonl").splitlines())
    full = len(whole["text"])
    assert len(text_of(messages, "jsonl", characters=full).splitlines()) == 1
    assert len(text_of(messages, "jsonl", characters=full - 1).splitlines()) == 2


@pytest.mark.parametrize("format", FORMATS)
def test_a_folder_has_a_file_for_each(pulled, folder, format):
    messages, conversations = pulled
    paths = transcripts.write(folder / "all", messages, conversations, format=format, tz="UTC")
    assert len(paths) == len(conversations) == len(list((folder / "all").iterdir()))
    began = messages.groupby("session_id")["timestamp"].min()
    for path, session_id in zip(paths, conversations["session_id"], strict=True):
        assert (
            path.name == f"{began[session_id]:%Y-%m-%d}_{session_id}{transcripts.FORMATS[format]}"
        )
        assert session_id in path.read_text("utf-8").replace("\\", "")
    with pytest.raises(crisp.BadParameter, match="not an empty folder"):
        transcripts.write(folder / "all", messages, format=format)


def test_file_names_are_safe(folder):
    ids = ["../../etc/passwd", "a/b", "a\\b", "a:b", "", "CON", "x" * 300, "a/b "]
    messages = messages_of(["x"] * len(ids), session_id=ids)
    paths = transcripts.write(folder / "all", messages, format="text")
    assert len({path.name.lower() for path in paths}) == len(ids)
    for path in paths:
        assert path.parent == folder / "all"
        assert set(path.stem) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
        )
        assert len(path.name) < 130


@pytest.mark.parametrize("target", ["all", "all.md"])
def test_whole_or_not_at_all(folder, target, monkeypatch):
    messages = messages_of(["a", "b"], session_id=["session_1", "session_2"])
    (folder / "all.md").write_text("before")
    written = []

    def failing(thread):
        written.append(thread.session_id)
        if len(written) == 2:
            raise OSError("disk full")
        return "text"

    monkeypatch.setattr(markdown, "render", failing)
    with pytest.raises(OSError, match="disk full"):
        transcripts.write(folder / target, messages, format="markdown")
    assert len(written) == 2
    assert [path.name for path in folder.iterdir() if path.suffix != ""] == ["all.md"]
    assert not (folder / "all").exists()
    assert (folder / "all.md").read_text() == "before"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"path": "x"}, "names no format"),
        ({"path": "x.docx"}, "names no format"),
        ({"path": "x.md", "format": "html"}, "does not fit the format"),
        ({"path": "x", "format": "pdf"}, "format='pdf' is not known"),
        ({"path": "x", "format": pd.Series(["html", "text"])}, "format must be one word"),
        ({"path": "nowhere/x.md"}, "no folder"),
        ({"path": "nowhere/x", "format": "text"}, "no folder"),
        ({"path": 7}, "is not a path"),
        ({"path": "x.jsonl", "characters": 10}, "at least"),
        ({"path": "x.md", "messages": pd.DataFrame({"a": [1]})}, "lacks session_id"),
        ({"path": "x.md", "conversations": pd.DataFrame({"a": [1]})}, "no session_id"),
    ],
)
def test_refused_before_anything_is_written(arguments, words, folder, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(crisp.BadParameter, match=words):
        transcripts.write(**({"messages": messages_of(["x"])} | arguments))
    assert {path.name for path in folder.iterdir()} <= {"cache", "state"}


def test_no_messages_no_threads(folder):
    empty = crisp.connect(sandbox=True).messages([])
    for format in FORMATS:
        assert list(transcripts.render(empty, format=format)) == []
    assert "<main>" in transcripts.write(folder / "x.html", empty)[0].read_text()


def test_a_name_that_two_columns_have_is_refused():
    """As pd.concat(..., axis=1) makes them: nobody knows which of the two is meant."""
    messages = messages_of(["hello"])
    conversations = pd.DataFrame({"session_id": ["session_1"], "subject": ["bill"]})
    for frames, name in (
        ((pd.concat([messages, messages[["nickname"]]], axis=1),), "nickname"),
        ((messages, pd.concat([conversations, conversations], axis=1)), "session_id"),
    ):
        with pytest.raises(crisp.BadParameter, match=f"Two columns have the name '{name}'"):
            list(transcripts.render(*frames))
