"""Many messages: what is shown, who is left out, what is sent, and what it costs."""

import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crisp_data as crisp
from crisp_data import outbox
from crisp_data.outbox.rate import PER_MINUTE, Pace
from crisp_data.outgoing import Choice, Note, Picker
from tests.rewritten import rewrite

from .conftest import LOOK, SEND, asked, contents, journal_of

TEXT = "Dear {{ nickname }}, we have moved."


def many(ws, frame, template=TEXT, **options):
    return ws.send_many(frame, template=template, **{"quiet_days": None, **options})


# Looking


def test_looking_sends_and_writes_nothing(ws, sandbox, frame):
    frame = ws.conversations(state="unresolved", limit=6)
    frame.index = list("abcdef")
    spent = sandbox.stats()["requests"]
    shown = many(ws, frame)
    assert shown.columns.tolist() == ["session_id", "text", "reason"]
    assert shown.index.tolist() == list("abcdef")
    assert (shown["reason"] == "").all()
    assert shown["text"].tolist() == [f"Dear {name}, we have moved." for name in frame["nickname"]]
    assert sandbox.stats()["requests"] == spent
    assert sum(ws.outbox.counts.values()) == 0


@pytest.mark.parametrize("confirm", ["no", "False", "yes", [0], 1], ids=repr)
def test_nothing_but_true_confirms(ws, sandbox, frame, confirm):
    with pytest.raises(crisp.BadParameter, match="confirm must be True or False"):
        many(ws, frame, confirm=confirm)
    assert SEND not in sandbox.stats()["by_operation"]
    assert not ws.outbox.left()


def test_a_connection_that_only_reads_may_look_and_no_more(sandbox):
    ws = crisp.connect(sandbox=sandbox, writes=False)
    frame = ws.conversations(state="unresolved", limit=3)
    assert (many(ws, frame)["reason"] == "").all()
    spent = sandbox.stats()["requests"]
    for what in (
        lambda: many(ws, frame, confirm=True),
        lambda: ws.send(frame["session_id"][0], "Hello"),
        ws.outbox.resume,
    ):
        with pytest.raises(crisp.ReadOnly, match="only reads"):
            what()
    assert sum(ws.outbox.counts.values()) == 0
    assert sandbox.stats()["requests"] == spent


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_a_missing_value_is_no_word(ws, missing):
    frame = pd.DataFrame({"session_id": ["session_a", "session_b"], "plan": ["Pro", missing]})
    shown = outbox.render(frame, "Your {{ plan }}.")
    assert shown["text"].tolist() == ["Your Pro.", ""]
    assert shown["reason"].tolist() == ["", "missing: plan"]
    mended = outbox.render(frame, "Your {{ plan | default('plan') }}.")
    assert mended["text"].tolist() == ["Your Pro.", "Your plan."]


@pytest.mark.parametrize(
    "orders",
    [
        pd.Series([2, None, 3]),
        pd.Series([2, None, 3], dtype="Int64"),
        pd.Series([2, None, 3], dtype="int64[pyarrow]"),
        pd.Series([2.0, None, 3.0], dtype="double[pyarrow]"),
        pd.Series([2.0, None, 3.0], dtype=object),
        pd.Series([2, None, 3], dtype="float32"),
    ],
    ids=lambda column: str(column.dtype),
)
def test_a_whole_number_is_written_as_one(orders):
    """A merge makes floats of whole numbers where one row has none; no customer has 2.0 orders."""
    frame = pd.DataFrame({"session_id": ["session_1", "session_2", "session_3"], "orders": orders})
    for part in (frame, frame.dropna(), frame.head(1)):
        assert outbox.render(part, "{{ orders }} orders")["text"].iloc[0] == "2 orders"
        assert outbox.render(part, "{{ orders ~ ' orders' }}")["text"].iloc[0] == "2 orders"


@pytest.mark.parametrize(
    ("value", "text"), [(2.5, "2.5"), (1e300, "1e+300"), (float("inf"), "inf"), (True, "True")]
)
def test_another_number_stays_what_it_is(value, text):
    frame = pd.DataFrame({"session_id": ["session_1"], "price": [value]})
    assert outbox.render(frame, "{{ price }}")["text"][0] == text
    frame["price"] = 12.0
    assert outbox.render(frame, "{{ '%.2f' | format(price) }} €")["text"][0] == "12.00 €"


