"""Sub-word sampling: a word's segmentation drawn from all that its unigram model allows (Kudo 2018, section 3).

A segmentation with pieces x has the probability p(x)^alpha / Σ p^alpha over all segmentations, what SentencePiece
calls `nbest_size=-1`. Its own sampler, and that of `tokenizers`, cannot be made to draw the same again in another
process, so a run that resumes would see other data; hence this one.
"""

import json
from bisect import bisect
from functools import lru_cache
from itertools import accumulate
from math import exp, log
from random import Random
from typing import NamedTuple

from tokenizers import Tokenizer

from pipelines.datasets.errors import UserError

ALPHA = 0.3
_SPACE = "▁"
_UNKNOWN_PENALTY = 10.0  # a character without a piece scores as much less than the worst piece (both libraries)
_WORDS_KEPT = 1 << 15


class _Node(NamedTuple):
    """The pieces that end at a place in a word: where each begins, its id, and the cumulated weights of the paths."""

    starts: list[int]
    ids: list[int]
    cumulated: list[float]


class Segmenter:
    """Draws segmentations of words by the vocabulary of a tokenizer.

    Raises UserError where the tokenizer has no unigram model with scores.
    """

    def __init__(self, tokenizer: Tokenizer, alpha: float = ALPHA) -> None:
        model = json.loads(tokenizer.to_str())["model"]
        if model["type"] != "Unigram":
            raise UserError(
                f"sub-word sampling needs a tokenizer with a Unigram model; the encoder's is {model['type']}: "
                "augment by code-switching or noise instead"
            )
        self._normalizer = tokenizer.normalizer
        self._bytes = model.get("byte_fallback", False)
        self._unknown: int = model["unk_id"]
        # the special tokens are no pieces of text; they have the score 0, better than any piece
        special = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
        scored = [(text, number, score) for number, (text, score) in enumerate(model["vocab"]) if text not in special]
        self._bytes_of = {text: number for text, number, _ in scored if len(text) == 6 and text.startswith("<0x")}
        self._pieces = {text: (number, score * alpha) for text, number, score in scored if text not in self._bytes_of}
        self._longest = max(map(len, self._pieces), default=1)
        self._unknown_score = (min((score for _, _, score in scored), default=0.0) - _UNKNOWN_PENALTY) * alpha
        self._nodes = lru_cache(maxsize=_WORDS_KEPT)(self._lattice)

    def draw(self, word: str, random: Random) -> list[int]:
        """Return the ids of a drawn segmentation; nothing for a word that normalises to nothing."""
        text, nodes = self._nodes(word)
        end, ids = len(text), []
        while end:
            node = nodes[end]
            chosen = bisect(node.cumulated, random.random() * node.cumulated[-1])
            start, number = node.starts[chosen], node.ids[chosen]
            if number != self._unknown:
                ids.append(number)
            elif self._bytes:
                ids += [self._bytes_of[f"<0x{byte:02X}>"] for byte in reversed(text[start:end].encode())]
            elif not ids or ids[-1] != number:
                ids.append(number)  # neighbouring unknown characters are one token
            end = start
        return ids[::-1]

    def _lattice(self, word: str) -> tuple[str, list[_Node]]:
        """Return the normalised word, and the pieces that end at each of its places, by forward sums."""
        normal = word if self._normalizer is None else self._normalizer.normalize_str(word)
        text = "".join(_SPACE + part for part in normal.split())
        nodes = [_Node([], [], [])]
        sums = [0.0]
        for end in range(1, len(text) + 1):
            found = [
                (start, *piece)
                for start in range(max(0, end - self._longest), end)
                if (piece := self._pieces.get(text[start:end])) is not None
            ]
            if text[end - 1] not in self._pieces:
                found.append((end - 1, self._unknown, self._unknown_score))
            scores = [sums[start] + score for start, _, score in found]
            best = max(scores)
            cumulated = list(accumulate(exp(score - best) for score in scores))
            nodes.append(_Node([start for start, _, _ in found], [number for _, number, _ in found], cumulated))
            sums.append(best + log(cumulated[-1]))
        return text, nodes
