"""Codes as CC-100 writes them, whatever a source writes."""

import pytest

from pipelines.datasets.errors import UserError
from pipelines.text.languages import LANGUAGES, canonical, label_of, may_be


@pytest.mark.parametrize(
    ("written", "code"),
    [("de", "de"), ("nb", "no"), ("zh_TW", "zh-Hant"), ("zh-Hans", "zh-Hans"), ("iw", "he"), ("pt_BR", "pt-BR")],
)
def test_sources_codes_are_mapped(written: str, code: str) -> None:
    assert canonical(written) == code


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(UserError, match="'tlh' is not a language that Polyloom knows; add it to"):
        canonical("tlh")


def test_every_language_has_iso_code_script_and_name() -> None:
    assert len(LANGUAGES) >= 100
    for code, language in LANGUAGES.items():
        assert language.code == code
        assert len(language.iso639_3) == 3
        assert len(language.script) == 4
        assert language.name
    assert LANGUAGES["zh-Hant"].script == "Hant"
    assert LANGUAGES["pt-BR"].name == "Brazilian Portuguese"


@pytest.mark.parametrize(
    ("declared", "identified", "possible"),
    [
        ("de", "de", True),
        ("de", "en", False),
        ("zh-Hant", "zh", True),
        ("zh-Hans", "ja", False),
        ("pt-BR", "pt", True),
        ("no", "no", True),
        ("ha", "en", True),  # the model knows no Hausa
        ("de", "", True),
    ],
)
def test_a_label_agrees_with_the_languages_that_it_may_mean(declared: str, identified: str, possible: bool) -> None:
    assert may_be(declared, identified) is possible


def test_labels_are_the_models() -> None:
    assert (label_of("zh-Hans"), label_of("no"), label_of("ha"), label_of("ceb")) == ("zh", "no", "", "ceb")
