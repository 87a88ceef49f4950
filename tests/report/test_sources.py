"""What a workspace and an archive are asked for, and what it costs."""

import re
from functools import partial

import pandas as pd
import pytest
from click.testing import CliRunner

import crisp_data as crisp
from crisp_data import report
from crisp_data.cli import main
from crisp_data.errors import BadParameter
from crisp_data.report import build
from crisp_data.report.inputs import of_source

from .conftest import PARIS, Page

START = pd.Timestamp("2026-09-01", tz=PARIS)


@pytest.fixture(autouse=True)
def no_charts(monkeypatch):
    """They take seconds, and are drawn in test_page.py."""
    monkeypatch.setattr(build, "charts", lambda *_: [])


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(main, arguments)


def test_only_what_the_two_periods_need(box, truth):
    """Without a cache: every request reaches the sandbox, and the page tells how many."""
    ws = crisp.connect(sandbox=box, cache=False, progress=False, workers=1)
    before = box.stats()
    read = of_source(ws, None, None, tz=PARIS, refresh=False)
    spent = box.stats()["requests"] - before["requests"]
    assert read.requests == spent
    needed = truth[0][truth[0]["updated_at"] >= START]
    assert len(needed) < len(truth[0])
    assert set(read.conversations["session_id"]) == set(needed["session_id"])
    assert set(read.messages["session_id"]) == set(needed["session_id"])
    # A page for 50, one to see the end, one more look at what moved, a thread each or two, inboxes.
    batches = truth[1].groupby("session_id").size().reindex(needed["session_id"])
    threads = (-(-batches // 40)).sum()
    assert threads <= spent <= threads + len(needed) // 49 + 5


def test_the_page_tells_what_it_cost(box, tmp_path):
    ws = crisp.connect(sandbox=box, cache=False, progress=False)
    before = box.stats()["requests"]
    page = Page(report.write(tmp_path / "x.html", ws, tz=PARIS).read_text("utf-8"))
    spent = box.stats()["requests"] - before
    assert f"{spent:,} requests spent" in page.text
    assert page.within("h1")[0] == "Acme"


def test_an_archive_makes_the_same_page_for_nothing(box, acme, tmp_path):
    archive = acme.archive(tmp_path / "acme")
    archive.sync(also=["inboxes"])
    from_ws = report.write(tmp_path / "ws.html", acme, title="Acme").read_text("utf-8")
    before = box.stats()["requests"]
    alone = crisp.Archive(tmp_path / "acme", tz=PARIS)
    stored = report.write(tmp_path / "stored.html", alone, title="Acme").read_text("utf-8")
    assert box.stats()["requests"] == before
    assert "0 requests spent" in stored
    requests = re.compile(r"[\d,]+ requests spent")
    assert requests.sub("", stored) == requests.sub("", from_ws)


@pytest.mark.slow
def test_how_far_back_an_archive_reaches(acme, tmp_path):
    short = acme.archive(tmp_path / "short")
    short.sync(since="40 days ago")
    page = Page(report.write(tmp_path / "x.html", short).read_text("utf-8"))
    assert "so September 2026 is not compared" in page.text
    assert "October 2026 lacks" not in page.text
    assert report.figures(short)["before"].isna().all()
    newest = acme.archive(tmp_path / "newest")
    newest.sync(since="1 day ago")
    with pytest.raises(BadParameter, match="holds nothing of October 2026") as refused:
        report.write(tmp_path / "x.html", newest)
    assert "archive.sync(since=" in refused.value.hint
    with pytest.raises(BadParameter, match="There is no archive"):
        report.write(tmp_path / "x.html", crisp.Archive(tmp_path / "none"))


def test_the_zone_is_asked_for_or_the_workspaces(box, tmp_path):
    ws = crisp.connect(sandbox=box, tz="Asia/Tokyo", progress=False)
    page = Page(report.write(tmp_path / "x.html", ws).read_text("utf-8"))
    assert "Times in Asia/Tokyo" in page.text
    assert "As of 2 Nov 2026, 18:00" in page.text
    page = Page(report.write(tmp_path / "x.html", ws, tz="UTC").read_text("utf-8"))
    assert "As of 2 Nov 2026, 09:00" in page.text


@pytest.fixture
def token(box, monkeypatch):
    for name in ("identifier", "key", "tier", "website_id"):
        monkeypatch.setenv(f"CRISP_{name.upper()}", getattr(box, name))
    monkeypatch.setenv("CRISP_BASE_URL", box.url)


@pytest.mark.slow
def test_on_the_command_line(run, acme, tmp_path):
    archive = str(tmp_path / "acme")
    acme.archive(archive).sync()
    path = tmp_path / "week.html"
    week = ("--archive", archive, "--since", "2026-10-19", "--until", "2026-10-25")
    done = run("report", *week, "--tz", PARIS, "-o", str(path), "--title", "My shop",
               "--within", "30 minutes", "--hours", "mon-fri 09:00-12:30, 14:00-18:00",
               "--hours", "sat 10:00-12:00")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "0 requests spent" in done.output
    page = Page(path.read_text("utf-8"))
    assert page.within("h1") == ["My shop", "19 Oct 2026 to 25 Oct 2026"]
    assert "Answered within 30 min" in page.within("dt")
    assert "mon-fri 09:00-12:30, 14:00-18:00, sat 10:00-12:00" in page.text


@pytest.mark.slow
def test_with_a_token_and_nobody_named(run, token, box, truth, tmp_path):
    path = tmp_path / "page.html"
    spent = box.stats()["requests"]
    # Made for the clock of the sandbox, which the command does not have.
    done = run("report", "--since", "2026-10-01", "--until", "2026-10-31", "--tz", PARIS,
               "--private", "-o", str(path))  # fmt: skip
    assert done.exit_code == 0, done.output
    html = path.read_text("utf-8")
    counted = int(re.search(r"([\d,]+) requests spent", done.output)[1].replace(",", ""))
    assert 0 < counted <= box.stats()["requests"] - spent
    names = {str(name).strip() for name in truth[0]["nickname"].dropna()}
    assert not [name for name in names if name in html]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "x.pdf"), ".html"),
        (("-o", "nowhere/x.html"), "folder"),
        (("-o", "x.html", "--since", "soon"), "7 days ago"),
        (("-o", "x.html", "--until", "2026-10-31"), "since"),
        (("-o", "x.html", "--within", "never"), "30 minutes"),
        (("-o", "x.html", "--hours", "9-18"), "is not a day"),
        (("-o", "x.html", "--hours", "mon 09:00-10:00", "--hours", "mon 12:00-13:00"), "twice"),
        (("-o", "x.html", "--tz", "Mars"), "Europe/Paris"),
        (("-o", "x.html", "--archive", "none"), "no archive"),
    ],
)
def test_refused_before_anything_is_spent(run, token, box, arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    listed = box.stats()["by_operation"].get("list_conversations", 0)
    done = run("report", *arguments)
    assert done.exit_code == 2, done.output
    assert words in done.output
    assert box.stats()["by_operation"].get("list_conversations", 0) == listed
    assert not list(tmp_path.glob("*.html"))


def test_frames_that_lack_something_are_refused_by_name(acme, tmp_path):
    conversations = acme.conversations(limit=5)
    messages = acme.messages(conversations)
    for lacking in ("topic", "website_id", "people_id", "segments"):
        with pytest.raises(BadParameter, match=f"has no column '{lacking}'"):
            report.write(tmp_path / "x.html", conversations.drop(columns=lacking), messages)
    with pytest.raises(BadParameter, match="has no column 'automated'"):
        report.write(tmp_path / "x.html", conversations, messages.drop(columns="automated"))
    # One empty frame of the two takes nothing from the other.
    assert report.write(tmp_path / "x.html", conversations[:0], messages).exists()


def test_names_of_bots_are_refused_before_anything_is_spent(box, tmp_path):
    ws = crisp.connect(sandbox=box, cache=False, progress=False)
    before = box.stats()["requests"]
    for measure in (partial(report.write, tmp_path / "x.html"), report.figures):
        with pytest.raises(BadParameter, match="int is not a name"):
            measure(ws, bots=5)
    assert box.stats()["requests"] == before


def test_true_makes_a_page_private_and_what_is_neither_costs_nothing(box, tmp_path, monkeypatch):
    monkeypatch.setenv("CRISP_PRIVACY_KEY", "sixteen-characters-at-least")
    ws = crisp.connect(sandbox=box)
    before = box.stats()["requests"]
    for odd in ("sixteen-characters-at-least", 1, b"key", pd.DataFrame()):
        with pytest.raises(BadParameter, match="private must be True, False or a Pseudonymiser"):
            report.write(tmp_path / "a.html", ws, private=odd)
        with pytest.raises(BadParameter, match="private must be True, False or a Pseudonymiser"):
            ws.to(tmp_path / "a.csv", pd.DataFrame(), private=odd)
    assert box.stats()["requests"] == before
    pages = {
        private: report.write(tmp_path / "a.html", ws, private=private).read_text("utf-8")
        for private in (True, False, None)
    }
    assert pages[False] == pages[None] != pages[True]
    names = [one for one in ws.conversations()["session_id"] if one in pages[False]]
    assert names
    assert not [one for one in names if one in pages[True]]
