"""Placeholders are found in the forms that messages use, and nothing else is."""

import pytest

from pipelines.text.placeholders import placeholders, without_placeholders


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello {name}, {count} of {count}", ["{count}", "{count}", "{name}"]),
        ("{0} and {user.name} and {count:d}", ["{0}", "{count:d}", "{user.name}"]),
        ("%s of %1$d in %(place)s", ["%(place)s", "%1$d", "%s"]),
        ("100 % sicher, 50%", []),
        ("100%discount {not one} {}", []),
        ("明日{time}に", ["{time}"]),
    ],
)
def test_golden(text: str, found: list[str]) -> None:
    assert placeholders(text) == found


def test_a_text_without_them_keeps_its_words() -> None:
    assert without_placeholders("Hello {name}!") == "Hello  !"
    assert without_placeholders("nothing here") == "nothing here"
