"""Nobody is left in a private frame, and everything else is."""

import datetime
import decimal
import ipaddress
import json
import pathlib
import pickle
import random
import re
import uuid

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars
import pytest
from hypothesis import example, given
from pandas.testing import assert_index_equal

import crisp_data as crisp
from crisp_data import export, tables
from crisp_data.privacy import Pseudonymiser, pseudonymise
from crisp_data.privacy.column_roles import role_of
from crisp_data.privacy.normalise import folded
from crisp_data.privacy.patterns import look
from crisp_data.sandbox import Sandbox

KEY = "a key of the tests"
CARDS = ("4111 1111 1111 1111", "5500-0055-5555-5559", "340000000000009")
IBANS = ("FR7630006000011234567890189", "DE89 3704 0044 0532 0130 00", "gb29nwbk60161331926819")
PHONES = ("+33 6 12 34 56 78", "06.98.76.54.32", "(020) 7946-0958", "0049 30 901820", "٠٦١٢٣٤٥٦٧٨")
EMAILS = ("Jürgen@Müller.example", "a.b+c@mail.example.org", "user%40example.com", "x_y@localhost")
LINKS = (
    "https://acme.example/reset?token=s3cr3t",
    "www.acme.example/me?email=someone",
    "https://user:secretword@acme.example/",
    "https://acme.example/join/0b1f7c2e9d8a4c55b6#frag",
)
SECRETS = ("s3cr3t", "someone", "secretword", "0b1f7c2e9d8a4c55b6", "frag")
IPS = ("198.51.100.77", "2001:db8::8a2e:370:7334")


def planted(truth, rng):
    """The truth, with personal data of its people in what they write and in free keys."""
    for record in truth["messages"][:: rng.randrange(3, 9)]:
        someone = rng.choice(truth["conversations"])["meta"]
        words = [
            "Hello, this is", someone.get("nickname") or "", someone.get("phone") or "",
            str(someone.get("email") or "").upper(), someone.get("ip") or "",
            str(someone.get("avatar") or ""), record["session_id"], rng.choice(CARDS),
            rng.choice(IBANS) + ",", rng.choice(PHONES), rng.choice(EMAILS), rng.choice(LINKS),
            rng.choice(IPS), "order 31899 of 2026-11-02",
        ]  # fmt: skip
        rng.shuffle(words)
        text = " ".join(words)
        if isinstance(record["content"], str):
            record["content"] = text
        elif "text" in record["content"]:
            record["content"]["text"] = text
        record["properties"] = {"deep": [{"who": text, text: 1}], "mobile": 33612345678}
        record["unknown_field"] = {"of": [text]}
    for record in truth["conversations"][::5]:
        meta = record["meta"]
        name = meta.get("nickname") or ""
        meta["data"] = {"plan": f"pro for {name}", "owner": {"mail": meta.get("email")}}
        meta["address"] = f"12 rue de la Paix, 75002 Paris ({name})"
        record["topic"] = f"{name} cannot pay with {rng.choice(CARDS)}"
        record["last_message"] = f"{'x' * 60} write to {meta.get('email')} or {name}"
        record["preview_message"] = record.get("preview_message", {}) | {
            "type": "text",
            "excerpt": record["last_message"][:80],
        }
        record["participants"] = [{"type": "email", "target": rng.choice(EMAILS[:2])}]
        record["ai_summary"] = {"text": name}
        meta["segments"] = [*meta.get("segments", []), f"owner:{meta.get('email')}"]
    return truth


def personal(truth):
    """Every personal value that the truth knows."""
    found = set()
    for row in truth["conversations"]:
        meta = row["meta"]
        found |= {row["session_id"], row["people_id"]}
        found |= {meta.get(k) for k in ("nickname", "email", "phone", "address", "ip", "avatar")}
    for row in truth["people"]:
        found |= {row["people_id"], row["email"]}
        found |= {row["person"].get(k) for k in ("nickname", "phone", "avatar", "address")}
    for row in truth["messages"]:
        found |= set((row["user"] or {}).values()) - {"participant", "website", "operator"}
        found.add(row["session_id"])
    # An address that is the number 75001 is an order's number as well; it must be in no column.
    return {value.strip() for value in found if isinstance(value, str) and value}


