"""The sections that read texts with an encoder: `embed` and `score`."""

from typing import Literal

from pydantic import Field

from pipelines.datasets.elsewhere import ExportedArm
from pipelines.datasets.fingerprint import RawPath
from training.config.section import Section

Pooling = Literal["cls", "mean"]


class Reading(Section):
    """How sentences are turned into vectors."""

    encoder: RawPath | ExportedArm = Field(
        description="The folder of a Hugging Face encoder (XLM-R runs packed, others as `transformers` runs them), or "
        "`recipe` and `arm` of one that another recipe trains."
    )
    layer: int | None = Field(None, ge=0, description="The layer that is read, 0 the embeddings; by default the last.")
    pooling: Pooling = Field("mean", description="As for the contrast; see `pretrain.contrast.pooling`.")
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
