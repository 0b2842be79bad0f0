"""What a run learns from: its batches and its loss, plain or with xTune's consistency."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from training.config.xtreme_runs import FinetuneRun, XtuneRun
from training.xtreme.batches import EpochBatches
from training.xtreme.features import encode
from training.xtreme.finetuning import Batches, Loss, OnDevice
from training.xtreme.heads import FineTuned
from training.xtreme.losses import cross_entropy
from training.xtreme.models import limits_of
from training.xtreme.tasks.examples import Examples
from training.xtreme.tokenizer import FolderTokenizer
from training.xtreme.xtune.setup import Material, first_stage, second_stage

Part = TypeVar("Part", bound=OnDevice)


@dataclass(frozen=True)
class Learning(Generic[Part]):
    """Batches and loss of a run."""

    batches: Batches[Part]
    loss: Loss[Part]


def material_of(
    run: FinetuneRun, examples: Examples, tokenizer: FolderTokenizer, dictionaries: Mapping[str, Path]
) -> Material:
    """Return the training examples of a run and their inputs; dictionaries: those that the recipe makes."""
    inputs = encode(examples, tokenizer, run.classes, limits_of(run.point))
    return Material(examples, inputs, tokenizer, run.classes, dictionaries)


def first_learning(run: FinetuneRun, material: Material) -> Learning[Any]:
    """Return what a run learns from by plain cross-entropy, or in xTune's first stage.

    Raises UserError where the recipe asks for what the task or the tokenizer cannot do, or a file is broken.
    """
    if run.consistency is None:
        point = run.point
        return Learning(EpochBatches(material.inputs, point.batch_size, point.parts, run.seed), cross_entropy)
    return Learning(*first_stage(material, run.consistency, run.point, run.seed))


def second_learning(run: XtuneRun, material: Material, teacher: FineTuned) -> Learning[Any]:
    """Return what a run learns from in xTune's second stage. Raises as `first_learning` does."""
    if run.consistency is None:
        raise ValueError("xTune's second stage has R1")
    return Learning(*second_stage(material, run.consistency, run.agreement, teacher, run.point, run.seed))