def frame_of(table, records, **constants):
    builder = tables.Builder(table)
    builder.add(json.dumps({"error": False, "data": records}).encode(), **constants)
    return builder.frame()


TABLES = ("conversations", "messages", "people", "operators")


@pytest.fixture(
    scope="module",
    params=[
        (2, 150),
        pytest.param((1, 500), marks=pytest.mark.slow),
    ],
    ids="seed {0[0]}".format,
)
def everything(request):
    """What the truth holds, frames of it, private frames, and what is personal in it."""
    seed, conversations = request.param
    box = Sandbox(seed=seed, conversations=conversations)
    truth = planted({name: box.truth(name) for name in TABLES}, random.Random(seed))
    frames = {name: frame_of(name, rows) for name, rows in truth.items()}
    maker = Pseudonymiser(KEY, allow=["plan"]).learn(*frames.values())
    private = {name: maker.frame(frame) for name, frame in frames.items()}
    return frames, private, personal(truth)


def strings(frame):
    """Every text of a frame, whole cells as Python shows them and values within values."""
    cells = set()
    for name in frame:
        for cell in frame[name].astype("str" if frame[name].dtype == "category" else object):
            cells.add(str(list(cell) if isinstance(cell, np.ndarray) else cell))
    return cells


def leaks(needles, haystacks):
    """Some of the needles that occur, in any case of their letters; code of others looks."""
    texts = polars.Series(list(haystacks))
    suspects = texts.filter(texts.str.contains_any(sorted(needles), ascii_case_insensitive=True))
    return {n for text in suspects[:9] for n in needles if n.lower() in text.lower()}


def test_nobody_is_left(everything, tmp_path):
    frames, privates, needles = everything
    needles |= {*CARDS, *IBANS, *PHONES, *IPS, *SECRETS, "colleague@example.com"}
    needles |= {"Müller", "mail.example.org", "user%40", "x_y@"}
    assert len(needles) > 2 * len(frames["conversations"])
    for name, private in privates.items():
        assert leaks(needles, strings(frames[name])), "nothing to find proves nothing"
        path = export.write(tmp_path / f"{name}.csv", private)
        assert leaks(needles, strings(private)) == set()
        assert leaks(needles, path.read_text("utf-8").splitlines()) == set()
    kept = privates["conversations"]["data"].dropna()
    assert len(kept) > len(frames["conversations"]) / 20
    assert all(set(json.loads(text)) == {"plan"} for text in kept)
    assert privates["conversations"]["extra"].isna().all()


def test_the_rest_stays(everything):
    frames, privates, _ = everything
    for name, private in privates.items():
        frame = frames[name]
        assert (private.dtypes == frame.dtypes).all()
        assert_index_equal(private.index, frame.index)
        for column in ("fingerprint", "timestamp", "type", "state", "city", "created_at", "os"):
            assert column not in frame or private[column].equals(frame[column])
        for column in {"session_id", "nickname", "email"} & set(frame):
            both = zip(frame[column], private[column], strict=True)
            pairs = {(a.strip().lower(), b) for a, b in both if isinstance(a, str)}
            assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    content, private = frames["messages"]["content"], privates["messages"]["content"]
    plain = content.str.contains("order 31899", na=False)
    assert private[plain].str.contains("order 31899 of 2026-11-02").all()
    assert (private == content)[~plain].mean() > 0.8


def test_the_frame_given_is_not_changed(ws):
    frame = ws.conversations(limit=50)
    before = frame.copy(deep=True)
    pseudonymise(frame, key=KEY)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("table", list(tables.TABLES))
def test_every_table_empty_and_full(table, ws):
    empty = tables.empty(table)
    private = pseudonymise(empty, key=KEY)
    pd.testing.assert_frame_equal(private, empty)
    if table in ("pages", "events", "files", "messages"):
        ids = ws.conversations(limit=12)["session_id"]
        frame = pd.concat([getattr(ws, table)(one) for one in ids], ignore_index=True)
    else:
        frame = getattr(ws, table)()
    assert len(frame)
    private = pseudonymise(frame, key=KEY)
    assert (private.dtypes == frame.dtypes).all()
    assert private.shape == frame.shape
    if table in ("inboxes", "campaigns", "websites"):
        assert private["name"].equals(frame["name"])
    if "session_id" in frame:
        assert private["session_id"].str.fullmatch(r"session_[0-9a-f]{16}").all()
        assert private["session_id"].nunique() == frame["session_id"].nunique()
    for name in ("url", "avatar"):
        if name in frame:
            assert not private[name].str.contains("/", na=False).any()


