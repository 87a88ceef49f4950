"""What analysts do with a frame works on every frame that the package gives."""

from __future__ import annotations

import importlib
import inspect
import json
import pickle
import pkgutil
from collections.abc import Callable, Hashable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import crisp_data as crisp
from crisp_data import export, metrics, outbox, privacy, report, tables, transcripts
from crisp_data.forms import html, inbox
from crisp_data.sandbox import Sandbox

# What a form shows is a frame of the workspace or the outbox, and those are here themselves.
SHOWN = {
    "forms.broadcast.Broadcast.dry", "forms.broadcast.Broadcast.result",
    "forms.explore.Explore.conversations", "forms.explore.Explore.partial",
    "forms.explore.Explore.result",
}  # fmt: skip
CONVERSATIONS = "workspace.conversation_lists.ConversationLists.conversations"
MESSAGES = "workspace.conversation_lists.ConversationLists.messages"
PEOPLE = "workspace.website_lists.WebsiteLists.people"
TEXT = "Hello {{ nickname | default('there') }}, we have moved."


def made(folder: Any) -> dict[str, pd.DataFrame]:
    """Make every frame once, by the name of the function that gives it."""
    with Sandbox(seed=1, conversations=25) as box:
        where = {"cache_dir": folder / "cache", "state_dir": folder / "state"}
        ws = crisp.connect(sandbox=box, writes=True, progress=False, sleep=lambda _: None, **where)
        archive = ws.archive(folder / "archive")
        archive.sync(also=["people", "operators", "inboxes", "campaigns"])
        conversations = ws.conversations()
        messages = ws.messages(conversations)
        ids = conversations["session_id"]
        read = {name: getattr(archive, name)() for name in ("people", "operators", "campaigns")}
        answers = metrics.first_response(messages)
        builder = tables.Builder("people")
        maker = privacy.Pseudonymiser("not-for-production")
        first = conversations.head(4)
        sent = ws.send_many(first, template=TEXT, confirm=True)
        found = {
            "archive.reader.Reader.conversations": archive.conversations(),
            "archive.reader.Reader.messages": archive.messages(),
            "archive.reader.Reader.inboxes": archive.inboxes(),
            "archive.reader.Reader.info": archive.info(),
            **{f"archive.reader.Reader.{name}": frame for name, frame in read.items()},
            "workspace.website_lists.WebsiteLists.campaigns": ws.campaigns(),
            "workspace.website_lists.WebsiteLists.inboxes": ws.inboxes(),
            "workspace.website_lists.WebsiteLists.operators": ws.operators(),
            PEOPLE: ws.people(),
            "workspace.website_lists.WebsiteLists.visitors": ws.visitors(),
            "workspace.website_lists.WebsiteLists.websites": ws.websites(),
            CONVERSATIONS: conversations,
            MESSAGES: messages,
            "workspace.conversation_lists.ConversationLists.events": ws.events(ids[0]),
            "workspace.conversation_lists.ConversationLists.files": ws.files(ids[0]),
            "workspace.conversation_lists.ConversationLists.pages": ws.pages(ids[0]),
            "workspace.conversation_lists.ConversationLists.segments": ws.segments(conversations),
            "workspace.workspace.Workspace.send_many": sent,
            "tables.expand.expand": crisp.expand(conversations, "data"),
            "tables.frames.schema": crisp.schema("conversations"),
            "tables.frames.empty": tables.empty("conversations"),
            "tables.frames.to_frame": tables.to_frame(builder.arrow()),
            "tables.builder.Builder.frame": builder.frame(),
            "export.read": crisp.read(crisp.write(folder / "c.parquet", conversations)),
            "metrics.volume.backlog": metrics.backlog(messages),
            "metrics.volume.volume": metrics.volume(conversations),
            "metrics.operators.by_operator": metrics.by_operator(messages),
            "metrics.operators.load": metrics.load(messages),
            "metrics.contacts.contacts": metrics.contacts(conversations),
            "metrics.survival.curve": metrics.curve(answers),
            "metrics.survival.service_level": metrics.service_level(answers, within="1 hour"),
            "metrics.responses.first_response": answers,
            "metrics.responses.responses": metrics.responses(messages),
            "metrics.responses.waiting": metrics.waiting(messages),
            "metrics.grouping.join": metrics.join(messages, conversations, on="segment"),
            "metrics.grouping.segments": metrics.segments(conversations),
            "metrics.tickets.one_touch": metrics.one_touch(messages),
            "metrics.tickets.tickets": metrics.tickets(messages),
            "metrics.resolutions.reopenings": metrics.reopenings(messages),
            "metrics.resolutions.resolution": metrics.resolution(messages),
            "metrics.example.thread": metrics.thread("09:00 customer", "09:05 Ana"),
            "outbox.outbox.Outbox.frame": ws.outbox.frame(),
            "outbox.outbox.Outbox.resume": ws.outbox.resume(),
            "outbox.outbox.Outbox.send_many": ws.send_many(first, template=TEXT),
            "outbox.journal.everything": outbox.everything(folder / "state" / "outbox.sqlite"),
            "outbox.template.render": outbox.render(first, TEXT),
            "privacy.pseudonymiser.Pseudonymiser.frame": maker.frame(conversations),
            "privacy.pseudonymiser.Pseudonymiser.report": maker.report(),
            "privacy.pseudonymise": privacy.pseudonymise(ws.people(), key="not-for-production"),
            "report.figures": report.figures(archive),
        }
        ws.client.close()
    return found


