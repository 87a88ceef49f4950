"""Messages: what is refused, what becomes of the rest; two readings of Crisp held together."""

import copy
import dataclasses
import pickle
import sys
import unicodedata

import pytest
from crisp_api import Crisp
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import crisp_data as crisp
from crisp_data import outgoing
from crisp_data.outgoing import (
    Action,
    Animation,
    Audio,
    Carousel,
    Choice,
    ChoiceAction,
    Event,
    Field,
    File,
    Note,
    Picker,
    Target,
    Text,
)
from crisp_data.outgoing.validation import is_blank
from crisp_data.sandbox.request import Refusal
from crisp_data.sandbox.validation import validate

SECRET = "Dear Ms Example, your card 4111"
SHARED = {
    "nickname": "Ana",
    "avatar": "https://acme.example/ana.png",
    "origin": "urn:acme.example:bot:0",
    "stealth": True,
    "automated": False,
    "timestamp": 1_790_000_000_000,
    "properties": {"a": "b", "c": 1, "d": 1.5, "e": True, "f": None},
}
EACH = {
    "text": Text("Hello", **SHARED),
    "note": Note("Look", mentions=["b", "c"], **SHARED),
    "file": File("bill.pdf", "https://acme.example/bill.pdf", "application/pdf", **SHARED),
    "animation": Animation("https://acme.example/a.gif", "image/gif", **SHARED),
    "audio": Audio("https://acme.example/a.mp3", "audio/mpeg", 12.5, **SHARED),
    "picker": Picker(
        "topic",
        "What is it about?",
        [
            Choice("a", "A", "🎉", True),
            Choice("b", "B", action=ChoiceAction("link", "https://acme.example")),
        ],
        True,
        **SHARED,
    ),
    "field": Field("order", "Which?", "Six digits", "1", False, **SHARED),
    "carousel": Carousel(
        "Plans",
        [
            Target("One", "", "https://acme.example/1.png", [Action("See", "https://a.example")]),
            Target("Two", "For two"),
        ],
        **SHARED,
    ),
    "event": Event("user:called", "A call", **SHARED),
}


# Both readings: what one takes the other takes, what one refuses the other refuses.


def refusal(body):
    """How `outgoing` refuses a body, or None."""
    try:
        outgoing.check(body)
    except crisp.InvalidMessage as error:
        return error
    return None


def refused_here(body):
    """The path at which `outgoing` refuses a body, or None."""
    error = refusal(body)
    return error and error.path


def refused_there(body):
    """The path at which the sandbox refuses a body, or None."""
    try:
        validate("send_message_in_conversation", body)
    except Refusal as refused:
        path, _, words = str(refused.message).removeprefix("data").partition(" should ")
        missing = words.partition("have required property '")[2].rstrip("'")
        return path + missing
    return None


# Drawn from few, for what matters here is which are empty, and drawing text takes long.
# (What shows nothing is refused here alone: what Crisp makes of it is not known.)
filled = st.sampled_from(["a", "é😀", "\ud83d", "null", "5"])
names = filled | st.just("")
flags = st.booleans()
numbers = st.integers(-5, 10**16) | st.floats(-5, 1e16)
whole = st.integers(0, 10**15)


def an_object(optional=None, /, **required):
    return st.fixed_dictionaries(required, optional=optional or {})


contents = {
    "text": filled,
    "note": filled,
    "file": an_object(name=filled, url=filled, type=filled),
    "animation": an_object(url=filled, type=filled),
    "audio": an_object(url=filled, type=filled, duration=numbers),
    "picker": an_object(
        {"required": flags},
        id=filled,
        text=filled,
        choices=st.lists(
            an_object(
                {"icon": names, "action": an_object(type=filled, target=filled)},
                value=filled,
                label=filled,
                selected=flags,
            ),
            min_size=1,
            max_size=3,
        ),
    ),
    "field": an_object({"value": names, "required": flags}, id=filled, text=filled, explain=names),
    "carousel": an_object(
        text=names,
        targets=st.lists(
            an_object(
                {"image": names},
                title=filled,
                description=names,
                actions=st.lists(an_object(label=filled, url=filled), max_size=2),
            ),
            min_size=1,
            max_size=2,
        ),
    ),
    "event": an_object({"text": names}, namespace=filled),
}


