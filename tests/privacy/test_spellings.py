"""Whoever spells it otherwise is found all the same, under the same token."""

import re

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import example, given

import crisp_data as crisp
from crisp_data import privacy, transcripts
from crisp_data.privacy import Pseudonymiser, pseudonymise
from crisp_data.privacy.digit_patterns import numbers

from .test_folding import FILLERS, FORMAT, SELECTORS

KEY = "a key of the tests"
NAME, EMAIL, PHONE = "Anna Müller-Lüdenscheidt", "anna@shop.example", "+33 6 12 34 56 78"
CARD, IBAN = "4111 1111 1111 1111", "FR7630006000011234567890189"
PERSON = pd.DataFrame({"nickname": [NAME], "email": [EMAIL], "phone": [PHONE]})
VALUES = {"person": NAME, "email": EMAIL, "phone": PHONE, "card": CARD, "iban": IBAN}
MAKER = Pseudonymiser(KEY).learn(PERSON)
TOKENS = {kind: MAKER._scrubber.tokens(kind, value) for kind, value in VALUES.items()}


def private(text, maker=MAKER):
    return maker.frame(pd.DataFrame({"content": [text]}))["content"][0]


def wide(text):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


SPELLED = {
    "joiner": "\u200d".join,
    "non-joiner": "\u200c".join,
    "marks of direction": "\u200e\u2066".join,
    "selector": "\ufe0f".join,
    "grapheme joiner": "\u034f".join,
    "fillers of Hangul": "\u3164\uffa0".join,
    "tags": "\U000e0061".join,
    "soft hyphens": "\u00ad".join,
    "full width": wide,
    "struck through": lambda text: "".join(c + "\u0336" for c in text),
}


@pytest.mark.parametrize("spell", SPELLED.values(), ids=SPELLED)
@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize(
    "around", ["{}", "see {}, ok", "👩\u200d💻 می\u200cخواهم {} e\u0301\u00a0…"]
)
def test_the_same_value_has_the_same_token_and_the_rest_stays(spell, kind, around):
    assert private(around.format(spell(VALUES[kind]))) == around.format(TOKENS[kind])


@pytest.mark.parametrize("spell", SPELLED.values(), ids=SPELLED)
def test_columns_are_folded_as_texts_are(spell):
    spelled = PERSON.map(spell)
    maker = Pseudonymiser(KEY).learn(spelled)
    assert maker.frame(spelled).equals(MAKER.frame(PERSON))
    for kind in ("person", "email", "phone"):
        assert private(f"see {VALUES[kind]} ok", maker) == f"see {TOKENS[kind]} ok"
    assert private("Frau Müller", maker) != "Frau Müller"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "anna%40shop.example"),
        ("email", "anna%2540shop.example"),
        ("email", "%61nna%40shop%2Eexample"),
        ("email", "anna&#64;shop.example"),
        ("email", "anna&#x40;shop&period;example"),
        ("email", "anna&commat;shop.example"),
        ("email", r"anna\u0040shop.example"),
        ("email", "anna [at] shop [dot] example"),
        ("email", "anna(at)shop(dot)example"),
        ("email", "anna@@shop.example"),
        ("email", "anna at shop dot example"),
        ("email", "anna arobase shop point example"),
        ("email", "𝐚𝐧𝐧𝐚@ⓢⓗⓞⓟ.example"),
        ("email", "anna@shop。example"),
        ("email", "anna@shop｡example"),
        ("email", "anna@shop．example"),
        ("email", "anna@SHOP[。]example"),
        ("email", "anna(at)shop。example"),
        ("email", "anna%40shop%E3%80%82example"),
        ("person", "ANNA MU\u0308LLER-LU\u0308DENSCHEIDT"),
        ("person", "Anna&nbsp;M&uuml;ller-L&uuml;denscheidt"),
        ("person", r"Anna M\u00fcller-L\u00fcdenscheidt"),
        ("person", "Anna%20M%C3%BCller-L%C3%BCdenscheidt"),
        ("person", "Anna%20M%FCller"),
        ("person", "anna-mueller"),
        ("person", "mueller-anna"),
        ("person", "luedenscheidt, anna"),
        ("person", "Anna Lüdenscheidt"),
        ("person", "𝓐𝓷𝓷𝓪 𝓜𝓾𝓮𝓵𝓵𝓮𝓻"),
        ("card", "4111\u202f1111\u20091111\u00a01111"),
        ("card", "4111\n1111\n1111\n1111"),
        ("card", "4111,1111,1111,1111"),
        ("card", "4111:1111:1111:1111"),
        ("card", "4111_1111_1111_1111"),
        ("card", "4111 1111\n1111 1111"),
        ("card", "④①①① 1111 1111 1111"),
        ("card", "4111&nbsp;1111&#8239;1111%201111"),
        ("phone", "+33 6 12\n34 56 78"),
        ("phone", "+33 6 12\r\n34 56 78"),
        ("phone", "+33 6, 12, 34, 56, 78"),
        ("phone", "+33:6:12:34:56:78"),
        ("phone", "+33: 6 12 34 56 78"),
        ("phone", "0033 6 12\n34 56 78"),
        ("phone", "＋３３\u202f６\u202f１２\u202f３４\u202f５６\u202f７８"),
        ("phone", "+3️⃣3️⃣6️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣"),
        ("phone", "+³³ ⁶ ¹² ³⁴ ⁵⁶ ⁷⁸"),
        ("phone", "%2B33%206%2012%2034%2056%2078"),
    ],
)
@pytest.mark.parametrize("around", ["{}", "is ({}). And", "a\n{}\nb", "é {} 👩\u200d💻"])
def test_other_spellings_have_the_same_token(kind, text, around):
    assert private(around.format(text)) == around.format(TOKENS[kind])


