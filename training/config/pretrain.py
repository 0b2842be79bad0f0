"""The section `pretrain`: one recipe, in several arms."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from pipelines.datasets.fingerprint import NotFingerprinted, RawPath
from training.config.contrast import ContrastSection
from training.config.data import DataSection, MaskingSection
from training.config.model import ModelSection
from training.config.optimizer import OptimizerSection
from training.config.section import Objective, Section
from training.config.watch import WatchSection

_SPECIALS_OF_PAIR = 3


class PretrainRecipe(Section):
    """What one arm trains with. All of it is part of the fingerprint, `threads` too: results depend on it."""

    seed: int = Field(1, ge=0, lt=2**32, description="Seed of the initial weights, the data order and the masking.")
    threads: int = Field(
        1, ge=1, le=256, description="Threads of torch in each process; sums in another order give other bits."
    )
    processes: Annotated[int, NotFingerprinted()] = Field(
        1,
        ge=1,
        le=64,
        description="Processes on this machine that share each step, one for each GPU; the results agree to 1e-5. "
        "Where `torchrun` starts the command, its number counts instead.",
    )
    init: RawPath | None = Field(
        None,
        description="Hugging Face folder of XLM-R or InfoXLM (safetensors) whose weights training begins with; without "
        "it they are drawn by the seed.",
    )
    device: Literal["cpu", "cuda"] = Field("cpu", description="Where to train.")
    precision: Literal["fp32", "bf16", "fp16"] = Field(
        "fp32", description="Precision of the products; weights, sums, losses and the momentum encoder stay in fp32."
    )
    recompute: bool = Field(
        False, description="Compute activations again on the way back: a third more time, far less memory."
    )
    micro_batches: int = Field(
        1, ge=1, description="Into how many parts each process cuts its share of a step, to fit its memory."
    )
    steps: int = Field(200_000, ge=1, description="Optimiser steps.")
    tokens_per_step: int = Field(
        1_310_720,
        ge=16,
        description="Tokens through the trained encoder in each step, special ones included, padding none.",
    )
    loss_reduction: Literal["joint_sum", "mean_each"] = Field(
        "joint_sum",
        description="`joint_sum` divides the sum of all losses by the number of all targets, as the released code "
        "does; `mean_each` adds the means.",
    )
    model: ModelSection = Field(ModelSection(), description="Shape of the encoder.")
    data: DataSection = Field(DataSection(), description="Sampling and cutting of texts.")
    masking: MaskingSection = Field(MaskingSection(), description="Masking.")
    contrast: ContrastSection = Field(ContrastSection(), description="The contrast, XLCO.")
    optimizer: OptimizerSection = Field(OptimizerSection(), description="Optimiser and schedule.")
    spike: float | None = Field(
        None, gt=1, description="Leave out a step whose gradient is so many times as long as of late."
    )
    tolerated_bad_steps: int = Field(
        10,
        ge=0,
        description="Steps in a row that may be left out, since a loss or gradient was no number or a spike; then "
        "training ends.",
    )
    log_every: int = Field(100, ge=1, description="Steps from one line of `history.json` to the next.")
    watch: WatchSection | None = Field(
        None, description="Retrieval on dev during training; without it there is none, as in the release."
    )
    tensorboard: Annotated[bool, NotFingerprinted()] = Field(
        False, description="Write TensorBoard's event files too, below `logs/tensorboard` in the run's folder."
    )
    checkpoint_every: Annotated[int, NotFingerprinted()] = Field(
        1000, ge=1, description="Steps from one checkpoint to the next."
    )
    asynchronous_checkpoints: Annotated[bool, NotFingerprinted()] = Field(
        False,
        description="Whether a checkpoint is written while training goes on; takes memory for a copy of the state.",
    )

    @model_validator(mode="after")
    def _sizes(self) -> "PretrainRecipe":
        if self.contrast.layer > self.model.layers:
            raise ValueError(
                f"contrast.layer ({self.contrast.layer}) must not exceed model.layers ({self.model.layers})"
            )
        if self.longest_sequence > self.model.positions:
            raise ValueError(
                f"two sides of data.max_tokens ({self.data.max_tokens}) and {_SPECIALS_OF_PAIR} special tokens "
                f"make {self.longest_sequence}, more than model.positions ({self.model.positions})"
            )
        if self.watch is not None and self.watch.every % self.log_every:
            raise ValueError(
                f"watch.every ({self.watch.every}) must be a multiple of log_every ({self.log_every}), since what is "
                "measured stands in a line of `history.json`"
            )
        return self

    @property
    def longest_sequence(self) -> int:
        return 2 * self.data.max_tokens + _SPECIALS_OF_PAIR

    @property
    def block_tokens(self) -> int:
        """Longest block of texts, special tokens included: 510 of 512, as the release has it (tools/txt2bin.py)."""
        return self.model.positions - 2


class Arm(Section):
    """One of several models to compare: all start from the same weights and take the same number of tokens."""

    objectives: dict[Objective, Annotated[float, Field(gt=0)]] = Field(
        min_length=1, description="Share of a step's tokens for each of `mlm`, `tlm` and `xlco`; scaled to sum to 1."
    )
    overrides: dict[str, Any] = Field({}, description="Keys of the recipe that this arm sets otherwise.")


class PretrainArm(PretrainRecipe):
    """A recipe with the objectives of one arm."""

    objectives: dict[Objective, float] = Field(description="Share of a step's tokens for each objective.")

    @model_validator(mode="after")
    def _room(self) -> "PretrainArm":
        for name in self.objectives:
            longest = self.block_tokens if name == "mlm" and self.data.blocks else self.longest_sequence
            if self.token_share(name) * self.tokens_per_step < longest:
                raise ValueError(
                    f"{name} gets {self.token_share(name) * self.tokens_per_step:.0f} tokens of a step, "
                    f"fewer than the longest sequence ({longest}): raise tokens_per_step or its share"
                )
        return self

    def token_share(self, objective: Objective) -> float:
        """Return the objective's share of the tokens of each step; the shares sum to 1."""
        return self.objectives[objective] / sum(self.objectives.values())


