"""What a model says comes in the order of the examples, whatever the order in which it is run."""

from pathlib import Path

import torch

from training.hub import load_encoder
from training.xtreme.batches import collate
from training.xtreme.features import Limits
from training.xtreme.heads import FineTuned, HeadKind, new_head
from training.xtreme.prediction import logits, predict, prepared
from training.xtreme.tasks.examples import PairExample, Question, TaggedSentence
from training.xtreme.tokenizer import FolderTokenizer

LIMITS = Limits(40, question_tokens=8, stride=12)


def model(folder: Path, kind: HeadKind) -> FineTuned:
    return FineTuned(load_encoder(folder), new_head(kind, 16, "abc", 0.1, 1.0, 3)).eval()


def test_each_pair_gets_its_class(encoder_folder: Path, tokenizer: FolderTokenizer) -> None:
    examples = [PairExample("balan " * (number % 5), "keter", None) for number in range(7)]
    tuned = model(encoder_folder, "classification")
    asked = prepared(examples, tokenizer, "abc", LIMITS)
    with torch.no_grad():
        alone = [tuned(collate([one]))[0] for one in asked.inputs]
    assert predict(tuned, asked) == ["abc"[int(row.argmax())] for row in alone]
    for row, expected in zip(logits(tuned, asked.inputs), alone, strict=True):
        torch.testing.assert_close(torch.from_numpy(row[0]), expected, atol=1e-5, rtol=1e-5)


def test_each_word_gets_a_tag_however_long_its_sentence(encoder_folder: Path, tokenizer: FolderTokenizer) -> None:
    words = ("balan", "keter", "mining") * 12
    examples = [TaggedSentence(words, None), TaggedSentence((), None), TaggedSentence(("sok", "\u200b"), None)]
    tags = predict(model(encoder_folder, "tagging"), prepared(examples, tokenizer, "abc", LIMITS))
    assert [len(sentence) for sentence in tags] == [36, 0, 2]
    assert {tag for sentence in tags for tag in sentence} <= set("abc")


def test_each_question_gets_an_answer_from_its_context(encoder_folder: Path, tokenizer: FolderTokenizer) -> None:
    contexts = ["balan keter mining sok " * 9, "ra", "balan keter"]
    examples = [Question(f"q{number}", "ra?", contexts[number % 3]) for number in range(6)]
    asked = prepared(examples, tokenizer, (), LIMITS)
    assert len(asked.inputs) > len(examples)
    answers = predict(model(encoder_folder, "span"), asked)
    assert isinstance(answers, dict)
    assert list(answers) == [f"q{number}" for number in range(6)]
    assert all(answer and answer in contexts[number % 3] for number, answer in enumerate(answers.values()))
    assert [answers[f"q{number}"] for number in range(3)] == [answers[f"q{number}"] for number in range(3, 6)]


def test_nothing_asked_is_nothing_said(encoder_folder: Path, tokenizer: FolderTokenizer) -> None:
    assert predict(model(encoder_folder, "span"), prepared([], tokenizer, (), LIMITS)) == []
