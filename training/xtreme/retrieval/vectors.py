"""Sentence vectors of an encoder: which layer, how its states become one vector, and the nearest of these."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from pipelines.align.margins import Neighbours, Vectors, centred
from training.config.reading import Pooling
from training.data.batch import packed
from training.model import Encoder
from training.sentence_vectors import SentenceEncoder

_MOST_TOKENS: Final = 510  # beside <s> and </s>, as XTREME cuts (scripts/run_bucc2018.sh: MAXL=512)
_QUERIES, _DATABASE = 1024, 65_536  # that are compared at a time: 256 MiB of similarities

Vectorizer = Callable[[Sequence[str]], Vectors]
"""From n texts to unit vectors, float32 `[n, D]`."""


@dataclass(frozen=True)
class Representation:
    """How an encoder's states become sentence vectors.

    layer: 0 is the embeddings; pooling: the state of `<s>`, or the mean of all with `<s>` and `</s>`, as XTREME's
    baseline has it; centred: whether the mean vector of each side is subtracted, which is no part of the baseline.
    """

    layer: int
    pooling: Pooling
    centred: bool = False


def compared(source: Vectors, target: Vectors, is_centred: bool) -> tuple[Vectors, Vectors]:
    """Return the unit vectors of both sides `[n, D]` and `[m, D]` as they are compared: as they are, or centred."""
    if not is_centred:
        return source, target
    return centred(source, source.mean(axis=0)), centred(target, target.mean(axis=0))


def vectorizer(
    encoder: Encoder, tokenizer: PreTrainedTokenizerBase, representation: Representation, device: torch.device
) -> Vectorizer:
    """Return what turns texts into vectors of a layer, on a device where the encoder is. Raises ValueError for a layer
    that the encoder has not.
    """
    if not 0 <= representation.layer <= encoder.shape.layers:
        raise ValueError(f"layer {representation.layer} of an encoder with {encoder.shape.layers}")
    sentences = SentenceEncoder(
        tokenizer,
        lambda texts: encoder(packed(texts).to(device), representation.layer),
        encoder.shape.hidden,
        representation.pooling,
        min(_MOST_TOKENS, encoder.shape.positions - tokenizer.num_special_tokens_to_add()),
    )
    return sentences.exact


def nearest(queries: Vectors, database: Vectors, k: int, device: torch.device) -> Neighbours:
    """Return the k nearest rows of the database `[m, D]` for each query `[n, D]`, by exact search on a device.

    Similarities are float32, whatever precision the encoder runs in. Of rows that are equally near, the first win, so
    that a copy is found at the same place every time.
    """
    with torch.autocast(device.type, enabled=False):
        parts = [
            _nearest(torch.from_numpy(queries[begin : begin + _QUERIES]).to(device), database, k, device)
            for begin in range(0, len(queries), _QUERIES)
        ]
    return Neighbours(np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]))


def _nearest(
    queries: torch.Tensor, database: Vectors, k: int, device: torch.device
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    similarity = torch.empty(len(queries), 0, device=device)
    index = torch.empty(len(queries), 0, dtype=torch.int64, device=device)
    for begin in range(0, len(database), _DATABASE):
        block = queries @ torch.from_numpy(database[begin : begin + _DATABASE]).to(device).T
        best, place = _best(block, min(k, block.shape[1]))
        similarity, index = torch.cat([similarity, best], 1), torch.cat([index, place + begin], 1)
        similarity, place = _best(similarity, min(k, similarity.shape[1]))
        index = index.gather(1, place)
    return similarity.cpu().numpy(), index.cpu().numpy()


def _best(similarity: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the k highest of each row in descending order and their places; the first of equals.

    torch.topk leaves open which of equals it takes: rows where the last of the k has equals are looked at again.
    """
    values, places = similarity.topk(k, dim=1)
    last = values[:, -1:]
    for row in ((similarity >= last).sum(dim=1) > k).nonzero()[:, 0].tolist():
        above, equal = (found.nonzero()[:, 0] for found in (similarity[row] > last[row], similarity[row] == last[row]))
        places[row] = torch.cat([above, equal])[:k]
    places = places.sort(dim=1).values
    found, order = similarity.gather(1, places).sort(dim=1, descending=True, stable=True)
    return found, places.gather(1, order)
