"""What a step's sequences are made of, and how they are masked."""

from typing import Literal

from pydantic import Field, model_validator

from training.config.section import Section, Share


class DataSection(Section):
    """What a step's sequences are made of."""

    sampling_exponent: float = Field(
        0.7,
        ge=0,
        le=1,
        description="A language with n units is drawn with n to this power; 1 is as it is, 0 all equal.",
    )
    sampling_unit: Literal["tokens", "rows"] = Field(
        "tokens",
        description="What n counts: tokens as training reads them, as in XLM-R's code, or texts (pairs), as in XLM's "
        "paper.",
    )
    max_repeats: float | None = Field(
        None,
        gt=0,
        description="No language's texts (pairs) are read more often than this in the whole run, on average; what that "
        "frees goes to the other languages.",
    )
    blocks: bool = Field(
        True,
        description="MMLM trains on blocks of whole neighbouring texts of one language, up to 2 tokens less than "
        "`model.positions`, as the release does; without it each text is a sequence.",
    )
    max_tokens: int = Field(
        254,
        ge=4,
        le=8189,
        description="A text that is a sequence, or one side of a pair, is cut to this many tokens (without specials).",
    )
    chunk_rows: int = Field(64, ge=1, description="The shuffle keeps this many neighbouring rows in one read.")
    window_chunks: int = Field(
        1024, ge=1, description="Rows, or the blocks of them, are shuffled within windows of this many chunks."
    )


class MaskingSection(Section):
    """Masking for MMLM and TLM (and for the contrast's inputs, where `mask_inputs` is set)."""

    share: float = Field(0.15, gt=0, lt=1, description="Share of the tokens that are chosen, special ones included.")
    mask: Share = Field(0.8, description="Share of the chosen that become `<mask>`.")
    keep: Share = Field(0.1, description="Share of the chosen that stay; the rest becomes a random piece.")

    @model_validator(mode="after")
    def _shares(self) -> "MaskingSection":
        if self.mask + self.keep > 1:
            raise ValueError(f"mask ({self.mask}) and keep ({self.keep}) must not exceed 1 together")
        return self