@pytest.mark.parametrize("template", ["", "  \n", "{% if plan == 'x' %}{{ plan }}{% endif %}"])
def test_an_empty_message_is_none(template):
    frame = pd.DataFrame({"session_id": ["session_a"], "plan": ["Pro"]})
    assert outbox.render(frame, template)["reason"].tolist() == ["empty"]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("Dear {{ nikname }}", "Did you mean 'nickname'"),
        ("Dear {{ nikname | default('you') }}", "not a column"),
        ("{{ lipsum() }}", "not a column"),
        ("{{ range(3) }}", "not a column"),
        ("Dear {{ nickname", "line 1"),
        ("{% for a in nickname %}", "cannot be read"),
        ("Dear {{ First Name }}", "one word"),
        ("Dear {nickname}", "unchanged"),
        ("Hello { nickname }", "unchanged"),
        ("Dear {{ nickname | titel }}", "No filter named 'titel'"),
        ("{{ ['Dear', 'Hello'] | random }} {{ nickname }}", "No filter named 'random'"),
        (7, "string"),
    ],
)
def test_a_template_that_cannot_be_is_refused_before_anything(ws, sandbox, frame, template, words):
    spent = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter, match=words):
        many(ws, frame, template, confirm=True)
    assert sandbox.stats()["requests"] == spent
    assert sum(ws.outbox.counts.values()) == 0


@pytest.mark.parametrize(
    "template",
    [
        "{{ nickname.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ nickname.format.__globals__ }}",
        "{{ tags.append('x') }}",
        "{{ 1 / 0 }}",
    ],
)
def test_a_template_reaches_nothing_but_the_row(template):
    tags = ["a"]
    frame = pd.DataFrame({"session_id": ["session_a"], "nickname": ["Ada"], "tags": [tags]})
    shown = outbox.render(frame, template)
    assert shown["text"].tolist() == [""]
    assert shown["reason"][0]
    assert tags == ["a"]


def test_other_braces_are_text(session_id):
    frame = pd.DataFrame({"session_id": [session_id], "nickname": ["Ada"]})
    for text in ("{no column}", "{}", "{{ '{nickname}' }}", "{% raw %}{{nickname}}{% endraw %}"):
        assert outbox.render(frame, text)["reason"].tolist() == [""]


def test_what_is_missing_inside_a_value_is_named():
    frame = pd.DataFrame({"session_id": ["session_a"], "data": [{"plan": "Pro"}]})
    shown = outbox.render(frame, "{{ data.plan }} {{ data.seats }}")
    assert shown["reason"].tolist() == ["missing: seats"]


def test_half_a_character_is_left_out():
    frame = pd.DataFrame({"session_id": ["session_a", "session_b"]})
    frame["name"] = pd.Series(["Cut \ud83d", "Ada 😀"], dtype="object")
    shown = outbox.render(frame, "Dear {{ name }}")
    assert shown["reason"].tolist() == ["invalid: it holds half of a surrogate pair", ""]


def test_a_frame_of_messages_is_refused(ws, frame):
    """Its nickname is whoever wrote: a customer would be called by an operator's name."""
    messages = ws.messages(frame.head(3))
    with pytest.raises(crisp.BadParameter, match="several rows for one conversation"):
        many(ws, messages)
    last = messages[messages["from"] == "user"].groupby("session_id").tail(1)
    assert (many(ws, last)["reason"] == "").all()


def test_text_is_text(sandbox, ws, session_id):
    """Nothing is escaped, and no value of a row is a template itself."""
    name = "<b>{{ 7 * 7 }}</b> & 'you'"
    frame = pd.DataFrame({"session_id": [session_id], "nickname": [name]})
    sent = many(ws, frame, "{{ nickname }}", confirm=True, include=("resolved",))
    assert sent["state"].tolist() == ["sent"]
    assert contents(sandbox)[name] == 1


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=5))
def test_whatever_a_value_is_it_comes_out_as_it_is(values):
    frame = pd.DataFrame({"session_id": [f"session_{n}" for n in range(len(values))]})
    frame["value"] = pd.Series(values, dtype="object")
    shown = outbox.render(frame, "<{{ value }}>")
    assert shown["text"].tolist() == [f"<{value}>" for value in values]


