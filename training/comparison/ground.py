"""What a comparison is made on: the same masked characters and the same candidates for every side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from training.comparison.heldout import Texts
from training.comparison.losses import Cloze
from training.comparison.segments import Chosen, Tokens, choose
from training.data.shards import Ragged
from training.retrieval.pools import Candidates
from training.retrieval.systems import SideIds


@dataclass(frozen=True)
class Gaps:
    """Texts with masked characters: those that every tokenizer can take part in.

    characters: float64 `[n]`, how many are masked; clozes: the same texts by each tokenizer, under its name.
    """

    texts: Texts
    characters: NDArray[np.float64]
    clozes: dict[str, Cloze]


def gaps_of(texts: Texts, tokenizers: Mapping[str, PreTrainedTokenizerFast], longest: int, share: float) -> Gaps:
    """Mask about `share` of each text, the same characters for all tokenizers.

    Left out are texts of more than `longest` tokens by one of them, and texts in which nothing can be masked.
    """
    tokens = {name: _tokens(tokenizer, texts.texts) for name, tokenizer in tokenizers.items()}
    rows: list[int] = []
    chosen: list[Chosen] = []
    for row, text in enumerate(texts.texts):
        sides = [own[row] for own in tokens.values()]
        if all(0 < len(side.ids) <= longest for side in sides):
            gap = choose(text, sides, share)
            if gap is not None:
                rows.append(row)
                chosen.append(gap)
    clozes = {
        name: Cloze([tokens[name][row].ids for row in rows], [gap.places[number] for gap in chosen])
        for number, name in enumerate(tokens)
    }
    return Gaps(texts.take(rows), np.asarray([gap.characters for gap in chosen], dtype=np.float64), clozes)


def ids_of(tokenizer: PreTrainedTokenizerFast, pools: Mapping[str, Candidates]) -> SideIds:
    """Return what gives the ids of both sides of each of these pools, special tokens left out; they are made once."""
    made = {
        language: tuple(
            Ragged.of(tokenizer(texts, add_special_tokens=False)["input_ids"])
            for texts in (pool.source_texts, pool.target_texts)
        )
        for language, pool in pools.items()
    }

    def ids(pool: Candidates) -> tuple[Ragged, Ragged]:
        source, target = made[pool.language]
        return source, target

    return ids


def _tokens(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> list[Tokens]:
    if not texts:  # the tokenizer takes no empty list
        return []
    found = tokenizer(list(texts), add_special_tokens=False, return_offsets_mapping=True)
    return [
        Tokens(np.asarray(ids, dtype=np.int32), np.asarray(spans, dtype=np.int64).reshape(-1, 2))
        for ids, spans in zip(found["input_ids"], found["offset_mapping"], strict=True)
    ]