@pytest.mark.parametrize("case", [str.upper, str.lower])
@pytest.mark.parametrize(
    "sign",
    [
        "",
        " ",
        "-",
        ".",
        "\u202f",
        "\u2009",
        "\u00a0",
        " - ",
        "\u2011",
        "–",
        "/",
        "_",
        "\n",
        "\u200b",
        ",",
        ", ",
        ":",
        " : ",
        ";",
        "|",
        ",\n",
    ],
)
@pytest.mark.parametrize(
    "account",
    [
        "FR7630006000011234567890189",
        "DE89370400440532013000",
        "GB29NWBK60161331926819",
        "NO9386011117947",
        "MT84MALT011000012345MTLCAST001S",
    ],
)
def test_an_account_is_found_as_a_whole(account, sign, case):
    groups = [account[at : at + 4] for at in range(0, len(account), 4)]
    text = f"to {case(sign.join(groups))}, thanks"
    token = MAKER._scrubber.tokens("iban", account)
    assert private(text) == f"to {token}, thanks"
    assert (
        private(text.removesuffix(", thanks") + " and 5 more thanks")
        == f"to {token} and 5 more thanks"
    )


@pytest.mark.parametrize(
    "account",
    [
        "FR1420041010050500013M02606",
        "GB29 NWBK 6016 1331 9268 19",
        "mt84malt011000012345mtlcast001s",
    ],
)
@pytest.mark.parametrize("before", ["IBAN", "my iban", "Iban:"])
def test_an_account_to_which_its_name_is_glued(account, before):
    token = MAKER._scrubber.tokens("iban", account.replace(" ", "").upper())
    assert private(f"{before}{account} thanks") == f"{before}{token} thanks"


@pytest.mark.parametrize("word", ["thanks", "Danke", "x", "谢谢", "BIC", "ok2"])
@pytest.mark.parametrize(
    "account", ["FR7630006000011234567890189", "GB29 NWBK 6016 1331 9268 19", "NO9386011117947"]
)
def test_an_account_with_a_word_right_behind_it(account, word):
    token = MAKER._scrubber.tokens("iban", account)
    assert private(f"to {account}{word} ok") == f"to {token}{word} ok"
    assert private(f"IBAN{account}{word}") == f"IBAN{token}{word}"


