"""One address in every spelling, and never a part of another's."""

import html
import json
import re
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crisp_data as crisp
from crisp_data.archive.address import Address

SALES = "sales@shop.example"


@pytest.mark.parametrize(
    "text",
    [
        "sales@shop.example",
        "Write to SALES@Shop.Example.",
        "<sales@shop.example>",
        "(sales@shop.example)",
        "mailto:sales@shop.example?subject=x",
        "'sales@shop.example'",
        "_sales@shop.example_",
        "**sales@shop.example**",
        "to...ask,sales@shop.example;next",
        "请联系sales@shop.example谢谢",
        "sales@shop.example.pdf",
        "sales@shop.example.Then it came",
        "sales@shop.example-thanks",
        "sales\uff20shop.example",
        "sales\ufe6bshop.example",
        "ｓａｌｅｓ＠ｓｈｏｐ．ｅｘａｍｐｌｅ",
        "sa\u200bles@shop\u00ad.example",
        "https://x.example/?a=1&to=sales%40shop.example",
        "https://x.example/?a=1&to=sales%2540shop%2Eexample",
        "https://x.example/?to%3Dsales%40shop.example%26b",
        "https://x.example/?to=sales%EF%BC%A0shop.example",
        "https://x.example/%73%61les%40shop.example",
        "sales&#64;shop.example",
        "sales&#64shop.example",
        "sales&#x40;shop.example",
        "sales&commat;shop&period;example",
        "sales&amp;#64;shop.example",
        "&lt;sales@shop.example&gt;",
        '{"to":"sales\\u0040shop.example"}',
        '{"to":"\\nsales@shop.example"}',
        '{"to":"\\u003csales@shop.example\\u003e"}',
        '"{\\"to\\":\\"sales\\\\u0040shop.example\\"}"',
        '{"url":"https:\\/\\/x.example\\/?to=sales%40shop.example"}',
        "DOMAIN\\sales@shop.example",
        "sales\\@shop.example",
    ],
)
def test_it_is_found_however_it_is_written(text):
    for json_too in (False, True):
        left = Address(SALES).replaced(text, "[x]", json_too)
        assert "[x]" in left
        assert "shop" not in left
        assert not Address(SALES).is_in(left, json_too)


@pytest.mark.parametrize(
    "text",
    [
        "xsales@shop.example",
        "pre.sales@shop.example",
        "pre-sales@shop.example",
        "pre_sales@shop.example",
        "pre+sales@shop.example",
        "o'sales@shop.example",
        "pre\\_sales@shop.example",
        "pre&#46;sales@shop.example",
        "pre%2Esales@shop.example",
        "xsales%40shop.example",
        '{"to":"pre\\u002esales@shop.example"}',
        "ésales@shop.example",
        "e\u0301sales@shop.example",
        "sales@shop.example.org",
        "SALES@SHOP.EXAMPLE.ORG",
        "Sales@Shop.Example.Org",
        "sales@shop.examples",
        "sales@shop.example-x.example",
        "sales@shop.example.pdf.example",
        "sales@shop%2Eexample%2Eorg",
        "sales@bookshop.example",
        "sales at shop.example",
        "100% & more \\ nothing",
    ],
)
def test_somebody_else_s_is_left_as_it_is(text):
    assert Address(SALES).replaced(text, "[x]") == text
    assert not Address(SALES).is_in(text)


