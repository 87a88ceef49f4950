"""However it is spelled, it is found, and where it stands in the original is known."""

import json
import re
import sys
import unicodedata
from urllib.parse import quote

import hypothesis.strategies as st
import pytest
from hypothesis import given

from crisp_data.privacy.folding import fold, readings, unescaped
from crisp_data.privacy.normalise import folded

EMAIL = "sales@shop.example"
FORMAT = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) == "Cf"]
SELECTORS = [chr(c) for c in (*range(0xFE00, 0xFE10), 0xE0100, 0xE01EF, 0x180B)]
FILLERS = ["\u034f", "\u115f", "\u1160", "\u3164", "\uffa0"]
UNSEEN = st.sampled_from([*FORMAT, *SELECTORS, *FILLERS])

WRITTEN = {
    "plain": EMAIL,
    "capitals": "Sales@SHOP.example",
    "percent": "sales%40shop.example",
    "every character in percent": "".join(f"%{ord(c):02X}" for c in EMAIL),
    "percent twice": "sales%2540shop.example",
    "entity": "sales&#64;shop&period;example",
    "hexadecimal entity": "sales&#x40;shop.example",
    "named entity": "sales&commat;shop.example",
    "JSON": r"sales\u0040shop.example",
    "JSON in JSON": r"sales\\u0040shop.example".replace(r"\\u", r"\u005cu"),
    "full-width at sign": "sales\uff20shop.example",
    "small at sign": "sales\ufe6bshop.example",
    "full-width": "ｓａｌｅｓ＠ｓｈｏｐ．ｅｘａｍｐｌｅ",
    "mathematical": "𝐬𝐚𝐥𝐞𝐬@𝘴𝘩𝘰𝘱.example",
    "circled": "ⓢⓐⓛⓔⓢ@shop.example",
    "underlined": "s\u0332a\u0332les@shop.example",
    "zero width": "sa\u200dles@\u200bshop\u2060.exam\u00adple",
    "right to left": "sales\u200e@\u202ashop.example",
    "selector": "sales@\ufe0fshop.example",
}


def places(text, sought):
    """Where a piece stands in the original, by each form in which the text is searched."""
    found = set()
    for reading in readings(text):
        at = folded(reading.text).find(sought)
        if at >= 0:
            found.add(reading.original(at, at + len(sought)))
    return found


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize(
    "around",
    ["{}", "ask {}, please", "<{}>", "mailto:{}?subject=x", "https://a.example/?to={}&x=1",
     "'{}'", "**{}**", "_{}_", "- see...{}...", "请联系{}谢谢", "{}.", "é {} \u200d👩\u200d💻"],
)  # fmt: skip
def test_an_address_is_found_in_each_of_its_forms(written, around):
    before, after = around.split("{}")
    text = before + written + after
    assert places(text, EMAIL) == {(len(before), len(before) + len(written))}


@given(st.emails(), st.data())
def test_any_address_with_anything_unseen_inside(email, data):
    places = data.draw(st.lists(st.integers(1, len(email) - 1), max_size=4, unique=True))
    written = email
    for place in sorted(places, reverse=True):
        written = written[:place] + data.draw(UNSEEN) + written[place:]
    before, after = "من \u200c👩\u200d💻 <", "> e\u0301!"
    text = before + written + after
    if "%" in email or "&" in email:  # which may be read as an escape
        return
    form = readings(text)[0]
    start = form.text.index(fold(email))
    assert form.original(start, start + len(fold(email))) == (len(before), len(before + written))


@given(st.emails())
def test_any_address_escaped(email):
    if "%" in email or "&" in email:
        return
    for written in (quote(email, safe=""), "".join(f"&#{ord(c)};" for c in email),
                    "".join(f"\\u{ord(c):04x}" for c in email)):  # fmt: skip
        assert unescaped(f"{written} {json.dumps(email)}").text.startswith(email)


def test_everything_unseen_is_left_out():
    for char in [*FORMAT, *SELECTORS, *FILLERS]:
        assert fold(f"a{char}b") == "ab"


@pytest.mark.parametrize("char", ["\u0149", "\u0374", "\u2033", "\u2034", "\u2057"])
def test_an_apostrophe_in_a_compatible_form_is_one_too(char):
    assert fold(char) == fold(fold(char))
    assert "'" in fold(char)


@given(
    st.text(
        st.one_of(st.characters(), UNSEEN, st.sampled_from("eéａ１＠ﬁ½가각ｶﾞe\u0301\u3099")),
        max_size=30,
    )
)
def test_each_piece_of_a_form_leads_back_to_where_it_stood(text):
    for reading in readings(text):
        ends = [reading.original(at, at + 1) for at in range(len(reading.text))]
        assert all(0 <= start < end <= len(text) for start, end in ends)
        assert ends == sorted(ends)
    if not any(sign in text for sign in "%&\\"):
        form = readings(text)[0]
        for at, char in enumerate(form.text):
            start, end = form.original(at, at + 1)
            assert char in fold(text[start:end])
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cf", "Mn", "Mc", "Me"])))
def test_a_text_without_marks_is_its_compatible_form(text):
    unseen = {*FILLERS, "\u0640", "\u2800", "\u2065"}
    plain = "".join(char for char in text if char not in unseen)
    plain = re.sub("[’‘‛ʻʼʹ′´]", "'", plain)
    assert fold(text) in (
        unicodedata.normalize("NFKC", plain),
        fold(unicodedata.normalize("NFKC", plain)),
    )


@pytest.mark.parametrize(
    "text", ["plain", "déjà vu", "مرحبا بك", "ありがとう", "naïve – “quoted”", "100% & more \\ x"]
)
def test_an_ordinary_text_has_one_form_which_is_itself(text):
    assert [form.text for form in readings(text)] == [text]
