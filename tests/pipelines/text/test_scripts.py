"""The script of most letters, against Unicode's own data and against an independent list of Chinese characters."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.text.hanzi import SIMPLIFIED, TRADITIONAL
from pipelines.text.scripts import _SCRIPTS, _table, dominant_scripts


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("", ""),
        ("12 + 34 = 46 …", ""),
        ("All human beings", "Latn"),
        ("Żółć", "Latn"),
        ("Все люди", "Cyrl"),
        ("Сви људи се рађају", "Cyrl"),
        ("Svi ljudi rađaju se", "Latn"),
        ("Windows 是 Microsoft 的", "Latn"),
        ("يولد جميع الناس", "Arab"),
        ("कृपया अपना पासवर्ड", "Deva"),
        ("ကမ္ဘာ", "Mymr"),
        ("ທຸກຄົນ", "Laoo"),
        ("ጤና ይስጥልኝ", "Ethi"),
        ("すべての人間は", "Jpan"),
        ("データ", "Jpan"),
        ("日本", "Hani"),  # no kana, and no character that only one Chinese script has
        ("人人生而自由", "Hani"),
        ("这个国家的语言", "Hans"),
        ("這個國家的語言", "Hant"),
        ("優の良品這個國家的語言比較難說明所以請大家慢慢地學習並且說話", "Hant"),  # a lone kana is no Japanese
        ("모든 인간은", "Kore"),
        ("大韓民國의 모든 國民은", "Kore"),
        ("𞤀𞤣𞤤𞤢𞤥", "Adlm"),
    ],
)
def test_golden(text: str, script: str) -> None:
    assert dominant_scripts([text]) == [script]


PROPERTIES = {
    "Latn": "Latin", "Cyrl": "Cyrillic", "Grek": "Greek", "Arab": "Arabic", "Hebr": "Hebrew", "Deva": "Devanagari",
    "Beng": "Bengali", "Taml": "Tamil", "Telu": "Telugu", "Thai": "Thai", "Laoo": "Lao", "Khmr": "Khmer",
    "Mymr": "Myanmar", "Geor": "Georgian", "Armn": "Armenian", "Ethi": "Ethiopic", "Hang": "Hangul", "Hani": "Han",
    "Hira": "Hiragana", "Kana": "Katakana", "Sinh": "Sinhala", "Tibt": "Tibetan", "Gujr": "Gujarati", "Orya": "Oriya",
    "Guru": "Gurmukhi", "Knda": "Kannada", "Mlym": "Malayalam", "Thaa": "Thaana", "Cher": "Cherokee", "Adlm": "Adlam",
}  # fmt: skip


@cache
def _of_every_character(pattern: str) -> set[int]:
    find: Callable[[str], list[str]] = regex.compile(pattern, regex.V1).findall
    return set(map(ord, find(_EVERY)))


_EVERY = "".join(chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000)


@pytest.mark.parametrize("script", PROPERTIES)
def test_the_table_says_what_unicode_says(script: str) -> None:
    letters = _of_every_character(rf"[\p{{Script={PROPERTIES[script]}}}&&[\p{{L}}\p{{M}}]]")
    wanted = ("Hani", "Hans", "Hant") if script == "Hani" else (script,)
    found = set(np.flatnonzero(np.isin(_table(), [_SCRIPTS.index(name) for name in wanted])).tolist())
    assert found & _of_every_character(r"\P{Cn}") == letters


def test_nothing_but_letters_and_marks_has_a_script() -> None:
    found = set(np.flatnonzero(_table()).tolist())
    assert found & _of_every_character(r"[\P{Cn}--\p{L}--\p{M}]") == set()


def test_no_character_is_of_both_chinese_scripts() -> None:
    simplified, traditional = set(SIMPLIFIED) - {"\n"}, set(TRADITIONAL) - {"\n"}
    assert simplified & traditional == set()
    assert "".join(simplified).encode("big5", "ignore") == b""
    assert "".join(traditional).encode("gb2312", "ignore") == b""
    assert "".join(simplified).encode("gb2312")
    assert "".join(traditional).encode("big5")


LETTERS = {"Latn": "abcé", "Cyrl": "бгд", "Arab": "بتث", "Thai": "กขค", "Deva": "कखग", "Hang": "가나", "Hans": "这们"}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(LETTERS)), st.integers(1, 9), min_size=1), st.randoms())
def test_the_script_of_most_letters_wins_wherever_they_stand(counts: dict[str, int], random: object) -> None:
    together = {"Hang": "ea", "Hans": "ea"}  # these two count as one
    groups: dict[str, int] = {}
    for script, count in counts.items():
        groups[together.get(script, script)] = groups.get(together.get(script, script), 0) + count
    letters = [LETTERS[script][n % len(LETTERS[script])] for script, count in counts.items() for n in range(count)]
    random.shuffle(letters)  # type: ignore[attr-defined]
    (found,) = dominant_scripts([" 1 ".join(letters)])
    group = together.get({"Kore": "Hang"}.get(found, found), found)
    assert groups[group] == max(groups.values())


@settings(deadline=None)
@given(st.lists(st.text()))
def test_a_batch_is_as_its_rows_alone(texts: list[str]) -> None:
    assert dominant_scripts(texts) == [name for text in texts for name in dominant_scripts([text])]