@pytest.mark.parametrize("sign", ["", " ", "-"])
@pytest.mark.parametrize(
    "account",
    [
        "FR7630006000011234567890188",
        "GB29NWBK60161331926891",
        "GB92NWBK60161331926819",
        "DE89370400440532013001",
    ],
)
def test_a_mistyped_account_goes_as_a_whole(account, sign):
    """A wrong digit, or two in each other's place."""
    text = sign.join(account[at : at + 4] for at in range(0, len(account), 4))
    found = private(f"to {text}, thanks")
    assert re.fullmatch("to iban_[0-9a-f]{16}, thanks", found)
    assert found == private(f"to {account}, thanks")


@pytest.mark.parametrize("text", ["no 4111111111111111", "be 12345678901234", "NO 1234567890123"])
def test_a_word_before_a_number_is_no_country(text):
    assert re.fullmatch(f"{text[:3]}(card|phone)_[0-9a-f]{{16}}", private(text))


@pytest.mark.parametrize(
    "text",
    [
        "06:12:34:56:78",
        "06,12,34,56,78",
        "0612:345:678",
        "06 12\n34 56 78",
        "(020) 7946\n0958",
        "06 12 34 56\n78",
        "06+12+34+56+78",
        "+33+6+12+34+56+78",
        "%2B33+6+12345678",
    ],
)
@pytest.mark.parametrize("around", ["Tel: {} ok", "Tel:{}\n", "{}"])
def test_phones_that_are_broken(text, around):
    before, after = around.split("{}")
    assert re.fullmatch(
        re.escape(before) + "phone_[0-9a-f]{16}" + re.escape(after), private(around.format(text))
    )


@pytest.mark.parametrize(
    "before",
    ["room B5 ", "x_5 ", "5 ", "B5-", "5\t", "91b7-584a2265b1f5 "],
)
@pytest.mark.parametrize("phone", ["0612345", "0000000", "(020) 7946"])
def test_a_digit_of_the_word_before_hides_no_phone(before, phone):
    assert re.fullmatch(re.escape(before) + "phone_[0-9a-f]{16} ok", private(f"{before}{phone} ok"))


@pytest.mark.parametrize("text", ["12 000 000 EUR", "5.00 12 345", "7 003 045,50"])
def test_amounts_with_groups_of_zeros_stay(text):
    assert private(text) == text


@pytest.mark.parametrize(
    ("name", "text", "goes"),
    [
        (NAME, "Frau Müller", "Müller"),
        (NAME, "Frau LUEDENSCHEIDT", "LUEDENSCHEIDT"),
        ("Jean-Luc Picard", "ask Luc", "Luc"),
        ("Ana García‐Lorca", "señora Lorca", "Lorca"),
        ("דנה בן־דוד", "שלום דוד", "דוד"),
        ("Anna Müller", "https://a.example/customers/anna-mueller", "anna-mueller"),
        ("Anna Müller", "https://a.example/customers/anna%2Dm%C3%BCller/x", "anna%2Dm%C3%BCller"),
        ("Jane Doe", "https://a.example/u/jane_doe", "jane_doe"),
        ("jane_doe", "https://a.example/u/Jane_Doe", "Jane_Doe"),
        ("Jane Doe", "/u/janedoe?x", "janedoe"),
        ("Jane Doe", "/u/jane%5Fdoe", "jane%5Fdoe"),
        ("Jane Doe", "/u/doe.jane", "doe.jane"),
        ("Jane Doe", "ask @janedoe", "janedoe"),
        ("ليلى", "لـيـلـى", "لـيـلـى"),
        ("ليلى", "لَيْلَى", "لَيْلَى"),
        ("علی", "علی\u200cها", "علی"),
        ("Emma", "Emma™", "Emma"),
        ("Sinead O'Connor", "Mr Connor", "Connor"),
        ("Sinead O’Connor", "Mr CONNOR", "CONNOR"),
        ("Sinead OʼConnor", "Sinead Connor was here", "Sinead Connor"),
        ("Sinead O`Connor", "/u/sinead-connor", "sinead-connor"),
        ("Sinead O´Connor", "/u/sineadconnor", "sineadconnor"),
        ("Sinead O'Connor", "O‘Connor was here", "O‘Connor"),
        ("Anna Smith-O'Brien", "Frau Brien", "Brien"),
        ("Jean d’Arc", "Frau Arc", "Arc"),
        ("Dell'Acqua", "Frau Acqua", "Acqua"),
        ("Иван", "Ива\u0301н", "Ива\u0301н"),
        ("Dr. Jane Doe", "hi jane doe", "jane doe"),
        ("Prof. Dr. Jane Doe", "/u/jane-doe", "jane-doe"),
        ("Mrs Jane Doe", "/u/doe.jane", "doe.jane"),
        ("Jane Doe (Acme)", "hi jane doe", "jane doe"),
        ("Jane Doe – Acme GmbH", "/u/janedoe", "janedoe"),
        ("Jane Doe, MD", "hi jane doe", "jane doe"),
        ("Frau Jörg Dö | Acme", "hi joerg doe", "joerg doe"),
    ],
)
def test_names(name, text, goes):
    frame = pd.DataFrame({"nickname": [name], "content": [text]})
    found = pseudonymise(frame, key=KEY)["content"][0]
    before, after = text.split(goes)
    assert re.fullmatch(re.escape(before) + "person_[0-9a-f]{16}" + re.escape(after), found)


