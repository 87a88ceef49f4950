"""Escapes of programs and pages: the same value, the same token, and the escape stays whole."""

import json
import re
from collections import Counter, deque
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from crisp_data.privacy import Pseudonymiser, pseudonymise
from crisp_data.privacy.span import Span, uncut

KEY = "a key of the tests"
NAME, EMAIL, PHONE, IP = "Anna Müller", "anna.mueller@shop.example", "+33612345678", "203.0.113.77"
PERSON = pd.DataFrame({"nickname": [NAME], "email": [EMAIL], "phone": [PHONE], "ip": [IP]})
MAKER = Pseudonymiser(KEY).learn(PERSON)


def private(text, maker=MAKER):
    return maker.frame(pd.DataFrame({"content": [text]}))["content"][0]


def kinds(text):
    return re.sub("_[0-9a-f]{16}", "", private(text))


TOKENS = {name: private(value) for name, value in
          {"name": NAME, "email": EMAIL, "phone": PHONE, "ip": IP}.items()}  # fmt: skip
VALUES = {"name": NAME, "email": EMAIL, "phone": PHONE, "ip": IP}


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize(
    "around",
    [r"\n{}\n", r"\t{}", r"{}\r\nok", "%20{}", "%0A{}%0A", "%3C{}%3E", "%2520{}", "&lt;{}&gt;",
     "&#32;{}&#x20;", "&nbsp;{}", r"\u003c{}\u003e", r"\u0020{}", r"\x20{}", r"\"{}\"", r"\_{}\_",
     "{{}}", "[[{}]]", "<b>{}</b>", "<br/>{}<br>", "x <i>y</i> {}"],
)  # fmt: skip
def test_an_escape_beside_a_value_is_no_part_of_it(kind, around):
    before, after = around.split("{}", 1) if around != "{{}}" else ("{", "}")
    assert private(before + VALUES[kind] + after) == before + TOKENS[kind] + after


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", r"anna\.mueller\@shop\.example"),
        ("email", r"anna.mueller\u{40}shop.example"),
        ("email", r"anna.mueller\U00000040shop.example"),
        ("email", r"anna.mueller\x40shop.example"),
        ("email", "anna.mueller%u0040shop.example"),
        ("email", "anna.mueller@<wbr>shop.example"),
        ("email", "<b>anna</b>.mueller@shop.example"),
        ("email", "<mark>anna.mueller</mark><span>@</span>shop.example"),
        ("email", "anna.mueller&lt;wbr&gt;@shop.example"),
        ("email", "Anna.Mueller AT shop DOT example"),
        ("email", "anna.mueller{at}shop{dot}example"),
        ("email", "anna.mueller <at> shop <dot> example"),
        ("name", r"Anna M\xc3\xbcller"),
        ("name", r"Anna M\xfcller"),
        ("name", r"Anna M\u{fc}ller"),
        ("name", r"Anna M\U000000fcller"),
        ("name", "Anna M%u00fcller"),
        ("name", json.dumps(json.dumps(NAME))[3:-3]),
        ("phone", r"\+33612345678"),
        ("phone", "+33 6 12<br>34 56 78"),
        ("phone", "+33\u20286\u168012 34\u202956 78"),
        ("phone", "+٣٣٦١٢٣٤٥٦٧٨"),
        ("ip", r"203\.0\.113\.77"),
        ("ip", "٢٠٣.٠.١١٣.٧٧"),
        ("ip", "203.<wbr>0.113.77"),
    ],
)
def test_other_escapes_have_the_same_token(kind, text):
    found = private(f"see {text} ok")
    assert TOKENS[kind] in found
    assert "".join(re.findall(r"\w+", re.sub("<[^>]+>", "", found))) == f"see{TOKENS[kind]}ok"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"email={EMAIL}", "email=email"),
        (f"a=1&mail={EMAIL}&b=2", "a=1&mail=email&b=2"),
        (f"_{EMAIL}_", "_email_"),
        (f"__{EMAIL}__", "__email__"),
        (f"x+{EMAIL}", "email"),  # an address of another name, perhaps
        (f"old_{EMAIL}", "email"),
        ("mail=bob@x.example", "email"),  # not known
        (f"IP{IP}", "IPip"),
        (f"from{IP}to", "fromipto"),
        ("v1.2.3.4", "v1.2.3.4"),
        ("Annas Auto, Müllers Haus, Annas-Lena", "person Auto, person Haus, person-Lena"),
        ("annas auto", "annas auto"),
        (r"Hi\nAnna, ok", r"Hi\nperson, ok"),
        ("card 4111+1111+1111+1111", "card card"),
        ("FR76+3000+6000+0112+3456+7890+189", "iban"),
    ],
)
def test_known_values_glued_to_signs_and_letters(text, left):
    assert kinds(text) == left


