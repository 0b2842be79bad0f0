"""The loop: what is learnt, which epoch is kept, and that a run goes on bit for bit where it was stopped."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pipelines.datasets.errors import Stopped, UserError
from training.config.finetuning import FineTuningSection
from training.xtreme.batches import Batch, EpochBatches
from training.xtreme.features import encode
from training.xtreme.finetuning import FineTuning, Measured, fine_tune
from training.xtreme.heads import FineTuned
from training.xtreme.losses import cross_entropy
from training.xtreme.models import limits_of, pretrained_encoder, restore, to_bytes, with_head
from training.xtreme.prediction import predict, prepared
from training.xtreme.tasks.examples import PairExample
from training.xtreme.tasks.registry import Kind
from training.xtreme.tokenizer import FolderTokenizer

SECTION: dict[str, Any] = {
    "learning_rate": 5e-3,
    "epochs": 3,
    "batch_size": 8,
    "warmup_share": 0.1,
    "max_tokens": 32,
    "checkpoint_every": 2,
}
WORDS = ("balan", "keter", "mining", "sok")
EXAMPLES = [
    PairExample(first, second, "same" if first == second else "other")
    for first in WORDS
    for second in (*WORDS, first, first)
]
CLASSES = ("same", "other")


@pytest.fixture
def new_run(encoder_folder: Path, tokenizer: FolderTokenizer) -> Callable[..., FineTuning]:
    """Return a function that makes a run over EXAMPLES with some keys of the section changed."""

    def make(loss: Any = cross_entropy, **changes: Any) -> FineTuning:
        section = FineTuningSection.model_validate(SECTION | changes)
        encoder = pretrained_encoder(encoder_folder, section)
        model = with_head(encoder, Kind.PAIR, CLASSES, section, seed=1)
        inputs = encode(EXAMPLES, tokenizer, CLASSES, limits_of(section))
        return FineTuning(model, section, EpochBatches(inputs, section.batch_size, section.parts, 1), loss, seed=1)

    return make


def never() -> bool:
    return False


def unmeasured(_: FineTuned) -> Measured:
    return Measured(0.0, {})


def ignore(_: int) -> None:
    return


def weights(run: FineTuning) -> dict[str, Tensor]:
    return {name: weight.clone() for name, weight in run.model.state_dict().items()}


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert all(torch.equal(weight, other[name]) for name, weight in one.items())


def test_what_was_shown_is_learnt(
    new_run: Callable[..., FineTuning], tokenizer: FolderTokenizer, tmp_path: Path
) -> None:
    run = new_run(epochs=30, dropout=0.0, attention_dropout=0.0)
    asked = prepared(EXAMPLES, tokenizer, CLASSES, limits_of(run.section))

    def scores(model: FineTuned) -> Measured:
        said = predict(model, asked)
        right = sum(one == example.label for one, example in zip(said, EXAMPLES, strict=True)) / len(EXAMPLES)
        return Measured(right, {"accuracy": right})

    fine_tune(run, tmp_path, scores, never, ignore)
    assert run.history[-1]["loss"] < 0.5 * run.history[0]["loss"]
    assert scores(run.model).value == max(line["value"] for line in run.history) > 0.9
    assert [line["step"] for line in run.history] == [3 * epoch for epoch in range(1, 31)]


def test_the_best_epoch_is_kept_and_the_first_of_equals(new_run: Callable[..., FineTuning], tmp_path: Path) -> None:
    run, seen = new_run(), []
    values = iter([0.1, 0.7, 0.7])

    def scores(model: FineTuned) -> Measured:
        assert not model.training
        seen.append({name: weight.clone() for name, weight in model.state_dict().items()})
        return Measured(next(values), {"en": 1.0})

    fine_tune(run, tmp_path, scores, never, ignore)
    assert run.best_epoch == 2
    assert_same(weights(run), seen[1])
    assert [(line["epoch"], line["value"], line["dev"]) for line in run.history] == [
        (1, 0.1, {"en": 1.0}),
        (2, 0.7, {"en": 1.0}),
        (3, 0.7, {"en": 1.0}),
    ]


@pytest.mark.parametrize("stop", [1, 3, 5, 8])
def test_a_stopped_run_goes_on_bit_for_bit(new_run: Callable[..., FineTuning], tmp_path: Path, stop: int) -> None:
    def scores(model: FineTuned) -> Measured:
        value = float(model.state_dict()["head.out.weight"].sum())
        return Measured(value, {"sum": value})

    whole = new_run()
    fine_tune(whole, tmp_path / "whole", scores, never, ignore)
    asked = iter(range(1, 100))
    stopped = new_run()
    with pytest.raises(Stopped, match=f"stopped after step {stop} of 9"):
        fine_tune(stopped, tmp_path / "part", scores, lambda: next(asked) == stop, ignore)
    taken_up = new_run()
    fine_tune(taken_up, tmp_path / "part", scores, never, ignore)
    assert_same(weights(taken_up), weights(whole))
    assert taken_up.history == whole.history
    assert taken_up.best_epoch == whole.best_epoch


def test_a_killed_run_goes_on_from_its_last_checkpoint(new_run: Callable[..., FineTuning], tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def kill(step: int) -> None:
        if step == 5:
            raise Killed

    with pytest.raises(Killed):
        fine_tune(new_run(), tmp_path, unmeasured, never, kill)
    steps: list[int] = []
    run = new_run()
    fine_tune(run, tmp_path, unmeasured, never, steps.append)
    assert steps == [5, 6, 7, 8, 9]


def test_parts_of_equal_size_give_the_whole_step_s_gradient(new_run: Callable[..., FineTuning], tmp_path: Path) -> None:
    runs = [new_run(parts=parts, dropout=0.0, attention_dropout=0.0, learning_rate=1e-4) for parts in (1, 4)]
    for number, run in enumerate(runs):
        fine_tune(run, tmp_path / str(number), unmeasured, never, ignore)
    for name, weight in weights(runs[0]).items():
        torch.testing.assert_close(weights(runs[1])[name], weight, atol=2e-4, rtol=1e-3)


def test_another_loss_and_other_batches_plug_in(new_run: Callable[..., FineTuning], tmp_path: Path) -> None:
    class Number:
        def __init__(self, value: float) -> None:
            self.value = value

        def to(self, device: torch.device) -> "Number":
            return self

    class Numbers:
        steps = 2

        def epoch(self, number: int, first_step: int = 0) -> Iterator[list[Number]]:
            for step in range(first_step, self.steps):
                yield [Number(number + step)]

    seen: list[float] = []

    def loss(model: FineTuned, part: Number) -> Tensor:
        assert model.training
        seen.append(part.value)
        return part.value * model.head.out.weight.square().sum()

    template = new_run()
    run = FineTuning(template.model, template.section, Numbers(), loss, seed=1)
    fine_tune(run, tmp_path, unmeasured, never, ignore)
    assert seen == [0, 1, 1, 2, 2, 3]


def test_a_loss_that_is_no_number_ends_the_run(new_run: Callable[..., FineTuning], tmp_path: Path) -> None:
    def loss(model: FineTuned, part: Batch) -> Tensor:
        return cross_entropy(model, part) * float("nan")

    with pytest.raises(UserError, match="the loss of step 1 is no number"):
        fine_tune(new_run(loss=loss), tmp_path, unmeasured, never, ignore)


def test_nothing_to_learn_from_is_an_error(new_run: Callable[..., FineTuning], tmp_path: Path) -> None:
    template = new_run()
    run = FineTuning(template.model, template.section, EpochBatches([], 8, 1, 1), cross_entropy, seed=1)
    with pytest.raises(UserError, match="no training example"):
        fine_tune(run, tmp_path, unmeasured, never, ignore)


@pytest.mark.parametrize("changes", [{"precision": "bf16"}, {"recompute": True}])
def test_other_precision_and_recomputing_run(
    new_run: Callable[..., FineTuning], tmp_path: Path, changes: dict[str, Any]
) -> None:
    run = new_run(epochs=1, **changes)
    fine_tune(run, tmp_path, unmeasured, never, ignore)
    assert run.history[0]["loss"] > 0


def test_recomputing_changes_nothing(new_run: Callable[..., FineTuning], tmp_path: Path) -> None:
    runs = [new_run(epochs=1, recompute=recompute) for recompute in (False, True)]
    for number, run in enumerate(runs):
        fine_tune(run, tmp_path / str(number), unmeasured, never, ignore)
    assert_same(weights(runs[0]), weights(runs[1]))


def test_weights_survive_the_file(new_run: Callable[..., FineTuning]) -> None:
    run, other = new_run(), new_run()
    with torch.no_grad():
        for parameter in run.model.parameters():
            parameter.add_(1.0)
    restored = restore(other.model, to_bytes(run.model))
    assert_same(weights(run), dict(restored.state_dict()))
    assert not restored.training


def test_inputs_longer_than_the_encoder_s_positions_are_refused(encoder_folder: Path) -> None:
    with pytest.raises(UserError, match="max_tokens is 129, and the encoder has 128 positions"):
        pretrained_encoder(encoder_folder, FineTuningSection(max_tokens=129))


def test_a_folder_without_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot load an encoder"):
        pretrained_encoder(tmp_path, FineTuningSection())
