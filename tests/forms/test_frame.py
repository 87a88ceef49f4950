"""The frame of every form: what may not be mistaken, how errors end, work in a thread."""

import dataclasses
import subprocess
import sys
import threading
from importlib.resources import files
from types import SimpleNamespace

import ipywidgets as widgets
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import crisp_data as crisp
from crisp_data.errors import BadParameter
from crisp_data.forms import form as form_module
from crisp_data.forms import html
from crisp_data.forms import widget_parts as parts
from crisp_data.forms.background import BackgroundTask
from crisp_data.forms.form import Form

from .conftest import EVIL
from .user import press, said, shows, texts, walk


@pytest.fixture
def form(ws):
    return Form(ws, "A form", "What it is for.")


@pytest.fixture
def live(ws):
    """A workspace that says that it is Crisp's own; nothing is asked of it."""
    settings = dataclasses.replace(ws.client.settings, base_url="https://api.crisp.chat/v1/")
    client = SimpleNamespace(settings=settings, writes=True)
    return SimpleNamespace(client=client, name="Acme", website_id=ws.website_id, quota=ws.quota)


def test_live_and_sandbox_differ_in_word_class_and_shape(ws, live):
    sandbox, real = html.banner(ws), html.banner(live)
    assert "SANDBOX" in sandbox
    assert "crisp-sandbox" in sandbox
    assert "◇" in sandbox
    assert "LIVE" in real
    assert "crisp-live" in real
    assert "▲" in real
    assert not any(word in sandbox for word in ("LIVE", "crisp-live", "▲"))
    assert not any(word in real for word in ("SANDBOX", "crisp-sandbox", "◇"))


def test_the_banner_names_the_website_and_whether_it_may_write(ws, live):
    assert "Acme" in html.banner(ws)
    assert "may write" in html.banner(live)
    live.client.writes = False
    assert "read-only" in html.banner(live)
    live.name = EVIL
    assert "<script" not in html.banner(live)
    live.name = ""
    assert ws.website_id in html.banner(live)


def test_the_meter_follows_what_is_spent(form, ws):
    assert "4,999 of 5,000" in texts(form)
    button = parts.button("Ask")
    with form.busy(button):
        ws.operators()
    assert "4,998 of 5,000" in texts(form)


@given(st.text())
def test_no_text_becomes_html(text):
    inner = html.escape(text).removeprefix("<bdi>").removesuffix("</bdi>")
    assert "<" not in inner
    assert "'" not in inner
    assert '"' not in inner


@given(st.text("$\\ab (["))
def test_no_description_becomes_mathematics(text):
    plain = html.plain(text)
    assert plain.count("$") < 2
    assert "\\" not in plain
    assert len(plain) == len(text)


def test_a_table_shows_fifty_rows_of_many_and_no_html():
    frame = pd.DataFrame({"nickname": [EVIL] * 10_000, "segments": [[EVIL]] * 10_000})
    drawn = html.table("People", frame, ["nickname", "segments", "absent"])
    assert drawn.count("<tr>") == 51
    assert "the first 50 of 10,000 rows" in drawn
    assert "<script" not in drawn
    assert "<img" not in drawn


def test_busy_shows_our_errors_and_gives_the_button_back(form):
    button = parts.button("Send")
    with form.busy(button, "Sending …"):
        assert button.disabled
        assert button.description == "Sending …"
        raise BadParameter("limit is wrong <b>.", "Mend it.")
    assert "limit is wrong &lt;b&gt;." in said(form)
    assert "Mend it." in said(form)
    assert "role='alert'" in said(form)
    assert (button.disabled, button.description) == (False, "Send")


def test_busy_raises_what_was_not_foreseen_and_shows_its_class_only(form):
    button = parts.button("Send")
    with pytest.raises(ZeroDivisionError), form.busy(button):
        raise ZeroDivisionError("ada@acme.example")
    assert "ZeroDivisionError" in said(form)
    assert "ada@acme.example" not in said(form)
    assert not button.disabled


def test_a_new_action_takes_the_old_words_away(form):
    form.say("Sent.")
    assert "role='status'" in said(form)
    with form.busy(parts.button("Send")):
        assert said(form) == ""


