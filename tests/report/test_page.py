"""The page: what stands on it, what it says when data are missing, and what it never holds."""

import base64
import re

import pandas as pd
import pytest

from crisp_data import metrics, report, tables
from crisp_data.errors import BadParameter
from crisp_data.plots import style as look
from crisp_data.privacy import Pseudonymiser
from crisp_data.report import build, wording

from .conftest import PARIS, Page

EVIL = [
    "<script>alert(1)</script>",
    "</table><img src=https://evil.example/x>",
    '" onmouseover="alert(1)',
    "{{ r.title }} {% raw %}",
    "<style>@import 'https://evil.example/x.css';</style>",
]


@pytest.fixture
def write(truth, now, tmp_path, monkeypatch):
    """Write a page; without the charts, which take seconds, where they do not matter."""

    def written(conversations=None, messages=None, *, draw=False, **options):
        if not draw:
            monkeypatch.setattr(build, "charts", lambda *_: [])
        frames = (
            truth[0] if conversations is None else conversations,
            truth[1] if messages is None else messages,
        )
        options = {"now": now, "tz": PARIS, "title": "Acme", **options}
        return report.write(tmp_path / "page.html", *frames, **options).read_text("utf-8")

    return written


@pytest.fixture(scope="module")
def html(truth, box, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    moment = pd.Timestamp(box.now).tz_convert(PARIS)
    return report.write(path, *truth, now=moment, tz=PARIS, title="Acme").read_text("utf-8")


def pictures(html):
    """The pictures of a page as the text that they are."""
    found = [image["src"].partition("base64,")[2] for image in Page(html).all("img")]
    assert len(found) == 6
    return [base64.b64decode(picture).decode() for picture in found]


def test_every_figure_with_the_one_before_and_its_meaning(html, truth, now):
    page = Page(html)
    found = report.figures(*truth, tz=PARIS, now=now)
    kinds = ["count"] * 5 + ["duration", "share", "duration", "share", "count"]
    terms = page.within("dt")
    assert terms == [*found["figure"], *found["figure"]], "at a glance, and with its meaning"
    texts_shown = page.within("dd")
    for kind, row in zip(kinds, found.itertuples(), strict=True):
        assert wording.as_text(kind, row.now) in texts_shown
        assert f"{wording.as_text(kind, row.before)} in September 2026" in texts_shown
        assert any(text.startswith(row.change) for text in texts_shown)
    assert "Acme" in page.within("h1")
    assert "October 2026" in page.within("h1")
    assert "Times in Europe/Paris" in page.text
    assert "As of 2 Nov 2026, 10:00" in page.text


def test_better_and_worse_are_words(html, truth, now):
    """Colour only repeats what is written, and what is written is right."""
    less = {"Waiting at the end", "Median first response", "Median resolution", "Reopened"}
    more = {"Answered within 1 h", "Solved in one touch"}
    card = r'<dt>([^<]*)</dt>\s*<dd class="now">[^<]*</dd>\s*<dd class="change (\w*)">([^<]*)<'
    cards = {name: rest for name, *rest in re.findall(card, html)}
    verdicts = set()
    for row in report.figures(*truth, tz=PARIS, now=now).itertuples():
        verdict, said = cards[row.figure]
        wanted = (row.figure in more) - (row.figure in less)
        rises = 0 if row.change == "no change" else 1 if row.now > row.before else -1
        assert verdict == {1: "better", -1: "worse", 0: ""}[wanted * rises]
        assert said == row.change + (f": {verdict}" if verdict else "")
        verdicts.add(verdict)
    assert verdicts == {"better", "worse", ""}


def test_headings_tables_and_pictures_are_what_they_are(html):
    page = Page(html)
    levels = [tag for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == "h1"
    assert set(levels[1:]) == {"h2"}
    assert len(page.all("table")) == len(page.all("caption")) == 6
    assert {cell.get("scope") for cell in page.all("th")} == {"col", "row"}
    assert all(len(image["alt"]) > 40 for image in page.all("img"))
    assert all(image["width"] and image["height"] for image in page.all("img"))
    assert page.all("html")[0]["lang"] == "en"
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    labels = [attributes.get("aria-labelledby") for _, attributes in page.tags]
    assert {label for label in labels if label} <= set(ids)


def test_tables_hold_what_the_metrics_say(html, truth, now):
    page = Page(html)
    start, end = (pd.Timestamp(day, tz=PARIS) for day in ("2026-10-01", "2026-11-01"))
    last = end - pd.Timedelta("1 ms")
    cells = page.within("table")
    people = metrics.by_operator(truth[1], since=start, now=last)
    row = people.iloc[0]
    at = cells.index(row["nickname"], cells.index("Operator"))
    numbers = [f"{row[name]:,}" for name in ("messages", "tickets", "replies", "resolutions")]
    times = [look.duration(row[name]) for name in ("median_response", "p90_response")]
    assert cells[at + 1 : at + 7] == numbers + times
    created = truth[0][truth[0]["created_at"].between(start, end, inclusive="left")]
    topic, count = next(created["topic"].value_counts().items())
    at = cells.index(topic, cells.index("Topic"))
    assert cells[at + 1] == f"{count}"
    answers = metrics.first_response(truth[1], now=last)
    answers = answers[answers["asked_at"].between(start, end, inclusive="left")]
    answers = metrics.join(answers, truth[0], on="topic")
    about = answers[answers["topic"] == topic]
    assert cells[at + 4] == look.duration(metrics.median(about))
    share = metrics.service_level(about, within="1 hour")["share"][0]
    assert cells[at + 5] == f"{share:.0%}"
    waits = metrics.waiting(truth[1], now=now).iloc[0]
    at = cells.index("Customer") + 5
    assert cells[at + 4] == look.duration(waits["duration"])
    known = truth[0].set_index("session_id").loc[waits["session_id"]]
    assert cells[at] == " ".join(known["nickname"].split())
    link = page.all("a")[0]["href"]
    assert link == (
        f"https://app.crisp.chat/website/{known['website_id']}/inbox/{waits['session_id']}/"
    )


def test_asks_nobody_for_anything(html):
    """Links that people follow are the only addresses; all else is in the file."""
    page = Page(html)
    assert {tag for tag, _ in page.tags}.isdisjoint(
        {"script", "link", "iframe", "object", "embed", "base", "form", "video", "audio", "source"}
    )
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "srcset"]
        if "src" in attributes:
            assert attributes["src"].startswith("data:image/svg+xml;base64,")
        if "href" in attributes:
            assert tag == "a"
            assert attributes["href"].startswith("https://app.crisp.chat/website/")
    (policy,) = [m["content"] for m in page.all("meta") if m.get("http-equiv")]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    style = "".join(page.within("style"))
    assert "url(" not in style
    assert "@import" not in style
    for picture in pictures(html):
        loads = re.findall(r'(?:xlink:href|href|src)="([^"]*)"', picture)
        assert all(to.startswith(("#", "data:image/png;")) for to in loads)
        assert "<script" not in picture
        assert ".dtd" not in picture


def test_what_people_wrote_stays_text(write, truth):
    """Wherever a name, a topic or a segment stands, it stands there as it was written."""
    conversations, messages = (frame.copy() for frame in truth)
    everyone = len(conversations)
    evil = pd.Series([EVIL[n % len(EVIL)] for n in range(everyone)], dtype="str")
    conversations["nickname"] = conversations["topic"] = conversations["country"] = evil
    conversations["segments"] = [[text] for text in evil]
    conversations["inbox_id"] = evil
    said = messages["from"] == "operator"
    messages["nickname"] = messages["nickname"].mask(said, EVIL[0])
    page = Page(write(conversations, messages, title=EVIL[1], draw=True))
    assert {"script", "form"}.isdisjoint(tag for tag, _ in page.tags)
    assert len(page.all("img")) == 6
    assert len(page.all("style")) == 1
    assert not [name for _, attributes in page.tags for name in attributes if name == "onmouseover"]
    for text in EVIL:
        assert page.within("table").count(text) >= 4
    assert EVIL[1] in page.within("h1")


def test_private_names_nobody(write, truth):
    conversations, messages = (frame.copy() for frame in truth)
    someone = conversations["nickname"].notna() & conversations["email"].notna()
    who = conversations["nickname"] + " " + conversations["email"] + " cannot pay"
    conversations["topic"] = conversations["topic"].mask(someone, who)
    conversations["segments"] = [[f"owner:{email}"] for email in conversations["email"]]
    values = [conversations[name] for name in ("nickname", "email", "phone", "session_id", "ip")]
    values += [messages[name] for name in ("nickname", "user_id", "session_id", "avatar")]
    values += [conversations["people_id"], conversations["assigned_user_id"]]
    needles = {str(one).strip() for column in values for one in column.dropna()} - {""}
    needles |= {part for name in conversations["nickname"].dropna() for part in name.split()}
    assert len(needles) > 700

    def leaks(html, drawn=()):
        page = Page(html)
        texts_shown = [f"{value}" for _, attributes in page.tags for value in attributes.values()]
        texts_shown = [one for one in texts_shown if not one.startswith("data:")]
        said = "\n".join([page.text, *texts_shown, *drawn])
        there = [one for one in needles if one in said]
        return {one for one in there if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", said)}

    maker = Pseudonymiser("a key of the tests")
    html = write(conversations, messages, private=maker, draw=True)
    assert leaks(html, pictures(html)) == set()
    named = write(conversations, messages)
    assert len(leaks(named)) > 20, "nothing to find proves nothing"
    page = Page(html)
    assert not page.all("a")
    assert "Names are replaced by tokens" in page.text
    # All that is counted and timed is the same.
    assert page.within("dd") == Page(named).within("dd")


def test_an_archive_that_does_not_reach_back(write, now):
    page = Page(write(complete=("2026-09-15", now)))
    assert "complete from 15 Sep 2026, 00:00" in page.text
    assert "so September 2026 is not compared" in page.text
    assert not [text for text in page.within("dd") if "September" in text]
    assert "Compared with" not in page.text
    assert "Change" not in page.within("table")
    page = Page(write(complete=("2026-10-10", now)))
    assert "October 2026 lacks the rest, and so do its figures" in page.text
    page = Page(write(complete=("2026-08-01", "2026-10-20")))
    assert "October 2026 lacks the rest, and so do its figures" in page.text
    assert "115 in September 2026" in page.text or "in September 2026" in page.text
    with pytest.raises(BadParameter, match="The data holds nothing of October 2026"):
        write(complete=("2026-11-01", now))


def test_a_period_in_which_nothing_happened(write, truth):
    page = Page(write(since="2020-01-06", until="2020-01-12", draw=True))
    assert "Nobody wrote in 6 Jan 2020 to 12 Jan 2020" in page.text
    assert "No conversation began in the period." in page.text
    assert "No operator wrote in the period." in page.text
    assert len(page.all("img")) == 6


def test_frames_of_nothing(write):
    empty = tables.empty("conversations"), tables.empty("messages")
    page = Page(write(*empty, draw=True))
    assert "Nobody wrote in October 2026" in page.text
    assert "Nobody waits." in page.text
    assert page.within("dd").count("0") == 6
    with pytest.raises(BadParameter, match="current time is not known"):
        write(*empty, now=None)


def test_masked_texts_are_mentioned(write, truth, html):
    assert "masked" not in Page(html).text
    messages = truth[1].copy()
    texts = messages["type"] == "text"
    messages["content"] = messages["content"].mask(texts, "xxxx xx")
    assert "Crisp has masked 9" in Page(write(messages=messages)).text


def test_censored_and_open_time_are_mentioned(write, truth):
    hours = metrics.BusinessHours({"mon-fri": "09:00-18:00"}, tz=PARIS)
    page = Page(write(hours=hours))
    last = pd.Timestamp("2026-11-01", tz=PARIS) - pd.Timedelta("1 ms")
    answers = metrics.first_response(truth[1], now=last)
    answers = answers[answers["asked_at"] >= pd.Timestamp("2026-10-01", tz=PARIS)]
    note = f"Of {len(answers):,} first questions, {answers['censored'].sum():,} had no answer"
    assert note in page.text
    assert "opening hours only: BusinessHours(mon-fri 09:00-18:00, Europe/Paris)" in page.text


def test_inboxes_have_their_names(write, truth, box):
    boxes = pd.DataFrame(box.truth("inboxes"))
    named = Page(write(inboxes=boxes)).within("table")
    bare = Page(write()).within("table")
    for row in boxes.itertuples():
        assert row.name in named
        assert row.inbox_id in bare
        assert row.inbox_id not in named


def test_the_same_data_make_the_same_bytes(write, html):
    assert write(draw=True) == html


@pytest.mark.parametrize(
    ("path", "words"),
    [("page.pdf", "page"), ("nowhere/page.html", "no folder"), ("folder.html", "a folder")],
)
def test_paths_refused(truth, now, tmp_path, path, words):
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(BadParameter, match=words):
        report.write(tmp_path / path, *truth, now=now)


def test_frames_refused(truth, now, tmp_path):
    with pytest.raises(BadParameter, match="messages too"):
        report.write(tmp_path / "page.html", truth[0], now=now)
    with pytest.raises(BadParameter, match="no column"):
        report.write(tmp_path / "page.html", truth[0][["session_id"]], truth[1], now=now)