@pytest.fixture(scope="module")
def frames(tmp_path_factory) -> dict[str, pd.DataFrame]:
    return made(tmp_path_factory.mktemp("frames"))


def giving_frames() -> set[str]:
    """Find every public function, method and property that says it returns a frame."""
    rooms = [f"crisp_data.{module.name}" for module in pkgutil.iter_modules(crisp.__path__)]
    found = set[str]()
    for room in ["crisp_data", *rooms]:
        module = importlib.import_module(room) if room != "crisp_data.__main__" else None
        for name in getattr(module, "__all__", ()):
            public = getattr(module, name)
            members = [public]
            if inspect.isclass(public):
                members = [value for key, value in inspect.getmembers(public) if key[0] != "_"]
            for member in members:
                function = inspect.unwrap(getattr(member, "fget", None) or member)
                returned = str(getattr(function, "__annotations__", {}).get("return"))
                if "DataFrame" in returned:
                    place = f"{function.__module__}.{function.__qualname__}"
                    found.add(place.removeprefix("crisp_data."))
    return found


def test_every_function_that_gives_a_frame_is_here(frames):
    assert giving_frames() == {*frames, *SHOWN}


def plain(cell: Any) -> Hashable:
    """Give a cell as what any library calls it: a list is a tuple, what is missing None."""
    if isinstance(cell, (list, tuple, np.ndarray)):
        return tuple(map(plain, cell))
    if isinstance(cell, dict):
        return tuple((key, plain(value)) for key, value in cell.items())
    return None if cell is None or pd.isna(cell) else cell


def cells(column: Any) -> list[Hashable]:
    return [plain(cell) for cell in column]


def lists_in(frame: pd.DataFrame) -> list[str]:
    """Name the columns that hold lists, or would."""
    held = frame.loc[:, [str(dtype) == "object" for dtype in frame.dtypes]]
    return [name for name in held if all(isinstance(v, tuple) for v in held[name].dropna())]


def same(found: pd.DataFrame, frame: pd.DataFrame) -> None:
    assert found.shape == frame.shape
    for name in frame:
        assert cells(found[name]) == cells(frame[name]), name


def drop_duplicates(frame, folder):
    rows = list(zip(*(cells(frame[name]) for name in frame), strict=True))
    assert len(frame.drop_duplicates()) == len(set(rows))
    assert frame.duplicated().sum() == len(rows) - len(set(rows))


def nunique(frame, folder):
    assert frame.nunique().to_dict() == {
        name: len({*cells(frame[name])} - {None}) for name in frame
    }


def isin(frame, folder):
    wanted = {name: list(frame[name].dropna().head(2)) for name in frame}
    found = frame.isin(wanted)
    for name in frame:
        there = set(cells(wanted[name]))
        assert found[name].tolist() == [cell in there for cell in cells(frame[name])], name


def convert_dtypes(frame, folder):
    same(frame.convert_dtypes(), frame)


def concat(frame, folder):
    for parts in ([frame, frame], [frame, frame.iloc[:0]], [frame.iloc[:0], frame]):
        both = pd.concat(parts, ignore_index=True)
        pd.testing.assert_series_equal(both.dtypes, frame.dtypes)
        same(both.iloc[: len(frame)], frame)


def parquet(frame, folder):
    path = folder / "frame.parquet"
    frame.to_parquet(path)
    back = pd.read_parquet(path)
    for name in lists_in(frame):  # pandas reads any list as an array
        back[name] = pd.Series([None if v is None else tuple(v) for v in back[name]], dtype=object)
    if len(frame):
        # By their words: the frame may hold another object for UTC than Parquet's readers make.
        assert back.dtypes.astype(str).to_dict() == frame.dtypes.astype(str).to_dict()
        pd.testing.assert_frame_equal(back, frame, check_dtype=False)
    else:  # without rows, Parquet has nowhere to note the categories
        assert back.dtypes.astype(str).to_dict() == frame.dtypes.astype(str).to_dict()


def pickled(frame, folder):
    back = pickle.loads(pickle.dumps(frame))
    pd.testing.assert_frame_equal(back, frame)
    assert len(back.drop_duplicates()) == len(frame.drop_duplicates())


def in_duckdb(frame, folder):
    found = duckdb.sql("select * from frame").fetchall()
    assert len(found) == len(frame)
    for name in lists_in(frame):
        assert cells(row[list(frame).index(name)] for row in found) == cells(frame[name])


def in_polars(frame, folder):
    found = pl.from_pandas(frame)
    assert found.shape == frame.shape
    for name in lists_in(frame):
        assert cells(found[name].to_list()) == cells(frame[name])