@pytest.mark.parametrize(
    "text",
    [
        r"C:\users\new\tables\bob", r"\d{3}-\d{4}", r"^\w+\.\w+$", r'{"a":"b\nc","d":12345678}',
        "1+2+3+4+5+6+7+8+9", "<b>12345</b><i>67890</i>", "<td>12345</td><td>67890</td>",
        "if a<b and c>d: 12345", "f(a)(b) {at} x", "<at> x.y", r"1\.000\.000\.000",
        r"Chrome/120\.0\.6099\.109", r"1\_000\_000\_000", r"\frac{1}{2}\times 10^{6}", r"\x00\x01",
        r"\u{1F600} \U0001F600 \Uffffffff %u", "٤٥٦ ٠٫١٢٣ ១២៣ ۱۲٬۳۴۵", "2026-01-01\u20282026-01-02",
        "order 12345678, 1.234,56 €", "Bus stops, Will", "we are AT home",
    ],
)  # fmt: skip
def test_what_is_no_escaped_value_stays(text):
    assert private(text) == text


def test_spans_within_escapes_go_only_where_another_covers_them():
    escapes = {(0, 3), (10, 13)}
    inner, cut = Span(3, 10, "email", "a"), Span(1, 10, "email", "b")
    assert uncut([cut, inner], escapes) == [inner]
    assert uncut([cut], escapes) == [cut]
    assert uncut([Span(3, 11, "id", "c"), inner], escapes) == [inner]
    assert uncut([Span(1, 14, "id", "c"), inner], escapes) == [Span(1, 14, "id", "c"), inner]
    assert uncut([cut, inner], set()) == [cut, inner]


@pytest.mark.parametrize(
    "dtype", ["int64", "uint64", "float64", "Int64", "Float64", "int64[pyarrow]", "category"]
)
@pytest.mark.parametrize("name", ["user_id", "phone"])
def test_numbers_join_whatever_their_dtype(name, dtype):
    first = pseudonymise(pd.DataFrame({name: pd.array([33612345678])}), key=KEY)
    other = pseudonymise(pd.DataFrame({name: pd.Series([33612345678]).astype(dtype)}), key=KEY)
    assert float(first[name][0]) == float(other[name][0]) != 33612345678


@pytest.mark.parametrize(
    "value", [33612345678, 33612345678.0, Decimal(33612345678), np.float64(33612345678)]
)
def test_a_known_phone_among_objects_goes(value):
    frame = pd.DataFrame({"phone": [PHONE, None], "x": pd.Series([value, "y"], dtype=object)})
    found = pseudonymise(frame, key=KEY)
    assert found["x"].tolist() == [found["phone"][0], "y"]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([[33612345678], None]),
        pa.array([[("k", NAME)], None], pa.map_(pa.string(), pa.string())),
        pa.array([[("k", PHONE)], None], pa.map_(pa.string(), pa.string())),
    ],
    ids=["numbers", "names", "phones"],
)
@pytest.mark.parametrize("name", ["phone", "mentions", "x"])
def test_columns_that_hold_no_tokens_become_objects(name, values):
    column = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([values])))
    frame = pd.DataFrame({name: column, "nickname": [NAME, None], "tel": [PHONE, None]})
    found = pseudonymise(frame, key=KEY)
    assert found.columns.tolist() == frame.columns.tolist()
    assert found[name].isna().tolist() == [False, True]
    assert not re.search("Anna|Müller|336123", str(found[name][0]))


