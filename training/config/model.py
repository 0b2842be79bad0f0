"""The shape of the encoder."""

from pydantic import Field, model_validator

from training.config.section import Section


class ModelSection(Section):
    """The shape of the encoder, XLM-R's: post-LN, learned positions, GELU, tied output embedding."""

    layers: int = Field(12, ge=1, le=64, description="Transformer layers.")
    hidden: int = Field(768, ge=8, le=8192, description="Width of the hidden states.")
    heads: int = Field(12, ge=1, le=128, description="Attention heads; must divide `hidden`.")
    feed_forward: int = Field(3072, ge=8, le=65536, description="Width inside the feed-forward block.")
    positions: int = Field(512, ge=8, le=8192, description="Longest sequence, in tokens with `<s>` and `</s>`.")
    initializer_std: float = Field(
        0.02, gt=0, le=1, description="Standard deviation of the initial weights (biases start at 0, LayerNorms at 1)."
    )
    dropout: float = Field(
        0.0, ge=0, lt=1, description="Dropout of hidden states; the release has 0.1 when it trains from scratch."
    )
    attention_dropout: float = Field(0.0, ge=0, lt=1, description="Dropout of attention weights, likewise.")

    @model_validator(mode="after")
    def _heads_divide(self) -> "ModelSection":
        if self.hidden % self.heads:
            raise ValueError(f"hidden ({self.hidden}) must be a multiple of heads ({self.heads})")
        return self
