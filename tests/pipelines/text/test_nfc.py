"""Every text that is not in NFC is suspected, and what is written in many scripts every day is not."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.text.nfc import suspect

FOUND = re.compile(suspect())
# what composes or decomposes, and what stands around it
LIVELY = "".join(
    chr(point)
    for point in range(0x30000)
    if unicodedata.decomposition(chr(point)) and not unicodedata.decomposition(chr(point)).startswith("<")
)
PARTS = sorted(set(unicodedata.normalize("NFD", LIVELY)) | set("aबকக가한각\u1100\u1161\u11a8\u0301\u0323\u093c\u09be"))


@settings(deadline=None)
@given(st.text(st.sampled_from(PARTS), max_size=6))
def test_what_is_not_composed_is_suspected(text: str) -> None:
    assert unicodedata.is_normalized("NFC", text) or FOUND.search(text)


def test_every_character_that_decomposes_is_suspected_in_parts() -> None:
    for character in (*LIVELY, *"가각힣"):
        parts = unicodedata.normalize("NFD", character)
        for text in (character, parts, f"x{parts}x"):
            assert unicodedata.is_normalized("NFC", text) or FOUND.search(text), ascii(text)


@pytest.mark.parametrize(
    "text",
    [
        "সমস্ত মানুষ স্বাধীনভাবে জন্মগ্রহণ করে",
        "மனிதப் பிறவியினர் சகலரும்",
        "सभी लोग आज़ाद हैं",
        "Tất cả mọi người",
        "모든 인간은",
        "すべての人間は",
    ],
)
def test_clean_text_is_not(text: str) -> None:
    clean = unicodedata.normalize("NFC", text)
    assert FOUND.search(clean) is None