ANA, MARIE = "Ana García López", "Marie-Claire Dupont-Leroy"


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        (ANA, "ana-garcia garcia-lopez ana.garcia ana_garcia ANA-GARCIA lopez_ana ana+lopez "
              "ana-garcía ana%2Dgarc%C3%ADa ana–garcia AnaGarcia GarciaLopez ana-garcia-lopez "
              "ana-lopez84 garcia‐lopez ａｎａ－ｇａｒｃｉａ"),
        (MARIE, "marie-dupont marie.leroy claire_dupont leroy-claire marieclaire-dupont "
                "marie-claire-dupont-leroy marie-claire-dupont MarieDupont marie-dupontleroy"),
        ("Ana María García López", "ana-maria-garcia ana-maria-lopez maria.lopez ana_lopez"),
        ("Dr. Emma Jane O’Brien (Acme)", "emma-obrien emma-o-brien jane.brien emma-o'brien"),
        ("García López, Ana", "ana-garcia lopez.ana"),
        ("Jörg Uwe Größe", "joerg-groesse jorg-grosse jörg.größe uwe_groesse"),
        ("Jan van den Berg", "jan-berg"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "see {}, ok", "https://a.example/u/{}/x", "/files/{}"])
def test_two_of_the_words_of_a_name(name, spelled, around):
    """Joined as paths, files and accounts join them, they have the token of the whole name."""
    people = pd.DataFrame({"nickname": [name]})
    maker = Pseudonymiser(KEY).learn(people)
    token = maker.frame(people)["nickname"][0]
    for one in spelled.split():
        text = around.format(one)
        assert private(text, maker) == around.format(token), one


@pytest.mark.parametrize("before", ["/u/", "@", "~"])
@pytest.mark.parametrize("word", ["anagarcia", "garcialopez", "LopezAna", "anagarcia84"])
def test_two_of_the_words_of_a_name_in_one(before, word):
    maker = Pseudonymiser(KEY).learn(pd.DataFrame({"nickname": [ANA]}))
    assert re.fullmatch(f"{before}person_[0-9a-f]{{16}} ok", private(f"{before}{word} ok", maker))


def test_whose_whole_name_it_is_comes_before_whose_has_more_words():
    people = pd.DataFrame({"nickname": [ANA, "Ana García"]})
    maker = Pseudonymiser(KEY).learn(people)
    assert private("ana-garcia", maker) == maker.frame(people)["nickname"][1]


@pytest.mark.parametrize(
    "text",
    [
        "will-you may-be", "the rose. may it", "van-der-valk", "/hotels/van-den-broek", "e-mail",
        "Anagarcia", "on-site, in-store and web-based", "follow-up sign-in",
        "will, may", "will/may", "may–week", "/u/mayor-rose", "rosewill", "banana-garcias",
    ],
)  # fmt: skip
def test_words_that_a_long_name_has_too_stay(text):
    names = ["Rose May Will", "Jan Van Den Berg", ANA, "In Store Site", "E Mail Up", "Jo VAN DER B"]
    assert private(text, Pseudonymiser(KEY).learn(pd.DataFrame({"nickname": names}))) == text


