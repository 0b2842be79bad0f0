"""Perplexity is CCNet's: its normalisation, its pieces, its formula and its rounding, to golden values by hand."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.datasets.errors import UserError
from pipelines.text.perplexity import DocumentModel, normalize_for_model, perplexities


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("12.\nSecond", "00.second"),  # a line break is a control character: no space at the join
        ("Éçole N° 7", "ecole n° 0"),
        ("「你好」，世界！", '"你好",世界!'),
        ("نَصٌّ ١٢٣", "نص 000"),  # Arabic vowel signs are accents to CCNet, Arabic digits are digits
        ("हिन्दी", "हिनदी"),  # so is the virama of Devanagari; its vowel signs here are spacing marks and stay
        ("Wait… — “so”", 'wait...  -  "so"'),
        ("１２", "00"),
        ("  a\tb\x7f\x9f ", "ab"),
        ("", ""),
    ],
)
def test_normalisation(text: str, normalised: str) -> None:
    assert normalize_for_model(text) == normalised


def test_the_formula_by_hand(perplexity_models: Path) -> None:
    """Perplexity is 10 to the mean negative logarithm of the pieces and the end.

    `12.` is the pieces `▁00 .`: -0.2 for ▁00 after <s>, -0.3 for `.` after ▁00, and -0.7 for the end, which backs off
    from `.` with weight 0: 10^(1.2 / 3) = 2.512. `12`: -0.2, and the end backs off with -0.25: 10^(1.15 / 2) = 3.758.
    """
    model = DocumentModel(perplexity_models / "xx.arpa", perplexity_models / "xx.sp.model")
    assert model.perplexity("12.") == 2.5
    assert model.perplexity("12") == 3.8


def test_languages_without_a_model_have_none(perplexity_models: Path) -> None:
    patterns = (str(perplexity_models / "{language}.arpa"), str(perplexity_models / "{language}.sp.model"))
    found = perplexities(["12.", "12.", "12"], ["xx", "am", "xx"], *patterns)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array([2.5, np.nan, 3.8], np.float32))


def test_either_chinese_takes_the_model_of_chinese(perplexity_models: Path, tmp_path: Path) -> None:
    for end in (".arpa", ".sp.model"):
        (tmp_path / f"zh{end}").write_bytes((perplexity_models / f"xx{end}").read_bytes())
    patterns = (str(tmp_path / "{language}.arpa"), str(tmp_path / "{language}.sp.model"))
    assert perplexities(["12.", "12."], ["zh-Hans", "zh-Hant"], *patterns).tolist() == [2.5, 2.5]


def test_what_is_no_model_is_said(perplexity_models: Path, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"no model")
    with pytest.raises(UserError, match=r"bad: not a KenLM model; check annotate\.perplexity\.models"):
        DocumentModel(tmp_path / "bad", perplexity_models / "xx.sp.model")
    with pytest.raises(UserError, match=r"bad: no SentencePiece model to go with xx\.arpa; check"):
        DocumentModel(perplexity_models / "xx.arpa", tmp_path / "bad")
    with pytest.raises(UserError, match=r"missing: no SentencePiece model to go with"):
        DocumentModel(perplexity_models / "xx.arpa", tmp_path / "missing")


def test_without_kenlm_the_extra_is_named(perplexity_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kenlm", None)
    with pytest.raises(UserError, match=r"install polyloom\[perplexity\]"):
        DocumentModel(perplexity_models / "xx.arpa", perplexity_models / "xx.sp.model")
