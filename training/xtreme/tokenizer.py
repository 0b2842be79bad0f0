"""Texts to pieces: ids as the encoder knows them and the place of each piece in its text."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from transformers import AutoTokenizer

from pipelines.datasets.errors import UserError


@dataclass(frozen=True)
class Pieces:
    """The pieces of a text. ids: int32 `[n]`; spans: int32 `[n, 2]`, first and past-last code point of each."""

    ids: NDArray[np.int32]
    spans: NDArray[np.int32]


class Tokenizer(Protocol):
    """What cuts texts; special tokens are left to the caller."""

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the ids of each text's pieces, int32 `[n]`."""
        ...

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        """Return the pieces of each text with their places."""
        ...


class FolderTokenizer:
    """The tokenizer of a Hugging Face folder."""

    def __init__(self, folder: Path) -> None:
        try:
            loaded = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"{folder}: transformers cannot load a tokenizer from it ({reason})") from error
        self._backend: Any = loaded.backend_tokenizer
        self._backend.no_truncation()
        self._backend.no_padding()

    @property
    def backend(self) -> Any:
        """The tokenizer of `tokenizers` that does the work."""
        return self._backend

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        encodings = self._backend.encode_batch_fast(list(texts), add_special_tokens=False)
        return [np.asarray(encoding.ids, np.int32) for encoding in encodings]

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        encodings = self._backend.encode_batch(list(texts), add_special_tokens=False)
        return [
            Pieces(
                np.asarray(encoding.ids, np.int32),
                with_marks(text, np.asarray(encoding.offsets, np.int32).reshape(-1, 2)),
            )
            for text, encoding in zip(texts, encodings, strict=True)
        ]


def with_marks(text: str, spans: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the spans of pieces, each with the combining marks behind it that belong to no piece.

    A normaliser that composes "e" and its accent gives the piece the place of the "e" alone.
    """
    ends = spans[:, 1].copy()
    following = np.append(spans[1:, 0], len(text))
    for piece in np.flatnonzero(ends < following).tolist():
        while ends[piece] < following[piece] and unicodedata.category(text[ends[piece]]).startswith("M"):
            ends[piece] += 1
    return np.stack([spans[:, 0], ends], axis=1)
