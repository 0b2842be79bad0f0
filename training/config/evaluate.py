"""The section `evaluate`."""

from typing import Literal

from pydantic import Field

from pipelines.datasets.elsewhere import ExportedArm
from training.config.section import Section


class EvaluateSection(Section):
    """Cross-lingual retrieval on held-out pairs, against an untrained model and character n-grams."""

    pool_size: int = Field(200, ge=2, le=100_000, description="Candidates of each language; chance is 1 / this.")
    min_words: int = Field(5, ge=1, description="The English side of a candidate pair has at least this many words.")
    max_tokens: int = Field(254, ge=4, le=8189, description="A text is cut to this many tokens (without specials).")
    poolings: tuple[Literal["cls", "mean"], ...] = Field(
        ("cls", "mean"), min_length=1, description="Poolings to choose from on dev, for each system."
    )
    centering: tuple[bool, ...] = Field(
        (False, True), min_length=1, description="Whether to subtract each language's mean vector, chosen on dev too."
    )
    ngram_ranges: tuple[tuple[int, int], ...] = Field(
        ((1, 3), (1, 4), (2, 4)),
        min_length=1,
        description="Lengths of character n-grams (shortest, longest) of the model-free control to choose from on dev.",
    )
    max_features: int = Field(200_000, ge=1, description="The most frequent n-grams of the training text that count.")
    ngram_texts: int = Field(
        20_000, ge=1, description="Training texts, evenly taken, that the n-grams' document frequencies come from."
    )
    bootstrap: int = Field(10_000, ge=100, le=1_000_000, description="Resamples of the paired bootstrap.")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="Coverage of the intervals.")
    seed: int = Field(1, ge=0, lt=2**32, description="Seed of the pools and of the bootstrap.")
    neighbours: int = Field(6, ge=0, le=100, description="Test sentences whose nearest neighbours are written out.")
    neighbour_languages: tuple[str, ...] = Field(
        (), description="Languages in which they are searched; one that has no pool is left out."
    )
    others: dict[str, ExportedArm] = Field(
        {}, description="Encoders that other recipes train, to be scored on the same pairs: a name for each."
    )
    threads: int = Field(1, ge=1, le=256, description="Threads of torch.")