def test_a_static_page_is_not_empty(form, live):
    bundle = form._repr_mimebundle_()
    assert bundle["text/plain"] == repr(form)
    for text in (repr(form), bundle["text/html"]):
        assert "sandbox, Acme, may write" in text
        assert "4,999 of 5,000 requests left today" in text
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == form.box.model_id
    assert "live, Acme" in repr(Form(live, "A form"))
    assert "not connected" in repr(Form(None, "A form"))


def test_its_words_are_an_output_of_their_own(form):
    shell = InteractiveShell.instance()
    words, view = ["text/html", "text/plain"], [form_module._VIEW]
    for shown in ((words, view), (words,)):
        with capture_output() as caught:
            assert shell.display_formatter.format(form) == ({}, {})
        assert [sorted(output.data) for output in caught.outputs] == [*shown]
        assert "sandbox, Acme, may write" in caught.outputs[0].data["text/html"]
        form.close()
    InteractiveShell.clear_instance()


def test_a_closed_form_leaves_no_widget(ws):
    form = Form(ws, "A form")
    form.body.children = [parts.row(parts.button("A"), parts.stack(parts.button("B")))]
    inside = list(walk(form.box))
    form.close()
    assert len(inside) > 8
    assert all(one.comm is None for one in inside)
    assert "widget-view" not in str(form._repr_mimebundle_())


def test_forms_do_not_slow_the_import_down():
    code = "import sys, crisp_data; print('ipywidgets' in sys.modules)"
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "False"


# Work in a thread


@pytest.fixture
def gate():
    """Holds work until the test lets it go on."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_work_runs_in_a_thread_and_is_stopped_by_its_button(form, gate):
    runner = BackgroundTask(form, lambda: (1, 4, "1 of <4>"), gate.set)
    button, ran = parts.button("Pull"), []

    def work():
        ran.append(threading.current_thread())
        assert gate.wait(30)

    runner.start(button, work)
    assert runner.running
    assert shows(runner, "Stop")
    assert "value='1' max='4'" in texts(runner)
    assert "1 of &lt;4&gt;" in texts(runner)
    press(runner, "Stop")
    assert runner.join(30)
    assert ran[0] is not threading.current_thread()
    assert not shows(runner, "Stop")
    assert not button.disabled


def test_a_second_click_while_work_runs_starts_nothing(form, gate):
    runner = BackgroundTask(form, lambda: (0, 0, ""))
    button, ran = parts.button("Send"), []

    def work():
        ran.append(1)
        assert gate.wait(30)

    runner.start(button, work)
    runner.start(button, work)
    gate.set()
    assert runner.join(30)
    assert ran == [1]


def test_errors_of_work_are_shown_and_unforeseen_ones_reach_the_log(form, monkeypatch):
    logged = []
    monkeypatch.setattr(threading, "excepthook", lambda args: logged.append(args.exc_type))
    runner, button = BackgroundTask(form, lambda: (0, 0, "")), parts.button("Pull")

    def refused():
        raise crisp.ReadOnly("send was refused.")

    def broken():
        raise KeyError("secret")

    runner.start(button, refused)
    assert runner.join(30)
    assert "send was refused." in said(form)
    assert logged == []
    runner.start(button, broken)
    assert runner.join(30)
    assert "KeyError" in said(form)
    assert "secret" not in said(form)
    assert logged == [KeyError]


@pytest.mark.parametrize("make", ["Form", "compose"])
def test_a_form_carries_each_style_sheet_once(ws, make):
    """Read from the package: a wheel without them would fail here."""
    form = {"Form": lambda: Form(ws, "A form"), "compose": ws.compose}[make]()
    sheets = [path for path in files("crisp_data.forms").iterdir() if path.name.endswith(".css")]
    drawn = [one.value for one in walk(form.box) if isinstance(one, widgets.HTML)]
    styles = [one for one in drawn if "<style" in one]
    assert len(styles) == 1
    found = {path.name for path in sheets if path.read_text("utf-8") in styles[0]}
    assert found == ({"form.css"} if make == "Form" else {"form.css", "compose.css"})
