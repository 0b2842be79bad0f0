"""Language identification: labels and probabilities for a list, and clear words for a model that is none."""

import zipfile
from pathlib import Path

import pytest

from pipelines.datasets.errors import UserError
from pipelines.text.langid import LanguageIdentifier, identifier


def test_each_text_gets_its_language_and_probability(language_model: str) -> None:
    found = identifier(language_model).identify(
        ["enter the password", "das passwort ist eingerichtet", "パスワードを入力", ""]
    )
    assert found.languages[:3] == ["en", "de", "ja"]
    assert found.probabilities.dtype == "float32"
    assert (found.probabilities[:3] > 0.5).all()
    assert (found.probabilities <= 1).all()


def test_no_texts_give_no_languages(language_model: str) -> None:
    found = identifier(language_model).identify([])
    assert (found.languages, len(found.probabilities)) == ([], 0)


def test_placeholders_are_not_looked_at(language_model: str) -> None:
    model = identifier(language_model)
    plain, filled = model.identify(["gib den namen ein", "gib den namen {the_device_host} ein"]).probabilities
    assert filled == pytest.approx(plain, abs=0.01)


def test_a_model_is_read_out_of_an_archive(language_model: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as archive:
        archive.write(language_model, "package/model.bin")
    model = LanguageIdentifier(f"zip://package/model.bin::{tmp_path / 'a.whl'}")
    assert model.identify(["enter your name"]).languages == ["en"]


def test_a_process_loads_a_model_once(language_model: str) -> None:
    assert identifier(language_model) is identifier(language_model)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"nowhere\.ftz: the language model cannot be read .* check ingest.language_model"
    ):
        LanguageIdentifier(str(tmp_path / "nowhere.ftz"))


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no model")
    with pytest.raises(UserError, match=r"notes\.txt: not a fastText model; check ingest.language_model"):
        LanguageIdentifier(str(path))
