"""Language identification: codes and probabilities for a list, scripts, and clear words for a model that is none."""

import builtins
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fasttext
import numpy as np
import pytest

from pipelines.datasets.errors import UserError
from pipelines.text.langid import Identified, LanguageIdentifier, identifier
from pipelines.text.scripts import dominant_scripts


def identified(model: str, *texts: str) -> Identified:
    return LanguageIdentifier(model).identify(texts, dominant_scripts(texts))


@pytest.fixture
def labelled(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Identified]:
    """Return a function that identifies texts with a model that answers what it is told."""

    def identify(answers: dict[str, tuple[str, float]], model: str) -> Identified:
        def predict(line: str, *_: Any) -> list[tuple[float, str]]:
            label, probability = answers[line.removesuffix("\n")]
            return [(probability, f"__label__{label}")]

        monkeypatch.setattr(fasttext, "load_model", lambda path: SimpleNamespace(f=SimpleNamespace(predict=predict)))
        return identified(model, *answers)

    return identify


def test_each_text_gets_its_language_and_probability(language_model: str) -> None:
    found = identified(
        language_model, "enter the password", "das passwort ist eingerichtet", "パスワードを入力", "", "12"
    )
    assert found.languages == ["en", "de", "ja", "", ""]
    assert found.probabilities.dtype == "float32"
    assert (found.probabilities[:3] > 0.5).all()
    assert (found.probabilities <= 1).all()
    assert found.probabilities[3:].tolist() == [0, 0]


def test_no_texts_give_no_languages(language_model: str) -> None:
    found = identified(language_model)
    assert (found.languages, len(found.probabilities)) == ([], 0)


def test_what_is_identified_is_what_fasttext_says(language_model: str) -> None:
    texts = ["enter your name", "gib den namen ein", "namen and password", "ビデオ"]
    labels, probabilities = fasttext.load_model(language_model).predict(texts)
    found = identified(language_model, *texts)
    assert found.languages == [label.removeprefix("__label__") for (label,) in labels]
    assert found.probabilities == pytest.approx(np.minimum(np.concatenate(probabilities), 1))


def test_placeholders_are_not_looked_at(language_model: str) -> None:
    plain, filled = identified(language_model, "gib den namen ein", "gib den namen {the_device_host} ein").probabilities
    assert filled == pytest.approx(plain, abs=0.01)


def test_a_line_feed_is_a_space(language_model: str) -> None:
    found = identified(language_model, "enter your name", "enter\nyour name")
    assert found.probabilities[0] == pytest.approx(found.probabilities[1])


def test_equal_texts_are_predicted_once(language_model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    model = LanguageIdentifier(language_model)
    predict = model._predict
    monkeypatch.setattr(model, "_predict", lambda text: asked.append(text) or predict(text))
    found = model.identify(["enter {a}", "enter {b}", "enter {a}", "der"], ["Latn"] * 4)
    assert asked == ["enter  ", "der"]
    assert len(found.languages) == 4


@pytest.mark.parametrize(
    ("text", "label", "code"),
    [
        ("这个国家", "zh", "zh-Hans"),
        ("這個國家", "zh", "zh-Hant"),
        ("日本", "zh", "zh"),
        ("這個國家", "zho_Hans", "zh-Hant"),  # the characters say more than the label
        ("日本", "zho_Hant", "zh-Hant"),
        ("這個國家", "ja", ""),
        ("日本", "ja", "ja"),
        ("Сви људи", "sr", "sr"),
        ("Svi ljudi", "sr", "sr"),
        ("Svi ljudi", "srp_Latn", "sr"),
        ("Namaste dosto", "hi", ""),
        ("Vanakkam", "ta", ""),
        ("Vanakkam", "tam_Latn", "ta_rom"),
        ("Все люди", "en", ""),
        ("Все люди", "ceb", ""),
        ("Hello", "xyz", "xyz"),
        ("सभी मनुष्य", "hin_Deva", "hi"),
        ("yeh sab kya hai aur kyun hai", "en", "hi_rom"),
        ("yeh sab kya hai aur kyun hai", "hi", "hi_rom"),
        ("လူတိုင်းသည် တူညီ လွတ်လပ်သော", "my", "my"),
        ("လူတိုင္းသည္ တူညီ လြတ္လပ္ေသာ ေမြးဖြားလာသူမ်ား ျဖစ္သည္", "my", "my_zaw"),
    ],
)
def test_labels_become_codes_of_the_texts_script(
    labelled: Callable[..., Identified], language_model: str, text: str, label: str, code: str
) -> None:
    found = labelled({text: (label, 0.6)}, language_model)
    assert found.languages == [code]
    assert (found.probabilities[0] > 0) == bool(code)


def test_a_sure_model_is_believed(labelled: Callable[..., Identified], language_model: str) -> None:
    line = "yeh sab kya hai aur kyun hai"
    assert labelled({line: ("id", 0.95)}, language_model).languages == ["id"]


def test_a_romanised_language_is_as_sure_as_its_words(labelled: Callable[..., Identified], language_model: str) -> None:
    found = labelled({"yeh kya hai Mumbai": ("en", 0.5), "hello": ("en", 0.5)}, language_model)
    assert found.languages == ["hi_rom", "en"]
    assert found.probabilities.tolist() == [0.875, 0.5]


def test_a_model_is_read_out_of_an_archive(language_model: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as archive:
        archive.write(language_model, "package/model.bin")
    found = identified(f"zip://package/model.bin::{tmp_path / 'a.whl'}", "enter your name")
    assert found.languages == ["en"]


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


class Heliport:
    """What the tests use of heliport: it need not be installed."""

    def identify_with_score(self, text: str) -> tuple[str, float]:
        return {"Der Anfang": ("deu", 1.0), "Svi ljudi": ("hbs", 2.0), "abc": ("und", 0.1)}.get(text, ("zxx", 7.0))


def only(monkeypatch: pytest.MonkeyPatch, heliport: object | None) -> None:
    """Let `import heliport` give this, or fail where it is None."""
    real = builtins.__import__

    def load(name: str, *arguments: Any) -> Any:
        if name != "heliport":
            return real(name, *arguments)
        if heliport is None:
            raise ImportError(name)
        return heliport

    monkeypatch.setattr(builtins, "__import__", load)


def test_heliport_gives_codes_and_a_probability_from_its_confidence(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, SimpleNamespace(Identifier=Heliport))
    found = identified("heliport", "Der Anfang", "Svi ljudi", "abc", "1 2")
    assert found.languages == ["de", "sh", "", ""]
    assert found.probabilities == pytest.approx([10 / 11, 100 / 101, 0, 0])


def test_without_heliport_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, None)
    with pytest.raises(UserError, match=r"the package heliport is not installed here; `pip install heliport` .*GPL-3"):
        LanguageIdentifier("heliport")


def test_a_batch_is_as_its_texts_alone(language_model: str) -> None:
    texts: Sequence[str] = ["enter your name", "yeh kya hai bhai", "der name", "パスワード", "enter your name"]
    together = identified(language_model, *texts)
    assert together.languages == [identified(language_model, text).languages[0] for text in texts]
