"""Names are written as people write them."""

import pytest

from pipelines.report import naming


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("mmlm_tlm_xlco", "MMLM + TLM + XLCO"),
        ("char_ngrams", "character n-grams"),
        ("untrained", "untrained encoder"),
        ("infoxlm", "infoxlm"),
    ],
)
def test_systems(name: str, label: str) -> None:
    assert naming.system_label(name) == label


@pytest.mark.parametrize(
    ("choice", "label"),
    [
        ({"layer": 2, "pooling": "mean", "centered": True}, "layer 2, mean pooling, centred"),
        ({"layer": 8, "pooling": "cls", "centered": False}, "layer 8, pooled at <s>, not centred"),
        ({"shortest": 1, "longest": 4, "centered": True}, "1 to 4 characters, centred"),
    ],
)
def test_choices(choice: dict[str, object], label: str) -> None:
    assert naming.choice_label(choice) == label


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0002, "0.0002"),
        (131072, "131\u202f072"),
        (False, "no"),
        (None, "–"),
        ([0.9, 0.98], "0.9, 0.98"),
        ({"kind": "ramp", "begin": 0.9}, "kind ramp, begin 0.9"),
    ],
)
def test_settings(value: object, text: str) -> None:
    assert naming.setting(value) == text


def test_a_language_that_is_unknown_keeps_its_code() -> None:
    assert naming.language_name("zh-Hans") == "Chinese (Simplified)"
    assert naming.language_name("other") == "other"


def test_a_description_is_escaped_and_its_code_marked() -> None:
    assert naming.prose("`cls` takes <s> & more") == "<code>cls</code> takes &lt;s&gt; &amp; more"


def test_a_limit_that_differs_by_language_is_shown_as_its_range() -> None:
    assert naming.limit({"de": 2.5, "fr": 1.0, "ja": 0.25, "th": 3.0}) == "0.25 to 3 by language"
    assert naming.limit({"de": 2.5, "fr": 1.0}) == "de 2.5, fr 1"
    assert naming.limit(0.5) == "0.5"
