"""A phone that stands in a column is found with any signs, with its country's code and without."""

import random
import re

import pandas as pd
import pytest

from crisp_data import privacy
from crisp_data.privacy import Pseudonymiser, pseudonymise

KEY = "a key of the tests"
SIGNS = (
    ";", "; ", "_", ", ", ",", " / ", "/", ".", " . ", ") (", "\n", "\r\n", " \n", "|", ":", " : ",
    " - ", "\u2013", "  ", "+", " * ", "", " ",
)  # fmt: skip
CODES = ("1", "7", "33", "44", "45", "49", "352", "420")
BESIDE = ("Tel {} ok", "{}", "a;{};b", "5, {}; 12", "_{}_", "x\n{}\ny", "\u0442\u0435\u043b{} ")


def private(text, phone):
    frame = pd.DataFrame({"phone": pd.Series([phone]), "content": [text]})
    return pseudonymise(frame, key=KEY)["content"][0]


@pytest.mark.parametrize(
    "known", ["+33 6 12 34 56 78", "0033612345678", 33612345678, "+33 (0)612345678"]
)
@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("beginning", ["06", "+33{}6", "0033{}6"])
def test_with_the_code_and_without_it(known, sign, beginning):
    text = sign.join([beginning.format(sign), "12", "34", "56", "78"])
    token = private(beginning.format("") + "12345678", None)
    assert re.fullmatch("phone_[0-9a-f]{16}", token)
    assert private(f"my number {text} ok", known) == f"my number {token} ok"


def grouped(chance, number):
    """Digits in groups with the same signs between them, or any."""
    groups = []
    while number:
        size = min(chance.choice([1, 2, 2, 2, 3, 4]), len(number))
        groups.append(number[:size])
        number = number[size:]
    # "(0)" is left out where phones are compared.
    usable = [sign for sign in SIGNS if "(" not in sign or "0" not in groups]
    one = chance.choice(usable)
    any_sign = chance.random() < 0.3
    signs = [chance.choice(usable) if any_sign else one for _ in groups[1:]]
    return groups[0] + "".join(map("".join, zip(signs, groups[1:], strict=True)))


def test_any_country_with_any_signs():
    chance = random.Random(7)
    made = []
    for _ in range(1500):
        code, length = chance.choice(CODES), chance.choice([8, 8, 9, 9, 9, 10])
        number = str(chance.randrange(10 ** (length - 1), 10**length))
        forms = [f"+{code}", f"00{code}", "0", *([""] if length > 8 else [])]
        known, begin = chance.choice([*forms[:3], code]), chance.choice(forms)
        plus = "+" if begin[0:1] == "+" else ""
        text = plus + grouped(chance, begin.removeprefix("+") + number)
        made.append((known + number, begin + number, text, chance.choice(BESIDE)))
    maker = Pseudonymiser(KEY).learn(pd.DataFrame({"phone": [known for known, *_ in made]}))
    found = maker.frame(pd.DataFrame({"content": [b.format(text) for *_, text, b in made]}))
    tokens = maker.frame(pd.DataFrame({"phone": [plain for _, plain, *_ in made]}))["phone"]
    wrong = [
        (known, text, left)
        for (known, _, text, beside), left, token in zip(
            made, found["content"], tokens, strict=True
        )
        # Four groups with dots, and many with colons, are a machine's address, too.
        if left != beside.format(token) and not re.search("ip_[0-9a-f]{16}", left)
    ]
    assert wrong == []
    assert found["content"].str.contains("ip_").sum() < 15


def test_a_phone_with_the_checksum_of_a_card():
    token = private("+49 151 23456787", None)
    assert re.fullmatch("card_[0-9a-f]{16}", token)
    assert private("see +49;151;2345;67;87 ok", "+49 151 23456787") == f"see {token} ok"
    assert re.fullmatch(
        "see phone_[0-9a-f]{16} ok", private("see 0151;2345;67;87 ok", "+49 151 23456787")
    )


# Each with the words of the docstring that say so.
NOT_FOUND = {
    ("+49 30 12345", "0;30;12;345"): "fewer than eight",
    ("030 12345", "+49;30;12;345"): "fewer than eight",
    ("+45 12 34 56 78", "12;34;56;78"): "with eight where neither",
    ("+33 6 12 34 56 78", "106;12;34;56;78"): "another digit right before",
    ("+33 6 12 34 56 78", "06;12;34;56;781"): "another digit right before",
}


@pytest.mark.parametrize(("known", "text"), NOT_FOUND)
def test_what_is_said_not_to_be_found_is_not(known, text):
    assert private(f"see {text} ok", known) == f"see {text} ok"
    said = " ".join(privacy.__doc__.partition("What is not found")[2].split())
    assert NOT_FOUND[known, text] in said


def test_both_forms_do_not_join_nor_do_numbers_elsewhere():
    frame = pd.DataFrame({"phone": ["+33 6 12 34 56 78", "06 12 34 56 78"]})
    assert pseudonymise(frame, key=KEY)["phone"].nunique() == 2
    other = pd.DataFrame({"phone": ["+33 6 12 34 56 78"], "n": [612345678]})
    assert pseudonymise(other, key=KEY)["n"][0] == 612345678
    said = " ".join(privacy.__doc__.partition("What is not found")[2].split())
    assert "two tokens, which do not join" in said
    assert "as a number in a column of another name it is not found" in said


@pytest.mark.parametrize(
    "text",
    [
        "12;34;56;78",
        "06;12;34;56;79",
        "6_12_34_56",
        "2026-06-12 03:45:56",
        "lots 06; 12; 34; 56; 87; 65",
        "+33;1;23;45;67",
        "0;1;2;3;4;5;6;7;8;9",
    ],
)
def test_other_figures_stay(text):
    assert private(text, "+33 6 12 34 56 78") == text
