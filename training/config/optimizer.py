"""Optimiser and schedule."""

from pydantic import Field, model_validator

from training.config.section import Section, Share


class OptimizerSection(Section):
    """AdamW with linear warm-up, then linear decay."""

    learning_rate: float = Field(2e-4, gt=0, le=1, description="Peak learning rate.")
    final_share: Share = Field(0.0, description="Share of the peak that is left at the last step.")
    warmup_steps: int = Field(10_000, ge=0, description="Steps of linear warm-up.")
    betas: tuple[float, float] = Field((0.9, 0.98), description="AdamW's β₁ and β₂.")
    epsilon: float = Field(1e-6, gt=0, description="AdamW's ε.")
    weight_decay: float = Field(0.01, ge=0, description="Decay of matrices; biases and LayerNorms have none.")
    clip: float = Field(1.0, gt=0, description="The gradient is scaled down to this norm where it is longer.")

    @model_validator(mode="after")
    def _betas(self) -> "OptimizerSection":
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas {self.betas} must lie in [0, 1)")
        return self
