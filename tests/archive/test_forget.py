"""Nothing of a forgotten person is left in any file, old versions and orphans included."""

import json
import os
import pathlib
import re
import shutil
import uuid
import warnings

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

import crisp_data as crisp
from crisp_data.archive.state import StateTable
from crisp_data.archive.table import having


def texts_of(path):
    """Everything a file says: its bytes and, of a Parquet file, its cells and its metadata."""
    yield path.read_bytes()
    if path.suffix == ".parquet":
        rows = pq.ParquetFile(path)
        yield json.dumps(rows.read().to_pylist(), default=str, ensure_ascii=False).encode()
        yield str(rows.metadata.to_dict()).encode()


def files_that_hold(folder, *words):
    """List the files in which any of these words stands; each file is read once."""
    needles = [word.lower().encode() for word in words]
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert paths
    return [path for path in paths if any(holds(one, needles) for one in texts_of(path))]


def holds(content, needles):
    content = content.lower()
    return any(needle in content for needle in needles)


@pytest.fixture
def person(sandbox, ws, archive, api):
    """Somebody with conversations, a profile, and their address in other people's rows."""
    row = next(
        r for r in sandbox.truth("conversations") if r["meta"].get("email") and r["people_id"]
    )
    email = row["meta"]["email"]
    others = [
        r["session_id"] for r in sandbox.truth("conversations") if r["meta"].get("email") != email
    ]
    api.say(row["session_id"], f"I am {email}")
    archive.sync(also=["people", "operators"])
    api.say(row["session_id"], f"Write to {email.upper()}")
    api.say(others[0], f"My colleague {email.upper()} knows")
    api.say(
        others[1],
        {"name": f"{email}.pdf", "url": "https://x.example/1", "type": "a/b"},
        type="file",
    )
    ws.client.call(
        "update_conversation_metas",
        website_id=ws.website_id,
        session_id=others[2],
        json={"segments": [f"with {email}"], "data": {"colleague": email}},
    )
    archive.sync(also=["people", "operators"])
    return email, others


def test_a_person_is_gone_from_every_file(sandbox, ws, archive, person, tmp_path):
    email, others = person
    shelf = tmp_path / "shelf"
    theirs = archive.conversations().query("email == @email")["session_id"].tolist()
    # An orphan: what a writer that was killed before its commit leaves behind.
    orphan = shelf / "messages" / "month=2026-10" / "part-00000-orphan.zstd.parquet"
    orphan.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table({"content": [email]}), orphan)
    before = len(archive.messages()), len(archive.conversations())
    assert len(files_that_hold(shelf, email)) >= 6
    reader = crisp.Archive(shelf)
    reader.messages()

    removed = archive.forget(email=email.title())

    assert files_that_hold(shelf, email) == []
    for session_id in theirs:
        assert files_that_hold(shelf, session_id) == []
    assert not set(archive.conversations()["session_id"]) & set(theirs)
    assert removed["conversations"] >= len(theirs)
    assert removed["people"] >= 1
    # Nobody else is.
    assert set(others) <= set(archive.conversations()["session_id"])
    assert len(archive.conversations()) == before[1] - len(theirs)
    truth = [row for row in sandbox.truth("messages") if row["session_id"] not in theirs]
    assert len(archive.messages()) == len(truth) < before[0]
    said = archive.messages(others[0])["content"]
    assert said.iloc[-1] == "My colleague [forgotten] knows"
    assert reader.messages().equals(archive.messages())


def test_the_cache_forgets_too(sandbox, ws, archive, person, tmp_path):
    email, _ = person
    ws.messages(ws.conversations(search=email))
    assert ws.client.cached() > 0
    archive.forget(email=email)
    assert ws.client.cached() == 0


def test_without_a_workspace_the_cache_is_named(archive, tmp_path):
    archive.sync()
    email = archive.conversations()["email"].dropna().iloc[0]
    with pytest.warns(crisp.CrispWarning, match="cache clear"):
        crisp.Archive(tmp_path / "shelf").forget(email=email)
    assert files_that_hold(tmp_path / "shelf", email) == []


def test_one_conversation(archive, ws, tmp_path):
    archive.sync()
    session_id = archive.conversations()["session_id"][7]
    assert archive.forget(session_id=session_id)["messages"] > 0
    assert files_that_hold(tmp_path / "shelf", session_id) == []
    assert len(archive.conversations()) == 51
    assert archive.forget(session_id=session_id) == {"conversations": 0, "messages": 0}


@pytest.mark.parametrize("around", ["{} ", " {}\n", "\t{}\N{NO-BREAK SPACE}"])
def test_blanks_around_a_copied_id_are_no_part_of_it(archive, tmp_path, around):
    archive.sync(since="10 days ago")
    session_id = archive.conversations()["session_id"][0]
    assert archive.forget(session_id=around.format(session_id))["conversations"] == 1
    assert files_that_hold(tmp_path / "shelf", session_id) == []


