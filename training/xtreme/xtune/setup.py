"""From a recipe's keys to xTune's batches and loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipelines.datasets.errors import UserError
from training.config.finetuning import FineTuningSection
from training.config.xtune import (
    AgreementSection,
    Augmentation,
    CodeSwitch,
    ConsistencySection,
    Noise,
    SubwordSampling,
    Translation,
)
from training.xtreme.features import Encoded, EncodedSentence, Limits, encode
from training.xtreme.heads import FineTuned
from training.xtreme.models import limits_of
from training.xtreme.tasks.examples import Example, PairExample
from training.xtreme.tokenizer import FolderTokenizer
from training.xtreme.windows import EncodedWindow
from training.xtreme.xtune import augmentation
from training.xtreme.xtune.augmentation import Clean
from training.xtreme.xtune.batches import TwoViewBatches
from training.xtreme.xtune.dictionary import read_dictionary
from training.xtreme.xtune.objective import Objective
from training.xtreme.xtune.segmentation import Segmenter
from training.xtreme.xtune.translations import translations_of
from training.xtreme.xtune.words import CodeSwitcher, Encode, Resegmenter

_WORDS_KEPT = 1 << 17


@dataclass(frozen=True)
class Material:
    """What is augmented: the training examples and their inputs, and what reads them.

    dictionaries: those of the recipe's `dictionary`, by language; none where the recipe has no such stage.
    """

    examples: Sequence[Example]
    inputs: Sequence[Encoded]
    tokenizer: FolderTokenizer
    classes: Sequence[str]
    dictionaries: Mapping[str, Path]


def first_stage(
    material: Material, kept: ConsistencySection, section: FineTuningSection, seed: int
) -> tuple[TwoViewBatches, Objective]:
    """Return the batches of D and the loss CE + λ1 · R1.

    Raises UserError where the recipe asks for what the task or the tokenizer cannot do, or a file is missing or broken.
    """
    second = _consistency(material, kept, section)
    batches = TwoViewBatches(clean_inputs(material), second, None, 0.0, section.batch_size, section.parts, seed)
    return batches, Objective(kept)


def second_stage(
    material: Material,
    kept: ConsistencySection,
    agreed: AgreementSection,
    teacher: FineTuned,
    section: FineTuningSection,
    seed: int,
) -> tuple[TwoViewBatches, Objective]:
    """Return the batches of D ∪ D_A and the loss CE + λ1 · R1 + λ2 · R2. Raises as `first_stage` does."""
    ours, theirs = kept.augmentation, agreed.augmentation
    if isinstance(ours, Noise) and isinstance(theirs, Noise) and ours != theirs:
        raise UserError("xtune: R1 and R2 both add noise, but not the same: give them one distribution and scale")
    batches = TwoViewBatches(
        clean_inputs(material),
        _consistency(material, kept, section),
        _augmentation(material, agreed.augmentation, section, whole_answer=isinstance(theirs, CodeSwitch)),
        agreed.ratio,
        section.batch_size,
        section.parts,
        seed,
    )
    return batches, Objective(kept, agreed, teacher)


def clean_inputs(material: Material) -> list[Clean]:
    """Return the inputs with their examples."""
    numbers = (
        one.sentence if isinstance(one, EncodedSentence) else one.question if isinstance(one, EncodedWindow) else place
        for place, one in enumerate(material.inputs)
    )
    return [Clean(number, material.examples[number], one) for number, one in zip(numbers, material.inputs, strict=True)]


def _consistency(material: Material, kept: ConsistencySection, section: FineTuningSection) -> augmentation.Augmentation:
    if isinstance(kept.augmentation, Translation) and not isinstance(material.examples[0], PairExample):
        raise UserError(
            "xtune: a translation is no second view of tags or answers, whose words are other ones; R1 takes it for "
            "sentence pairs alone: take subword_sampling or code_switch there"
        )
    return _augmentation(material, kept.augmentation, section, whole_answer=False)


def _augmentation(
    material: Material, asked: Augmentation, section: FineTuningSection, whole_answer: bool
) -> augmentation.Augmentation:
    limits = limits_of(section)
    match asked:
        case CodeSwitch():
            files = {code: Path(path) for code, path in asked.dictionaries.items()} or dict(material.dictionaries)
            if not files:
                raise UserError(
                    "xtune: code_switch has no dictionaries: name them, or add the section `dictionary` to the recipe"
                )
            read = [read_dictionary(path) for _, path in sorted(files.items())]
            change = CodeSwitcher(_word_encoder(material.tokenizer), read, asked.ratio)
            return augmentation.word_changes(change, section.max_tokens, whole_answer)
        case SubwordSampling():
            segmenter = Segmenter(material.tokenizer.backend, asked.alpha)
            resegment = Resegmenter(_word_encoder(material.tokenizer), segmenter, asked.ratio)
            return augmentation.word_changes(resegment, section.max_tokens, whole_answer)
        case Noise():
            return augmentation.embedding_noise()
        case Translation():
            return _translated(material, asked, limits)


def _translated(material: Material, asked: Translation, limits: Limits) -> augmentation.Augmentation:
    def inputs(example: Example) -> list[Encoded]:
        return encode([example], material.tokenizer, material.classes, limits)  # type: ignore[arg-type]

    return augmentation.translated(translations_of(material.examples, asked.files), inputs)


def _word_encoder(tokenizer: FolderTokenizer) -> Encode:
    @lru_cache(maxsize=_WORDS_KEPT)
    def ids(word: str) -> list[int]:
        found: list[int] = tokenizer.ids([word])[0].tolist()
        return found

    return ids
