"""The sections of the YAML that belong to training: `embed`, `score`, `pretrain`, `export`
and `evaluate`.

The defaults are the faithful recipe of InfoXLM base (Chi et al. 2021 and microsoft/unilm, infoxlm/README.md).
A recipe for a tiny model sets each deviation by name. Importing this module loads no torch.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.datasets.elsewhere import ExportedArm
from pipelines.datasets.fingerprint import NotFingerprinted, RawPath
from pipelines.datasets.stage import StageSpec

Objective = Literal["mlm", "tlm", "xlco"]
Share = Annotated[float, Field(ge=0, le=1)]
_SPECIALS_OF_PAIR = 3


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSection(_Section):
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


class DataSection(_Section):
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


class MaskingSection(_Section):
    """Masking for MMLM and TLM (and for the contrast's inputs, where `mask_inputs` is set)."""

    share: float = Field(0.15, gt=0, lt=1, description="Share of the tokens that are chosen, special ones included.")
    mask: Share = Field(0.8, description="Share of the chosen that become `<mask>`.")
    keep: Share = Field(0.1, description="Share of the chosen that stay; the rest becomes a random piece.")

    @model_validator(mode="after")
    def _shares(self) -> "MaskingSection":
        if self.mask + self.keep > 1:
            raise ValueError(f"mask ({self.mask}) and keep ({self.keep}) must not exceed 1 together")
        return self


class ConstantMomentum(_Section):
    """One momentum for all steps, as in the paper."""

    kind: Literal["constant"] = "constant"
    value: float = Field(0.9999, ge=0, lt=1, description="Momentum m: key ← m · key + (1 − m) · query.")


class RampMomentum(_Section):
    """A momentum that rises, so that the key encoder follows fast while the query encoder still changes much."""

    kind: Literal["ramp"] = "ramp"
    begin: float = Field(ge=0, lt=1, description="Momentum at the first step.")
    end: float = Field(ge=0, lt=1, description="Momentum from step `steps` on.")
    steps: int = Field(ge=1, description="Steps over which it rises in a straight line.")


class ContrastSection(_Section):
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
    prefill: bool = Field(True, description="Fill the queue with keys before the first step, as the release does.")
    mixup: bool = Field(True, description="Two pairs in each example, their halves in random order on both sides.")
    mask_inputs: bool = Field(True, description="Corrupt the contrast's inputs as for MMLM.")
    weight: float = Field(1.0, gt=0, description="Weight λ of the contrast in the total loss.")

    @model_validator(mode="after")
    def _has_negatives(self) -> "ContrastSection":
        if self.queue_size == 0 and not self.in_batch_negatives:
            raise ValueError("there are no negatives: set queue_size above 0 or in_batch_negatives to true")
        return self


class OptimizerSection(_Section):
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


class PretrainRecipe(_Section):
    """What one arm trains with. All of it is part of the fingerprint, `threads` too: results depend on it."""

    seed: int = Field(1, ge=0, lt=2**32, description="Seed of the initial weights, the data order and the masking.")
    threads: int = Field(1, ge=1, le=256, description="Threads of torch; sums in another order give other bits.")
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
    checkpoint_every: Annotated[int, NotFingerprinted()] = Field(
        1000, ge=1, description="Steps from one checkpoint to the next."
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
        return self

    @property
    def longest_sequence(self) -> int:
        return 2 * self.data.max_tokens + _SPECIALS_OF_PAIR


class Arm(_Section):
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
            if self.token_share(name) * self.tokens_per_step < self.longest_sequence:
                raise ValueError(
                    f"{name} gets {self.token_share(name) * self.tokens_per_step:.0f} tokens of a step, "
                    f"fewer than the longest sequence ({self.longest_sequence}): raise tokens_per_step or its share"
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


class ExportSection(_Section):
    """Each arm as folders that Hugging Face `transformers` and `sentence-transformers` load."""

    check_sentences: int = Field(
        64, ge=1, le=10_000, description="Dev texts whose ids and hidden states must agree with transformers' own."
    )
    tolerance: float = Field(1e-4, gt=0, le=1e-2, description="Largest difference of a hidden state that is let pass.")


class EvaluateSection(_Section):
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


class Reading(_Section):
    """How sentences are turned into vectors."""

    encoder: RawPath | ExportedArm = Field(
        description="The folder of a Hugging Face encoder (XLM-R runs packed, others as `transformers` runs them), or "
        "`recipe` and `arm` of one that another recipe trains."
    )
    layer: int | None = Field(None, ge=0, description="The layer that is read, 0 the embeddings; by default the last.")
    pooling: Literal["cls", "mean"] = Field("mean", description="As for the contrast; see `pretrain.contrast.pooling`.")
    max_tokens: int = Field(254, ge=4, le=8190, description="A text is cut to this many tokens (without specials).")
    threads: int = Field(1, ge=1, le=256, description="Threads of torch; sums in another order give other bits.")


class EmbedSection(Reading):
    """Vectors of sentences, to align and to mine by."""

    longest_span: int = Field(
        1,
        ge=1,
        le=8,
        description="Runs of up to so many sentences of a document get vectors too; aligning by vectors needs 4.",
    )


class ScoreSection(Reading):
    """The margin of every pair by an encoder, which `publish.filters.scores.margin` can ask for."""

    neighbours: int = Field(4, ge=1, le=64, description="Nearest neighbours that a pair's similarity is compared with.")
    sample: int = Field(
        20_000, ge=1, description="Texts of each side of a pair of languages among which neighbours are sought."
    )
    centering: bool = Field(False, description="Whether the mean vector of each side's sample is subtracted first.")


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


STAGES: tuple[StageSpec, ...] = (
    StageSpec(
        name="embed",
        version=1,
        section=EmbedSection,
        entry="training.stages.embed:run",
        needs=("segment",),
        extra="training",
        help="Turn sentences into vectors.",
    ),
    StageSpec(
        name="score",
        version=1,
        section=ScoreSection,
        entry="training.stages.score:run",
        needs=("align",),
        optional=("mine",),
        extra="training",
        help="Give every pair its margin by an encoder.",
    ),
    StageSpec(
        name="pretrain",
        version=2,
        section=PretrainSection,
        entry="training.stages.pretrain:run",
        needs=("tokenize",),
        extra="training",
        help="Train the encoder, once for each arm.",
        instances=PretrainSection.resolve,
    ),
    StageSpec(
        name="export",
        version=2,
        section=ExportSection,
        entry="training.stages.export:run",
        needs=("tokenize", "publish", "pretrain"),
        extra="training",
        help="Write each arm as a Hugging Face folder, and as one of sentence-transformers.",
    ),
    StageSpec(
        name="evaluate",
        version=1,
        section=EvaluateSection,
        entry="training.stages.evaluate:run",
        needs=("publish", "tokenize", "pretrain"),
        extra="training",
        help="Score cross-lingual retrieval on test against two controls.",
    ),
)