def test_every_text_of_a_message_is_a_template(ws, sandbox, frame):
    picker = Picker("plan", "{{ nickname }}?", [Choice("a", "As {{ nickname }}")], nickname="Ada")
    sent = many(ws, frame.head(2), picker, confirm=True)
    assert sent["state"].tolist() == ["sent", "sent"]
    found = [row for row in sandbox.truth("messages") if row["type"] == "picker"]
    ours = {row["session_id"]: row for row in found if row["content"]["id"] == "plan"}
    for session_id, name in zip(frame["session_id"][:2], frame["nickname"][:2], strict=True):
        content = ours[session_id]["content"]
        assert content["text"] == f"{name}?"
        assert content["choices"][0]["label"] == f"As {name}"
        assert ours[session_id]["user"]["nickname"] == "Ada"


def test_notes_stay_notes(ws, sandbox, frame):
    many(ws, frame.head(1), Note("Moved: {{ nickname }}"), confirm=True)
    (row,) = [row for row in sandbox.truth("messages") if str(row["content"])[:6] == "Moved:"]
    assert row["type"] == "note"


# Who is left out


def facts(sandbox, **wanted):
    rows = sandbox.truth("conversations")
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_the_resolved_and_blocked_are_left_out_unless_asked_for(ws, sandbox):
    blocked = [row["session_id"] for row in facts(sandbox, is_blocked=True)]
    resolved = [row["session_id"] for row in facts(sandbox, state="resolved")]
    assert blocked
    frame = ws.conversations()
    shown = many(ws, frame)
    for session_id, reason in zip(shown["session_id"], shown["reason"], strict=True):
        expected = ["blocked"] if session_id in blocked else []
        expected += ["resolved"] if session_id in resolved else []
        assert reason == "; ".join(expected)
    asked_for = many(ws, frame, include=("resolved", "blocked"))
    assert (asked_for["reason"] == "").all()


def test_what_the_frame_does_not_tell_is_asked_once(ws, sandbox, spent):
    rows = facts(sandbox, state="resolved")[:2] + facts(sandbox, state="unresolved")[:2]
    ids = [row["session_id"] for row in rows] + ["session_unknown"]
    frame = pd.DataFrame({"session_id": ids})
    spent()
    shown = many(ws, frame, "Hello")
    assert shown["reason"].tolist() == ["resolved", "resolved", "", "", "not found"]
    assert spent() == 5
    many(ws, frame.head(4), "Hello")
    assert spent() == 0
    many(ws, frame.head(4), "Hello", refresh=True)
    assert spent() == 4


def test_who_may_be_blocked_is_not_written_to(ws, frame, monkeypatch):
    """Where an answer lacks it, nobody knows."""
    fetch = ws.outbox._checks._fetch
    monkeypatch.setattr(
        ws.outbox._checks,
        "_fetch",
        lambda *asked: [part.assign(is_blocked=pd.NA) for part in fetch(*asked)],
    )
    shown = many(ws, frame.head(1)[["session_id"]], "Hello")
    assert shown["reason"].tolist() == ["blocked: not stated by Crisp"]
    asked_for = many(ws, frame.head(1)[["session_id"]], "Hello", include="blocked")
    assert asked_for["reason"].tolist() == [""]


def test_a_second_row_is_a_duplicate_unless_asked_for(ws, sandbox, frame):
    twice = pd.concat([frame.head(2), frame.head(1)], ignore_index=True)
    twice["n"] = [1, 2, 3]
    assert many(ws, twice, "Number {{ n }}")["reason"].tolist() == ["", "", "duplicate"]
    sent = many(ws, twice, "Number {{ n }}", include="duplicate", confirm=True)
    assert sent["state"].tolist() == ["sent"] * 3
    assert [contents(sandbox)[f"Number {n}"] for n in (1, 2, 3)] == [1, 1, 1]
    many(ws, twice, "Number {{ n }}", include="duplicate", confirm=True)
    assert asked(sandbox, SEND) == 3


@pytest.mark.parametrize("how", ["sorted", "filled", "one", "more"])
def test_a_row_keeps_its_message_wherever_it_stands(ws, sandbox, frame, how):
    """Else what has gone as the first of a conversation would go again as the second."""
    twice = pd.concat([frame.head(1)] * 3, ignore_index=True)
    twice["plan"] = [None, "Pro", "Free"]
    options = {"include": "duplicate", "confirm": True}
    many(ws, twice, "{{ plan }} ends", **options)
    twice["plan"] = ["Team", "Pro", "Free"]
    again = {"sorted": [2, 1], "filled": [0, 1, 2], "one": [2], "more": [1, 1, 2]}[how]
    result = many(ws, twice.iloc[again], "{{ plan }} ends", **options)
    assert result["text"].tolist() == [f"{twice['plan'][n]} ends" for n in again]
    assert (result["state"] == "sent").all()
    found = {plan: contents(sandbox)[f"{plan} ends"] for plan in ("Team", "Pro", "Free")}
    expected = {"Team": how == "filled", "Pro": 1 + (how == "more"), "Free": 1}
    assert found == expected
    shown = many(ws, twice.iloc[again], "{{ plan }} ends")
    assert shown["reason"].str.startswith("sent: ").all()


