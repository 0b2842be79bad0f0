"""Fine-tuning and evaluation against Hugging Face's example scripts: `make bench-xtreme`.

Pairs of the length of XNLI's and questions of the length of XQuAD's (`xtreme_data.py`), an encoder of XLM-R's kind, and
the ways of `xtreme_rivals.py` to do the same. First it is shown that both sides cut the same inputs, and that the same
weights give the same logits and predictions. Then rounds alternate in one process, on one thread and one core; what
counts is CPU time, system calls included. In a round each side trains on some batches and evaluates some examples. An
example counts once as trained on and once as evaluated, with the tokens of an average one, so that it does not matter
which ones a round takes: the rate is examples/s. Ours finds the answers to the questions in that time, the rivals stop
at the logits. The last line of the output is JSON.
"""

import argparse
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from transformers.utils.logging import disable_progress_bar, set_verbosity_error
from xtreme_data import ALL_LANGUAGES, CLASSES, ENGLISH, pairs, questions, word_tokenizer
from xtreme_rivals import (
    EVALUATED_AT_ONCE,
    OVERLAP,
    POOL,
    WAYS,
    Input,
    Rival,
    grouped_rows,
    logits_of,
    new_model,
    pair_inputs,
    question_inputs,
)
from xtreme_rivals import padded as padded_inputs

from training.config.finetuning import FineTuningSection
from training.config.model import ModelSection
from training.hub import to_transformers, write_folder
from training.model import initialized
from training.xtreme.batches import EpochBatches, order_of_epoch
from training.xtreme.features import Encoded, EncodedPair, Limits, encode
from training.xtreme.finetuning import FineTuning
from training.xtreme.heads import ClassificationHead, FineTuned, SpanHead
from training.xtreme.losses import cross_entropy
from training.xtreme.models import pretrained_encoder, with_head
from training.xtreme.prediction import Prepared, logits, predict
from training.xtreme.tasks.examples import Examples, PairExample, Question
from training.xtreme.tasks.registry import Kind
from training.xtreme.tokenizer import FolderTokenizer
from training.xtreme.windows import EncodedWindow

VOCABULARY: Final = 32_000
SHAPE: Final = {"layers": 6, "hidden": 384, "heads": 6, "feed_forward": 1536, "positions": 512}
EQUAL: Final = 1e-4
COMPARED: Final = 64  # inputs whose logits are compared
EVALUATED: Final = {Kind.PAIR: 128, Kind.QA: 24}  # inputs in a round
AIMS: Final = {"script": 2.0, "grouped": 1.0}
SECTIONS: Final = {
    # run_xnli.py: 128 tokens, and 32 inputs in the batch of its README; run_qa.py: 384 and 12
    Kind.PAIR: FineTuningSection(max_tokens=128, batch_size=32),
    Kind.QA: FineTuningSection(max_tokens=384, batch_size=12),
}