def test_who_stands_nowhere_is_told_by_the_counts(archive):
    archive.sync(since="2 days ago")
    nothing = {"conversations": 0, "messages": 0}
    assert archive.forget(session_id=f"session_{uuid.UUID(int=7)}") == nothing
    assert archive.forget(email="nobody@nowhere.example") == nothing


@pytest.mark.parametrize("given", ["ana@bücher.example", "Ana@xn--bcher-kva.example."])
def test_a_domain_is_one_however_it_is_spelled(archive, api, ws, sandbox, tmp_path, given):
    """With the dots of Chinese and Japanese, in Punycode, and with the dot at its end."""
    theirs, others = (row["session_id"] for row in sandbox.truth("conversations")[:2])
    where = {"website_id": ws.website_id, "session_id": theirs}
    email = "ana@xn--bcher-kva.example"
    ws.client.call("update_conversation_metas", **where, json={"email": email})
    spelled = ["ana@bücher。example", "ana@bücher．example", "ANA@XN--BCHER-KVA｡example."]
    text = "请联系 {} 谢谢"
    for one in spelled:
        api.say(others, text.format(one))
    archive.sync()
    archive.forget(email=given)
    assert theirs not in set(archive.conversations()["session_id"])
    said = archive.messages(others)["content"].tolist()[-3:]
    left = ["[forgotten]", "[forgotten]", "[forgotten]."]
    assert said == [text.format(one) for one in left]
    for one in [*spelled, email]:
        assert files_that_hold(tmp_path / "shelf", one) == []


def test_somebody_who_never_wrote(archive, tmp_path):
    archive.sync(since="2 days ago", also=["people"])
    wrote = set(archive.conversations()["email"].dropna())
    email = next(one for one in archive.people()["email"].dropna() if one not in wrote)
    before = len(archive.messages())
    assert archive.forget(email=email)["people"] == 1
    assert files_that_hold(tmp_path / "shelf", email) == []
    assert email not in set(archive.people()["email"])
    assert len(archive.messages()) == before
    assert set(archive.forget(email=email).values()) == {0}


def test_an_address_that_ends_like_theirs_is_somebody_else_s(archive, ws, sandbox):
    rows = [row["session_id"] for row in sandbox.truth("conversations")[:2]]
    for session_id, email in zip(rows, ["jo@acme.example", "banjo@acme.example"], strict=True):
        where = {"website_id": ws.website_id, "session_id": session_id}
        ws.client.call("update_conversation_metas", **where, json={"email": email})
    archive.sync(also=["people"])
    assert archive.forget(email="jo@acme.example")["conversations"] == 1
    found = archive.conversations().set_index("session_id")["email"]
    assert rows[0] not in found
    assert found[rows[1]] == "banjo@acme.example"


def test_a_quote_is_a_character_like_any_other(archive, api, ws, sandbox, tmp_path):
    row = sandbox.truth("conversations")[3]
    odd = "o'neil%_@example.com"
    ws.client.call(
        "update_conversation_metas",
        website_id=ws.website_id,
        session_id=row["session_id"],
        json={"email": odd},
    )
    archive.sync()
    assert archive.forget(email=odd)["conversations"] == 1
    assert files_that_hold(tmp_path / "shelf", odd) == []


@pytest.mark.parametrize(
    ("stored", "given"),
    [
        ("O’Brien@acme.example", "o'brien@acme.example"),
        ("o'brien@acme.example", "o’brien@ACME.example"),
    ],
)
def test_an_apostrophe_is_one_whatever_its_form(archive, api, ws, sandbox, tmp_path, stored, given):
    first, second, third = (row["session_id"] for row in sandbox.truth("conversations")[:3])
    others = ["do’brien@acme.example", "do'brien@acme.example"]
    for session_id, email in ((first, stored), (second, others[0])):
        where = {"website_id": ws.website_id, "session_id": session_id}
        ws.client.call("update_conversation_metas", **where, json={"email": email})
    for text in (f"ask {stored}", f"ask {given}", *others):
        api.say(third, text)
    archive.sync()
    before = archive.conversations().set_index("session_id")
    assert archive.forget(email=given) == {"conversations": 1, "messages": len(
        [row for row in sandbox.truth("messages") if row["session_id"] == first]) + 2}  # fmt: skip
    after = archive.conversations().set_index("session_id")
    assert after.index.equals(before.index.drop(first))
    assert after["people_id"].equals(before["people_id"].drop(first))
    assert after["email"][second] == others[0]
    said = archive.messages(third)["content"].tolist()[-4:]
    assert said == ["ask [forgotten]", "ask [forgotten]", *others]
    for spelling in (stored, given):
        for path in files_that_hold(tmp_path / "shelf", spelling):
            texts = [
                text.lower().replace(f"d{spelling}".lower().encode(), b"")
                for text in texts_of(path)
            ]
            assert not any(spelling.lower().encode() in text for text in texts)


