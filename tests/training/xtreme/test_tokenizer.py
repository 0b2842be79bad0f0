"""Ids are those of Hugging Face; every piece knows where it stands, in code points."""

from pathlib import Path

import numpy as np
import pytest
from transformers import AutoTokenizer

from pipelines.datasets.errors import UserError
from training.xtreme.tokenizer import FolderTokenizer, with_marks

TEXTS = ["balan keter", "", "Größe 温度センサー", "\N{GRINNING FACE} balan", "ＡＢ １２ ½"]


def test_ids_are_those_of_transformers(encoder_folder: Path, tokenizer: FolderTokenizer) -> None:
    expected = AutoTokenizer.from_pretrained(encoder_folder)(TEXTS, add_special_tokens=False)["input_ids"]
    assert [ids.tolist() for ids in tokenizer.ids(TEXTS)] == expected
    assert [pieces.ids.tolist() for pieces in tokenizer.pieces(TEXTS)] == expected


def test_spans_count_code_points(tokenizer: FolderTokenizer) -> None:
    text = "\N{GRINNING FACE} balan \N{FAMILY} keter"
    (pieces,) = tokenizer.pieces([text])
    assert pieces.spans.shape == (len(pieces.ids), 2)
    assert text[pieces.spans[0, 0] : pieces.spans[-1, 1]] == text
    assert next(text[start:end].strip() for start, end in pieces.spans if "b" in text[start:end]).startswith("b")


def test_a_mark_that_was_composed_belongs_to_its_letter() -> None:
    spans = np.asarray([[0, 4], [5, 6]], np.int32)
    assert with_marks("cafe\N{COMBINING ACUTE ACCENT} x", spans).tolist() == [[0, 5], [5, 6]]
    assert with_marks("a\N{COMBINING ACUTE ACCENT}\N{COMBINING DIAERESIS}", spans[:1] * [0, 0] + [0, 1]).tolist() == [
        [0, 3]
    ]
    assert with_marks("ab  c", np.asarray([[0, 2], [4, 5]], np.int32)).tolist() == [[0, 2], [4, 5]]


def test_a_folder_without_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot load a tokenizer"):
        FolderTokenizer(tmp_path)