def test_a_row_without_a_message_is_not_the_first(ws, frame):
    twice = pd.concat([frame.head(1), frame.head(1)], ignore_index=True)
    twice["plan"] = [None, "Pro"]
    assert many(ws, twice, "{{ plan }}")["reason"].tolist() == ["missing: plan", ""]


@pytest.mark.parametrize("many_of_them", [True, False])
def test_a_dry_run_of_many_says_what_it_costs(sandbox, capsys, many_of_them):
    ws = crisp.connect(sandbox=sandbox, progress=True)
    ids = [row["session_id"] for row in sandbox.truth("conversations")]
    frame = pd.DataFrame({"session_id": ids if many_of_them else ids[:90]})
    many(ws, frame, "Hello")
    shown_on_stderr = capsys.readouterr().err
    assert ("120 requests" in shown_on_stderr) == many_of_them


def last_words(sandbox):
    """When each person wrote last, by the truth."""
    wrote = {}
    for row in sandbox.truth("messages"):
        if row["from"] == "user":
            wrote[row["session_id"]] = max(row["timestamp"], wrote.get(row["session_id"], 0))
    return wrote


@pytest.mark.parametrize("days", [3, 30, 60])
@pytest.mark.parametrize("how", ["threads", "messages", "bare"])
def test_who_did_not_write_for_days_is_quiet(ws, sandbox, days, how):
    frame = ws.conversations(state="unresolved")
    wrote, since = last_words(sandbox), (sandbox.now.timestamp() - days * 86400) * 1000
    given = {"messages": ws.messages(frame)} if how == "messages" else {}
    frame = frame[["session_id"]] if how == "bare" else frame
    shown = many(ws, frame, "Hello", quiet_days=days, include="blocked", **given)
    quiet = shown.set_index("session_id")["reason"].str.startswith("quiet")
    expected = {one: wrote.get(one, 0) < since for one in frame["session_id"]}
    assert quiet.to_dict() == expected
    assert quiet.sum() > 0 or days == 60
    assert set(shown["reason"].str.split(":").str[0]) <= {"", "quiet"}
    asked_for = many(ws, frame, "Hello", quiet_days=days, include=["quiet", "blocked"])
    assert (asked_for["reason"] == "").all()


@pytest.mark.parametrize("timestamp", ["missing", None, "yesterday", 10**30, -(10**18), {}])
def test_a_message_without_its_time_stops_no_dry_run(ws, sandbox, timestamp):
    def without(messages):
        for message in messages[1:]:
            message["timestamp"] = timestamp
            if timestamp == "missing":
                del message["timestamp"]
        return messages

    bare = ws.conversations(state="unresolved", limit=6)[["session_id"]]
    rewrite(sandbox, "/messages", without)
    shown = many(ws, bare, "Hello", quiet_days=30, include="blocked")
    assert set(shown["reason"].str.split(":").str[0]) <= {"", "quiet"}
    assert asked(sandbox, "get_messages_in_conversation") > 0


def test_who_was_deleted_since_the_list_is_not_found(ws):
    """And not one who never wrote: where the thread must be read, it is seen that it is gone."""
    frame = ws.conversations(state="unresolved")
    (session_id,) = frame[frame["waiting_since"].isna()]["session_id"].head(1)
    ws.client.call("remove_conversation", website_id=ws.website_id, session_id=session_id)
    frame = frame[frame["session_id"] == session_id]
    assert many(ws, frame, "Hello", quiet_days=30)["reason"].tolist() == ["not found"]


@pytest.mark.parametrize("lost", ["session_id", "state", "is_blocked", "updated_at"])
def test_a_conversation_that_lacks_a_field_stops_no_dry_run(ws, sandbox, lost):
    bare = ws.conversations(state="unresolved", limit=3)[["session_id"]]
    rewrite(sandbox, "/conversation/", lambda one: {k: v for k, v in one.items() if k != lost})
    reasons = many(ws, bare, "Hello")["reason"].tolist()
    unknown = "blocked: not stated by Crisp" if lost == "is_blocked" else ""
    assert reasons == [unknown] * 3