def test_a_person_whom_only_others_mention(archive, api, sandbox, tmp_path):
    """Nobody's conversation is theirs: their address still leaves the words of others."""
    email = "colleague@elsewhere.example"
    api.say(sandbox.truth("conversations")[3]["session_id"], f"Write to {email} instead")
    archive.sync()
    held = len(archive.conversations())
    assert archive.forget(email=email) == {"conversations": 1, "messages": 1}
    assert files_that_hold(tmp_path / "shelf", email) == []
    assert len(archive.conversations()) == held
    assert archive.forget(email=email) == {"conversations": 0, "messages": 0}


def test_what_is_no_address_and_no_session_id_changes_nothing(archive, tmp_path):
    archive.sync()
    before = {path: path.read_bytes() for path in tmp_path.rglob("shelf/**/*") if path.is_file()}
    wrong = [
        ({}, "either an e-mail or a session_id"),
        ({"email": "a@b.example", "session_id": "session_1"}, "either an e-mail or a session_id"),
        *(({"email": text}, "not an e-mail address") for text in ("", " ", "e", "@", "a@", "@b")),
        ({"email": "a@b.example, c@d.example"}, "not an e-mail address"),
        ({"email": ["a@b.example"]}, "one text, not a list"),
        ({"email": 7}, "one text, not a int"),
        *(({"session_id": text}, "not a session_id") for text in ("", " ", "e", 7, ["session_1"])),
        *(
            ({"session_id": text}, "not a session_id")
            for text in ("session_", "session_ ", "session_-", "session_1 2", "session_1\u200b",
                         "session_1,session_2", "'session_1'", "Session_1", "session_…",
                         "session_1\ud83d", "jo@a.example", b"session_1", pd.Series(["session_1"]))
        ),
        ({"email": "session_1"}, "not an e-mail address"),
    ]  # fmt: skip
    for given, why in wrong:
        with pytest.raises(crisp.BadParameter, match=why):
            archive.forget(**given)
    after = {path: path.read_bytes() for path in tmp_path.rglob("shelf/**/*") if path.is_file()}
    assert after == before


SPELLINGS = [
    "https://x.example/?to=sales%40shop.example&a=1",
    "https://x.example/?to=SALES%40SHOP.EXAMPLE",
    "sales&#64;shop.example",
    "sales&commat;shop.example",
    "sales\uff20shop.example",
    "Sales@Shop.Example",
    'pasted {"to":"sales\\u0040shop.example"}',
]
OTHERS = ["xsales@shop.example", "sales@shop.example.org", "pre.sales@shop.example"]


def test_no_spelling_of_the_address_is_left_and_no_other_is_touched(
    archive, api, ws, sandbox, tmp_path
):
    """In words, in free data, and in fields that Crisp added; ids stay what they are."""
    first, second, third = (row["session_id"] for row in sandbox.truth("conversations")[:3])
    for text in SPELLINGS + OTHERS:
        api.say(first, text)
    data = {f"key{number}": text for number, text in enumerate(SPELLINGS + OTHERS)}
    metas = {"website_id": ws.website_id, "json": {"data": data}}
    ws.client.call("update_conversation_metas", session_id=second, **metas)
    metas = {"website_id": ws.website_id, "json": {"email": "xsales@shop.example"}}
    ws.client.call("update_conversation_metas", session_id=third, **metas)
    archive.sync(also=["people"])
    escaped(archive, second)
    before = archive.conversations(), archive.messages()

    removed = archive.forget(email=" sales@shop.example ")

    # The last conversation is another's; of the second one the row was mended, not removed.
    assert removed["conversations"] >= 1
    after = archive.conversations(), archive.messages()
    for old, new in zip(before, after, strict=True):
        ids = [name for name in old if name.endswith("_id") or name in ("fingerprint", "email")]
        pd.testing.assert_frame_equal(old[ids], new[ids])
    words = archive.messages(first)["content"].tolist()[-len(data) :]
    assert [text for text in words[: len(SPELLINGS)] if "[forgotten]" not in text] == []
    assert words[len(SPELLINGS) :] == OTHERS
    row = after[0].set_index("session_id").loc[second]
    found = [json.loads(row["data"])[key] for key in data]
    assert [text for text in found[: len(SPELLINGS)] if "[forgotten]" not in text] == []
    assert found[len(SPELLINGS) :] == OTHERS
    assert json.loads(row["extra"]) == {"new": {"by": "[forgotten]", "of": "xsales@shop.example"}}
    for path in tmp_path.rglob("shelf/**/*"):
        for text in texts_of(path) if path.is_file() else ():
            whole = text.lower()
            for other in OTHERS:
                whole = whole.replace(other.encode(), b"")
            assert not re.search(rb"sales(@|%40|&#64;|&commat;|\\+u0040|\xef\xbc\xa0)shop", whole)


