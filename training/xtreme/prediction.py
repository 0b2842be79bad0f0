"""What a fine-tuned model says: the class of a pair, the tags of a sentence, the answers to questions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from training.data.batch import passes
from training.xtreme.answers import best_answer
from training.xtreme.batches import collate
from training.xtreme.features import Encoded, EncodedSentence, Limits, encode
from training.xtreme.heads import FineTuned
from training.xtreme.tasks.examples import Examples, PairExample, Question, TaggedSentence
from training.xtreme.tokenizer import Tokenizer
from training.xtreme.windows import EncodedWindow

Predictions = list[str] | list[tuple[str, ...]] | dict[str, str]
"""A class for each pair, a tag for each word of each sentence, or the answer for each question's id."""


@dataclass(frozen=True)
class Prepared:
    """Examples of one kind and their inputs, made once and predicted as often as wanted."""

    examples: Examples
    inputs: list[Encoded]
    classes: Sequence[str]


def prepared(examples: Examples, tokenizer: Tokenizer, classes: Sequence[str], limits: Limits) -> Prepared:
    """Return examples made ready for `predict`; classes in the order of the head's outputs, none for questions."""
    return Prepared(examples, encode(examples, tokenizer, classes, limits), classes)


def predict(model: FineTuned, asked: Prepared) -> Predictions:
    """Return what the model, in evaluation mode, says for each example, in their order."""
    if not asked.examples:
        return []
    found = logits(model, asked.inputs)
    match asked.examples[0]:
        case PairExample():
            return [asked.classes[int(row[0].argmax())] for row in found]
        case TaggedSentence():
            tags: list[tuple[str, ...]] = [() for _ in asked.examples]
            for part, rows in zip(cast(Sequence[EncodedSentence], asked.inputs), found, strict=True):
                tags[part.sentence] += tuple(asked.classes[place] for place in rows.argmax(axis=1))
            return tags
        case Question():
            return _answers(asked, found)


@torch.no_grad()
def logits(model: FineTuned, inputs: Sequence[Encoded]) -> list[NDArray[np.float32]]:
    """Return the logits of what is classified in each input, float32 `[m, labels]`, in the order of the inputs.

    The model is in evaluation mode and runs where it is; inputs of about equal length go through it together.
    """
    device = next(model.parameters()).device
    found: list[NDArray[np.float32]] = [np.empty((0, 0), np.float32)] * len(inputs)
    for rows in passes(np.asarray([len(one.tokens) for one in inputs], np.int64)):
        batch = collate([inputs[row] for row in rows])
        values = model(batch.to(device)).float().cpu().numpy()
        for row, part in zip(rows.tolist(), np.split(values, np.cumsum(batch.counts)[:-1]), strict=True):
            found[row] = part
    return found


def _answers(asked: Prepared, found: Sequence[NDArray[np.float32]]) -> dict[str, str]:
    windows = cast(Sequence[EncodedWindow], asked.inputs)
    questions = cast(Sequence[Question], asked.examples)
    return {
        question.id: best_answer(question.context, shown)
        for question, shown in zip(questions, _by_question(windows, found), strict=True)
    }


def _by_question(
    windows: Sequence[EncodedWindow], found: Sequence[NDArray[np.float32]]
) -> Iterator[list[tuple[EncodedWindow, NDArray[np.float32]]]]:
    """Yield the windows of each question with their logits; they stand one question after another."""
    shown: list[tuple[EncodedWindow, NDArray[np.float32]]] = []
    for window, values in zip(windows, found, strict=True):
        if shown and shown[0][0].question != window.question:
            yield shown
            shown = []
        shown.append((window, values))
    if shown:
        yield shown