def test_threads_are_read_only_where_the_frame_cannot_tell(ws, sandbox):
    frame = ws.conversations(state="unresolved")
    threads = "get_messages_in_conversation"
    since = pd.Timestamp(sandbox.now) - pd.Timedelta(days=30)
    unsure = frame[(frame["updated_at"] >= since) & ~(frame["waiting_since"] >= since)]
    many(ws, frame, "Hello", quiet_days=30)
    read = asked(sandbox, threads)
    assert len(unsure) <= read <= 2 * len(unsure)
    many(ws, frame, "Hello", quiet_days=30)
    assert asked(sandbox, threads) == read


@pytest.mark.parametrize(
    "wrong",
    [
        {"include": "everyone"},
        {"quiet_days": 0},
        {"quiet_days": 1.5},
        {"messages": pd.DataFrame({"a": [1]})},
        {"per_minute": 0},
        {"per_minute": float("nan")},
        {"per_minute": True},
        {"per_minute": "60"},
        {"batch": ""},
        {"batch": 7},
    ],
)
def test_wrong_arguments_cost_nothing(ws, sandbox, frame, wrong):
    spent = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter):
        many(ws, frame, confirm=True, **wrong)
    assert sandbox.stats()["requests"] == spent
    assert sum(ws.outbox.counts.values()) == 0


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1]}),
        pd.DataFrame({"session_id": ["session_a", None]}),
        pd.DataFrame({"session_id": ["nonsense"]}),
        pd.DataFrame([["session_a", "x", "y"]], columns=["session_id", "a", "a"]),
        ["session_a"],
    ],
)
def test_a_frame_that_is_none_costs_nothing(ws, sandbox, frame):
    spent = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter):
        many(ws, frame, "Hello", confirm=True)
    assert sandbox.stats()["requests"] == spent


def test_an_empty_frame_is_an_empty_result(ws):
    frame = ws.conversations().head(0)
    assert many(ws, frame).empty
    assert many(ws, frame, confirm=True)["state"].dtype == "category"


# Sending


def test_each_is_sent_once_and_the_result_says_so(ws, sandbox, frame):
    spent = sandbox.stats()["requests"]
    frame = ws.conversations(state="unresolved", limit=6)
    sent = many(ws, frame, confirm=True)
    assert sandbox.stats()["requests"] == spent + 6
    assert (sent["state"] == "sent").all()
    assert (sent["reason"] == "").all()
    assert sent["fingerprint"].dtype == "Int64"
    assert str(sent["sent_at"].dtype) == "datetime64[ms, UTC]"
    truth = {row["fingerprint"]: row for row in sandbox.truth("messages")}
    for row in sent.itertuples():
        assert truth[row.fingerprint]["content"] == row.text
        assert truth[row.fingerprint]["session_id"] == row.session_id


def test_the_same_call_again_sends_nothing(ws, sandbox, frame):
    first = many(ws, frame, confirm=True)
    again = many(ws, frame, confirm=True)
    assert asked(sandbox, SEND) == len(frame)
    assert (again["state"] == "sent").all()
    assert again["reason"].str.match(r"sent: 2026-11-02 09:0").all()
    assert again["fingerprint"].tolist() == first["fingerprint"].tolist()
    with pytest.warns(crisp.CrispWarning, match="same text was sent before"):
        assert many(ws, frame, batch="another", confirm=True)["reason"].eq("").all()
    assert asked(sandbox, SEND) == 2 * len(frame)


@pytest.mark.parametrize("name", [5, "", " ", "half \ud83d", pd.Series(["a", "b"])])
def test_a_batch_has_a_name(ws, sandbox, frame, name):
    before = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter, match="batch"):
        many(ws, frame, batch=name, confirm=True)
    assert sandbox.stats()["requests"] == before


def test_the_same_call_by_two_at_once_sends_once(ws, sandbox, frame, monkeypatch):
    """The second is faster, while the first looks at the conversations."""
    other, checks = crisp.connect(sandbox=sandbox), ws.outbox._checks
    reasons = checks.reasons

    def overtaken(*arguments):
        many(other, frame, confirm=True)
        return reasons(*arguments)

    monkeypatch.setattr(checks, "reasons", overtaken)
    assert (many(ws, frame, confirm=True)["state"] == "sent").all()
    assert asked(sandbox, SEND) == len(frame)
    assert asked(sandbox, LOOK) == 0


