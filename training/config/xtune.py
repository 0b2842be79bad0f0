"""What xTune adds to a fine-tuning: augmentations, R1 and R2. Parts of the section `xtreme`."""

from typing import Annotated, Literal

from pydantic import Field

from pipelines.datasets.fingerprint import RawPath
from training.config.section import Section, Share

Ratio = Annotated[Share, Field(description="Share of the words that are drawn to be changed.")]


class CodeSwitch(Section):
    """Words are replaced by their translations, each into a language of its own."""

    kind: Literal["code_switch"] = "code_switch"
    ratio: Ratio = 0.3
    dictionaries: dict[str, RawPath] = Field(
        {},
        description="For each language a file in MUSE's format: an English word in lower case, white space, a "
        "translation. None: those of the recipe's `dictionary`.",
    )


class SubwordSampling(Section):
    """Words are cut into other pieces, drawn by the tokenizer's unigram model from all that are possible."""

    kind: Literal["subword_sampling"] = "subword_sampling"
    ratio: Ratio = 0.3
    alpha: float = Field(0.3, ge=0, description="The exponent of a segmentation's probability; 0 draws all alike.")


class Noise(Section):
    """Noise is added to the word embeddings."""

    kind: Literal["noise"] = "noise"
    distribution: Literal["uniform", "gaussian"] = Field(
        "uniform", description="From −scale to scale, or N(0, scale²)."
    )
    scale: float = Field(1e-5, gt=0, description="xTune's release has 1e-5, small beside embeddings of about 0.1.")


class Translation(Section):
    """An example is replaced by its machine translation."""

    kind: Literal["translation"] = "translation"
    files: dict[str, RawPath] = Field(
        min_length=1, description="For each language the translations of the training file, in the task's own format."
    )


Augmentation = Annotated[CodeSwitch | SubwordSampling | Noise | Translation, Field(discriminator="kind")]


class ConsistencySection(Section):
    """R1: two views of an example are to be given the same probabilities."""

    augmentation: Augmentation = Field(SubwordSampling(), description="What makes the second view.")
    weight: float = Field(5.0, gt=0, description="λ1.")


class AgreementSection(Section):
    """R2: augmented examples are trained on too, and are to be given the first stage's probabilities."""

    augmentation: Augmentation = Field(SubwordSampling(), description="What makes the augmented examples.")
    weight: float = Field(5.0, gt=0, description="λ2.")
    ratio: float = Field(1.0, gt=0, le=1, description="Augmented examples for each example, drawn anew in each epoch.")
    hard_labels: bool = Field(False, description="Take the first stage's labels in place of its probabilities.")