def test_tokens_join_over_frames_columns_and_runs():
    one = pd.DataFrame({"email": ["Emma@Example.com"], "people_id": ["emma@example.com"]})
    other = pd.DataFrame({"Contact e-mail": ["  EMMA@example.COM"], "user_id": ["session_ab-cd"]})
    a, b = pseudonymise(one, key=KEY), pseudonymise(other, key=KEY)
    assert a["email"][0] == a["people_id"][0] == b["Contact e-mail"][0]
    assert a["email"][0].startswith("email_")
    assert b["user_id"][0].startswith("session_")
    assert pseudonymise(one, key=KEY + "!")["email"][0] != a["email"][0]


def test_texts_learn_from_other_frames():
    people = pd.DataFrame({"nickname": ["Zoé Lefèvre"], "phone": ["12345"]})
    texts = pd.DataFrame({"note": ["ZOÉ  LEFÈVRE called from 12345, Zoé said. zoe\u0301 too"]})
    alone = pseudonymise(texts, key=KEY)["note"][0]
    assert "LEFÈVRE" in alone
    private = pseudonymise(texts, key=KEY, also=[people])["note"][0]
    assert re.fullmatch(
        r"person_\w+ called from phone_\w+, person_\w+ said\. zoe\u0301 too", private
    )
    assert pseudonymise(people, key=KEY)["nickname"][0] == private.split()[0]


@pytest.mark.parametrize(
    ("name", "text", "goes"),
    [
        ("Will", "will you come, Will?", "Will"),
        ("will", "will you come?", "will"),
        ("Emma Smith", "hi emma smith", "emma smith"),
        ("Emma Smith", "Hi Emma!", "Emma"),
        ("Emma Smith", "SMITH, Emma", "SMITH"),
        ("Emma O'Brien", "emma_o’brien", "emma"),
        ("健太 鈴木", "こんにちは健太鈴木です", "健太"),
        ("佐藤", "佐藤です", "佐藤"),
        ("김철수", "김철수님 안녕하세요", "철수"),
        ("İpek Ağ", "ipek ağ here", "ipek"),
        ("ليلى حداد", "أنا ليلى حداد", "ليلى"),
        ("sarah92", "it is SARAH92", "SARAH92"),
    ],
)
def test_names_in_texts(name, text, goes):
    frame = pd.DataFrame({"nickname": [name], "content": [text]})
    private = pseudonymise(frame, key=KEY)["content"][0]
    assert goes not in private
    assert "person_" in private


@pytest.mark.parametrize(
    ("name", "text"),
    [("Will", "will you"), ("Al", "All in all, Al"), ("n/a", "il n'a pas"), ("Emma", "Emmanuel"),
     ("林", "森林です"), ("Emma Smith", "emma. and then, smith"),
     ("Emma Smith", "emma ..... smith")],
)  # fmt: skip
def test_words_that_are_no_names_stay(name, text):
    frame = pd.DataFrame({"nickname": [name], "content": [text]})
    assert pseudonymise(frame, key=KEY)["content"][0] == text


KEPT = (
    "order #31899", "It costs 1.234.567 EUR", "3 to 5 days", "2026-11-02 09:30:15", "02/11/2026",
    "version 144.0.1", "12:30:45", "https://help.acme.example/en/articles/31899-how-to-pay",
    "std::vector", "and/or", "@support", "n° 4242 4242", "from 2019-2026", "{not json", "[1, 2]",
    "see http://acme.example.",
)  # fmt: skip


@pytest.mark.parametrize("text", KEPT)
def test_what_is_not_personal_stays(text):
    assert pseudonymise(pd.DataFrame({"content": [text]}), key=KEY)["content"][0] == text


@pytest.mark.parametrize("text", [*CARDS, *IBANS, *PHONES, *EMAILS, *IPS])
@pytest.mark.parametrize("around", ["{}", "x {} y", "({}).", "番号は{}です", "a\n{}\nb", '"{}"'])
def test_found_in_any_surroundings(text, around):
    private = pseudonymise(pd.DataFrame({"content": [around.format(text)]}), key=KEY)["content"][0]
    before, after = around.split("{}")
    assert re.fullmatch(re.escape(before) + r"[a-z]+_[0-9a-f]{16}" + re.escape(after), private)