@pytest.mark.timeout(
    30
)  # hundredths of a second; where any two of the words are remembered, minutes
def test_a_sentence_as_a_nickname_is_learned_at_once():
    names = [" ".join(f"{word}{n}Word" for n in range(3000)) for word in ("Any", "More")]
    maker = Pseudonymiser(KEY).learn(pd.DataFrame({"nickname": names}))
    assert private("/any0word-any1word", maker).startswith("/person_")


STAYS = (
    "It costs 1,234,567,890 USD",
    "0,99, 1,49, 2,99",
    "09:00, 10:30, 11:45, 12:30",
    "at 09:30:15,123 and 10:30:15.1234567",
    "2026-11-02T09:30:15+01:00",
    "00:15:30:45",
    "ratio 1:2:3:4:5:6:7:8:9",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
    "31899\n31900\n31901",
    "001\n002\n003",
    "31899, 31900, 31901",
    "2019, 2020, 2021, 2022",
    "version 1.2.3, 4.5.6",
    "v٢.٠",
    "10 000 €",
    "look at example.com",
    "meet at some point today",
    "at this dot",
    "100% & 20% off",
    "https://a.example/wiki/C%23",
    "AT&T; and co",
    r"C:\users\u",
    "x² + y³ = ½",
    "① first ② second",
    "on 12 March we ordered 30 of 5 kinds and 20 of 7",
    "+1, +2, +3",
    "order 0815\n12345",
    "❤️ 1️⃣ 2️⃣",
    "👩\u200d💻👨\u200d👩\u200d👧 🏴\U000e0067\U000e0062\U000e007f",
    "می\u200cخواهم",
    "שָׁלוֹם",
    "क्\u200dष नमस्ते",
    "e\u0301 ﬁn… №5 ™ ＯＫ！ ｶﾞ",
    "\u202bمرحبا\u202c",
    "\ufeffhello\u00ad\u200b",
    "a buyer",
    "a Dell from Tom’s garage, O’s",
    "the brien, an angelo",
    "a[.]b [dot] c(.)d",
    "items[:] and items[:8] (:",
    "1[.]5 or 3[.]14, 1,234[.]50",
    "In 20,000: 30, 40; 50, 60, 70, 80, 90, 100",
    "AB12, 34, 56, 78, 90, 12, 34, 56, 78",
    "smart-phone",
)


@pytest.mark.parametrize("text", STAYS)
def test_what_names_nobody_stays_byte_for_byte(text):
    people = pd.DataFrame(
        {"nickname": [NAME, "Happy-buyer", "Will Smith", "O'brien", "Dell'Acqua", "BOB'S SHOP"]}
    )
    assert private(text, Pseudonymiser(KEY).learn(people)) == text


NOT_FOUND = (
    ("Anna Müller", "anna was here"),  # small letters
    ("Anna Müller", "https://a.example/u/anna"),
    ("Anna Müller", "annamueller was here"),  # one word
    ("Anna Müller", "/u/amueller"),  # initials
    ("Anna Maria Müller", "hi anna mueller"),  # a middle name left out, in small letters
    ("Anna Maria Müller", "annamueller was here"),
    ("Jo Maria Müller", "/u/jo-mueller"),  # fewer than three letters
    ("Jan Maria Van Dijk", "/u/van-dijk"),  # a particle
    ("A1 B2 C3 D4 E5 F6 G7 H8 Anna Müller", "/u/anna-mueller"),  # behind the eighth
    ("Anna Müller", "Аnnа"),  # letters of another script that look the same
    ("Anna Müller", "Ma dame An na"),
    ("Anna Müller", "M=C3=BCller"),  # quoted-printable
    (None, "born 1980-02-03"),
    (None, "Tel 612 345\n678"),  # does not begin as phones do
    (None, "06, 12, 34, 56, 78"),
    (None, "06 12:34 56 78"),
    (None, "zero six twelve"),
    (None, "write to anna at shop.example"),
    (None, "anna=40shop.example"),
    (None, "customer 12345678"),
    (None, "card 4111, 1111, 1111, 1111"),
    (None, "write to anna@例え.テスト"),
    (None, "host 8 dot 8 dot 8 dot 8"),
    (None, "host 8 . 8 . 8 . 8"),
    ("sinead o'connor", "ask Connor"),  # known in small letters
    ("anna müller-lüdenscheidt", "Frau Lüdenscheidt"),
)


