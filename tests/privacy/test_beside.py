"""Values that stand beside each other, beside digits and signs; and what is no value at all."""

import random
import re

import numpy as np
import pandas as pd
import pytest

from crisp_data.privacy import Pseudonymiser, pseudonymise

KEY = "a key of the tests"
ANNA, BOB = "anna@shop.example", "bob@x.example"


def private(text, **columns):
    frame = pd.DataFrame({name: [value] for name, value in columns.items()} | {"content": [text]})
    return pseudonymise(frame, key=KEY)["content"][0]


def kinds(text, **columns):
    return re.sub("_[0-9a-f]{16}", "", private(text, **columns))


@pytest.mark.parametrize("sign", [*"/|&=?*#{+_~!$%^`'", " ", ", ", "/-", "*|*"])
def test_addresses_with_one_sign_between_them(sign):
    tokens = [private(ANNA), private(BOB)]
    found = private(f"{ANNA}{sign}{BOB}")
    assert found.startswith(tokens[0])
    if sign == "_":  # may begin an address
        assert re.fullmatch("(email_[0-9a-f]{16}){2}", found)
    elif "+" not in sign:
        assert found == f"{tokens[0]}{sign}{tokens[1]}"
    assert kinds(f"see {ANNA}{sign}{BOB}{sign}{ANNA} ok").count("email") == 3


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("mailto:{anna}?cc={bob}", "mailto:email?email"),
        ("https://social.example/@{anna}", "https://email"),
        ("*@{anna}*", "email*"),
        ("'{anna}'", "'email'"),
        ("anna(at)shop.example/bob(at)x.example", "email/email"),
        ("anna at shop dot example/bob at x dot example", "email/email"),
        ("root@localhost|{bob}", "email"),
        ("anna@[192.0.2.1]", "email"),
        ("anna@ shop.example", "email"),
        ("anna@\nshop.example ok", "email ok"),
        ("anna @ shop.example", "email"),
    ],
)
def test_addresses_where_signs_follow_each_other(text, left):
    assert kinds(text.format(anna=ANNA, bob=BOB)) == left


def test_a_quoted_address_has_the_token_of_the_address():
    assert private(f"'{ANNA}'") == f"'{private(ANNA)}'"
    assert private(f"/@{ANNA}") == private(ANNA)


@pytest.mark.parametrize("address", ["2001:db8::1", "2001:DB8:1:2:3:4:5:6", "::ffff:192.0.2.7"])
@pytest.mark.parametrize(
    "around", ["IP:{}", "{}: denied", "see ...{}.", "[{}]:443", "{}:\n", "{}/64"]
)
def test_addresses_of_machines_beside_signs(address, around):
    assert kinds(around.format(address)) == around.format("ip")