def test_kinds():
    wanted = {"card": CARDS, "iban": IBANS, "phone": PHONES, "email": EMAILS, "ip": IPS}
    for kind, texts in wanted.items():
        assert {look(text).kind for text in texts} == {kind}


def test_a_mistyped_account_goes_with_its_digits():
    private = pseudonymise(pd.DataFrame({"content": [IBANS[0][:-1] + "8 OK"]}), key=KEY)
    assert not re.search(r"\d{9}", re.sub(r"_\w+", "", private["content"][0]))


@pytest.mark.parametrize("link", LINKS)
def test_links_keep_their_page(link):
    private = pseudonymise(pd.DataFrame({"page_url": [link]}), key=KEY)["page_url"][0]
    assert not any(secret in private for secret in SECRETS)
    assert re.fullmatch(
        r"(https://|www\.acme\.example/me\?|https://acme.*)link_[0-9a-f]{16}", private
    )


def test_numbers_stay_numbers():
    frame = pd.DataFrame(
        {
            "phone": [33612345678, 33612345678, 1],
            "latitude": [48.8566, None, -23.55],
            "fax": pd.array([612345678, None, 1], dtype="Int64"),
            "amount": [1.5, 2.5, 3.5],
        }
    )
    private = pseudonymise(frame, key=KEY)
    assert (private.dtypes == frame.dtypes).all()
    assert private["phone"][0] == private["phone"][1] != private["phone"][2]
    assert not set(private["phone"]) & set(frame["phone"])
    assert private["latitude"].tolist()[::2] == [48.9, -23.6]
    assert private["fax"].isna().tolist() == [False, True, False]
    assert private["amount"].equals(frame["amount"])


def test_categories_lists_objects_and_indices():
    frame = pd.DataFrame(
        {
            "nickname": pd.Categorical([None], categories=["Emma Smith"]),
            "anything": [{"x": ["Emma Smith", {"email": "a@b.example"}]}, b"Emma Smith"],
            "emails": [["a@b.example"], ("c@d.example",)],
        },
        index=pd.MultiIndex.from_tuples(
            [("a@b.example", 1), ("c@d.example", 2)], names=["email", "n"]
        ),
    )
    frame.attrs["who"] = "Emma Smith"
    private = pseudonymise(frame, key=KEY)
    categories = private["nickname"].cat.categories.tolist()
    shown = f"{private.to_dict()} {private.index.tolist()} {categories} {private.attrs}"
    for gone in ("Emma", "Unused", "a@b", "c@d"):
        assert gone not in shown
    assert private["nickname"].dtype == "category"
    assert (
        private["anything"].iloc[0]["x"][1]["email"]
        == private["emails"].iloc[0][0]
        == private.index[0][0]
    )
    assert private.index.get_level_values("n").tolist() == [1, 2]


def test_json_is_walked():
    cell = {
        "value": "Emma", "id": "first_name", "phone": 33612345678, "list": [["a@b.example"]],
        "c@d.example": True, "latitude": 48.8566, "card": 4111111111111111, "at": 1793000000000,
    }  # fmt: skip
    frame = pd.DataFrame({"properties": [json.dumps(cell), "{broken a@b.example", None]})
    private = pseudonymise(frame, key=KEY)["properties"]
    walked = json.loads(private[0])
    assert walked["value"].startswith("person_")
    assert walked["phone"].startswith("phone_")
    assert walked["list"][0][0].startswith("email_")
    assert walked["card"].startswith("card_")
    assert (walked["latitude"], walked["at"]) == (48.9, 1793000000000)
    assert "c@d" not in private[0]
    assert re.fullmatch(r"\{broken email_\w+", private[1])
    assert pd.isna(private[2])


def test_escaped_json_hides_no_name():
    frame = pd.DataFrame(
        {"nickname": ["Zoé Lefèvre"], "preview": [r'[{"title":"Zo\u00e9 Lef\u00e8vre"}]']}
    )
    assert "person_" in pseudonymise(frame, key=KEY)["preview"][0]


