"""Codes as CC-100 writes them, whatever a source writes."""

import pytest

from pipelines.datasets.errors import UserError
from pipelines.text.languages import LANGUAGES, canonical, code_of_label, label_of, may_be, scripts_of


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("de", "de"),
        ("nb", "no"),
        ("zh_TW", "zh-Hant"),
        ("zh-Hans", "zh-Hans"),
        ("iw", "he"),
        ("pt_BR", "pt-BR"),
        ("hi_rom", "hi_rom"),
        ("my_zaw", "my_zaw"),
        ("EN-us", "en"),
        ("de-AT", "de"),
        ("es-419", "es"),
        ("zh_tw", "zh-Hant"),
        ("ZH-hant", "zh-Hant"),
        ("pt-br", "pt-BR"),
    ],
)
def test_sources_codes_are_mapped(written: str, code: str) -> None:
    assert canonical(written) == code


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(UserError, match="'tlh' is not a language that Polyloom knows; add it to"):
        canonical("tlh")


@pytest.mark.parametrize("code", ["xx-US", "zh", "sr-Latn-RS", "", "de-x-foo", "-"])
def test_only_a_region_is_left_out(code: str) -> None:
    with pytest.raises(UserError, match="is not a language that Polyloom knows"):
        canonical(code)


def test_every_language_has_iso_code_script_and_name() -> None:
    assert len(LANGUAGES) >= 100
    for code, language in LANGUAGES.items():
        assert language.code == code
        assert len(language.iso639_3) == 3
        assert all(len(script) == 4 for script in language.scripts)
        assert language.script == language.scripts[0]
        assert language.name
    assert LANGUAGES["zh-Hant"].script == "Hant"
    assert LANGUAGES["pt-BR"].name == "Brazilian Portuguese"


@pytest.mark.parametrize(
    ("declared", "identified", "possible"),
    [
        ("de", "de", True),
        ("de", "en", False),
        ("zh-Hant", "zh", True),
        ("zh-Hans", "zh", True),
        ("zh-Hans", "zh-Hans", True),
        ("zh-Hans", "zh-Hant", False),
        ("hr", "sh", True),
        ("sr", "sh", True),
        ("sl", "sh", False),
        ("id", "msa", True),
        ("hi", "hi_rom", False),
        ("hi_rom", "en", True),  # the model does not know it
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
    assert [label_of(code) for code in ("zh-Hans", "pt-BR", "no", "ha", "ceb")] == ["zh-Hans", "pt", "no", "", "ceb"]


CC100 = """
af am ar as az be bg bn bn_rom br bs ca cs cy da de el en eo es et eu fa ff fi fr fy ga gd gl gn gu ha he hi hi_rom hr
ht hu hy id ig is it ja jv ka kk km kn ko ku ky la lg li ln lo lt lv mg mk ml mn mr ms my my_zaw ne nl no ns om or pa
pl ps pt qu rm ro ru sa sc sd si sk sl so sq sr ss su sv sw ta ta_rom te te_rom th tl tn tr ug uk ur ur_rom uz vi wo
xh yi yo zh-Hans zh-Hant zu
"""


def test_the_table_is_that_of_cc100() -> None:
    assert set(LANGUAGES) == {*CC100.split(), "pt-BR"}


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("en", "en"),  # fastText's own
        ("zh", "zh"),
        ("als", "als"),
        ("ceb", "ceb"),
        ("eng_Latn", "en"),  # NLLB, OpenLID, GlotLID
        ("zho_Hans", "zh-Hans"),
        ("cmn_Hani", "zh"),
        ("arb_Arab", "ar"),
        ("als_Latn", "sq"),
        ("npi_Deva", "ne"),
        ("srp_Latn", "sr"),
        ("srp_Cyrl", "sr"),
        ("hin_Deva", "hi"),
        ("hin_Latn", "hi_rom"),
        ("por_Latn", "pt"),
        ("mya_Mymr", "my"),
        ("tgk_Cyrl", "tgk_Cyrl"),
        ("eng_Cyrl", "eng_Cyrl"),
        ("deu", "de"),  # heliport
        ("cmn", "zh"),
        ("hbs", "sh"),
        ("msa", "msa"),
    ],
)
def test_labels_of_models_become_codes(label: str, code: str) -> None:
    assert code_of_label(label) == code


def test_scripts_of_codes_and_labels() -> None:
    assert scripts_of("sr") == {"Cyrl", "Latn"}
    assert scripts_of("zh") == {"Hans", "Hant", "Hani"}
    assert scripts_of("ceb") == {"Latn"}
    assert scripts_of("tgk_Cyrl") == {"Cyrl"}
    assert scripts_of("tlh") == set()