GROUPS = ["{}{}{}{}{}", "{} {} {} {} {}", "{}.{}.{}.{}.{}", "{}-{}{}-{}{}", "{}{} {}{}{}"]
BESIDE = [
    "12:", "9:30 ", "1/", "1.2/", "2026-11-02 ", "2026/1/", "5,", "x_5_", "7.", "1;", "№ 4 ",
    "(2) ", "12|", "1\n", "1,50 ", "0.5 ", "99€ ", "v1.2.3 ", "12:30:", "a1:",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_a_known_phone_stays_nowhere(seed):
    chance = random.Random(seed)
    parts = [str(chance.randrange(10, 100)) for _ in range(5)]
    known = chance.choice(["", "+", "0", "00"]) + chance.choice(GROUPS).format(*parts)
    text = known
    if chance.random() < 0.5:
        text = (
            known[: -len(parts[4])].rstrip(" .-")
            + chance.choice([",", ":", "\n", ", ", "; "])
            + parts[4]
        )
    before, after = chance.choice(BESIDE), chance.choice(BESIDE)[::-1]
    found = private(f"{before}{text}{after} ok", phone=known)
    left = re.sub(r"\D", "", re.sub("[a-z]+_[0-9a-f]{16}", "x", found))
    assert "".join(parts)[:7] not in left
    assert "phone_" in found or "number_" in found or "card_" in found
    assert found.endswith(" ok")


@pytest.mark.parametrize(
    "phones",
    [[12345678], [12345678.0], np.array([12345678], dtype=object), pd.Categorical([12345678]),
     pd.array([12345678], dtype="Int64")],
    ids=["int", "float", "object", "category", "Int64"],
)  # fmt: skip
def test_phones_that_are_numbers_are_known_in_texts(phones):
    frame = pd.DataFrame({"phone": phones, "content": ["call 12345678, or 1234 5678"]})
    assert not re.search("1234", pseudonymise(frame, key=KEY)["content"][0])
    empty = pd.DataFrame({"phone": [1.5, None, float("inf")], "content": ["1.5 and 1"] * 3})
    assert pseudonymise(empty, key=KEY)["content"].tolist() == ["1.5 and 1"] * 3


def test_a_short_phone_is_not_found_within_a_longer_number():
    assert private("order 123456780", phone="1234567").startswith("order phone_")
    assert private("code 12345678", phone="1234567") == "code 12345678"
    assert kinds("code 123-4567", phone="1234567") == "code phone"


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("Emma Smith", "https://a.example/emma.smith84", "https://a.example/person"),
        ("Emma Smith", "@emmasmith84 ok", "@person ok"),
        ("Emma Smith", "/u/emma-smith1984/x", "/u/person/x"),
        ("Emma Smith", "Emma84 was here", "person was here"),
        ("محمد", "محمد024", "person"),
        ("O'Brien", "Mr OBrien", "Mr person"),
        ("Emma O’Brien", "/u/emma-obrien", "/u/person"),
        ("Anna-Lena Müller", "Annalena Müller, AnnaLena", "person"),
        ("Đặng", "Mr Dang", "Mr person"),
        ("Søren Ærø", "Soeren and Soren Aero", "person and person"),
        ("Þór Œuvre", "Thor Oeuvre", "person"),
        ("Işık", "Isik", "person"),
    ],
)
def test_names_beside_digits_and_in_other_letters(name, text, left):
    assert kinds(text, nickname=name) == left


@pytest.mark.parametrize(
    "text",
    [
        "emma84", "emma 84", "SKU 84emma", "iphone12", "a12345", "84", "smith8",  # small letters
        "1234567.89 EUR", "-1234567.89", "0.1234567 BTC", "(0.00012345)", "x=0,1234567",
        "1.000.000.000", "1 000 000 000 EUR", "100 000 000",
        "Chrome/120.0.0.0 Safari/537.36", "Chrome 120.0.6099.109", "10.0.19045.3693",
        ".NET 4.0.30319.42000", "1+2+3+4+5+6+7+8+9+10", "01+02+03+04", "git diff @@ -1 +1 @@",
        "02.11.2026-15.11.2026", "2026-11-02-2026-11-15", "02/11/2026-15/11/2026",
        "12 @ 3.50 EUR", "12@3.50", "react@18.2.0", "meet @ 3.30pm", "we met @ home",
    ],
)  # fmt: skip
def test_what_is_nobody_s_stays(text):
    assert private(text, nickname="Emma Smith", phone="0612345678") == text


@pytest.mark.parametrize(
    "text",
    ["612345678.10", "06 12 34 56.78", "+49 30 1234567.89", "040.1234567", "0.12345 06 12 34 56 78",
     "1.000.000.000 06 12 34 56 78", "040-1234567.89", "12.0.06.12.34.56.78"],
)  # fmt: skip
def test_what_only_begins_as_an_amount_goes(text):
    left = re.sub("[a-z]+_[0-9a-f]{16}", "", private(text))
    assert len(re.sub(r"\D", "", left)) <= 6


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece", ["1@", "!@", "a@b.c/", "::", "1:", "a1", "0.1", "1.0.", "1 000", "a.b@"]
)
def test_no_step_is_squared(piece):
    maker = Pseudonymiser(KEY).learn(pd.DataFrame({"phone": ["0612345678"], "nickname": ["A B1"]}))
    assert isinstance(maker.frame(pd.DataFrame({"content": [piece * 20_000]}))["content"][0], str)
