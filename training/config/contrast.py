"""The contrast, XLCO."""

from typing import Literal

from pydantic import Field, model_validator

from training.config.section import Section


class ConstantMomentum(Section):
    """One momentum for all steps, as in the paper."""

    kind: Literal["constant"] = "constant"
    value: float = Field(
        0.9999, ge=0, le=1, description="Momentum m: key ← m · key + (1 − m) · query; 1 freezes the key encoder."
    )


class RampMomentum(Section):
    """A momentum that rises, so that the key encoder follows fast while the query encoder still changes much."""

    kind: Literal["ramp"] = "ramp"
    begin: float = Field(ge=0, lt=1, description="Momentum at the first step.")
    end: float = Field(ge=0, lt=1, description="Momentum from step `steps` on.")
    steps: int = Field(ge=1, description="Steps over which it rises in a straight line.")


class ContrastSection(Section):
    """XLCO: tell the translation of a text from the translations of others (InfoXLM, section 3.3)."""

    layer: int = Field(8, ge=1, le=64, description="The contrast reads the output of this layer, counted from 1.")
    pooling: Literal["cls", "mean"] = Field(
        "cls", description="`cls` takes the state of `<s>`, `mean` averages all tokens, special ones included."
    )
    projection: bool = Field(True, description="Multiply the pooled state by a square matrix before the contrast.")
    normalize: bool = Field(False, description="Scale vectors to length 1, so that the score is a cosine.")
    temperature: float = Field(0.25, gt=0, le=10, description="Scores are divided by this.")
    queue_size: int = Field(131072, ge=0, description="Keys of earlier steps that serve as negatives.")
    in_batch_negatives: bool = Field(False, description="The other keys of the step are negatives too.")
    mask_same_group: bool = Field(
        False, description="A key whose pair has the same English text as the query's pair is no negative."
    )
    same_side_negatives: bool = Field(
        False,
        description="Only keys of the same side as the query's own key (source or target) are negatives, so that "
        "telling languages apart is no help.",
    )
    momentum: ConstantMomentum | RampMomentum = Field(
        ConstantMomentum(), discriminator="kind", description="Momentum of the key encoder."
    )
    key_precision: Literal["fp32", "fp16"] = Field(
        "fp32",
        description="What the key encoder's weights are kept and averaged in. `fp16` repeats a defect of the released "
        "code, to measure it: most of its small steps are rounded away.",
    )
    prefill: bool = Field(True, description="Fill the queue with keys before the first step, as the release does.")
    mixup: bool = Field(True, description="Two pairs in each example, their halves in random order on both sides.")
    mask_inputs: bool = Field(True, description="Corrupt the contrast's inputs as for MMLM.")
    weight: float = Field(1.0, gt=0, description="Weight λ of the contrast in the total loss.")

    @model_validator(mode="after")
    def _has_negatives(self) -> "ContrastSection":
        if self.queue_size == 0 and not self.in_batch_negatives:
            raise ValueError("there are no negatives: set queue_size above 0 or in_batch_negatives to true")
        return self
