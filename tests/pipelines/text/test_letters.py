"""Letters of texts: digits are alike, and nothing else counts."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.text.fold import fold
from pipelines.text.letters import letter_forms


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Step 1: Open {host}!", "step0openhost"),
        ("Größe (٤٢ %)", "größe00"),
        ("نص عربي،", "نصعربي"),
        ("名前。３", "名前0"),
        ("हिन्दी", "हिन्दी"),
        ("…!?", ""),
    ],
)
def test_by_hand(text: str, form: str) -> None:
    assert letter_forms(["x", text, ""]) == [b"x", form.encode(), b""]


@settings(deadline=None)  # the first call builds a table
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\u00ad\u200c\u200d"), max_size=9)))
def test_each_text_is_as_it_would_be_alone(texts: list[str]) -> None:
    def alone(char: str) -> str:
        kind, folded = unicodedata.category(char)[0], fold(char)
        return "0" if kind == "N" else (folded if len(folded) == 1 else char) if kind in "LM" else ""

    assert letter_forms(texts) == ["".join(map(alone, text)).encode() for text in texts]