def escaped(archive, session_id):
    """Let a field that no column knows hold the address as some writers of JSON escape it."""
    table = archive._tables["conversations"]
    rows = table.read(None, having([session_id])).cast(table.schema)
    text = '{"new":{"by":"sales\\u0040shop.example","of":"xsales@shop.example"}}'
    place = rows.schema.get_field_index("extra")
    table.put(rows.set_column(place, "extra", pa.array([text])), [session_id])


def test_an_id_that_is_the_address_is_no_other_id(archive, api, sandbox):
    """Who wrote by e-mail may be named by it; an id that only ends like it is another's."""
    session_id = sandbox.truth("conversations")[0]["session_id"]
    for number, user_id in enumerate(["sales@shop.example", "urn:sales@shop.example"]):
        api.say(session_id, f"{number}", user={"user_id": user_id, "nickname": "N"})
    archive.sync()
    found = archive.messages(session_id)["user_id"].tolist()[-2:]
    assert found == ["sales@shop.example", "urn:sales@shop.example"]
    archive.forget(email="sales@shop.example")
    found = archive.messages(session_id)["user_id"].tolist()[-2:]
    assert found == ["[forgotten]", "urn:sales@shop.example"]


def test_a_writer_keeps_others_from_forgetting(archive, tmp_path):
    archive.sync()
    state_table = StateTable(archive._storage)
    with state_table.held(state_table.load().website_id), pytest.raises(crisp.ArchiveBusy):
        archive.forget(email="a@b.example")


def test_there_must_be_an_archive(archive):
    with pytest.raises(crisp.BadParameter, match="no archive here"):
        archive.forget(email="a@b.example")


@pytest.mark.needs("modes")
def test_the_folder_is_private(archive, tmp_path):
    archive.sync()
    assert os.stat(tmp_path / "shelf").st_mode & 0o077 == 0
    log = pathlib.Path(tmp_path / "shelf" / "conversations" / "_delta_log")
    assert log.is_dir()


READS = {
    "conversations": lambda archive: archive.conversations(),
    "messages": lambda archive: archive.messages(),
    "people": lambda archive: archive.people(),
    "info": lambda archive: archive.info(),
    "now": lambda archive: archive.now,
}


@pytest.mark.parametrize(
    "name",
    [
        "messages",
        *(pytest.param(one, marks=pytest.mark.slow) for one in READS if one != "messages"),
    ],
)
def test_who_reads_meanwhile_reads_what_is_left(few, tmp_path, monkeypatch, name):
    """Files of the version that is being read go: the newest is read then."""
    archive, work = few[1].archive(tmp_path / "shelf"), READS[name]
    archive.sync(also=["people"])
    email = archive.people()["email"].dropna().iloc[0]
    opened, others = DeltaTable.to_pyarrow_dataset, {"sync", "people", "conversations", "messages"}

    def meanwhile(self, **options):
        found = opened(self, **options)
        table = self.table_uri.rstrip("/").rpartition("/")[2]
        if table in others:
            others.discard(table)
            with monkeypatch.context() as undisturbed:
                undisturbed.setattr(DeltaTable, "to_pyarrow_dataset", opened)
                archive.forget(email=email)
                archive.sync(also=["people"])
                StateTable(archive._storage).load()
        return found

    with monkeypatch.context() as disturbed, warnings.catch_warnings(action="ignore"):
        disturbed.setattr(DeltaTable, "to_pyarrow_dataset", meanwhile)
        found = work(crisp.Archive(tmp_path / "shelf"))
    assert "sync" not in others
    if isinstance(found, pd.DataFrame):
        pd.testing.assert_frame_equal(found, work(archive))


@pytest.mark.slow
def test_a_damaged_small_table_is_named_with_the_way_on(archive, person, tmp_path):
    email, _ = person
    for path in (tmp_path / "shelf" / "people").glob("*.parquet"):
        path.write_bytes(b"no table")
    for step in (lambda: archive.forget(email=email), archive.sync):  # it is completed first
        with pytest.raises(crisp.FileTrouble, match="table people") as error:
            step()
        assert f"delete the folder people in {tmp_path / 'shelf'}" in error.value.hint
        assert email not in str(error.value)
    shutil.rmtree(tmp_path / "shelf" / "people")
    archive.forget(email=email)
    assert not (archive.conversations()["email"] == email).any()
    assert archive.sync(also=["people"]).requests > 0