@st.composite
def bodies(draw):
    """A body that fits, of any type, with any of what may be left out."""
    kind = draw(st.sampled_from(sorted(contents)))
    optional = {
        "fingerprint": whole | whole.map(float),
        "timestamp": whole,
        "user": an_object({"type": names, "user_id": names, "nickname": names, "avatar": names}),
        "references": st.lists(an_object({"type": names, "name": names, "target": names})),
        "original": an_object({"original_id": names}),
        "properties": st.dictionaries(filled, names | numbers | flags | st.none(), max_size=3),
        "stealth": flags,
        "translated": flags,
        "automated": flags,
        "mentions": st.lists(names, max_size=2),
        "new_at_crisp": st.none(),
    }
    return draw(
        an_object(
            optional,
            **{
                "type": st.just(kind),
                "from": st.sampled_from(["user", "operator"]),
                "origin": st.sampled_from(["chat", "email"]) | names.map("urn:a{}".format),
                "content": contents[kind],
            },
        )
    )


def places(value, at=()):
    """Where something stands in a JSON value, itself first."""
    yield at
    pairs = value.items() if isinstance(value, dict) else []
    for key, inner in enumerate(value) if isinstance(value, list) else pairs:
        yield from places(inner, (*at, key))


WRONG = [
    *(None, True, "", "a", [], ["a"], [None], {}, {"a": "b"}, {"a": {}}),
    *(-1, 0, 5.0, 0.5, 10**15, 10**15 + 1, 1e300),
    *("operator", "email", "chat\n", "urn:", "urn:\n", "carousel", "file", "note"),
]


def broken(body, place, wrong):
    """The body with something else at a place; with nothing there where that is possible."""
    body = copy.deepcopy(body)
    *path, last = place
    inside = body
    for key in path:
        inside = inside[key]
    if wrong is GONE and isinstance(inside, dict):
        del inside[last]
    else:
        inside[last] = copy.deepcopy(wrong)
    return body


GONE = object()


def hold_together(body):
    """Break a body at each of its places in each way, and hear both."""
    assert refused_here(body) is None
    for place in list(places(body))[1:]:
        for wrong in (GONE, *WRONG):
            other = broken(body, place, wrong)
            assert refused_here(other) == refused_there(other), other


# One body makes hundreds of broken ones, and the one that is told needs no shrinking.
once = settings(phases=[Phase.reuse, Phase.generate])


@pytest.mark.parametrize("kind", EACH)
def test_each_type_is_refused_by_both_at_the_same_path(kind):
    beside = {"references": [{"type": "a"}], "original": {"original_id": "b"}, "translated": False}
    hold_together(EACH[kind].body(7) | beside)


@settings(once, max_examples=5)
@given(bodies())
def test_what_is_broken_is_refused_by_both_at_the_same_path(body):
    hold_together(body)


@once
@given(bodies(), st.randoms(use_true_random=True))
def test_what_is_broken_in_many_places_is_refused_by_both(body, random):
    assert refused_here(body) == refused_there(body) is None
    for _ in range(20):
        other = body
        for _ in range(random.randint(2, 4)):
            place = random.choice(list(places(other))[1:] or [("type",)])
            other = broken(other, place, random.choice(WRONG))
        assert (refused_here(other) is None) == (refused_there(other) is None), other


@pytest.mark.parametrize("body", WRONG, ids=repr)
def test_what_is_no_message_at_all_is_refused_by_both(body):
    assert refused_here(body) is not None
    assert refused_here(body) == refused_there(body)


# Each type, as an object and on the wire.


def test_every_type_has_its_class():
    assert set(outgoing.TYPES) == set(contents)
    assert {name: type(message) for name, message in EACH.items()} == outgoing.TYPES
    assert all(message.type == name for name, message in EACH.items())