def test_intervals_and_memory():
    frame = pd.DataFrame({
        "phone": [33612345678],
        "x": pd.IntervalIndex.from_tuples([(33612345678, 33612345679)]),
        "y": [memoryview(EMAIL.encode())],
        "z": [deque([EMAIL])],
    })  # fmt: skip
    found = pseudonymise(frame, key=KEY)
    assert not re.search("336|anna|Anna", " ".join(map(str, found.loc[0])))
    assert found["y"][0] is None


@pytest.mark.timeout(60)  # a second's work; where the steps are squared, minutes
@pytest.mark.parametrize(
    "piece",
    ["\\", "\\n", "\\x41", "%u", "<b ", "<b>", "<", "=a@b.c", "a=", "{at}", "1.1.1.1.", "=", "_@"],
)
def test_no_escape_takes_steps_by_the_square(piece):
    assert isinstance(MAKER._scrubber.text(piece * 30_000, Counter()), str)


def one(name, value):
    return pseudonymise(pd.DataFrame({name: [value]}), key=KEY)[name][0]


@pytest.mark.parametrize(
    ("name", "value", "others"),
    [
        ("phone", PHONE, ["+33 (0)6 12 34 56 78", "0033(0)612345678", "tel:+33 6 12 34 56 78"]),
        ("email", EMAIL, [f"<{EMAIL}>", f"'{EMAIL}'", f"{EMAIL}.", f"({EMAIL})", f"“{EMAIL}”"]),
        ("ip", IP, [f"[{IP}]", "::ffff:203.0.113.77", "::FFFF:cb00:714d", "203.000.113.077"]),
        ("ip", "2001:db8::1", ["2001:DB8:0:0:0:0:0:1", "2001:0db8::0001", "[2001:db8::1]"]),
    ],
)
def test_columns_of_other_spellings_join(name, value, others):
    assert {one(name, other) for other in others} == {one(name, value)}


@pytest.mark.parametrize(
    ("name", "value", "text", "left"),
    [
        ("email", f"{NAME} <{EMAIL}>", f"Anna, mail={EMAIL}", "person, mail=email"),
        ("email", f'"Müller, Anna" <{EMAIL}>', "Frau Müller", "Frau person"),
        ("ip", "203.0.113.7:80", "IP203.0.113.7", "IPip"),
        ("ip", "203.0.113.7, 10.0.0.9", "a10.0.0.9b", "aipb"),
        ("phone", "+33 (0)612345678", "a33612345678b", "aphoneb"),
        ("nickname", "Anna%20M%C3%BCller", "Anna Müller, Frau Müller", "person, Frau person"),
        ("nickname", "Anna&nbsp;M&uuml;ller", "Anna Müller, Frau Müller", "person, Frau person"),
        ("nickname", "<b>Anna</b> Müller", "Anna Müller. So Anna", "person. So person"),
        ("nickname", "Müller|Anna", "Frau Müller", "Frau person"),
    ],
)
def test_what_a_column_holds_among_other_things_is_known(name, value, text, left):
    frame = pd.DataFrame({name: [value], "content": [text]})
    found = pseudonymise(frame, key=KEY)["content"][0]
    assert re.sub("_[0-9a-f]{16}", "", found) == left


def test_a_name_that_is_escaped_has_the_token_of_its_column():
    frame = pd.DataFrame({"nickname": ["Anna%20M%C3%BCller"], "content": ["Anna Müller"]})
    found = pseudonymise(frame, key=KEY)
    assert found["content"][0] == found["nickname"][0]
