"""The masked-LM loss of one encoder, text by text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from training.data.batch import packed, passes
from training.data.sequences import join
from training.data.shards import Ragged
from training.model import MaskedLM

_ROWS = 1024  # of scores over the vocabulary at a time
_NOT_MASKED = -1


@dataclass(frozen=True)
class Cloze:
    """Texts with masked tokens, by one tokenizer. ids: the whole texts, without special tokens; places: int64 each."""

    ids: Sequence[NDArray[np.int32]]
    places: Sequence[NDArray[np.int64]]


@torch.no_grad()
def text_losses(model: MaskedLM, cloze: Cloze) -> NDArray[np.float64]:
    """Return for each text Σ -log p over its masked tokens, in nats, float64 `[n]`.

    Every chosen token is `<mask>`, the vocabulary's last id; each is restored given the tokens that are not chosen.
    """
    sequences = join([Ragged(np.concatenate(cloze.ids), np.asarray([len(ids) for ids in cloze.ids], dtype=np.int64))])
    owner = np.repeat(np.arange(len(cloze.ids)), [len(places) for places in cloze.places])
    places = sequences.starts[owner] + 1 + np.concatenate(cloze.places)
    labels = Ragged(np.full_like(sequences.values, _NOT_MASKED), sequences.lengths)
    labels.values[places] = sequences.values[places]
    sequences.values[places] = len(model.head.bias) - 1
    result = np.zeros(len(cloze.ids))
    for rows in passes(sequences.lengths):
        hidden = model.encoder(packed(sequences.take(rows)))
        wanted = labels.take(rows).values
        chosen = np.flatnonzero(wanted != _NOT_MASKED)
        texts = np.repeat(rows, sequences.lengths[rows])[chosen]
        losses = _cross_entropy(model, hidden[torch.from_numpy(chosen)], torch.from_numpy(wanted[chosen]).long())
        result += np.bincount(texts, losses, minlength=len(result))
    return result


def _cross_entropy(model: MaskedLM, states: torch.Tensor, labels: torch.Tensor) -> NDArray[np.float64]:
    parts = [
        F.cross_entropy(model.logits(states[start : start + _ROWS]), labels[start : start + _ROWS], reduction="none")
        for start in range(0, len(labels), _ROWS)
    ]
    return np.asarray(torch.cat(parts).double().numpy())