def test_a_changed_text_is_not_sent_to_who_had_one_and_that_is_said(ws, sandbox, frame):
    many(ws, frame.head(2), batch="move", confirm=True)
    again = many(ws, frame.head(3), "Another, {{ nickname }}", batch="move", confirm=True)
    assert again["reason"].str.startswith("sent with another text: ").tolist() == [
        True,
        True,
        False,
    ]
    assert again["state"].tolist() == ["sent"] * 3
    assert asked(sandbox, SEND) == 3


def test_what_failed_is_sent_anew_with_the_new_text(ws, sandbox, frame):
    sandbox.faults(operation=SEND, next=1, status=400, reason="invalid_data")
    first = many(ws, frame.head(2), batch="move", confirm=True)
    assert first["state"].tolist() == ["failed", "sent"]
    assert first["reason"][0].startswith("failed: 400 invalid_data")
    again = many(ws, frame.head(2), "Better, {{ nickname }}", batch="move", confirm=True)
    assert again["state"].tolist() == ["sent", "sent"]
    assert contents(sandbox)[f"Better, {frame['nickname'][0]}"] == 1
    assert asked(sandbox, SEND) == 3


def test_what_another_cancelled_says_so(ws, sandbox, frame):
    other = crisp.connect(sandbox=sandbox)
    result = many(ws, frame, confirm=True, progress=lambda done, of: other.outbox.cancel())
    assert result["state"].tolist() == ["sent"] + [np.nan] * (len(frame) - 1)
    assert result["reason"].tolist() == [""] + ["cancelled"] * (len(frame) - 1)
    assert asked(sandbox, SEND) == 1


def test_messages_under_another_name_are_told_of(ws, sandbox, frame):
    """A mended template and a renamed batch are new batches: some would have two messages."""
    with threading_stop() as stop:
        many(ws, frame.head(3), "We have mvoed", confirm=True, stop=stop)
    with pytest.warns(
        crisp.CrispWarning, match="For 3 of these .* still in the outbox.*'template-"
    ):
        many(ws, frame, "We have moved")
    assert ws.outbox.cancel() == 3
    many(ws, frame.head(2), "We have moved", batch="move", confirm=True)
    with pytest.warns(crisp.CrispWarning, match="For 2 of these .* same text was sent .*: 'move'"):
        many(ws, frame, "We have moved", batch="moved")
    ws.send(frame["session_id"][3], "Moved")
    with pytest.warns(crisp.CrispWarning, match="For 1 of these .* ws.send"):
        many(ws, frame, "Moved")
    many(ws, frame, "Another", batch=" move ")  # and the name's edges are no part of it
    assert (many(ws, frame.head(2), batch=" move ")["reason"] != "").all()


@pytest.mark.parametrize("status", [401, 403, 405, 406])
def test_a_refused_token_ends_it_at_the_first(ws, sandbox, frame, status):
    sandbox.faults(operation=SEND, status=status, reason="no")
    with pytest.raises(crisp.ApiError) as caught:
        many(ws, frame, batch="move", confirm=True)
    assert asked(sandbox, SEND) == 1
    partial = caught.value.partial
    assert partial["state"].tolist() == ["failed"] + ["queued"] * (len(frame) - 1)
    assert "ws.outbox.resume()" in "".join(caught.value.__notes__)
    sandbox.faults()
    assert (many(ws, frame, batch="move", confirm=True)["state"] == "sent").all()
    assert asked(sandbox, SEND) == len(frame) + 1


def test_a_message_of_unknown_outcome_ends_it(few, sandbox, frame):
    sandbox.faults(operation=SEND, next=1, drop="after")
    sandbox.faults(operation=LOOK, status=500)
    with pytest.raises(crisp.UnknownOutcome) as caught:
        many(few, frame, batch="move", confirm=True)
    assert caught.value.partial["state"].tolist() == ["unknown"] + ["queued"] * (len(frame) - 1)
    assert asked(sandbox, SEND) == 1
    sandbox.faults()
    changed = many(few, frame, "Another", batch="move")
    assert changed["text"][0].startswith("Dear "), "what may have gone keeps its text"
    assert (many(few, frame, batch="move", confirm=True)["state"] == "sent").all()
    assert asked(sandbox, SEND) == len(frame)


def test_what_the_day_cannot_pay_is_not_begun(sandbox):
    ws = crisp.connect(sandbox=sandbox, quota=8, reserve_for_writes=0.5, sleep=lambda s: None)
    frame = ws.conversations(state="unresolved", limit=20)
    left = ws.quota.left
    assert left > ws.quota.left_for_reads
    with pytest.raises(crisp.QuotaExceeded, match="nothing was started"):
        many(ws, frame.head(left + 1), confirm=True)
    assert asked(sandbox, SEND) == 0
    assert sum(ws.outbox.counts.values()) == 0
    assert (many(ws, frame.head(left), confirm=True)["state"] == "sent").all()
    assert ws.quota.left == 0


