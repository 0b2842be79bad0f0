"""`tokenize`: a SentencePiece model and token shards."""

from typing import Literal, Self

from pydantic import Field, model_validator

from pipelines.config.base import Section, Share
from pipelines.datasets.fingerprint import RawPath

_TRAINING = ("vocabulary", "sentences", "exponent", "coverage", "byte_fallback", "normalization", "threads")


class TokenizeSection(Section):
    """Encode all shards with a given SentencePiece model, or with one that is trained on the train split."""

    model: RawPath | None = Field(
        None,
        description="A unigram model that is there already, such as XLM-R's own: SentencePiece's file, a "
        "`tokenizer.json` of `tokenizers`, or a Hugging Face folder that has one of them; fsspec URLs of a file too. "
        "Without it one is trained, by the keys below.",
    )
    vocabulary: int = Field(8000, ge=10, le=1_000_000, description="The number of pieces; XLM-R's has 250,000.")
    sentences: int = Field(100_000, ge=1, description="The most texts that the model is trained on.")
    exponent: Share = Field(
        0.3, description="Languages are sampled in proportion to their rows to this power; 1 leaves them as they are."
    )
    coverage: float = Field(
        0.9995, ge=0.98, le=1, description="The share of the sample's characters that get a piece of their own."
    )
    byte_fallback: bool = Field(
        False,
        description="Whether 256 of the pieces stand for bytes, which spell what no other piece covers, so that "
        "nothing is unknown.",
    )
    normalization: Literal["nmt_nfkc", "nmt_nfkc_cf"] = Field(
        "nmt_nfkc", description="SentencePiece's rule: NFKC, which keeps case as XLM-R's does, or with case folded."
    )
    threads: int = Field(2, ge=1, le=64, description="SentencePiece's threads: the pieces depend on their number.")

    @model_validator(mode="after")
    def _given_or_trained(self) -> Self:
        extra = [name for name in _TRAINING if name in self.model_fields_set]
        if self.model is not None and extra:
            raise ValueError(f"`model` is given, so none is trained: leave out {', '.join(extra)}")
        return self