def test_operators_stay_where_asked(ws):
    operators = ws.operators()
    conversations = ws.conversations(limit=40)
    messages = ws.messages(conversations)
    maker = Pseudonymiser(KEY, keep_operators=True).learn(operators, conversations, messages)
    kept, private = maker.frame(operators), maker.frame(messages)
    for name in ("user_id", "first_name", "last_name"):
        assert kept[name].equals(operators[name])
    assert not kept["email"].isin(operators["email"]).any()
    theirs = (messages["from"] == "operator").to_numpy()
    assert private["nickname"][theirs].equals(messages["nickname"][theirs])
    assert private["nickname"][~theirs].dropna().str.startswith("person_").all()
    assert maker.frame(conversations)["assigned_user_id"].equals(conversations["assigned_user_id"])
    gone = pseudonymise(messages, key=KEY)
    assert not gone["nickname"].isin(messages["nickname"].dropna()).any()


def test_the_report_counts_and_names_nobody():
    frame = pd.DataFrame(
        {
            "email": ["a@b.example", "a@b.example", None],
            "content": ["call 0612345678 or 0612345679", "call 0612345678 or 0612345679", "hi"],
            "data": ['{"a":1,"b":2}', None, "{}"],
        }
    )
    maker = Pseudonymiser(KEY)
    maker.frame(frame)
    rows = maker.report()
    assert rows.to_numpy().tolist() == [
        ["email", "email", 2], ["content", "phone", 4], ["data", "drop", 2],
    ]  # fmt: skip
    assert "b.example" not in f"{rows}{maker!r}"


def test_keys():
    frame = pd.DataFrame({"email": ["a@b.example"]})
    with pytest.warns(crisp.CrispWarning, match="only within this run"):
        pseudonymise(frame)
    with pytest.raises(crisp.BadParameter, match="at least 16"):
        pseudonymise(frame, key="short")
    with pytest.raises(crisp.BadParameter, match="allow="):
        pseudonymise(frame, key=KEY, allow="plan")
    for wrong in (None, 7, b"plan", [7]):
        with pytest.raises(crisp.BadParameter, match="allow must be"):
            pseudonymise(frame, key=KEY, allow=wrong)
    for wrong in (None, 7, "", frame):
        with pytest.raises(crisp.BadParameter, match="also must be a list of frames, not a"):
            pseudonymise(frame, key=KEY, also=wrong)
    with pytest.raises(crisp.BadParameter, match="not a DataFrame"):
        pseudonymise(frame["email"], key=KEY)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Pseudonymiser(KEY))
    assert pseudonymise(frame, key=KEY.encode()).equals(pseudonymise(frame, key=KEY))


def test_names_of_columns():
    roles = {
        "E-Mail": "email", "customer_email_address": "email", "IP address": "ip",
        "Full name": "person",
        "file_name": "file", "userName": "person", "customerId": "id", "meta.phone": "phone",
        "shipping_address": "address", "user_agent": "drop", "data": "free", "participants": "json",
        "Téléphone": "phone", "Vorname": "person", "Adresse": "address", "Adresse IP": "ip",
        "customer": "person", "operator": "text", "customer_messages": "text",
        "amount": "text", "Session ID": "session", "description": "text", "website_id": "keep",
    }  # fmt: skip
    assert {name: role_of(name) for name in roles} == roles


def test_folding_moves_no_character():
    for code in (*range(0xD800), *range(0xE000, 0x110000)):
        assert len(folded(chr(code))) == 1


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
VALUES = {
    "nickname": NAMES,
    "email": st.emails(),
    "phone": st.from_regex(r"\+?[0-9]{3}([ .-]?[0-9]{2}){2,4}", fullmatch=True),
    "ip": st.ip_addresses().map(str),
    "people_id": st.uuids().map(str),
    "session_id": st.uuids().map("session_{}".format),
    "address": st.lists(WORDS, min_size=2, max_size=5).map(", ".join),
}  # fmt: skip
NOISE = st.sampled_from(
    ["", "hello", "It's for ", "注文", "order 12", "\n", "...", "https://a.example/"]
)


@st.composite
def frames(draw):
    columns = draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, unique=True))
    rows = draw(st.integers(1, 4))
    data = {name: [draw(VALUES[name]) for _ in range(rows)] for name in columns}
    everything = [value for values in data.values() for value in values]
    texts = []
    for _ in range(rows):
        pieces = draw(st.lists(st.one_of(NOISE, st.sampled_from(everything)), max_size=6))
        texts.append(" ".join(pieces))
    nested = [
        json.dumps({"a": [text, {text: text}]}, ensure_ascii=draw(st.booleans())) for text in texts
    ]
    return pd.DataFrame(data | {"content": texts, "properties": nested, "extra": nested})


