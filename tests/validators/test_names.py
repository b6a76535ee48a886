from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from validators.names import SUFFIXES, match_key

SAME = [
    ("case", "O'BRIEN, SEAN", "O'Brien, Sean"),
    ("accents", "GARCÍA, JOSÉ", "Garcia, Jose"),
    ("composed and decomposed letters", unicodedata.normalize("NFC", "Nuñez, Zoë"), unicodedata.normalize("NFD", "Nuñez, Zoë")),
    ("apostrophe and none", "O'BRIEN, SEAN", "OBRIEN, SEAN"),
    ("straight and curly apostrophes", "O'BRIEN, SEAN", "O\u2019BRIEN, SEAN"),
    ("a modifier letter as apostrophe", "HAWAI\u02bbI, KAI", "HAWAII, KAI"),
    ("hyphen and space", "SMITH-JONES, ANN", "SMITH JONES, ANN"),
    ("hyphen and nothing", "SMITH-JONES, MARY-ANN", "SMITHJONES, MARYANN"),
    ("a real hyphen and a typewriter's", "SMITH\u2010JONES, ANN", "SMITH-JONES, ANN"),
    ("spaces in a prefix", "DE LA CRUZ, ANA", "DELACRUZ, ANA"),
    ("blanks around", "  MAREN ,  TOVE ", "MAREN,TOVE"),
    ("junior after the last name", "KING JR., MARTIN", "KING, MARTIN"),
    ("junior after the first name", "KING, MARTIN JR", "KING, MARTIN"),
    ("junior as a part of its own", "KING, JR., MARTIN", "KING, MARTIN"),
    ("the third", "KING III, MARTIN", "KING, MARTIN"),
    ("a licence after the name", "MAREN, TOVE, LICSW", "MAREN, TOVE"),
    ("a middle initial on one side", "MAREN, TOVE K.", "MAREN, TOVE"),
    ("letters that do not decompose", "SØRENSEN, ŁUKASZ", "SORENSEN, LUKASZ"),
    ("sharp s", "WEISS, UTE", "WEIß, UTE"),
    ("ligature", "ÆRØ, MÆ", "AERO, MAE"),
    ("dotted capital I", "İPEK, İNCİ", "IPEK, INCI"),
    ("an invisible joiner", "MA\u200dREN, TOVE", "MAREN, TOVE"),
    ("no comma", "TOVE MAREN", "MAREN, TOVE"),
    ("a single name", "MADONNA", "MADONNA, "),
    ("a period after Saint", "ST. JOHN, AMY", "ST JOHN, AMY"),
    ("the licence of the one, the suffix of the other", "KING, MARTIN, LICSW", "KING JR., MARTIN"),
    ("junior written twice in two ways", "KING II, MARTIN", "KING, MARTIN 2nd"),
    ("a comma of East Asia", "王\uff0c小明", "王, 小明"),
    ("no comma in East Asia", "王小明", "王, 小明"),
    ("a comma of Arabic", "الحسن، ليلى", "الحسن, ليلى"),
    ("Arabic with its short vowels", "الحَسَن, لَيلى", "الحسن, ليلى"),
    ("Hebrew with its points", "כֹּהֵן, דָּנָה", "כהן, דנה"),
    ("a turn of the writing direction", "\u202eMAREN\u202c, \u2067TOVE\u2069", "MAREN, TOVE"),
    ("Greek accents", "ΠΑΠΑΔΌΠΟΥΛΟΣ, ΝΊΚΗ", "παπαδοπουλος, νικη"),
]  # fmt: skip

