"""A model with the pieces of XLM-R that some sentences need, each with its id and score; see xlm_r_excerpt.json."""

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import sentencepiece

from pipelines.datasets.sentencepiece_file import CONTROL, NORMAL, UNKNOWN, describe, unigram_model

PIECES = 250_000


@cache
def excerpt() -> dict[str, Any]:
    """Return `texts`, each with the `ids` that Hugging Face's XLM-R gives it, and `pieces`: id, text, score."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("xlm_r_excerpt.json").read_text())
    return found


@cache
def xlm_r_model() -> bytes:
    """Return a SentencePiece model of XLM-R's size that segments the excerpt's texts as XLM-R's own does.

    Pieces that none of the texts has room for are replaced by ones of private characters.
    """
    pieces = [(f"\U000f0000{number}", excerpt()["lowest"], NORMAL) for number in range(PIECES)]
    pieces[:3] = [("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("</s>", 0.0, CONTROL)]
    for number, text, score in excerpt()["pieces"]:
        pieces[number - 1] = (text, score, NORMAL)
    return unigram_model(pieces, _nmt_nfkc(), byte_fallback=False)


def _nmt_nfkc() -> bytes:
    """Return the table of character replacements of SentencePiece as it is now; XLM-R's is an older one."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c"]), model_writer=model, vocab_size=7, normalization_rule_name="nmt_nfkc",
        minloglevel=2,
    )  # fmt: skip
    return describe(model.getvalue()).normalization.charsmap
