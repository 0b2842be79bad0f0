"""Perplexity of documents under a KenLM model, computed as CCNet does.

Guillaume Wenzek et al., "CCNet: Extracting High Quality Monolingual Datasets from Web Crawl Data", LREC 2020, section
4.2; facebookresearch/cc_net, cc_net/text_normalizer.py and cc_net/perplexity.py.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from sys import maxunicode
from typing import Any

import numpy as np
import numpy.typing as npt
import sentencepiece

from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import LANGUAGE_PLACE

# What CCNet writes for punctuation that ASCII has an equal of.
_PUNCTUATION = {
    '"': "„”“«»」「《》", "'": "´’", ",": "，、", ".": "。", ":": "∶：", "?": "？", "!": "！", "(": "（", ")": "）",
    ";": "；", "-": "–━►", " - ": "—", ". ": "．", "~": "～", "...": "…", "<": "〈", ">": "〉", "[": "【", "]": "】",
    "%": "％",
}  # fmt: skip
_CONTROL = (*range(32), *range(127, 160))


def normalize_for_model(text: str) -> str:
    """Return `text` as CCNet's models read it.

    Lower case, without accents, digits as 0, punctuation as ASCII, and without control characters; a line break is
    one, so that the lines of a document are joined without a space.
    """
    return unicodedata.normalize("NFD", text.strip().lower()).translate(_translation())


class DocumentModel:
    """A language's KenLM model with its SentencePiece model.

    Raises UserError where one of the files is no such model, or where the package kenlm is not installed.
    """

    def __init__(self, model: Path, tokenizer: Path) -> None:
        try:
            import kenlm
        except ModuleNotFoundError as error:
            raise UserError("annotate.perplexity needs the package kenlm: install polyloom[perplexity]") from error
        config = kenlm.Config()
        config.load_method = kenlm.LoadMethod.LAZY  # mapped, so that all workers share its pages
        try:
            self._model = kenlm.Model(str(model), config)
        except (OSError, RuntimeError) as error:
            raise UserError(f"{model}: not a KenLM model; check annotate.perplexity.models") from error
        try:
            self._tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer))
        except (OSError, RuntimeError) as error:
            raise UserError(
                f"{tokenizer}: no SentencePiece model to go with {model.name}; check annotate.perplexity.tokenizers"
            ) from error

    def perplexity(self, text: str) -> float:
        """Return the perplexity of a document, its lines joined by line breaks, rounded to one decimal as CCNet does.

        It is 10^(-s / (n + 1)) for the base-10 logarithm s of the probability of its n pieces and the end.
        """
        pieces = " ".join(self._tokenizer.encode(normalize_for_model(text), out_type=str))
        score = float(self._model.score(pieces))
        return float(round(10.0 ** (-score / (len(pieces.split()) + 1)), 1))


def perplexities(texts: Sequence[str], languages: Sequence[str], models: str, tokenizers: str) -> Any:
    """Return the perplexity of each document, not a number where its language has no model: float32 [n].

    `models` and `tokenizers` are paths with the place {language}.
    """
    found: npt.NDArray[np.float32] = np.full(len(texts), np.nan, np.float32)
    for language in sorted(set(languages)):
        if model := document_model(language, models, tokenizers):
            for row in (row for row, own in enumerate(languages) if own == language):
                found[row] = model.perplexity(texts[row])
    return found


def document_model(language: str, models: str, tokenizers: str) -> DocumentModel | None:
    """Return the model of a language, or of what it is called without its script; None where there is none."""
    for code in model_names(language):
        place = Path(models.replace(LANGUAGE_PLACE, code))
        if language and place.is_file():
            return _loaded(place, Path(tokenizers.replace(LANGUAGE_PLACE, code)))
    return None


def model_names(language: str) -> tuple[str, str]:
    """Return what a model may be called by: the code, and that without script or region (`zh` for `zh-Hans`)."""
    return language, language.partition("-")[0]


@lru_cache(maxsize=8)
def _loaded(model: Path, tokenizer: Path) -> DocumentModel:
    return DocumentModel(model, tokenizer)


@cache
def _translation() -> dict[int, str | None]:
    table: dict[int, str | None] = {ord(mark): ascii for ascii, marks in _PUNCTUATION.items() for mark in marks}
    for point in range(maxunicode + 1):
        category = unicodedata.category(chr(point))
        if category == "Mn":
            table[point] = None
        elif category == "Nd":
            table[point] = "0"
    return table | dict.fromkeys(_CONTROL)