def in_narwhals(frame, folder):
    narwhals = pytest.importorskip("narwhals")
    found = narwhals.from_native(frame)
    pd.testing.assert_frame_equal(found.to_pandas(), frame)
    assert found.unique().shape[0] == len(frame.drop_duplicates())


def by_lists(frame, folder):
    for name in lists_in(frame):
        column = frame[name]
        assert column.value_counts().sum() == column.count()
        assert frame.groupby(name).size().sum() == column.count()
        assert cells(column.sort_values().dropna()) == sorted(cells(column.dropna()))
        assert column.explode().count() == column.str.len().sum()
        assert frame.merge(frame[[name]].drop_duplicates(), on=name).shape == frame.shape


OPERATIONS: list[Callable[[pd.DataFrame, Any], None]] = [
    drop_duplicates, nunique, isin, convert_dtypes, concat, parquet, pickled, in_duckdb,
    in_polars, in_narwhals, by_lists,
]  # fmt: skip


# Columns that hold values of several types, as they say, and which Arrow therefore cannot hold: a
# key of customers' own data, and figures that are counts, shares and durations.
MIXED = {"tables.expand.expand": [parquet, in_polars]}
MIXED["report.figures"] = [*MIXED["tables.expand.expand"], in_duckdb]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_frame_can(operation, frames, tmp_path):
    failed = {}
    for name, frame in frames.items():
        try:
            operation(frame, tmp_path)
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {str(error)[:200]}"
    assert failed.keys() == {name for name in MIXED if operation in MIXED[name]}, failed


@pytest.mark.parametrize("base", [[], None])
def test_a_list_that_is_rare_reaches_duckdb_and_polars(base):
    """DuckDB looks at a sample of a column; of nothing but empty lists it makes no texts."""
    rows = [{"fingerprint": number, "mentions": base} for number in range(3_000)]
    rows[1_501]["mentions"] = ["Ana", "Ben"]
    builder = tables.Builder("messages")
    builder.add(json.dumps({"error": False, "data": rows}).encode(), session_id="session_1")
    frame = builder.frame()[["fingerprint", "mentions"]]
    with duckdb.connect() as asked:
        asked.execute("set pandas_analyze_sample = 1000000")
        asked.register("frame", frame)
        asked.register("arrow", pa.Table.from_pandas(frame))
        for name in ("frame", "arrow"):
            found = asked.sql(f"select mentions from {name} where len(mentions) > 0").fetchall()
            assert cells(row[0] for row in found) == [("Ana", "Ben")]
    found = pl.from_pandas(frame)["mentions"]
    assert found.dtype == pl.List(pl.String)
    assert cells(found.to_list()) == cells(frame["mentions"])


def lists(kind: str) -> Callable[[Any], Any]:
    """Give a column of tuples as users' own frames may have it."""
    if kind == "arrow":
        return lambda v: v.astype(pd.ArrowDtype(pa.list_(pa.string())))
    if kind == "large arrow":
        return lambda v: v.astype(pd.ArrowDtype(pa.large_list(pa.large_string())))
    make = {"lists": list, "arrays": lambda v: np.array(v, object), "tuples": tuple}[kind]
    return lambda v: pd.Series([None if c is None else make(c) for c in v], v.index, object)


@pytest.mark.parametrize("kind", ["tuples", "lists", "arrays", "arrow", "large arrow"])
def test_users_own_lists_are_lists_too(kind, frames, tmp_path):
    """As pandas.read_parquet, DuckDB, Polars or an older frame of ours gives them."""
    own = {}
    made = {"conversations": frames[CONVERSATIONS], "people": frames[PEOPLE]}
    for table, frame in made.items():
        assert {"segments", "locales"} <= set(lists_in(frame))
        own[table] = frame.assign(**{name: lists(kind)(frame[name]) for name in lists_in(frame)})
    messages = frames[MESSAGES]
    calls: list[Callable[[pd.DataFrame], Any]] = [
        metrics.segments,
        metrics.contacts,
        lambda frame: metrics.join(messages, frame, on=["segment", "language"]),
        lambda frame: list(transcripts.render(messages, frame)),
        lambda frame: crisp.expand(frame, "data"),
        lambda frame: outbox.render(frame, "{{ segments | join(', ') | default('none') }}"),
        lambda frame: [html.cell_text(cell) for cell in frame["segments"]],
        lambda frame: [inbox.facts(row) for _, row in frame.iterrows()],
        lambda frame: privacy.pseudonymise(frame, key="not-for-production").map(plain),
    ]
    for call in calls:
        found, wanted = call(own["conversations"]), call(made["conversations"])
        if isinstance(wanted, pd.DataFrame):
            same(found, wanted)
        else:
            assert found == wanted
    for ending in export.ENDINGS:
        for table, frame in own.items():
            back = crisp.read(crisp.write(tmp_path / f"own{ending}", frame), table)
            pd.testing.assert_frame_equal(back, made[table])


def test_lists_of_a_frame_are_shared(frames):
    """Equal lists are one object, so that a column takes the memory of its different ones."""
    segments = frames[CONVERSATIONS]["segments"]
    assert len({id(cell) for cell in segments}) == segments.nunique(dropna=False) < len(segments)
