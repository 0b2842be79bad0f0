"""`tokenize`: a SentencePiece model and token shards."""

from pydantic import Field

from pipelines.config.base import Section, Share


class TokenizeSection(Section):
    """Train a SentencePiece unigram model on the train split, and encode all shards."""

    vocabulary: int = Field(8000, ge=10, le=1_000_000, description="The number of pieces.")
    sentences: int = Field(100_000, ge=1, description="The most texts that the model is trained on.")
    exponent: Share = Field(
        0.3, description="Languages are sampled in proportion to their rows to this power; 1 leaves them as they are."
    )
    coverage: float = Field(
        0.9995, gt=0.9, le=1, description="The share of the sample's characters that get a piece of their own."
    )
    threads: int = Field(2, ge=1, le=64, description="SentencePiece's threads: the pieces depend on their number.")