@given(frames())
@example(
    pd.DataFrame(
        {"phone": ["123 4567"], "content": ["123 4567"], "properties": "[]", "extra": "{}"}
    )
)
@example(
    pd.DataFrame(
        {
            "people_id": ["cd613e30-d8f1-6adf-91b7-584a2265b1f5"],
            "phone": ["0000000"],
            "content": ["cd613e30-d8f1-6adf-91b7-584a2265b1f5 0000000"],
            "properties": "[]",
            "extra": "{}",
        }
    )
)
def test_any_frame(frame):
    known = frame.drop(columns=["content", "properties", "extra"])
    private = pseudonymise(frame, key=KEY)
    cells = [str(cell) for name in private for cell in private[name]]
    cells += [str(value) for text in private["properties"] for value in [json.loads(text)]]
    # Tokens hold hexadecimal digits, and short values could be among them by chance.
    cells = [re.sub(r"\b([a-z]+)_[0-9a-f]{16}\b", r"\1", cell) for cell in cells]
    for value in known.to_numpy().ravel():
        if (
            sum(map(str.isalnum, value)) >= 3
            and value.lower() not in " hello it's for order person phone"
        ):
            assert not any(re.search(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", c) for c in cells)
    for name in known:
        assert (private[name] != frame[name]).all() or not frame[name].str.strip().all()
    assert private["extra"].isna().all()


def test_a_uuid_beside_letters_is_not_missed_in_a_path():
    one = str(uuid.uuid4())
    private = pseudonymise(pd.DataFrame({"content": [f"see https://a.example/u/{one}/x"]}), key=KEY)
    assert one not in private["content"][0]
    assert private["content"][0].startswith("see https://a.example/u/link_")


def test_an_account_behind_what_looks_like_one():
    text = "d52ca6d6647a ba95-de52ca66471234 FR7630006000011234567890189 thanks"
    private = pseudonymise(pd.DataFrame({"content": [text]}), key=KEY)["content"][0]
    assert re.search(r" iban_[0-9a-f]{16} thanks$", private)


def test_a_workspace_writes_private_files_that_join(ws, folder, monkeypatch):
    conversations = ws.conversations(limit=20)
    messages = ws.messages(conversations)
    with pytest.warns(crisp.CrispWarning, match="random"):
        ws.to(folder / "c.parquet", conversations, private=True)
    ws.to(folder / "m.parquet", messages, private=True)
    private = crisp.read(folder / "c.parquet")
    assert set(crisp.read(folder / "m.parquet")["session_id"]) == set(private["session_id"])
    assert not set(private["session_id"]) & set(conversations["session_id"])
    ws.to(folder / "k.parquet", conversations, private=Pseudonymiser(KEY))
    kept = pseudonymise(conversations, key=KEY)
    assert crisp.read(folder / "k.parquet")["email"].equals(kept["email"])
    ws.to(folder / "open.parquet", conversations)
    assert crisp.read(folder / "open.parquet")["email"].equals(conversations["email"])


def test_what_repeats_another_column_says_what_that_one_says():
    text = "write to somebody@example.com"
    conversations = pd.DataFrame(
        {
            "preview_type": ["text", "file", "text", None],
            "last_message": [text, "Emma Smith.pdf", "short", None],
            "preview_excerpt": [text[:16], "Emma Smi", "short", None],
        }
    )
    private = pseudonymise(conversations, key=KEY)
    assert "some" not in private.to_csv()
    assert "Emma" not in private.to_csv()
    assert private["last_message"][1].endswith(".pdf")
    assert private["preview_excerpt"][0] == private["last_message"][0][:16]
    assert private["last_message"][2] == private["preview_excerpt"][2] == "short"
    content = {"name": "Emma Smith.pdf", "url": "https://f.example/1", "type": "application/pdf"}
    messages = pd.DataFrame(
        {"content": ["Emma Smith.pdf https://f.example/1"], "content_json": [json.dumps(content)]}
    )
    private = pseudonymise(messages, key=KEY)
    walked = json.loads(private["content_json"][0])
    assert private["content"][0] == f"{walked['name']} {walked['url']}"
    assert walked["name"].endswith(".pdf")
    assert "Emma" not in private.to_csv()
    assert "f.example" not in private.to_csv()


@pytest.mark.parametrize(
    "text",
    [
        "emma＠example.com", "ｅｍｍａ＠ｅｘａｍｐｌｅ．ｃｏｍ", '"emma smith"@example.com',
        "emma @ example.com", "emma [at] example.com", "emma(at)example(dot)com",
        "em\u00adma@\u200bexample.com", "０９０－１２３４－５６７８", "０９０ー１２３４ー５６７８",
        "＋３３　６　１２３４５６７８", "+33\u20096\u200912\u200934\u200956\u200978",
        "06·12·34·56·78", "06−12−34−56−78", "4111—1111—1111—1111",
    ],
)  # fmt: skip
def test_found_however_it_is_typed(text):
    private = pseudonymise(pd.DataFrame({"content": [f"see {text}, ok"]}), key=KEY)["content"][0]
    assert re.fullmatch(r"see (email|phone|card)_[0-9a-f]{16}, ok", private)


def test_typed_in_wide_letters_is_the_same_address():
    frame = pd.DataFrame(
        {"email": ["emma@example.com"], "content": ["ｅｍｍａ＠ｅｘａｍｐｌｅ．ｃｏｍ"]}
    )
    private = pseudonymise(frame, key=KEY)
    assert private["content"][0] == private["email"][0]


@pytest.mark.parametrize("text", ["thanks! @acme.example", "(at) home", "5 @ 3 EUR", "50% off"])
def test_what_only_looks_like_an_address_stays(text):
    assert pseudonymise(pd.DataFrame({"content": [text]}), key=KEY)["content"][0] == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Zoé Lefèvre", "it is Lefevre"), ("Jürgen Müller", "Mr Mueller"),
        ("Jürgen Müller", "Mr Muller"), ("Emma Smith", "ask @EmmaSmith"),
        ("Zoé Lefèvre", "https://acme.example/u/Zo%C3%A9/x"),
        ("Emma Smith", "https://acme.example/u/Emma%20Smith"),
        ("Emma Smith", "Em\u200bma was here"),
    ],
)  # fmt: skip
def test_names_as_others_write_them(name, text):
    frame = pd.DataFrame({"nickname": [name], "content": [text]})
    private = pseudonymise(frame, key=KEY)["content"][0]
    gone = {*re.findall(r"\w+", text)} & {
        "Lefevre", "Mueller", "Muller", "EmmaSmith", "A9", "20Smith", "Em",
    }  # fmt: skip
    assert gone
    assert not any(word in private for word in gone)
    assert re.search(r"(person|link)_[0-9a-f]{16}", private)


