"""How an encoder is fine-tuned."""

from typing import Annotated, Literal

from pydantic import Field

from pipelines.datasets.fingerprint import NotFingerprinted
from training.config.optimizer import OptimizerSection
from training.config.section import Section, Share


class FineTuningSection(Section):
    """One point of a grid: cross-entropy, AdamW, linear warm-up and linear decay to nothing."""

    learning_rate: float = Field(2e-5, gt=0, le=1, description="Peak learning rate.")
    epochs: int = Field(5, ge=1, description="Times that the training examples are gone through.")
    batch_size: int = Field(32, ge=1, description="Inputs in an optimiser step.")
    parts: int = Field(
        1, ge=1, description="Into how many parts a step is cut, to fit the memory; the loss is the mean of theirs."
    )
    warmup_steps: int = Field(0, ge=0, description="Steps of linear warm-up.")
    warmup_share: Share = Field(
        0.0, description="Share of all steps that linear warm-up takes, where that is more than `warmup_steps`."
    )
    betas: tuple[float, float] = Field((0.9, 0.999), description="AdamW's β₁ and β₂.")
    epsilon: float = Field(1e-8, gt=0, description="AdamW's ε.")
    weight_decay: float = Field(0.0, ge=0, description="Decay of matrices; biases and LayerNorms have none.")
    clip: float = Field(1.0, gt=0, description="The gradient is scaled down to this norm where it is longer.")
    dropout: float = Field(0.1, ge=0, lt=1, description="Dropout of hidden states and in the head.")
    attention_dropout: float = Field(
        0.1, ge=0, lt=1, description="Dropout of attention weights; without it attention is far faster on a GPU."
    )
    word_state: Literal["first", "sum"] = Field(
        "first",
        description="What is tagged of a word: its first token's state, or, as xTune for UD-POS, the sum of all.",
    )
    max_tokens: int = Field(128, ge=16, description="Longest input, special tokens included.")
    question_tokens: int = Field(64, ge=1, description="Longest question.")
    stride: int = Field(128, ge=1, description="How far a window of a long context begins behind the one before.")
    device: Literal["cpu", "cuda"] = Field("cpu", description="Where to train.")
    precision: Literal["fp32", "bf16", "fp16"] = Field(
        "fp32", description="Precision of the products; weights, sums and losses stay in fp32."
    )
    threads: int = Field(1, ge=1, le=256, description="Threads of torch; sums in another order give other bits.")
    recompute: bool = Field(
        False, description="Compute activations again on the way back: a third more time, far less memory."
    )
    checkpoint_every: Annotated[int, NotFingerprinted()] = Field(
        1000, ge=1, description="Steps from one checkpoint to the next."
    )

    def optimizer(self, steps: int) -> OptimizerSection:
        """Return optimiser and schedule of a run of so many steps."""
        return OptimizerSection(
            learning_rate=self.learning_rate,
            warmup_steps=max(self.warmup_steps, int(self.warmup_share * steps)),
            betas=self.betas,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
            clip=self.clip,
        )
