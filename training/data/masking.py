"""Which tokens the model must restore, and what stands in their place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.config.data import MaskingSection
from training.data.sequences import FIRST_PIECE
from training.data.shards import Ragged


@dataclass(frozen=True)
class Masked:
    """Corrupted sequences, and the places that were chosen.

    sequences: as given, but for the chosen tokens; places: int64 `[m]`, ascending indices into
    `sequences.values`; labels: int32 `[m]`, the tokens that stood there.
    """

    sequences: Ragged
    places: NDArray[np.int64]
    labels: NDArray[np.int32]


def mask(sequences: Ragged, vocabulary: int, masking: MaskingSection, random: np.random.Generator) -> Masked:
    """Choose floor(share * L + U(0, 1)) places in each sequence without replacement and corrupt them.

    All positions can be chosen, `<s>` and `</s>` too; of the chosen ones a share becomes `<mask>` (the
    vocabulary's last id), a share stays, and the rest becomes a piece that is not special, drawn uniformly
    (fairseq/data/mask_tokens_dataset.py, which InfoXLM uses).
    """
    lengths = sequences.lengths
    counts = (masking.share * lengths + random.random(len(lengths))).astype(np.int64)
    places = _chosen(sequences, counts, random)
    labels = sequences.values[places]

    values = sequences.values.copy()
    draw = random.random(len(places))
    mask_id = vocabulary - 1
    masked = draw < masking.mask
    replaced = draw >= masking.mask + masking.keep
    values[places[masked]] = mask_id
    values[places[replaced]] = random.integers(FIRST_PIECE, mask_id, int(replaced.sum()), dtype=np.int32)
    return Masked(Ragged(values, lengths), places, labels)


def _chosen(sequences: Ragged, counts: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Return `counts` places of each sequence without replacement, all ascending, int64 `[m]`.

    Places are drawn with replacement, and those that were drawn before are drawn anew: so each set of places is
    equally likely, and nothing is sorted.
    """
    chosen = np.zeros(len(sequences.values), bool)
    winner = np.empty(len(sequences.values), np.int32)
    first, length = np.repeat(sequences.starts, counts), np.repeat(sequences.lengths, counts)
    while first.size:
        place = first + (random.random(len(first)) * length).astype(np.int64)
        number = np.arange(len(place), dtype=np.int32)
        winner[place] = number  # of equal places, the last one's
        again = chosen[place] | (winner[place] != number)
        chosen[place] = True
        first, length = first[again], length[again]
    return np.flatnonzero(chosen)
