"""A model that the recipe names: a file, a folder or a URL; and what is refused."""

import json
import zipfile
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models

from pipelines.datasets.errors import UserError
from pipelines.stages.tokenizing.given import given_model
from pipelines.text.vocabulary import Vocabulary, train_unigram

MODEL = train_unigram(["red green blue house light", "a house of red light"] * 9, 20, 0.9995, 1)
VOCABULARY = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -1.0), ("a", -2.0), ("<mask>", 0.0)]
TOKENIZER = Tokenizer(models.Unigram(VOCABULARY, unk_id=3)).to_str()


@pytest.mark.parametrize("name", ["sentencepiece.bpe.model", "tokenizer.model"])
def test_a_file_and_its_folder(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(MODEL)
    (tmp_path / "tokenizer.json").write_text("not asked for")
    assert given_model(str(path)) == given_model(str(tmp_path)) == MODEL


def test_a_folder_with_tokenizer_json_alone(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(TOKENIZER)
    assert Vocabulary(given_model(str(tmp_path))).size == len(VOCABULARY)


def test_a_file_in_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "assets.whl", "w") as archive:
        archive.writestr("inside/tokenizer.json", TOKENIZER)
    assert Vocabulary(given_model(f"zip://inside/tokenizer.json::{tmp_path / 'assets.whl'}")).size == len(VOCABULARY)


def test_a_folder_without_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none of sentencepiece\.bpe\.model, .* is in it; check tokenize\.model$"):
        given_model(str(tmp_path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.model: cannot be read \(.*\); check tokenize\.model$"):
        given_model(str(tmp_path / "none.model"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"text", "not a SentencePiece model"),
        (json.dumps({"model": {"type": "BPE"}}).encode(), "a BPE tokenizer, and XLM-R's is Unigram"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "some.model").write_bytes(data)
    with pytest.raises(UserError, match=rf"some\.model: {message}; check tokenize\.model$"):
        given_model(str(tmp_path / "some.model"))
