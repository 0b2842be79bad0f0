"""With the same weights, logits and losses are those of transformers' own models, which work on padded batches."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    XLMRobertaForQuestionAnswering,
    XLMRobertaForSequenceClassification,
    XLMRobertaForTokenClassification,
)

from training.hub import load_encoder
from training.xtreme.batches import collate
from training.xtreme.features import UNKNOWN, Encoded, Limits, encode
from training.xtreme.heads import ClassificationHead, FineTuned, SpanHead, TaggingHead, new_head
from training.xtreme.losses import cross_entropy
from training.xtreme.tasks.examples import Examples, PairExample, Question, TaggedSentence
from training.xtreme.tokenizer import FolderTokenizer

TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}
CONTEXT = "balan keter mining sok ra"
PAIRS = [PairExample("balan keter", "mining " * 9, "b"), PairExample("sok", "ra", "a"), PairExample("x", "y", "c")]
SENTENCES = [TaggedSentence(("balan", "mining", "温度"), ("a", "b", "c")), TaggedSentence(("sok",), ("c",))]
QUESTIONS = [Question("1", "ra?", CONTEXT, ("mining",), (12,)), Question("2", "sok balan?", CONTEXT, ("balan",), (0,))]


def inputs_of(examples: Examples, tokenizer: FolderTokenizer) -> list[Encoded]:
    return encode(examples, tokenizer, ["a", "b", "c"], Limits(64))


def padded(inputs: Sequence[Encoded]) -> dict[str, Tensor]:
    longest = max(len(one.tokens) for one in inputs)
    ids = torch.full((len(inputs), longest), 1)
    for row, one in enumerate(inputs):
        ids[row, : len(one.tokens)] = torch.from_numpy(one.tokens)
    return {"input_ids": ids, "attention_mask": (ids != 1).long()}


def share(theirs: nn.Module, ours: nn.Module) -> None:
    ours.load_state_dict(theirs.state_dict())


@torch.no_grad()
def test_pairs_are_classified_as_transformers_does(encoder_folder: Path, tokenizer: FolderTokenizer) -> None:
    theirs = XLMRobertaForSequenceClassification.from_pretrained(encoder_folder, num_labels=3).eval()
    head = ClassificationHead(16, 3, 0.1)
    share(theirs.classifier.dense, head.dense)
    share(theirs.classifier.out_proj, head.out)
    model = FineTuned(load_encoder(encoder_folder), head).eval()
    inputs = inputs_of(PAIRS, tokenizer)
    expected = theirs(**padded(inputs), labels=torch.tensor([1, 0, 2]))
    batch = collate(inputs)
    torch.testing.assert_close(model(batch), expected.logits, **TOLERANCE)
    torch.testing.assert_close(cross_entropy(model, batch), expected.loss, **TOLERANCE)


@torch.no_grad()
def test_words_are_tagged_as_transformers_does(encoder_folder: Path, tokenizer: FolderTokenizer) -> None:
    theirs = XLMRobertaForTokenClassification.from_pretrained(encoder_folder, num_labels=3).eval()
    head = TaggingHead(16, 3, 0.1, sums=False)
    share(theirs.classifier, head.out)
    model = FineTuned(load_encoder(encoder_folder), head).eval()
    inputs = inputs_of(SENTENCES, tokenizer)
    batch: dict[str, Any] = padded(inputs)
    labels = torch.full(batch["input_ids"].shape, UNKNOWN)
    for row, one in enumerate(inputs):
        labels[row, torch.from_numpy(one.firsts)] = torch.from_numpy(one.tags)
    expected = theirs(**batch, labels=labels)
    torch.testing.assert_close(model(collate(inputs)), expected.logits[labels != UNKNOWN], **TOLERANCE)
    torch.testing.assert_close(cross_entropy(model, collate(inputs)), expected.loss, **TOLERANCE)


@torch.no_grad()
def test_spans_are_scored_as_transformers_does(encoder_folder: Path, tokenizer: FolderTokenizer) -> None:
    theirs = XLMRobertaForQuestionAnswering.from_pretrained(encoder_folder).eval()
    head = SpanHead(16)
    share(theirs.qa_outputs, head.out)
    model = FineTuned(load_encoder(encoder_folder), head).eval()
    inputs = inputs_of(QUESTIONS, tokenizer)
    batch = collate(inputs)
    start, end = batch.labels.T
    expected = theirs(**padded(inputs), start_positions=start, end_positions=end)
    there = padded(inputs)["attention_mask"].bool()
    torch.testing.assert_close(model(batch)[:, 0], expected.start_logits[there], **TOLERANCE)
    torch.testing.assert_close(model(batch)[:, 1], expected.end_logits[there], **TOLERANCE)
    # Theirs softmaxes over the padding, which has logits too; without any there both are the same.
    alone = collate(inputs[:1])
    begin, last = alone.labels.T
    single = theirs(**padded(inputs[:1]), start_positions=begin, end_positions=last)
    torch.testing.assert_close(cross_entropy(model, alone), single.loss, **TOLERANCE)
    both = torch.stack([cross_entropy(model, collate([one])) for one in inputs]).mean()
    torch.testing.assert_close(cross_entropy(model, batch), both, **TOLERANCE)


def test_the_sum_takes_all_tokens_of_a_word(tokenizer: FolderTokenizer) -> None:
    batch = collate(inputs_of(SENTENCES, tokenizer))
    assert batch.pieces is not None
    head = TaggingHead(4, 3, 0.0, sums=True)
    states = torch.randn(len(batch.packed.tokens), 4)
    expected = torch.stack(
        [states[place : place + size].sum(0) for place, size in zip(batch.places, batch.pieces, strict=True)]
    )
    torch.testing.assert_close(head(states, batch), head.out(expected))


def test_what_has_no_label_does_not_count(encoder_folder: Path, tokenizer: FolderTokenizer) -> None:
    model = FineTuned(load_encoder(encoder_folder), ClassificationHead(16, 3, 0.0)).eval()
    unlabelled = inputs_of([PairExample("balan", "ra", None)], tokenizer)
    one = inputs_of(PAIRS[:1], tokenizer)
    torch.testing.assert_close(
        cross_entropy(model, collate(one + unlabelled)), cross_entropy(model, collate(one)), **TOLERANCE
    )
    assert float(cross_entropy(model, collate(unlabelled)).detach()) == 0


@pytest.mark.parametrize("kind", ["classification", "tagging", "tagging_by_sum", "span"])
def test_a_new_head_is_a_function_of_its_seed(kind: Any) -> None:
    one, same, other = (new_head(kind, 64, "abc", 0.1, 0.02, seed).state_dict() for seed in (1, 1, 2))
    for name, weight in one.items():
        assert torch.equal(weight, same[name])
        assert torch.equal(weight, other[name]) == name.endswith("bias")
        if weight.dim() > 1:
            assert 0.01 < float(weight.std()) < 0.03
