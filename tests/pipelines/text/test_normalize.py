"""Normalisation changes what no reader would miss, and counts what it changed."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.text.mojibake import repaired
from pipelines.text.normalize import Change, changed, has_surrogates, lines, normalize, normalize_all, paragraphs

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("plain", "plain"),
        ("  two\t\u00a0words \n", "two words"),
        ("line\r\nbreak", "line break"),
        ("cafe\u0301", "caf\u00e9"),
        ("bell\x07 and \ufeffmark", "bell and mark"),
        ("a\u2028b\x85c", "a b c"),
        ("{name} at %1$s", "{name} at %1$s"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # a joiner that Persian spelling needs
        ("\u00bd Ⅷ ﬁ", "\u00bd Ⅷ ﬁ"),  # compatibility characters are the tokenizer's business
        ("\u200fעברית", "\u200fעברית"),
        (" \x00\t", ""),
        ("fish &amp; chips &#233; &#xE9; &eacute;", "fish & chips é é é"),
        ("&amp;lt; stays one level", "&lt; stays one level"),
        ("&nbsp;two&nbsp;&nbsp;words", "two words"),
        ("&copy 2024, a&b, &notice; {name}&{other};", "&copy 2024, a&b, &notice; {name}&{other};"),
        ("می&zwnj;خواهم", "می\u200cخواهم"),
    ],
)
def test_golden(raw: str, clean: str) -> None:
    assert normalize(raw) == clean


@settings(deadline=None)
@given(TEXT)
@example("\x8dÂ\x80")  # the control that goes keeps the rest from being repaired
@example("aÃ\u2003")
def test_what_comes_out_is_normal_and_stays_so(raw: str) -> None:
    clean = normalize(raw.replace("&", "+"))  # of nested entities only one level goes
    assert normalize(clean) == clean
    assert unicodedata.is_normalized("NFC", clean)
    assert clean == " ".join(clean.split())
    assert not any(unicodedata.category(character) == "Cc" for character in clean)


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, max_size=6))
def test_a_batch_is_as_its_texts_alone(raw: list[str]) -> None:
    assert normalize_all(raw).texts == [normalize(text) for text in raw]


@pytest.mark.parametrize(
    ("raw", "kinds"),
    [
        ("plain", Change(0)),
        ("déjà vu — « naïf »", Change(0)),
        ("two\u00a0words", Change.SPACE),
        ("cafe\u0301", Change.NFC),
        ("bell\x07", Change.CONTROL),
        ("&amp;", Change.ENTITIES),
        ("FranÃ§ais", Change.MOJIBAKE),
        (" &eacute;\x00 e\u0301 ", Change.ENTITIES | Change.CONTROL | Change.NFC | Change.SPACE),
    ],
)
def test_each_kind_of_change_is_a_bit(raw: str, kinds: Change) -> None:
    found = normalize_all(["clean", raw])
    assert (found.changes.tolist(), found.changes.dtype) == ([0, kinds], "uint8")
    assert found.changed.tolist() == [0, changed(raw, normalize(raw))]


@settings(deadline=None)
@given(TEXT)
def test_the_count_is_that_of_the_characters(raw: str) -> None:
    found = normalize_all([raw])
    assert found.changed.tolist() == [changed(raw, found.texts[0])]
    assert (found.changes[0] == 0) == (raw == found.texts[0])


WRITTEN_WRONG = [
    "François déjà reçu à l’école, “cœur” — où",
    "Žluťoučký kůň úpěl ďábelské ódy",
    "Все люди рождаются свободными",
    "इंसान आज़ाद पैदा होते हैं",
    "すべての人間は、生まれながらにして自由",
    "Πάντες οἱ ἄνθρωποι",
    "thumbs up 👍🏽 done",
]


@pytest.mark.parametrize("encoding", ["latin-1", "sloppy-windows-1252"])
@pytest.mark.parametrize("text", WRITTEN_WRONG)
def test_mojibake_is_repaired(text: str, encoding: str) -> None:
    found = normalize_all([text.encode().decode(encoding)])
    assert found.texts == [normalize(text)]
    assert found.changes[0] & Change.MOJIBAKE


@pytest.mark.parametrize("encoding", ["sloppy-windows-1250", "macroman", "cp437"])
def test_mojibake_of_other_encodings_is_repaired(encoding: str) -> None:
    text = "reçu à l’école"
    assert normalize(text.encode().decode(encoding)) == text


def test_russian_read_as_windows_1251_is_repaired() -> None:
    text = "Все люди рождаются свободными"
    assert normalize(text.encode().decode("sloppy-windows-1251")) == text


@pytest.mark.parametrize(
    "text",
    [
        "CORAÇÃO, NÃO, IRMÃ À MÃE",
        "RÂȘNOV, ÎN ROMÂNIA, „CÂND”",
        "L’ÎLE DE RÉ, «ÉTÉ», FORÊT À L’ÂME",
        "TRƯỜNG ĐẠI HỌC, CÂU LẠC BỘ, NGÃ BA",
        "ŻÓŁĆ, GĘŚLĄ JAŹŃ, ŁÓDŹ",
        "ÞETTA REDDAST, Ð OG Ö",
        "„SPAẞ“, großÜ … “Maß”",
        "Дії та їхні Ґрунти — «Її»",
        "Љубав, њега, Ђорђе, џем",
        "ČŠŽ, LETALIŠČE ŠČIT",
        "5 °C ± 2 µm, ½ £ — ¿Qué? ¡Sí! Ç’est",
        "Год 2010 г.» В «СССР» С„",
    ],
)
def test_what_only_looks_like_mojibake_stays(text: str) -> None:
    assert normalize(text) == text
    assert repaired(text) == text


NEEDED = {
    "zero width non-joiner in Persian": "می\u200cخواهم کتاب\u200cها را",
    "zero width joiner in Sinhala": "ශ්\u200dරී ලංකා",
    "joiners in Hindi": "क्\u200dष और क्\u200cष",
    "an emoji family": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "emoji and text style": "\u2764\ufe0f \u2602\ufe0e",
    "an ideographic variation": "葛\U000e0100城市",
    "tatweel": "الســـلام",
    "direction marks": "\u200fעברית\u200e (C++)",
    "isolates": "\u2068name\u2069",
    "a Mongolian separator": "ᠪᠠᠶᠢᠨ\u180eᠠ",
    "a word joiner": "a\u2060b",
    "zero width spaces between Khmer words": "សិទ្ធិ\u200bមនុស្ស",
    "a soft hyphen": "Donau\u00addampf",
}


@pytest.mark.parametrize("text", NEEDED.values(), ids=NEEDED)
def test_what_a_script_needs_stays(text: str) -> None:
    assert normalize(text) == text


@settings(deadline=None)
@given(st.text(st.sampled_from("\u200c\u200d\u0640\ufe0e\ufe0f\u180b\u200e\u200f\u2066\u2069\u034f\U000e0100aबم👍")))
def test_no_joiner_mark_or_selector_is_lost(text: str) -> None:
    assert normalize(text) == text


def test_lines_that_are_not_blank() -> None:
    assert lines("one\n \n\ntwo\n") == ["one", "two"]
    assert lines("one") == ["one"]
    assert lines("\n\n") == ["\n\n"]


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        ("same", "same", 0),
        (" same ", "same", 2),
        ("cafe\u0301", "caf\u00e9", 2),  # e and the accent go, é comes
        ("a\tb", "a b", 1),
        ("", "", 0),
    ],
)
def test_changed_characters_are_counted(before: str, after: str, count: int) -> None:
    assert changed(before, after) == count


@settings(deadline=None)
@given(TEXT)
def test_a_count_of_changes_is_nought_only_for_equal_characters(raw: str) -> None:
    count = changed(raw, normalize(raw))
    assert 0 <= count <= max(len(raw), len(normalize(raw)))
    assert (count == 0) == (sorted(raw) == sorted(normalize(raw)))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("one", ["one"]),
        ("one\ntwo", ["one\ntwo"]),
        ("one\n\ntwo", ["one", "two"]),
        ("one\r\n \t\r\n\r\ntwo", ["one", "two"]),
        ("\n\none\n\n", ["one"]),
        ("", [""]),
        ("\n\n", [""]),
    ],
)
def test_blank_lines_divide_paragraphs(text: str, parts: list[str]) -> None:
    assert paragraphs(text) == parts


def test_a_lone_surrogate_is_found_and_a_pair_is_not() -> None:
    assert has_surrogates("bad \udcff byte")
    assert not has_surrogates("a smile \U0001f600")
