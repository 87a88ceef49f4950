"""However it is spelled, it is found, and where it stands in the original is known."""

import json
import sys
import unicodedata
from urllib.parse import quote

import hypothesis.strategies as st
import pytest
from hypothesis import given

import crisp_data as crisp
from crisp_data.privacy.addresses import find_email, replace_email
from crisp_data.privacy.folding import fold, readings, shown, unescaped

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


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize(
    "around",
    ["{}", "ask {}, please", "<{}>", "mailto:{}?subject=x", "https://a.example/?to={}&x=1",
     "'{}'", "**{}**", "_{}_", "- see...{}...", "请联系{}谢谢", "{}.", "é {} \u200d👩\u200d💻"],
)  # fmt: skip
def test_an_address_is_found_in_each_of_its_forms(written, around):
    before, after = around.split("{}")
    text = before + written + after
    assert find_email(text, EMAIL) == [(len(before), len(before) + len(written))]
    assert find_email(text, f" {EMAIL.upper()} ") == find_email(text, EMAIL)
    assert replace_email(text, EMAIL, "[]") == f"{before}[]{after}"


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize(
    "around", ["x{}", "1{}", "x.{}", "x+{}", "x-{}", "x_{}", "é{}", "{}s", "{}.org", "{}-shop.org",
               "{}2", "x%2B{}", "x&#46;{}", r"\u0078{}", "x\u200d{}", "x%20y&#120;{}", "{}\u200ds"],
)  # fmt: skip
def test_another_address_is_another(written, around):
    assert find_email(around.format(written), EMAIL) == []


def test_several_in_one_text():
    text = f"{EMAIL}, sales%40shop.example; xsales@shop.example {EMAIL.upper()}"
    assert replace_email(text, EMAIL, "*") == "*, *; xsales@shop.example *"
    assert replace_email("nothing", EMAIL, "*") == "nothing"


@pytest.mark.parametrize("email", ["", " ", "e", "@", "a@", "@b", "a b@c.example", "a@b@c"])
def test_what_is_no_address_is_refused_and_not_shown(email):
    with pytest.raises(crisp.BadParameter, match="not an e-mail address") as raised:
        find_email("text", email)
    assert not email.strip("@ ") or repr(email) not in str(raised.value)


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
    assert replace_email(text, email, "*") == f"{before}*{after}"


@given(st.emails())
def test_any_address_escaped(email):
    if "%" in email or "&" in email:
        return
    for written in (quote(email, safe=""), "".join(f"&#{ord(c)};" for c in email),
                    "".join(f"\\u{ord(c):04x}" for c in email)):  # fmt: skip
        assert find_email(f"to {written} .", email) == [(3, 3 + len(written))]
        assert unescaped(f"{written} {json.dumps(email)}").text.startswith(email)


def test_everything_unseen_is_left_out():
    for char in [*FORMAT, *SELECTORS, *FILLERS]:
        assert fold(f"a{char}b") == "ab"


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
        form = shown(text)
        for at, char in enumerate(form.text):
            start, end = form.original(at, at + 1)
            assert char in fold(text[start:end])
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cf", "Mn", "Mc", "Me"])))
def test_a_text_without_marks_is_its_compatible_form(text):
    unseen = {*FILLERS, "\u0640", "\u2800", "\u2065"}
    plain = "".join(char for char in text if char not in unseen)
    assert fold(text) in (
        unicodedata.normalize("NFKC", plain),
        fold(unicodedata.normalize("NFKC", plain)),
    )


@pytest.mark.parametrize(
    "text", ["plain", "déjà vu", "مرحبا بك", "ありがとう", "naïve – “quoted”", "100% & more \\ x"]
)
def test_an_ordinary_text_has_one_form_which_is_itself(text):
    assert [form.text for form in readings(text)] == [text]