class PretrainSection(PretrainRecipe):
    """Masked language modelling, translation language modelling and cross-lingual contrast, in several arms."""

    arms: dict[str, Arm] = Field(
        {"infoxlm": Arm(objectives={"mlm": 8, "tlm": 1, "xlco": 1})},
        min_length=1,
        description="The models to train, by name. An arm may override anything but `seed`, `init` and `model`, since "
        "all arms start from the same weights, and `steps` and `tokens_per_step`, since all take the same tokens.",
    )

    @model_validator(mode="after")
    def _arms_resolve(self) -> "PretrainSection":
        self.resolve()
        return self

    def resolve(self) -> dict[str, PretrainArm]:
        """Return the full recipe of each arm. Raises ValueError with the key's path where one cannot be right."""
        recipe = self.model_dump(exclude={"arms"})
        arms = {}
        for name, arm in self.arms.items():
            if not name.replace("_", "").replace("-", "").isalnum():
                raise ValueError(f"arms.{name}: a name has letters, digits, '-' and '_' only")
            for shared in ("seed", "init", "model", "steps", "tokens_per_step"):
                if shared in arm.overrides:
                    raise ValueError(f"arms.{name}.overrides.{shared}: must be the same for all arms")
            merged = _merged(recipe, arm.overrides) | {"objectives": arm.objectives}
            try:
                arms[name] = PretrainArm.model_validate(merged)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                path = ".".join(["arms", name, *(["overrides"] if first["loc"] else []), *map(str, first["loc"])])
                raise ValueError(f"{path}: {first['msg']}") from error
        return arms


def _merged(base: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for name, value in overrides.items():
        known = result.get(name)
        # a section of another kind (a momentum's schedule) is replaced, any other is merged
        replaces = isinstance(value, Mapping) and "kind" in value
        result[name] = (
            _merged(known, value)
            if isinstance(known, Mapping) and isinstance(value, Mapping) and not replaces
            else value
        )
    return result