def test_whose_name_it_is_comes_before_whose_spelling():
    frame = pd.DataFrame({"nickname": ["Zoé", "Zoe"], "content": ["Zoé", "Zoe"]})
    private = pseudonymise(frame, key=KEY)
    assert private["content"].tolist() == private["nickname"].tolist()
    assert "2 values" in repr(Pseudonymiser(KEY).learn(frame))


def test_a_path_that_names_nobody_stays_encoded():
    link = "https://acme.example/ja/%E6%96%99%E9%87%91"
    frame = pd.DataFrame({"nickname": ["佐藤"], "page_url": [link]})
    assert pseudonymise(frame, key=KEY)["page_url"][0] == link


@pytest.mark.parametrize(
    ("column", "value", "gone"),
    [
        ("user_id", uuid.UUID(int=2**127 + 7), "80000000"),
        ("ip", ipaddress.ip_address("198.51.100.77"), "198.51"),
        ("phone", decimal.Decimal(33612345678), "3361"),
        ("phone", np.int64(33612345678), "3361"),
        ("avatar", pathlib.PurePosixPath("/home/emma.png"), "emma"),
        ("note", pathlib.PurePosixPath("/to/a@b.example"), "a@b"),
        ("anything", {"emails": np.array(["a@b.example"], dtype=object)}, "a@b"),
        ("anything", [pd.Series(["a@b.example"])], "a@b"),
        ("note", '  {"firstname":"Emmanuela"}', "Emmanuela"),
    ],
)
def test_values_of_any_type(column, value, gone):
    frame = pd.DataFrame({column: pd.Series([value, None, "x"], dtype=object)})
    private = pseudonymise(frame, key=KEY)[column]
    assert gone in str(frame[column].iloc[0])
    assert gone not in str(private.iloc[0])
    assert re.search(r"[a-z]+_[0-9a-f]{16}", str(private.iloc[0]))