@pytest.mark.parametrize("kind", EACH)
def test_a_body_is_what_the_official_client_sends_and_the_sandbox_keeps(kind, sandbox, monkeypatch):
    monkeypatch.setattr(Crisp, "REQUEST_HEADERS", dict(Crisp.REQUEST_HEADERS))
    client = Crisp()
    client.set_rest_host(sandbox.host)
    client.set_tier(sandbox.tier)
    client.authenticate(sandbox.identifier, sandbox.key)
    session_id = sandbox.truth("conversations")[0]["session_id"]
    fingerprint = outgoing.new_fingerprint()
    body = EACH[kind].body(fingerprint)
    sent = client.website.send_message_in_conversation(sandbox.website_id, session_id, body)
    assert sent == {"fingerprint": fingerprint}
    (row,) = (row for row in sandbox.truth("messages") if row["fingerprint"] == fingerprint)
    del body["stealth"]  # how it is delivered, which is nowhere kept
    assert row["session_id"] == session_id
    assert {name: row[name] for name in body} == body


def test_a_body_in_full():
    assert EACH["picker"].body(5) == {
        "type": "picker",
        "from": "operator",
        "origin": "urn:acme.example:bot:0",
        "content": {
            "id": "topic",
            "text": "What is it about?",
            "choices": [
                {"value": "a", "label": "A", "icon": "🎉", "selected": True},
                {
                    "value": "b",
                    "label": "B",
                    "selected": False,
                    "action": {"type": "link", "target": "https://acme.example"},
                },
            ],
            "required": True,
        },
        "fingerprint": 5,
        "user": {"type": "website", "nickname": "Ana", "avatar": "https://acme.example/ana.png"},
        "properties": {"a": "b", "c": 1, "d": 1.5, "e": True, "f": None},
        "timestamp": 1_790_000_000_000,
        "stealth": True,
        "automated": False,
    }


def test_what_is_not_said_is_not_sent():
    assert Text("Hello").body() == {
        "type": "text",
        "from": "operator",
        "origin": "chat",
        "content": "Hello",
    }


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Text(""), ".content must not be empty."),
        (lambda: Text("  "), ".content must not be blank."),
        (
            lambda: Picker("a", "b", [Choice("c", "\N{ZERO WIDTH SPACE}")]),
            ".content.choices[0].label must not be blank.",
        ),
        (lambda: Text(5), ".content must be a string."),
        (lambda: Text("a", origin="mail"), ".origin must be chat, email or urn:name."),
        (lambda: Text("a", mentions=[1]), ".mentions[0] must be a string."),
        (lambda: Text("a", timestamp=-1), ".timestamp must be at least 0."),
        (lambda: Text("a", timestamp=0.5), ".timestamp must be a whole number."),
        (lambda: Text("a", timestamp=True), ".timestamp must be a whole number."),
        (lambda: Text("a", stealth="yes"), ".stealth must be true or false."),
        (lambda: Text("a", nickname=5), ".user.nickname must be a string."),
        (
            lambda: Text("a", properties={"b": []}),
            ".properties.b must be a string or a number or true or false or null.",
        ),
        (
            lambda: Text("a", properties={"b": float("nan")}),
            ".properties.b must be a string or a number or true or false or null.",
        ),
        (lambda: Text("a").body(10**15 + 1), f".fingerprint must be at most {10**15}."),
        (lambda: Audio("a", "b", float("inf")), ".content.duration must be a number."),
        (lambda: Audio("a", "b", None), ".content.duration is required."),
        (lambda: File("a", "b", ""), ".content.type must not be empty."),
        (lambda: Picker("a", "b", []), ".content.choices must not be empty."),
        (lambda: Picker("a", "b", "ab"), ".content.choices must be a list."),
        (lambda: Picker("a", "b", ["c"]), ".content.choices[0] must be an object."),
        (
            lambda: Picker("a", "b", [Choice("c", "d"), Choice("e", None)]),
            ".content.choices[1].label is required.",
        ),
        (
            lambda: Carousel("a", [Target("b", "c", actions=[Action("d", 5)])]),
            ".content.targets[0].actions[0].url must be a string.",
        ),
        (lambda: outgoing.check([]), "The message must be an object."),
        (
            lambda: outgoing.check(Text("a").body() | {"from": "me"}),
            ".from must be one of: user, operator.",
        ),
    ],
)
def test_a_bad_message_is_refused_when_made(make, words):
    with pytest.raises(crisp.InvalidMessage) as caught:
        make()
    assert caught.value.what == words
    assert str(caught.value).endswith(".")
    assert isinstance(caught.value, crisp.CrispError | ValueError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.path, str(again)) == (caught.value.path, str(caught.value))


