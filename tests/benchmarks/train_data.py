"""What `train.py` trains on: made-up text, recipes for each device, and the sentences that the trainer would read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.config.pretrain import PretrainArm
from training.config.section import Objective
from training.data.sequences import FIRST_PIECE
from training.data.shards import Ragged
from training.data.streams import Corpus
from training.trainer import Trainer

MEDIAN, SPREAD = 30, 0.75  # tokens of a sentence: lognormal
SMALL, LARGE = 32_000, 250_002  # vocabularies
LONGEST = 200  # tokens of a sentence: two of them fit the smallest share of a step


@dataclass(frozen=True)
class Setting:
    """What is trained on a device. sentences: in a batch of the rivals, by vocabulary; layer: the contrast's."""

    device: Literal["cpu", "cuda"]
    precision: Literal["fp32", "bf16"]
    shape: Mapping[str, int]
    layer: int
    sentences: Mapping[int, int]


SETTINGS: Final = {
    "cpu": Setting(
        "cpu",
        "fp32",
        {"layers": 6, "hidden": 384, "heads": 6, "feed_forward": 1536, "positions": 512},
        4,
        {SMALL: 48, LARGE: 12},
    ),
    # InfoXLM base
    "cuda": Setting(
        "cuda",
        "bf16",
        {"layers": 12, "hidden": 768, "heads": 12, "feed_forward": 3072, "positions": 512},
        8,
        {SMALL: 512, LARGE: 128},
    ),
}


def lengths(count: int, seed: int) -> NDArray[np.int64]:
    """Return the lengths of sentences, without special tokens, int64 `[count]`."""
    draw = np.random.default_rng(seed).lognormal(np.log(MEDIAN), SPREAD, count)
    return np.clip(draw, 4, LONGEST).astype(np.int64)


def mean_length() -> float:
    return float(lengths(100_000, 5).mean())


def corpus(vocabulary: int, sentences: int, seed: int) -> Corpus:
    """Return made-up text and pairs: lengths as of sentences, tokens by Zipf's law."""

    def tables(columns: Sequence[str], offset: int) -> list[pa.Table]:
        made: dict[str, Any] = {}
        for number, column in enumerate(columns):
            sizes = lengths(sentences, seed + offset + number)
            ids = np.random.default_rng(seed + offset + number).zipf(1.2, int(sizes.sum())) % (vocabulary - 10)
            ends = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int64())
            made[column] = pa.LargeListArray.from_arrays(ends, pa.array((ids + FIRST_PIECE).astype(np.int32)))
        if len(columns) > 1:
            made["group"] = pa.array(np.arange(sentences, dtype=np.uint64))
        return [pa.table(made)]

    return Corpus({"xx": tables(["ids"], 0)}, {"xx": tables(["source", "target"], 10)}, vocabulary)


def arm(tokens: int, objectives: dict[Objective, float], rows: int, setting: Setting) -> PretrainArm:
    """Return a recipe that reads whole sentences, one a sequence, as the rivals do."""
    return PretrainArm.model_validate(
        {
            "device": setting.device,
            "precision": setting.precision,
            "steps": 1000,
            "tokens_per_step": tokens,
            "loss_reduction": "mean_each",
            "model": setting.shape,
            "data": {
                "blocks": False,
                "max_tokens": LONGEST,
                "chunk_rows": 64,
                "window_chunks": 1 << max(0, (rows // 64).bit_length()),
            },
            "contrast": {"layer": setting.layer, "queue_size": 8192, "prefill": False},
            "optimizer": {"warmup_steps": 10},
            "objectives": objectives,
        }
    )


def sentences_of(trainer: Trainer, steps: int) -> tuple[Ragged, Ragged]:
    """Return the masked sentences of the next steps, and their labels (-1 where there is none)."""
    parts = [trainer.next_step().language_model for _ in _stepping(trainer, steps)]
    found = [part for part in parts if part is not None]
    sequences, labels = ([getattr(part, name) for part in found] for name in ("sequences", "labels"))
    return tuple(  # type: ignore[return-value]
        Ragged(np.concatenate([part.values for part in side]), np.concatenate([part.lengths for part in side]))
        for side in (sequences, labels)
    )


def _stepping(trainer: Trainer, steps: int) -> Iterator[int]:
    for number in range(steps):
        yield number
        trainer.step += 1