@pytest.mark.parametrize(
    "spelled",
    [
        ("jo@bücher.example", "jo@xn--bcher-kva.example", "JO@BU\u0308CHER.example"),
        ("jo@straße.example", "jo@xn--strae-oqa.example", "jo@strasse.example"),
        ("jo@bücher.straße.example", "jo@xn--bcher-kva.straße.example",
         "jo@bücher.xn--strae-oqa.example", "jo@XN--BCHER-KVA.XN--STRAE-OQA.EXAMPLE"),
        ("jo@例え.テスト", "jo@xn--r8jz45g.xn--zckzah", "jo@例え。xn--zckzah", "jo@例え｡テスト"),
        ("jo@نامه\u200cای.example", "jo@xn--mgba3gch31f060k.example"),
        ("jo@shop.example", "jo@shop。example", "jo@shop｡example", "jo@shop．example",
         "jo@shop.example.", "jo@shop。example。", "jo@shop%E3%80%82example"),
    ],
)  # fmt: skip
def test_a_domain_is_one_however_it_is_spelled(spelled):
    for email in spelled[:2]:
        for text in spelled:
            left = Address(email).replaced(f"to {text} or <mailto:{text}?subject=x>", "[x]")
            assert re.fullmatch(r"to \[x\][.。]? or <mailto:\[x\][.。]?\?subject=x>", left)
            assert Address(email).is_whole(f" {text}\n")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("jo@shop.example。Thanks", "[x]。Thanks"),
        ("jo@shop.example。thanks", "[x]。thanks"),  # of a domain with usual dots the end
        ("OK。jo@shop.example。谢谢", "OK。[x]。谢谢"),
        ("jo@shop。example。谢谢", "[x]。谢谢"),
        ("jo@shop。example。org", "jo@shop。example。org"),
        ("ajo@shop。example", "ajo@shop。example"),
        ("jo@bücher.shop。example", "jo@bücher.shop。example"),
        ("jo@xn--bcher-kva.example", "jo@xn--bcher-kva.example"),
        ("jo@shop.xn--", "jo@shop.xn--"),
    ],
)
def test_a_full_stop_is_a_dot_within_the_domain_alone(text, left):
    assert Address("jo@shop.example").replaced(text, "[x]") == left


@pytest.mark.parametrize("email", ["o'brien@acme.example", "O’Brien@acme.example"])
@pytest.mark.parametrize(
    "text",
    ["o'brien@acme.example", "o’brien@acme.example", "oʼbrien@acme.example",
     "O＇BRIEN@acme.example", "o‘brien%40acme.example", "o&rsquo;brien@acme.example",
     "o%E2%80%99brien@acme.example", "o&#39;brien@acme.example", "‘o’brien@acme.example’",
     "to 'o’brien@acme.example'", r"o\u2019brien@acme.example"],
)  # fmt: skip
def test_an_apostrophe_is_one_whatever_its_form(email, text):
    left = Address(email).replaced(text, "[x]", True)
    assert "[x]" in left
    assert "brien" not in left.lower()


@pytest.mark.parametrize("email", ["o'brien@acme.example", "o’brien@acme.example"])
@pytest.mark.parametrize(
    "text",
    ["d’o’brien@acme.example", "do'brien@acme.example", "brien@acme.example", "obrien@acme.example",
     "o brien@acme.example", "o’brien@acme.example.org", "o”brien@acme.example", "o’brien"],
)  # fmt: skip
def test_another_apostrophe_is_somebody_else_s(email, text):
    assert Address(email).replaced(text, "[x]") == text
    assert Address("brien@acme.example").is_in("o’brien@acme.example") is False


@pytest.mark.parametrize(
    "email",
    [
        "",
        " ",
        "e",
        "@",
        "e@",
        "@e",
        "a b@c.example",
        "a@b@c.example",
        "jo@acme.example, x",
        "jo@acme.example..",
        "<jo@acme.example>",
        "mailto:jo@acme.example",
        "jo\ud83d@acme.example",
    ],
)
def test_an_address_is_one(email):
    with pytest.raises(crisp.BadParameter, match="not an e-mail address"):
        Address(email)


@pytest.mark.parametrize("email", [None, ["jo@acme.example"], 7, b"jo@acme.example"])
def test_an_address_is_a_text(email):
    with pytest.raises(crisp.BadParameter, match="one text, not a"):
        Address(email)


ESCAPES = [
    lambda text: text,
    urllib.parse.quote,
    lambda text: urllib.parse.quote(urllib.parse.quote(text)),
    html.escape,
    lambda text: "".join(f"&#{ord(character)};" for character in text),
    str.upper,
]


@given(
    st.sampled_from(["jo@acme.example", "o'neil%_@example.com", "jö@bücher.example"]),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=12),
    st.sampled_from(ESCAPES),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=12),
)
def test_what_json_holds_stays_json_and_the_rest_as_it_was(email, before, escape, after):
    """Between blanks an address is always whole."""
    value = [f"{before} {escape(email)} {after}", {"key": before}]
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only)
        left = json.loads(Address(email).replaced(text, "[x]", json=True))
        assert left == [f"{before} [x] {after}", {"key": before}]