def test_a_budget_bounds_it_too(ws, sandbox, frame):
    with ws.budget(3), pytest.raises(crisp.QuotaExceeded):
        many(ws, frame, confirm=True)
    assert asked(sandbox, SEND) == 0


def test_progress_is_told_and_a_stop_is_heeded(ws, sandbox):
    frame = ws.conversations(state="unresolved", limit=6)
    seen, stop = [], threading.Event()

    def progress(done, total):
        seen.append((done, total))
        if done == 2:
            stop.set()

    stopped = many(ws, frame, confirm=True, progress=progress, stop=stop)
    assert seen == [(1, 6), (2, 6)]
    assert stopped["state"].tolist() == ["sent"] * 2 + ["queued"] * 4
    assert ws.outbox.left() == 4
    resumed = ws.outbox.resume(progress=lambda *at: seen.append(at))
    assert (resumed["state"] == "sent").all()
    assert seen[-1] == (4, 4)
    assert asked(sandbox, SEND) == 6


@pytest.mark.parametrize("shown", [True, False])
def test_a_bar_is_shown_where_it_is_wanted(sandbox, capsys, shown):
    ws = crisp.connect(sandbox=sandbox, progress=shown)
    frame = ws.conversations(state="unresolved", limit=3)
    many(ws, frame, "No name in it", confirm=True)
    shown_on_stderr = capsys.readouterr().err
    assert ("/3 " in shown_on_stderr and "messages" in shown_on_stderr) == shown
    assert "No name in it" not in shown_on_stderr


def test_a_stop_ends_the_wait_for_the_next_turn(sandbox):
    """Without it, the second message would have its turn after an hour."""
    ws = crisp.connect(sandbox=sandbox)
    frame, stop = ws.conversations(state="unresolved", limit=2), threading.Event()
    options = {"per_minute": 1 / 60, "stop": stop, "progress": lambda *_: stop_soon.start()}
    stop_soon = threading.Timer(0.05, stop.set)
    stopped = many(ws, frame, confirm=True, **options)
    assert stopped["state"].tolist() == ["sent", "queued"]


def test_messages_have_their_turns(ws, waits):
    frame = ws.conversations(state="unresolved", limit=4)
    many(ws, frame, confirm=True, per_minute=30)
    assert len(waits) == 3
    assert sum(waits) == pytest.approx(3 * 2.0 + 2.0 + 4.0, abs=3.0)  # nobody slept: they add up


def test_the_live_service_is_written_to_at_a_persons_pace(ws, monkeypatch):
    assert Pace(ws.client, None, None)._gap == 0
    live = type("Live", (), {"settings": type("S", (), {"live": True})})
    assert Pace(live, None, None)._gap == 60 / PER_MINUTE


def test_what_is_resumed_keeps_its_order(ws, sandbox, frame):
    many_rows = pd.concat([frame.head(1)] * 8, ignore_index=True)
    many_rows["n"] = range(8)
    with threading_stop() as stop:
        many(ws, many_rows, "Part {{ n }}", include="duplicate", confirm=True, stop=stop)
    ws.outbox.resume()
    found = [str(row["content"]) for row in sandbox.truth("messages") if "Part" in str(row)]
    assert found == [f"Part {n}" for n in range(8)]