@pytest.mark.parametrize(
    "value", [pd.Timestamp("2026-10-05"), datetime.date(2026, 10, 5), pd.Timedelta("1h"), True,
              pd.NA, pd.NaT, decimal.Decimal("1.50"), pathlib.PurePosixPath("/etc/hosts")],
)  # fmt: skip
def test_objects_that_name_nobody_stay(value):
    frame = pd.DataFrame({"note": pd.Series([value, "x"], dtype=object)})
    private = pseudonymise(frame, key=KEY)
    assert private["note"].iloc[0] is value
    assert private["note"].dtype == object


def test_categories_that_are_numbers_stay_numbers():
    frame = pd.DataFrame({"phone": pd.Categorical([33612345678, None, 7, 33612345678]),
                          "amount": pd.Categorical([1, 2, 1, None])})  # fmt: skip
    private = pseudonymise(frame, key=KEY)
    assert private["phone"].isna().tolist() == [False, True, False, False]
    assert private["phone"][0] == private["phone"][3] != private["phone"][2]
    assert private["phone"].cat.categories.dtype == "int64"
    assert 33612345678 not in private["phone"].cat.categories
    assert private["amount"].equals(frame["amount"])


def test_names_of_columns_that_are_people():
    rows = pd.DataFrame(
        {"nickname": ["Emma Smith", "Bob Ross"], "first": ["a", "b"], "count": [1, 2]}
    )
    pivot = rows.pivot(index="first", columns="nickname", values="count")
    private = pseudonymise(pivot, key=KEY)
    assert private.columns.name == "nickname"
    assert set(private.columns) == set(pseudonymise(rows, key=KEY)["nickname"])
    named = {"nickname": "Emma Smith", "Emma Smith": 1, "a@b.example": 2, "first_response": 3}
    flat = pd.DataFrame([named])
    maker = Pseudonymiser(KEY)
    names = maker.frame(flat).columns.tolist()
    assert names[0] == "nickname"
    assert names[1].startswith("person_")
    assert names[2].startswith("email_")
    assert names[3] == "first_response"
    both = maker.frame(rows.pivot(index="first", columns="nickname")).columns
    assert both.names == [None, "nickname"]
    for gone in ("Emma", "a@b"):
        assert gone not in f"{maker.report()}{names}{both.tolist()}"


def test_columns_of_the_same_name_and_of_several_levels():
    labels = ["nickname", "nickname", "automated", "automated", "content", "content"]
    twice = pd.DataFrame([["Emma", "Zoe", True, False, "Emma", "Zoe"]], columns=labels)
    deep = pd.MultiIndex.from_tuples([("from", "x"), ("nickname", "")])
    levels = pd.DataFrame([["user", "Emma Smith"]], columns=deep)
    for frame in (twice, levels):
        private = pseudonymise(frame, key=KEY, keep_operators=True)
        assert private.columns.equals(frame.columns)
        assert not re.search("Emma|Zoe", private.to_csv())


def test_known_phones_in_columns_of_numbers_of_any_name():
    phones = ["0612345678", "+33 6 98 76 54 32", "12345"]
    frame = pd.DataFrame(
        {
            "phone": phones,
            "n": [612345678, 12345, 33698765432],
            "f": [612345678.0, None, 1.5],
            "i": pd.array([33698765432, None, 3], dtype="Int64"),
            "small": np.array([612345678, 1, 2], dtype="int32"),
        },
        index=["a", "a", "b"],
    )
    private = pseudonymise(frame, key=KEY)
    assert (private.dtypes == frame.dtypes).all()
    assert not {612345678, 33698765432} & {*private.iloc[:, 1:].stack()}
    assert private["n"].iloc[1] == 12345
    assert private["small"].tolist()[1:] == [1, 2]
    assert private["i"].isna().tolist() == [False, True, False]
    assert private["n"].iloc[2] == private["i"].iloc[0]
    assert private["n"].iloc[0] not in (612345678, 0)
