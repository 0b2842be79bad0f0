"""What a step's sequences are made of, and how they are masked."""

from pydantic import Field, model_validator

from training.config.section import Section, Share


class DataSection(Section):
    """What a step's sequences are made of."""

    sampling_exponent: float = Field(
        0.7, ge=0, le=1, description="A language with n rows is drawn with n to this power; 1 is as it is, 0 all equal."
    )
    max_tokens: int = Field(
        254, ge=4, le=8189, description="A text, or one side of a pair, is cut to this many tokens (without specials)."
    )
    chunk_rows: int = Field(64, ge=1, description="The shuffle keeps this many neighbouring rows in one read.")
    window_chunks: int = Field(
        1024,
        ge=1,
        description="Rows are shuffled within windows of this many chunks; a power of 4 rows is fastest.",
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