@pytest.mark.reliability("interrupts")
def test_an_interrupt_leaves_what_can_be_resumed(ws, sandbox):
    frame = ws.conversations(state="unresolved", limit=5)

    def progress(done, _total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        many(ws, frame, confirm=True, progress=progress)
    assert "ws.outbox.resume()" in caught.value.__notes__[0]
    assert ws.outbox.counts["queued"] == 2
    ws.outbox.resume()
    assert asked(sandbox, SEND) == 5
    assert set(frame["session_id"]) == {
        row["session_id"] for row in sandbox.truth("messages") if "we have moved" in str(row)
    }


def test_queued_messages_can_be_dropped_and_are_gone(ws, sandbox):
    frame, stop = ws.conversations(state="unresolved", limit=5), threading.Event()
    stop.set()
    many(ws, frame, batch="a", confirm=True, stop=stop)
    with pytest.warns(crisp.CrispWarning, match="still in the outbox"):
        many(ws, frame.head(2), batch="b", confirm=True, stop=stop)
    assert ws.outbox.cancel("a") == 5
    assert ws.outbox.counts["queued"] == 2
    assert ws.outbox.cancel() == 2
    assert ws.outbox.resume().empty
    assert asked(sandbox, SEND) == 0


def test_two_tokens_of_one_website_share_its_batches(sandbox, frame, ws):
    """A token may be replaced between two calls; the customers are the same."""
    many(ws, frame, batch="move", confirm=True)
    token = sandbox.token()
    other = crisp.connect(
        ws.website_id,
        identifier=token.identifier,
        key=token.key,
        tier=token.tier,
        base_url=sandbox.url,
        state_dir=ws.client.state_dir,
        now=ws.client.now,
        writes=True,
    )
    assert (many(other, frame, batch="move", confirm=True)["state"] == "sent").all()
    assert asked(sandbox, SEND) == len(frame)


def test_another_website_has_a_batch_of_its_own(sandbox, ws, frame):
    many(ws, frame, batch="move", confirm=True)
    labs = crisp.connect("Acme Labs", sandbox=sandbox)
    assert sum(labs.outbox.counts.values()) == 0
    assert "Acme Labs" in repr(labs.outbox)


def test_nobodys_words_are_kept(ws, sandbox, frame):
    """Not in the journal's file, nor in its log, nor in what is printed."""
    secret = "Zylophantical news"
    assert secret.encode() not in _bytes(ws)
    with threading_stop() as stop:
        many(ws, frame, secret + 20_000 * "." + secret, confirm=True, stop=stop)  # several pages
    assert secret.encode() in _bytes(ws), "the test looks in the wrong place"
    ws.outbox.resume()
    sandbox.faults(operation=SEND, next=1, status=400, reason="invalid_data")
    many(ws, frame.head(1), secret, batch="failing", confirm=True)
    assert ws.outbox.counts["failed"] == 1
    assert secret.encode() not in _bytes(ws)
    shown = f"{ws.outbox!r} {ws.outbox._repr_html_()} {ws.outbox.frame().to_csv()}"
    assert secret not in shown + repr(journal_of(ws).rows())


class threading_stop:
    """A stop that is set from the beginning."""

    def __enter__(self):
        stop = threading.Event()
        stop.set()
        return stop

    def __exit__(self, *_):
        pass


def _bytes(ws):
    return b"".join(path.read_bytes() for path in ws.client.state_dir.glob("outbox.sqlite*"))


@pytest.mark.needs("modes")
def test_the_journal_is_its_owners_alone(ws, frame):
    many(ws, frame, confirm=True)
    for path in ws.client.state_dir.glob("outbox.sqlite*"):
        assert path.stat().st_mode & 0o077 == 0
    assert ws.client.state_dir.stat().st_mode & 0o077 == 0


def test_the_outbox_tells_what_is_in_it(sandbox, frame):
    ws = crisp.connect(sandbox=sandbox, tz="Europe/Paris")
    many(ws, frame, batch="move", confirm=True)
    ws.send(frame["session_id"][0], "One more")
    table = ws.outbox.frame()
    assert table["batch"].tolist() == ["move"] * 6 + [np.nan] or table["batch"].isna().sum() == 1
    assert (table["state"] == "sent").all()
    assert str(table["sent_at"].dtype) == "datetime64[ms, Europe/Paris]"
    assert table["tries"].tolist() == [1] * 7
    assert len(ws.outbox.frame("move")) == 6
    empty = ws.outbox.frame("no such batch")
    assert empty.dtypes.equals(table.dtypes)
    assert repr(ws.outbox) == "Outbox of Acme: 7 sent"
    assert ws.outbox._repr_html_() == "<div>Outbox of Acme: 7 sent</div>"


def test_a_name_is_text_and_not_html(sandbox, ws):
    ws.outbox.website = "<script>"
    assert "<script>" not in ws.outbox._repr_html_()


def test_a_website_without_a_readable_name_goes_by_its_id(ws, session_id):
    nameless = outbox.Outbox(ws.client, ws.website_id, "")
    assert ws.website_id in repr(nameless)
    assert nameless.send(session_id, Note("Hello")).website == ws.website_id


@pytest.fixture
def spent(sandbox):
    """Count the requests since it was last asked."""
    seen = sandbox.stats()["requests"]

    def since():
        nonlocal seen
        before, seen = seen, sandbox.stats()["requests"]
        return seen - before

    return since
