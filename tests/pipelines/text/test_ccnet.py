"""CCNet's own rule, character for character."""

import pytest

from pipelines.text.ccnet import ccnet_form, ccnet_forms


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("  Call 555-0199, NOW!  ", "call 000-0000, now!"),  # ASCII's punctuation stays
        ("Été « à la mer » — 2024…", "été  à la mer   0000"),
        ("１２３ ٣ ५", "000 0 0"),
        ("你好，世界。", "你好世界"),
        ("tab\there\x85\x7f", "tabhere"),
        ("»", ""),
        ("„a” ‘b’ “c“", "a ‘b c"),  # ‘ is not on the list
        ("İ", "i̇"),
    ],
)
def test_golden(line: str, form: str) -> None:
    assert ccnet_form(line) == form


def test_forms_are_bytes() -> None:
    assert ccnet_forms(["Ä 1", ""]) == ["ä 0".encode(), b""]
