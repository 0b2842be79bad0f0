"""Batches of two views and their loss, on an untrained encoder: against the terms computed input by input."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.datasets.errors import UserError
from training.config.finetuning import FineTuningSection
from training.config.xtune import AgreementSection, ConsistencySection, Noise
from training.xtreme.batches import collate
from training.xtreme.features import encode
from training.xtreme.finetuning import FineTuning, Measured, fine_tune
from training.xtreme.heads import FineTuned
from training.xtreme.models import limits_of, pretrained_encoder, with_head
from training.xtreme.tasks.examples import Example, PairExample, Question, TaggedSentence
from training.xtreme.tasks.registry import Kind
from training.xtreme.tokenizer import FolderTokenizer
from training.xtreme.xtune.batches import ViewBatch
from training.xtreme.xtune.objective import Objective, noise_on_embeddings
from training.xtreme.xtune.setup import Material, first_stage, second_stage

WORDS = ("balan", "keter", "mining", "sok", "tubar", "lisen")
CONTEXT = " ".join(WORDS * 6)
EXAMPLES: dict[Kind, list[Example]] = {
    Kind.PAIR: [PairExample(f"{one} balan", f"keter {one}", "AB"[number % 2]) for number, one in enumerate(WORDS)],
    Kind.TAGGING: [TaggedSentence((one, "sok", "keter"), ("A", "B", "A")) for one in WORDS],
    Kind.QA: [
        Question(str(place), f"{one} sok", CONTEXT, (one,), (CONTEXT.index(one),)) for place, one in enumerate(WORDS)
    ],
}
CLASSES = ("A", "B")
SECTION = FineTuningSection(
    batch_size=5, parts=2, max_tokens=48, question_tokens=8, stride=16, dropout=0.0, attention_dropout=0.0, epochs=2
)
SUBWORDS = {"augmentation": {"kind": "subword_sampling", "ratio": 0.8}}


@pytest.fixture
def dictionary(tmp_path: Path) -> Path:
    path = tmp_path / "en-xx.txt"
    path.write_text("".join(f"{one}\t{other}\n" for one, other in zip(WORDS, WORDS[::-1], strict=True)))
    return path


@pytest.fixture
def material(tokenizer: FolderTokenizer, dictionary: Path) -> Any:
    def make(kind: Kind) -> Material:
        examples = EXAMPLES[kind]
        inputs = encode(examples, tokenizer, CLASSES, limits_of(SECTION))  # type: ignore[arg-type]
        return Material(examples, inputs, tokenizer, CLASSES, {"xx": dictionary})

    return make


@pytest.fixture
def model(encoder_folder: Path) -> Any:
    def make(kind: Kind, seed: int = 1) -> FineTuned:
        made = with_head(pretrained_encoder(encoder_folder, SECTION), kind, CLASSES, SECTION, seed)
        with torch.no_grad():
            for weight in made.head.parameters():
                weight.mul_(40)  # else all probabilities are nearly alike
        return made

    return make


def batches_of(batches: Any, epoch: int = 0, first: int = 0) -> list[list[ViewBatch]]:
    return list(batches.epoch(epoch, first))


def rows(model: FineTuned, views: Any) -> Tensor:
    """The probabilities of one input, float64."""
    return F.softmax(model(collate([views])).detach().double(), -1)


def divergence(p: Tensor, q: Tensor) -> Tensor:
    return (p * (p / q).log()).sum()


@pytest.mark.parametrize("kind", [Kind.PAIR, Kind.TAGGING])
def test_rows_are_compared_pairwise(material: Any, model: Any, kind: Kind) -> None:
    student, teacher = model(kind), model(kind, seed=2)
    kept, agreed = ConsistencySection(**SUBWORDS, weight=3), AgreementSection(**SUBWORDS, weight=2)
    batches, objective = second_stage(material(kind), kept, agreed, teacher, SECTION, 1)
    shown: list[Any] = []
    make = batches._views
    batches._views = lambda *args: shown.append(make(*args)) or shown[-1]
    for parts in batches_of(batches):
        for part in parts:
            items, shown = shown[: part.inputs], shown[part.inputs :]
            labels, log_p, r1, r2, ours, hers = [], [], 0.0, 0.0, 0, 0
            for item in items:
                first, second = rows(student, item.first.encoded), rows(student, item.second.encoded)
                tags = [item.first.encoded.label] if kind is Kind.PAIR else item.first.encoded.tags.tolist()
                labels += tags
                log_p += [float(row[tag].log()) for row, tag in zip(first, tags, strict=True)]
                r1 += float(divergence(first, second) + divergence(second, first))
                ours += len(first)
                if item.is_augmented:
                    r2 += float(divergence(rows(teacher, item.first.encoded), first))
                    hers += len(first)
            terms = objective.terms(student, part)
            assert terms.cross_entropy.item() == pytest.approx(-sum(log_p) / len(labels), rel=1e-4)
            assert terms.consistency.item() == pytest.approx(3 * r1 / (ours * 2), rel=1e-3)
            assert terms.agreement.item() == pytest.approx(2 * r2 / (max(hers, 1) * 2), rel=1e-3)
    assert not shown


def test_windows_are_compared_over_what_stays(material: Any, model: Any) -> None:
    student, teacher = model(Kind.QA), model(Kind.QA, seed=2)
    kept, agreed = ConsistencySection(**SUBWORDS, weight=1), AgreementSection(**SUBWORDS, weight=1)
    batches, objective = second_stage(material(Kind.QA), kept, agreed, teacher, SECTION, 1)
    shown: list[Any] = []
    make = batches._views
    batches._views = lambda *args: shown.append(make(*args)) or shown[-1]

    def of(model: FineTuned, window: Any) -> Tensor:
        return F.softmax(model(collate([window])).detach().double(), 0)

    for parts in batches_of(batches)[:3]:
        for part in parts:
            items, shown = shown[: part.inputs], shown[part.inputs :]
            gold, r1, r2, hers = 0.0, 0.0, 0.0, 0
            for item in items:
                first, second = of(student, item.first.encoded), of(student, item.second.encoded)
                gold -= float(first[item.first.encoded.start, 0].log() + first[item.first.encoded.end, 1].log()) / 2
                common = sorted({*item.first.clean.tolist()} & {*item.second.clean.tolist()})
                here = dict(zip(item.first.clean.tolist(), item.first.kept.tolist(), strict=True))
                there = dict(zip(item.second.clean.tolist(), item.second.kept.tolist(), strict=True))
                assert 0 in common
                for side in (0, 1):
                    p, q = first[[here[c] for c in common], side], second[[there[c] for c in common], side]
                    p, q = torch.cat([p, 1 - p.sum()[None]]), torch.cat([q, 1 - q.sum()[None]])
                    r1 += float(divergence(p, q) + divergence(q, p)) / 2
                if item.is_augmented:
                    r2 += float(divergence(of(teacher, item.first.encoded), first)) / 2
                    hers += 1
            terms = objective.terms(student, part)
            assert terms.cross_entropy.item() == pytest.approx(gold / len(items), rel=1e-4)
            assert terms.consistency.item() == pytest.approx(r1 / len(items), rel=1e-3)
            assert terms.agreement.item() == pytest.approx(r2 / max(hers, 1), rel=1e-3)


@pytest.mark.parametrize("kind", list(EXAMPLES))
def test_the_first_stage_shows_each_input_once(material: Any, kind: Kind) -> None:
    made = material(kind)
    batches, _ = first_stage(made, ConsistencySection(**SUBWORDS), SECTION, 1)
    steps = batches_of(batches)
    assert len(steps) == batches.steps
    assert sum(part.inputs for parts in steps for part in parts) == len(made.inputs)
    assert all(part.augmented is None for parts in steps for part in parts)


@pytest.mark.parametrize("ratio", [0.5, 1.0])
def test_the_second_stage_adds_as_many_as_the_ratio_says_anew_in_each_epoch(
    material: Any, model: Any, ratio: float
) -> None:
    made = material(Kind.TAGGING)
    agreed = AgreementSection(**SUBWORDS, ratio=ratio)
    batches, _ = second_stage(made, ConsistencySection(**SUBWORDS), agreed, model(Kind.TAGGING), SECTION, 1)
    seen = []
    for epoch in (0, 1):
        parts = [part for step in batches_of(batches, epoch) for part in step]
        assert sum(part.inputs for part in parts) == len(made.inputs) + ratio * len(made.inputs)
        added = [part.augmented for part in parts if part.augmented is not None]
        assert sum(len(one.counts) for one in added) == ratio * len(made.inputs)
        seen.append(sorted(tuple(one.packed.tokens.tolist()) for one in added))
    assert seen[0] != seen[1]


@pytest.mark.parametrize("kind", list(EXAMPLES))
def test_an_epoch_can_be_taken_up_at_any_step(material: Any, kind: Kind) -> None:
    def tokens(first: int) -> list[list[int]]:
        batches, _ = first_stage(material(kind), ConsistencySection(**SUBWORDS), SECTION, 1)
        return [part.both.packed.tokens.tolist() for parts in batches_of(batches, 3, first) for part in parts]

    whole, later = tokens(0), tokens(1)
    assert later == whole[-len(later) :]


@pytest.mark.parametrize("kind", list(EXAMPLES))
@pytest.mark.parametrize(
    "augmentation",
    [
        {"kind": "code_switch", "ratio": 0.5},
        {"kind": "subword_sampling"},
        {"kind": "noise", "distribution": "gaussian", "scale": 0.1},
    ],
)
def test_both_stages_train(material: Any, model: Any, tmp_path: Path, kind: Kind, augmentation: dict[str, Any]) -> None:
    kept = ConsistencySection.model_validate({"augmentation": augmentation})
    agreed = AgreementSection.model_validate({"augmentation": augmentation, "hard_labels": kind is Kind.TAGGING})
    teacher = model(kind)
    _tune(teacher, *first_stage(material(kind), kept, SECTION, 1), tmp_path / "first")
    frozen = {name: weight.clone() for name, weight in teacher.state_dict().items()}
    student = model(kind)
    begins = {name: weight.clone() for name, weight in student.state_dict().items()}
    run = _tune(student, *second_stage(material(kind), kept, agreed, teacher, SECTION, 1), tmp_path / "second")
    assert run.history[-1]["loss"] > 0
    assert all(torch.equal(weight, frozen[name]) for name, weight in teacher.state_dict().items())
    assert any(not torch.equal(weight, begins[name]) for name, weight in student.state_dict().items())


def test_a_stopped_run_goes_on_with_the_same_augmentations(material: Any, model: Any, tmp_path: Path) -> None:
    kept = ConsistencySection(augmentation={"kind": "noise", "scale": 0.1})
    agreed = AgreementSection(**SUBWORDS)
    teacher, weights = model(Kind.TAGGING, seed=3), []
    for stops in (False, True):
        student = model(Kind.TAGGING)
        parts = second_stage(material(Kind.TAGGING), kept, agreed, teacher, SECTION, 1)
        if stops:
            with pytest.raises(Exception, match="stopped after step 3"):
                _tune(student, *parts, tmp_path / "part", stop_at=3)
            student = model(Kind.TAGGING)
        _tune(student, *parts, tmp_path / ("part" if stops else "whole"))
        weights.append(student.state_dict())
    assert all(torch.equal(weight, weights[1][name]) for name, weight in weights[0].items())


def _tune(model: FineTuned, batches: Any, loss: Objective, folder: Path, stop_at: int = 0) -> FineTuning:
    run = FineTuning(model, SECTION, batches, loss, seed=1)
    fine_tune(run, folder, lambda _: Measured(0.0, {}), lambda: run.step == stop_at, lambda _: None)
    return run


@pytest.mark.parametrize("distribution", ["uniform", "gaussian"])
def test_noise_is_on_the_second_views_alone_and_gone_afterwards(material: Any, model: Any, distribution: str) -> None:
    student = model(Kind.PAIR)
    noise = Noise(distribution=distribution, scale=0.5)
    batches, objective = first_stage(material(Kind.PAIR), ConsistencySection(augmentation=noise), SECTION, 1)
    part = batches_of(batches)[0][0]
    clean = student.encoder.tokens(part.both.packed.tokens)
    torch.manual_seed(1)
    with noise_on_embeddings(student, part.noisy, noise):
        added = student.encoder.tokens(part.both.packed.tokens) - clean
    assert not added[~part.noisy].any()
    drawn = added[part.noisy]
    assert 2 * len(drawn) == len(clean)
    assert drawn.std().item() == pytest.approx(0.5 if distribution == "gaussian" else 0.5 / 3**0.5, rel=0.1)
    assert objective.terms(student, part).consistency.item() > 0
    torch.testing.assert_close(student.encoder.tokens(part.both.packed.tokens), clean)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        ({"kind": "code_switch"}, "code_switch has no dictionaries: name them, or add the section `dictionary`"),
        ({"kind": "translation", "files": {"de": "x.tsv"}}, "a translation is no second view of tags or answers"),
    ],
)
def test_what_cannot_be_done_is_said(material: Any, kept: dict[str, Any], message: str) -> None:
    made: Sequence[Any] = material(Kind.TAGGING)
    bare = Material(made.examples, made.inputs, made.tokenizer, CLASSES, {})  # type: ignore[attr-defined]
    with pytest.raises(UserError, match=message):
        first_stage(bare, ConsistencySection.model_validate({"augmentation": kept}), SECTION, 1)


def test_two_noises_must_be_one(material: Any, model: Any) -> None:
    kept = ConsistencySection(augmentation={"kind": "noise", "scale": 0.1})
    agreed = AgreementSection(augmentation={"kind": "noise", "scale": 0.2})
    with pytest.raises(UserError, match="both add noise, but not the same"):
        second_stage(material(Kind.PAIR), kept, agreed, model(Kind.PAIR), SECTION, 1)