@pytest.mark.parametrize(("name", "text"), NOT_FOUND)
def test_what_is_said_not_to_be_found_is_not(name, text):
    people = pd.DataFrame({"nickname": [name]}, dtype="str")
    assert private(text, Pseudonymiser(KEY).learn(people)) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("GB29NWBK6016133192681", "GB29NWBK{}"),  # a digit too few
        ("gb29nwbk60161331926818", "gb29nwbk{}"),  # mistyped, in small letters
        ("GB29NWBK60161331926818thanks", "GB29NWBK{}thanks"),  # mistyped, with a word behind it
        ("accountGB29NWBK60161331926819", "accountGB29NWBK{}"),
        ("anna@mail.shop。example", "{}。example"),
    ],
)
def test_what_is_said_to_stay_of_a_value_does(text, left):
    assert re.fullmatch(left.format("[a-z]+_[0-9a-f]{16}"), private(text))


def test_all_that_is_not_found_is_said():
    told = privacy.__doc__.partition("What is not found")[2]
    for words in (
        "small letters",
        "one word",
        "initials",
        "middle",
        "fewer than three letters",
        "particle",
        "behind the eighth",
        "digit\ntoo many or too few",
        "mistyped",
        "right before it",
        "in the domain",
        "ideographic",
        "look alike",
        "quoted-printable",
        "blanks",
        "Dates of birth",
        "fewer than\nnine",
        "comma",
        "line",
        "colon",
        "in words",
    ):
        assert words in told


UNSEEN = st.sampled_from([*FORMAT, *SELECTORS, *FILLERS])
SURROUNDINGS = st.sampled_from(
    ["", "see ", "\u202b(", "👩\u200d💻 ", "می\u200cخواهم ", "e\u0301, ", "Ａ ＯＫ！ ", "\n"]
)


@given(st.sampled_from(sorted(VALUES)), st.data(), SURROUNDINGS, SURROUNDINGS)
def test_anything_unseen_at_any_place(kind, data, before, after):
    value = VALUES[kind]
    places = data.draw(st.lists(st.integers(1, len(value) - 1), min_size=1, max_size=6))
    for place in sorted(places, reverse=True):
        value = value[:place] + data.draw(UNSEEN) + value[place:]
    after = " " + after
    assert private(before + value + after) == before + TOKENS[kind] + after


@given(
    st.text(
        st.sampled_from([*"abu é,\n%&;\\", "\u200d", "ﬁ", "Ａ", "\u0336", "ع", "ท", "한"]),
        max_size=40,
    )
)
@example("%" * 40 + "&#6" * 20)
def test_a_text_that_names_nobody_stays(text):
    assert private(text) == text


@pytest.mark.parametrize(
    "piece",
    [
        "1 ",
        "0,",
        "+1",
        "a.",
        "a@",
        "FR12",
        "%25",
        "&#64;",
        "a at ",
        "a dot ",
        "06\n",
        "\u200d1",
        "1:",
        "(1",
        "[.",
        "+1:",
        "0 ",
        "o’",
        "FR12,",
    ],
)
@pytest.mark.timeout(60)  # a second's work; where the steps are squared, minutes
def test_no_pattern_takes_steps_by_the_square(piece):
    assert isinstance(private(piece * 20_000), str)


def test_numbers_say_where_they_stand():
    text = "a +33 6 12\n34 56 78, 2 pairs"
    assert {text[s.start : s.end] for s in numbers(text)} == {"+33 6 12\n34 56 78"}
    assert private("+33 6 12 34 56 78\n2 pairs") == f"{TOKENS['phone']}\n2 pairs"
    assert private("+33 6 12 34 56 78, 12 pairs") == f"{TOKENS['phone']}, 12 pairs"


