"""Messages while they are written, held against the message types and the sandbox's validator."""

import re
from dataclasses import fields
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crisp_data as crisp
from crisp_data import outgoing
from crisp_data.forms.draft import OPTIONS, Draft
from crisp_data.forms.preview import preview
from crisp_data.outgoing import Message

SHEETS = ("form.css", "compose.css")
CSS_CLASS = re.compile(r"crisp-[a-z]+(?:-[a-z]+)*")
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\" onload='x'"


def filled(form_fields, word):
    """Fill every field of a draft."""
    made = {"line": word, "text": word, "number": 12.5, "checkbox": True}
    return {
        field.name: [filled(field.parts, word), filled(field.parts, word)]
        if field.kind == "list"
        else made[field.kind]
        for field in form_fields
    }


class PeriodView(HTMLParser):
    """What a browser would find in a piece of HTML."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.names, self.words = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.words.append(data)


def test_every_attribute_of_every_type_has_its_field():
    shared = {field.name for field in fields(Message)}
    assert set(OPTIONS) <= shared
    for name, kind in outgoing.TYPES.items():
        own = [field.name for field in fields(kind) if field.name not in shared]
        assert [field.name for field in Draft(name).fields] == own
        labels = [field.label for field in Draft(name).fields]
        assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("name", outgoing.TYPES)
def test_what_is_filled_in_is_what_crisp_receives(name, ws, sandbox):
    draft = Draft(name)
    assert draft.is_empty
    assert draft.problem
    draft.values.update(filled(draft.fields, "word"))
    draft.options.update(nickname="Ana", avatar="https://acme.example/ana.png", stealth=True)
    assert not draft.is_empty
    assert draft.problem == ""
    session_id = sandbox.truth("conversations")[0]["session_id"]
    receipt = ws.send(session_id, draft.message())
    (row,) = [row for row in sandbox.truth("messages") if row["fingerprint"] == receipt.fingerprint]
    assert row["type"] == name
    assert row["user"]["nickname"] == "Ana"
    assert str(row["content"]).count("word") == str(filled(draft.fields, "word")).count("word")


def test_what_was_written_stays_when_the_type_is_changed():
    draft = Draft()
    draft.values["content"] = "Hello"
    draft.type = "note"
    assert draft.is_empty
    draft.values["content"] = "Look"
    draft.type = "text"
    assert draft.message().content == "Hello"
    draft.clear()
    assert draft.is_empty
    draft.type = "note"
    assert draft.message().content == "Look"
    with pytest.raises(crisp.BadParameter, match="pager"):
        draft.type = "pager"


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("text", {}, "Message must not be empty."),
        ("text", {"content": " \n\t"}, "Message must not be empty."),
        ("audio", {"url": "a", "mime": "b"}, "Seconds is required."),
        (
            "picker",
            {"id": "a", "text": "b", "choices": [{"value": "c", "label": "d"}, {"value": "e"}]},
            "Choice 2, Label must not be empty.",
        ),
        ("picker", {"id": "a", "text": "b", "choices": []}, "Choices must not be empty."),
        (
            "carousel",
            {"targets": [{"title": "a", "actions": [{"label": "b"}]}]},
            "Card 1, Button 1, Address must not be empty.",
        ),
    ],
)
def test_what_is_missing_is_named_by_its_label(name, values, words):
    draft = Draft(name)
    draft.values.update(values)
    assert draft.problem == words


WORDS = st.text(max_size=8)
LEAF = st.one_of(st.none(), WORDS, st.booleans(), st.floats(0, 99))


@given(st.data())
def test_a_draft_is_a_message_or_says_its_problem(data):
    name = data.draw(st.sampled_from(list(outgoing.TYPES)))
    draft = Draft(name)

    def values(form_fields):
        kinds = {"line": WORDS, "text": WORDS, "checkbox": st.booleans(), "number": st.floats(0, 9)}
        return {
            field.name: [values(field.parts) for _ in range(data.draw(st.integers(0, 2)))]
            if field.kind == "list"
            else data.draw(st.none() | kinds[field.kind])
            for field in form_fields
            if data.draw(st.booleans())
        }

    draft.values.update(values(draft.fields))
    if problem := draft.problem:
        assert problem.endswith(("must not be empty.", "must not be blank.", "is required."))
        assert not problem.startswith("."), "a path is for programs"
        with pytest.raises(crisp.InvalidMessage):
            draft.message()
    else:
        outgoing.check(draft.message().body())
        assert preview(draft.message(), "Acme")


@pytest.mark.parametrize("name", outgoing.TYPES)
def test_a_preview_shows_words_and_runs_nothing(name):
    draft = Draft(name)
    draft.values.update(filled(draft.fields, EVIL))
    draft.options.update(nickname=EVIL, avatar=EVIL)
    seen = PeriodView(preview(draft.message(), EVIL))
    assert seen.tags <= {"div", "span", "p", "strong", "small", "bdi"}
    assert seen.names <= {"class", "dir", "aria-hidden"}
    assert EVIL in seen.words
    unseen = "The customer does not see this." in seen.words
    assert unseen == (name in ("note", "event"))


@pytest.mark.parametrize("name", outgoing.TYPES)
def test_the_style_sheets_know_what_a_preview_is_made_of(name):
    draft = Draft(name)
    draft.values.update(filled(draft.fields, "word"))
    sheets = [files("crisp_data.forms").joinpath(sheet).read_text("utf-8") for sheet in SHEETS]
    made = set(CSS_CLASS.findall(preview(draft.message(), "Acme")))
    # A message of these types looks as every message does.
    made -= {f"crisp-of-{name}"} if name not in ("note", "event") else set()
    assert made <= set(CSS_CLASS.findall("".join(sheets)))


def test_a_preview_names_the_website_where_nobody_else_is_named():
    message = outgoing.Text("Hello", automated=True, stealth=True)
    words = PeriodView(preview(message, "Acme")).words
    assert "Acme · automated · stealth: arrives without a notification" in words
    named = outgoing.Text("Hello", nickname="Ana")
    assert "Ana" in PeriodView(preview(named, "Acme")).words
