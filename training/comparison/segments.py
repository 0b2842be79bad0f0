"""What is masked in a text so that encoders with different tokenizers restore the same characters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

from training.data import random
from training.data.sequences import UNK


@dataclass(frozen=True)
class Tokens:
    """A text's tokens by one tokenizer: ids, int32 `[n]`, and the characters that each comes from, int64 `[n, 2]`."""

    ids: NDArray[np.int32]
    spans: NDArray[np.int64]


@dataclass(frozen=True)
class Chosen:
    """What is masked in a text: the characters, and for each tokenizer the places of its tokens, int64 `[m]`."""

    characters: int
    places: tuple[NDArray[np.int64], ...]


def choose(text: str, sides: Sequence[Tokens], share: float) -> Chosen | None:
    """Choose about `share` of the text's segments, at least one; None where no segment can be restored.

    A segment lies between two places where all tokenizers begin a token; with one tokenizer it is a token. So each
    side restores the same characters from the same others, and losses compare by the character. A segment in which
    a tokenizer has `<unk>` is left alone: restoring that says nothing. The choice depends on the text alone.
    """
    starts = _common_starts([_starts(text, tokens.spans) for tokens in sides])
    segments = [_segment_of(text, tokens.spans, starts) for tokens in sides]
    known = starts < len(text)
    for tokens, segment in zip(sides, segments, strict=True):
        known[segment[tokens.ids == UNK]] = False
    usable = np.flatnonzero(known)
    if not usable.size:
        return None
    draws = random.bits(usable, xxhash.xxh3_64_intdigest(text.encode()))
    chosen = usable[np.argsort(draws, kind="stable")[: max(1, round(share * len(starts)))]]
    ends = [*starts[1:].tolist(), len(text)]
    characters = sum(len("".join(text[starts[one] : ends[one]].split())) for one in chosen.tolist())
    return Chosen(characters, tuple(np.flatnonzero(np.isin(segment, chosen)) for segment in segments))


def _first_characters(text: str, spans: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each token begins, white space passed over, and no later than those after it: int64 `[n]`."""
    blank = np.asarray([character.isspace() for character in text] + [False])
    solid = np.flatnonzero(~blank)
    begins = solid[np.searchsorted(solid, spans[:, 0])]
    return np.asarray(np.minimum.accumulate(begins[::-1])[::-1])


def _starts(text: str, spans: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places where a token begins and none from before reaches beyond, ascending."""
    begins = _first_characters(text, spans)
    reached = np.concatenate(([0], np.maximum.accumulate(spans[:, 1])[:-1]))
    return np.unique(begins[reached <= begins])


def _common_starts(sides: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    common = sides[0]
    for other in sides[1:]:
        common = np.intersect1d(common, other)
    return common if len(common) else np.zeros(1, np.int64)


def _segment_of(text: str, spans: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the segment of each token; what stands before the first common start belongs to the first segment."""
    found = np.searchsorted(starts, _first_characters(text, spans), side="right") - 1
    return np.maximum(found, 0)