def test_a_list_that_was_emptied_since_is_refused_when_sent():
    choices = [Choice("a", "A")]
    message = Picker("b", "c", choices)
    choices.clear()
    with pytest.raises(crisp.InvalidMessage, match="choices must not be empty"):
        message.body()


def test_a_body_is_not_the_message():
    message = EACH["picker"]
    message.body()["content"]["choices"].clear()
    message.body()["properties"].clear()
    assert message.body() == EACH["picker"].body()
    assert len(message.body()["content"]["choices"]) == 2


def test_a_message_can_be_made_from_another():
    other = dataclasses.replace(EACH["file"], nickname="Bo", mime="text/plain")
    assert other.body()["content"]["type"] == "text/plain"
    assert other.body()["user"]["nickname"] == "Bo"
    assert other != EACH["file"]
    assert dataclasses.replace(other, nickname="Ana", mime="application/pdf") == EACH["file"]


def test_as_message():
    assert outgoing.as_message("Hello") == Text("Hello")
    assert outgoing.as_message(EACH["field"]) is EACH["field"]
    for wrong in ("", None, {"type": "text"}, b"Hello"):
        with pytest.raises(crisp.InvalidMessage):
            outgoing.as_message(wrong)


def test_fingerprints_differ_and_are_in_range():
    found = {outgoing.new_fingerprint() for _ in range(10_000)}
    assert len(found) == 10_000
    assert all(type(one) is int and 0 <= one <= 10**15 for one in found)
    assert max(found) > 10**14


# Message text stays where it is.


@pytest.mark.parametrize(
    "thing",
    [
        Text(SECRET),
        Note(SECRET),
        File(SECRET, SECRET, SECRET),
        Picker(SECRET, SECRET, [Choice(SECRET, SECRET)], nickname=SECRET),
        Choice(SECRET, SECRET),
        Target(SECRET, SECRET, actions=[Action(SECRET, SECRET)]),
        Action(SECRET, SECRET),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_a_repr_tells_no_text(thing):
    assert SECRET not in repr(thing)
    assert type(thing).__name__ in repr(thing)
    assert not any(word in repr(thing) for word in SECRET.split())


@settings(once, max_examples=20)
@given(bodies())
def test_an_error_tells_no_text(body):
    for place in list(places(body))[1:]:
        for wrong in (SECRET, [SECRET], {"a": {"b": SECRET}}):
            error = refusal(broken(body, place, wrong))
            assert not any(word in str(error) for word in SECRET.split())
            assert error is None or error.__context__ is None


def test_every_invisible_text_is_blank():
    """All that Unicode calls blank, control or format, and letters that are drawn as nothing."""
    kinds = {"Cc", "Cf", "Zs", "Zl", "Zp"}
    unseen = [
        one for one in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(one) in kinds
    ]
    drawn_as_nothing = "\u034f\u115f\u1160\u2800\u3164\ufe0e\ufe0f\uffa0\U000e0100\U000e01ef"
    for one in [*unseen, *drawn_as_nothing]:
        assert is_blank(one), hex(ord(one))
        assert is_blank(f" {one}\n")
        assert not is_blank(f"{one}a")


@pytest.mark.parametrize(
    "text", [".", "0", "\u00b7", "❤\ufe0f", "1\ufe0f\u20e3", "👩\u200d🚀", "ᄒ"]
)
def test_what_shows_anything_is_not_blank(text):
    assert not is_blank(text)
    assert Text(text).content == text