@dataclass(frozen=True)
class Side:
    """Examples, and their inputs as ours and as theirs, in the same order."""

    examples: Examples
    ours: list[Encoded]
    theirs: list[Input]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The tokens of each input, int64 `[N]`."""
        return np.asarray([len(one.ids) for one in self.theirs], np.int64)


@dataclass(frozen=True)
class Task:
    """A kind of task, its examples to train on and to evaluate, and how it is fine-tuned."""

    kind: Kind
    section: FineTuningSection
    folder: Path
    train: Side
    test: Side

    @property
    def is_pair(self) -> bool:
        """Whether it is classification of pairs."""
        return self.kind is Kind.PAIR


def write_encoder(folder: Path, shape: dict[str, int], vocabulary: int) -> None:
    """Write an untrained encoder with its tokenizer."""
    model = initialized(ModelSection.model_validate(shape), vocabulary, 1)
    write_folder(to_transformers(model), word_tokenizer(vocabulary, shape["positions"]), folder)


def task_of(kind: Kind, folder: Path, section: FineTuningSection, evaluated: int, vocabulary: int) -> Task:
    """Return a task with as many examples as the rivals sort at a time."""
    trained, tested = POOL * section.batch_size, max(POOL * EVALUATED_AT_ONCE, evaluated)
    train: Examples
    test: Examples
    if kind is Kind.PAIR:
        train, test = pairs(trained, vocabulary, 1), pairs(tested, vocabulary, 2)
    else:
        train, test = questions(trained, ENGLISH, vocabulary, 1), questions(tested, ALL_LANGUAGES, vocabulary, 2)
    tokenizer = FolderTokenizer(folder)
    return Task(
        kind, section, folder, *(side_of(examples, folder, tokenizer, section.max_tokens) for examples in (train, test))
    )


def side_of(examples: Examples, folder: Path, tokenizer: FolderTokenizer, longest: int) -> Side:
    """Return examples with the inputs of both sides. Raises SystemExit where they are not the same."""
    if isinstance(examples[0], PairExample):
        ours = encode(examples, tokenizer, CLASSES, Limits(longest))
        theirs = pair_inputs(folder, examples, longest)  # type: ignore[arg-type]
    else:
        ours = _windows(examples, tokenizer, longest)  # type: ignore[arg-type]
        theirs = question_inputs(folder, examples, longest)  # type: ignore[arg-type]
    if [(one.tokens.tolist(), _label(one)) for one in ours] != [(one.ids, (*one.labels.values(),)) for one in theirs]:
        sys.exit("the inputs are not the same: nothing can be compared")
    return Side(examples, ours, theirs)


def _windows(examples: Sequence[Question], tokenizer: FolderTokenizer, longest: int) -> list[Encoded]:
    """Return our windows where run_qa.py has them: they overlap by so much, so the step depends on the question."""
    found: list[Encoded] = []
    for number, question in enumerate(examples):
        room = longest - 4 - len(question.question.split())
        for one in encode([question], tokenizer, (), Limits(longest, stride=room - OVERLAP)):
            assert isinstance(one, EncodedWindow)
            found.append(EncodedWindow(**vars(one) | {"question": number}))
    return found


def _label(one: Encoded) -> tuple[int, ...]:
    if isinstance(one, EncodedPair):
        return (one.label,)
    assert isinstance(one, EncodedWindow)
    return one.start, one.end


def our_model(task: Task) -> FineTuned:
    """Return our model with the weights of `new_model`: encoder from the folder, head copied."""
    theirs = dict(new_model(task.folder, task.is_pair, task.section).named_parameters())
    encoder = pretrained_encoder(task.folder, task.section)
    model = with_head(encoder, task.kind, CLASSES, task.section, seed=1)
    copied = {"out": "qa_outputs"}
    if task.is_pair:
        copied = {"dense": "classifier.dense", "out": "classifier.out_proj"}
    assert isinstance(model.head, ClassificationHead if task.is_pair else SpanHead)
    model.head.load_state_dict(
        {
            f"{own}.{part}": theirs[f"{name}.{part}"].detach()
            for own, name in copied.items()
            for part in ("weight", "bias")
        }
    )
    return model


def show_equal_predictions(task: Task) -> None:
    """Compare logits and predictions of all ways on the same inputs. Raises SystemExit where they differ."""
    inputs = task.test.ours[:COMPARED]
    ours = logits(our_model(task).eval(), inputs)
    model = new_model(task.folder, task.is_pair, task.section)
    for name, way in WAYS.items():
        furthest, same = 0.0, 0
        rows = np.arange(len(inputs))
        if way.is_grouped:
            rows = np.argsort(task.test.lengths[: len(inputs)], kind="stable")
        for batch in np.array_split(rows, -(-len(rows) // EVALUATED_AT_ONCE)):
            shown = [task.test.theirs[row] for row in batch]
            found = logits_of(model, padded_inputs(shown, task.section.max_tokens if way.is_full else None))
            for row, theirs in zip(batch, found, strict=True):
                cut = theirs[None] if task.is_pair else theirs[: len(ours[row])]
                furthest = max(furthest, float(np.abs(ours[row] - cut).max()))
                axis = 1 if task.is_pair else 0
                same += bool((ours[row].argmax(axis) == cut.argmax(axis)).all())
        print(
            f"{task.kind.name} {name}: logits differ by {furthest:.1e}, {same} of {len(inputs)} predictions are equal"
        )
        if furthest > EQUAL or same < len(inputs):
            sys.exit("the predictions are not equal: nothing can be compared")


class Ours:
    """Our run of fine-tuning, and prediction with its model."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.batches = EpochBatches(task.train.ours, task.section.batch_size, 1, seed=1)
        self.run = FineTuning(our_model(task), task.section, self.batches, cross_entropy, seed=1)

    def train(self, number: int, steps: int) -> int:
        """Train on the first batches of an epoch, and return how many tokens they have."""
        tokens = 0
        for _, parts in zip(range(steps), self.batches.epoch(number), strict=False):
            self.run.take_step(parts)
            tokens += sum(len(part.packed.tokens) for part in parts)
        return tokens

    def evaluate(self, number: int, count: int) -> int:
        """Predict some inputs, and return how many tokens they have."""
        rows = _evaluated(self.task, number, count)
        inputs = [self.task.test.ours[row] for row in rows]
        asked = [one.question if isinstance(one, EncodedWindow) else row for row, one in zip(rows, inputs, strict=True)]
        examples = [self.task.test.examples[row] for row in dict.fromkeys(asked)]
        predict(self.run.model.eval(), Prepared(examples, inputs, CLASSES))  # type: ignore[arg-type]
        return int(self.task.test.lengths[rows].sum())


