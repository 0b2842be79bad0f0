"""Tatoeba: for each English sentence the nearest sentence of the other language, and the other way round.

XTREME's baseline (google-research/xtreme, third_party/evaluate_retrieval.py and utils_retrieve.py) searches in one
direction: English sentences are the queries, and the prediction is the row of the sentence found. There is no dev set,
so layer and pooling are fixed beforehand. The other direction is reported beside it.
"""

from dataclasses import dataclass

import torch

from pipelines.align.margins import Vectors
from training.xtreme.retrieval.vectors import compared, nearest
from training.xtreme.tasks.examples import Bitext


@dataclass(frozen=True)
class Found:
    """What was found for every sentence, in the order of the files.

    for_english: the id of the sentence of the other language, one for each English sentence, as it is submitted;
    for_other: the id of the English sentence, one for each sentence of the other language.
    """

    for_english: tuple[str, ...]
    for_other: tuple[str, ...]


def search(bitext: Bitext, source: Vectors, target: Vectors, centred: bool, device: torch.device) -> Found:
    """Return the nearest neighbours of both sides by cosine.

    source and target: unit vectors of the sentences, `[n, D]` and `[m, D]`. Raises ValueError where a side is empty.
    """
    if not bitext.source or not bitext.target:
        raise ValueError("a side without sentences")
    other, english = compared(source, target, centred)
    rows = (nearest(one, two, 1, device).index[:, 0].tolist() for one, two in ((english, other), (other, english)))
    for_english, for_other = rows
    return Found(tuple(bitext.source[row].id for row in for_english), tuple(bitext.target[row].id for row in for_other))