@pytest.mark.parametrize("sign", "’‘‛ʼʻʹ′´＇")
def test_an_apostrophe_is_one(sign):
    """Word processors and telephones put another than was typed."""
    plain = pd.DataFrame({"nickname": ["Sinead O'Brien"], "email": ["o'brien@acme.example"]})
    other = plain.map(lambda text: text.replace("'", sign))
    assert pseudonymise(other, key=KEY).equals(pseudonymise(plain, key=KEY))
    for known, written in ((plain, other), (other, plain)):
        maker = Pseudonymiser(KEY).learn(known)
        tokens = maker.frame(known)
        for name in ("nickname", "email"):
            assert private(f"I’m {written[name][0]}.", maker) == f"I’m {tokens[name][0]}."


@pytest.mark.parametrize(
    ("kind", "value", "texts"),
    [
        ("ip", "8.8.8.8", ("8[.]8[.]8[.]8", "8.8.8[.]8", "8(.)8(dot)8 [dot] 8", r"8\[.\]8.8.8")),
        ("ip", "2001:db8::1", ("2001[:]db8[:][:]1", "2001:db8[:]:1")),
        (
            "email",
            "jo@acme.example",
            ("jo[at]acme[.]example", "jo@acme[.]example", "jo@acme [dot] example",
             "jo[@]acme(.)example", "jo (at) acme [.] example", "jo%5Bat%5Dacme%5B.%5Dexample"),
        ),
        ("email", "jo.b@acme.example", ("jo[.]b@acme.example", "jo[.]b[at]acme[.]example")),
    ],
)  # fmt: skip
def test_signs_in_brackets(kind, value, texts):
    for text in texts:
        assert private(f"see {text}, ok") == f"see {MAKER._scrubber.tokens(kind, value)}, ok"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("见 jo@bücher.example。谢谢", "见 {}。谢谢"),
        ("OK。jo@xn--bcher-kva.example。Thanks", "OK。{}。Thanks"),
        ("<mailto:jo@XN--BCHER-KVA。EXAMPLE?subject=x>", "<{}?subject=x>"),
        ("jo@bücher。example.", "{}."),
    ],
)
def test_a_domain_is_one_however_it_is_spelled(text, left):
    people = pd.DataFrame({"email": ["jo@bücher.example"]})
    maker = Pseudonymiser(KEY).learn(people)
    token = maker.frame(people)["email"][0]
    assert private(text, maker).replace("mailto:", "") == left.format(token)


def test_machines_are_typed_with_the_full_stop_too():
    assert private("see 8。8。4。4 ok") == private("see 8.8.4.4 ok")
    for text in ("第1。2。3章", "OK。Thanks", "see @anna。Thanks", "1。2。3。4。5"):
        assert private(text) == text


HIDDEN = [
    SPELLED["joiner"](NAME),
    wide(EMAIL),
    "+33 6 12\n34\u200d 56 78",
    "FR76-3000-6000-0112-3456-7890-189",
    "/u/anna-mueller",
    "Frau Lüdenscheidt",
    r"anna\u0040shop.example",
]


def visible(text):
    """Some of what must be gone."""
    plain = re.sub("[\u200d\\s-]", "", text).lower()
    return [w for w in ("müller", "mueller", "lüden", "anna", "345678", "30006000") if w in plain]


def test_frames_files_and_transcripts(ws, folder):
    conversations = ws.conversations(limit=4)
    messages = ws.messages(conversations)
    conversations.loc[0, ["nickname", "email", "phone"]] = [NAME, EMAIL, PHONE]
    conversations.loc[0, "topic"] = " | ".join(HIDDEN)
    messages["content"] = " | ".join(HIDDEN)
    messages["content_json"] = None
    maker = Pseudonymiser(KEY).learn(conversations, messages)
    told = maker.frame(messages)["content"]
    assert len(visible(messages["content"][0])) == 6
    assert not any(map(visible, told))
    assert not visible(maker.frame(conversations)["topic"][0])
    ws.to(folder / "m.csv", messages, private=maker)
    assert not visible((folder / "m.csv").read_text("utf-8"))
    assert visible(ws.to(folder / "open.csv", messages).read_text("utf-8"))
    pages = transcripts.write(folder / "t.jsonl", maker.frame(messages), maker.frame(conversations))
    assert pages
    assert not visible((folder / "t.jsonl").read_text("utf-8"))
    assert crisp.read(folder / "m.csv")["content"].equals(told)