OTHER = [
    ("another last name", "MAREN, TOVE", "DAHL, TOVE"),
    ("another first name", "MAREN, TOVE", "MAREN, ANNE"),
    ("names the other way round", "THOMAS, JAMES", "JAMES, THOMAS"),
    ("another middle initial", "MAREN, TOVE K", "MAREN, TOVE B"),
    ("father and son", "KING SR., MARTIN", "KING, MARTIN JR."),
    ("the third and the fourth", "KING III, MARTIN", "KING, MARTIN, IV"),
    ("a double name and its half", "SMITH-JONES, ANN", "SMITH, ANN"),
    ("vowel signs of Devanagari", "शर्मा, मीना", "शर्मा, मोना"),
    ("tones of Thai", "ใจดี, ป่า", "ใจดี, ป้า"),
    ("one letter and another", "O, A", "O, B"),
    ("a single name and a full one", "MADONNA", "MADONNA, LOUISE"),
    ("a suffix that is the whole name", "MD, RAHIM", "RN, RAHIM"),
    ("signs only", "†, †", "‡, ‡"),
    ("nothing and a name", "", "MAREN, TOVE"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_spellings_of_one_name_agree(one, other):
    """How a name is typed does not make another person."""
    assert match_key(one).agrees(match_key(other))
    assert match_key(other).agrees(match_key(one))


@pytest.mark.parametrize(("one", "other"), [row[1:] for row in OTHER], ids=[row[0] for row in OTHER])
def test_other_names_do_not_agree(one, other):
    """Tolerance ends where another person may begin."""
    assert not match_key(one).agrees(match_key(other))
    assert not match_key(other).agrees(match_key(one))


@pytest.mark.parametrize(
    ("one", "other", "resembles"),
    [
        ("MAREN, TOVE", "DAHL, TOVE", True),
        ("MAREN, TOVE", "MAREN-DAHL, TOVE", True),
        ("MAREN, TOVE", "OKAFOR, IFEOMA", False),
        ("MAREN, T", "DAHL, T", True),
        ("WANG, FANG", "LI, NA", False),
        ("MAREN, TOVE A", "DAHL, ANNE A", False),
    ],
)
def test_a_changed_name_keeps_a_part(one, other, resembles):
    """A shared middle initial is no part of a name."""
    assert match_key(one).resembles(match_key(other)) is resembles


def test_a_key_does_not_show_the_name():
    """A name must not reach a log by way of a repr."""
    assert "tove" not in repr(match_key("MAREN, TOVE")).casefold()


@given(st.text(max_size=60))
def test_every_text_is_a_name_and_agrees_with_itself(text):
    """Nothing is refused, and a name agrees with its own NFC and NFD."""
    key = match_key(text)
    assert key.agrees(key)
    assert key.agrees(match_key(unicodedata.normalize("NFD", text))) or not text.strip()


def test_scripts_of_the_world_are_kept_apart():
    """Names that no rule of ours knows are compared letter by letter."""
    names = [
        "王, 小明",
        "王, 小红",
        "김, 민수",
        "Иванова, Анна",
        "Иванов, Анна",
        "אבוטבול, דנה",
        "الحسن, ليلى",
        "さとう, はな",
        "さどう, はな",
    ]
    keys = [match_key(name) for name in names]
    agreeing = [(one, other) for one in range(len(keys)) for other in range(one) if keys[one].agrees(keys[other])]
    assert agreeing == []


#: Parts of names of at least two letters, none of them a suffix: Latin, Greek, Cyrillic, Georgian, Devanagari, Han.
LETTERS = "abcdeghkmnoprstuzáçéíñöøßþłαβγδεζάέабвгдеёйაბგდეमनरलश王李明"  # noqa: RUF001 - many look alike
PARTS = st.text(LETTERS, min_size=2, max_size=12).filter(
    lambda part: match_key(part).words not in {(word,) for word in SUFFIXES}
)
NAMES = st.tuples(PARTS, PARTS).map(", ".join)
SPELLINGS = st.sampled_from(
    [
        lambda name: unicodedata.normalize("NFC", name),
        lambda name: unicodedata.normalize("NFD", name),
        str.upper,
        str.title,
        lambda name: f" {name}\u200b ",
        lambda name: name.replace(", ", ",\t"),
        lambda name: f"{name[:1]}'{name[1:]}",
        lambda name: f"{name[:1]}-{name[1:]}" if name[1] != "," else name,
    ]
)


@given(NAMES, st.lists(SPELLINGS, min_size=2, max_size=3))
def test_agreeing_is_an_equivalence_on_spellings(name, spellings):
    """Any two spellings of a name agree, both ways, and so do all that agree with one of them."""
    keys = [match_key(name), *(match_key(spelling(name)) for spelling in spellings)]
    assert all(one.agrees(other) for one in keys for other in keys)
    assert len({key.letters for key in keys}) == 1


@given(NAMES, st.sampled_from(["", " Jr.", " III"]), st.sampled_from(["", " K.", ", LICSW"]))
def test_what_follows_a_name_does_not_change_it(name, suffix, more):
    """A suffix, a middle initial or a licence on one side only."""
    last, first = name.split(", ")
    assert match_key(f"{last}{suffix}, {first}{more}").agrees(match_key(name))


@given(NAMES, NAMES)
def test_people_with_no_part_in_common_never_match(one, other):
    """Neither as the same name, nor as a changed one, however either is spelled."""
    mine, theirs = (match_key(name) for name in (one, other))
    assume({mine.last, mine.given, *mine.words}.isdisjoint({theirs.last, theirs.given, *theirs.words}))
    assume(mine.letters != theirs.letters)
    assert not mine.agrees(theirs)
    assert not mine.resembles(theirs)
    assert not mine.agrees(match_key(unicodedata.normalize("NFD", other.upper())))


@given(NAMES, PARTS)
def test_one_part_kept_is_a_changed_name_and_not_the_same(name, part):
    """A new last name or a new first name."""
    last, first = name.split(", ")
    mine = match_key(name)
    for changed in (match_key(f"{part}, {first}"), match_key(f"{last}, {part}")):
        assume(changed.letters != mine.letters)
        assert not mine.agrees(changed)
        assert mine.resembles(changed)


@pytest.mark.parametrize(
    "name", ["\ufdfa" * 1000, "e\u0301" * 5000 + ", A", "A" * 100_000, "a " * 50_000, "," * 10_000]
)
def test_a_monstrous_name_costs_little(name):
    """It is compared like any other, does not swell, and is not kept in memory."""
    key = match_key(name)
    assert key.agrees(key)
    assert len(key.letters) <= 2 * len(name)
    assert match_key(name) is not key