class Theirs:
    """A rival on the same inputs."""

    def __init__(self, task: Task, name: str) -> None:
        self.task = task
        steps = task.section.epochs * -(-len(task.train.ours) // task.section.batch_size)
        self.rival = Rival(task.folder, task.is_pair, WAYS[name], task.section, steps)

    def train(self, number: int, steps: int) -> int:
        """As `Ours.train`: the same batches, or where the way groups inputs, as many of its own."""
        size, lengths = self.task.section.batch_size, self.task.train.lengths
        if self.rival.way.is_grouped:
            batches = grouped_rows(lengths, size, steps, number)
        else:
            order = order_of_epoch(len(lengths), 1, number)
            batches = [order[step * size : (step + 1) * size] for step in range(steps)]
        for rows in batches:
            self.rival.step([self.task.train.theirs[row] for row in rows])
        return int(sum(lengths[rows].sum() for rows in batches))

    def evaluate(self, number: int, count: int) -> int:
        """As `Ours.evaluate`, in batches of 8."""
        lengths = self.task.test.lengths
        if self.rival.way.is_grouped:
            batches = grouped_rows(lengths, EVALUATED_AT_ONCE, count // EVALUATED_AT_ONCE, number)
        else:
            batches = np.split(_evaluated(self.task, number, count), count // EVALUATED_AT_ONCE)
        for rows in batches:
            self.rival.logits([self.task.test.theirs[row] for row in rows])
        return int(sum(lengths[rows].sum() for rows in batches))


def _evaluated(task: Task, number: int, count: int) -> NDArray[np.int64]:
    """Return the rows that a round evaluates, in their order."""
    return np.sort(order_of_epoch(len(task.test.ours), 2, number)[:count])


def speed(task: Task, steps: int, count: int, rounds: int, show: Console) -> dict[str, float]:
    """Time all ways in turn; return how many times as fast ours is, medians of the rounds' ratios."""
    systems = {name: Theirs(task, name) for name in WAYS} | {"ours": Ours(task)}
    for system in systems.values():  # what is made once is made now
        system.train(rounds, 1)
    rates: dict[str, list[float]] = {name: [] for name in systems}
    shares: list[float] = []
    for number in range(rounds):
        for name, system in systems.items():
            trained = _seconds_each(system.train, number, steps, task.train.lengths)
            evaluated = _seconds_each(system.evaluate, number, count, task.test.lengths)
            rates[name].append(1 / (trained + evaluated))
            if name == "ours":
                shares.append(evaluated / (trained + evaluated))
    ratios = {name: [ours / theirs for ours, theirs in zip(rates["ours"], rates[name], strict=True)] for name in WAYS}
    show.print(_table(task, rates, ratios, rounds))
    print(f"evaluation is {statistics.median(shares):.0%} of our time")
    return {name: statistics.median(found) for name, found in ratios.items()}


def _seconds_each(do: Callable[[int, int], int], number: int, count: int, lengths: NDArray[np.int64]) -> float:
    """Return the CPU seconds for an input of average length."""
    gc.collect()
    started = time.process_time()
    tokens = do(number, count)
    return (time.process_time() - started) / tokens * float(lengths.mean())


def _table(task: Task, rates: dict[str, list[float]], ratios: dict[str, list[float]], rounds: int) -> Table:
    mean, longest = task.train.lengths.mean(), task.section.max_tokens
    table = Table(
        title=f"{task.kind.name}: examples/s, {mean:.0f} tokens on average, {longest} at most, {rounds} rounds"
    )
    for column in ("way", "examples/s", "from – to", "ours is × faster", "from – to", "aim"):
        table.add_column(column)
    for name, found in rates.items():
        factors = ratios.get(name)
        table.add_row(
            name,
            f"{statistics.median(found):,.2f}",
            f"{min(found):,.2f} – {max(found):,.2f}",
            f"{statistics.median(factors):.2f}" if factors else "",
            f"{min(factors):.2f} – {max(factors):.2f}" if factors else "",
            str(AIMS.get(name, "")),
        )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3, help="training steps of a round")
    given = parser.parse_args()
    torch.set_num_threads(1)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    set_verbosity_error()  # type: ignore[no-untyped-call]
    disable_progress_bar()  # type: ignore[no-untyped-call]
    show = Console(width=120)
    result: dict[str, str | float] = {"bench": "xtreme"}
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_encoder(folder, SHAPE, VOCABULARY)
        for label, kind in (("classification", Kind.PAIR), ("qa", Kind.QA)):
            task = task_of(kind, folder, SECTIONS[kind], EVALUATED[kind], VOCABULARY)
            show_equal_predictions(task)
            ratios = speed(task, given.steps, EVALUATED[kind], given.rounds, show)
            result |= {f"{label}_ratio": round(ratios["script"], 2)}
            result |= {f"{label}_ratio_grouped": round(ratios["grouped"], 2)}
    print(json.dumps(result, separators=(",", ":")))


if __name__ == "__main__":
    main()
