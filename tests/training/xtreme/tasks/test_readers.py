from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from official import write_official

from pipelines.datasets.errors import UserError
from training.xtreme.tasks.bitexts import read_bucc, read_tatoeba
from training.xtreme.tasks.examples import PairExample, Question, Sentence, TaggedSentence
from training.xtreme.tasks.labels import label_pairs, label_questions, label_sentences
from training.xtreme.tasks.pairs import read_pairs
from training.xtreme.tasks.questions import held_out, read_questions
from training.xtreme.tasks.tagging import read_tagged, read_tags

NLI = ("contradiction", "entailment", "neutral")
NER = ("B-PER", "I-PER", "O")
SQUAD = '{"data": [{"paragraphs": [{"context": "%s", "qas": [{"id": "q1", "question": "what?", "answers": [%s]}]}]}]}'

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(text: str | bytes, name: str = "file.tsv") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return _write


def test_pairs_are_two_texts_and_a_label(write: Write) -> None:
    path = write(
        'one\ttwo\tneutral\r\n"he said ""no"""\tthree \u2028 four\tcontradictory\r\n"odd" end\t"\tentailment\r\n'
    )
    assert read_pairs(path, NLI) == [
        PairExample("one", "two", "neutral"),
        PairExample('he said "no"', "three \u2028 four", "contradiction"),
        PairExample('"odd" end', '"', "entailment"),
    ]


def test_pairs_of_test_have_no_label(write: Write) -> None:
    assert read_pairs(write("\ufeffone\ttwo\n"), NLI) == [PairExample("one", "two", None)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\tb\tneutral\na\tb\tmaybe\n", r"file.tsv:2: the label 'maybe' is none of contradiction, entailment"),
        ("a\tb\tneutral\na b\n", "file.tsv:2: has 1 columns"),
        ("a\tb\tneutral\na\tb\n", "file.tsv:2: has 2 columns, the lines before it have not"),
        (b"a\tb\n\xff\tb\n", r"file.tsv:2: is not UTF-8 \(byte 1\)"),
    ],
)
def test_broken_pairs_are_named(write: Write, text: str | bytes, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_pairs(write(text), NLI)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"xnli\.tsv: is not there; `polyloom xtreme check`"):
        read_pairs(tmp_path / "xnli.tsv", NLI)
    with pytest.raises(UserError, match="cannot be read"):
        read_pairs(tmp_path, NLI)


def test_tagged_sentences_end_at_an_empty_line(write: Write) -> None:
    path = write("-DOCSTART-\tO\n\nAda\tB-PER\nsees\tO\n\n\nne\u0301\tO\n")
    expected = [TaggedSentence(("Ada", "sees"), ("B-PER", "O")), TaggedSentence(("ne\u0301",), ("O",))]
    assert read_tagged(path, NER) == expected


def test_words_of_test_have_no_tag(write: Write) -> None:
    assert read_tagged(write("Ada\nsees\n\n"), NER) == [TaggedSentence(("Ada", "sees"), None)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ada\tB-PER\nsees\n", "file.tsv:2: has 1 columns"),
        ("Ada\tx\tB-PER\n", "file.tsv:1: has 3 columns"),
        ("Ada\tPER\n", "file.tsv:1: the tag 'PER' is none of B-PER, I-PER, O"),
    ],
)
def test_broken_tags_are_named(write: Write, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_tagged(write(text), NER)


def test_answers_stand_where_they_say_in_code_points(write: Write) -> None:
    answer = '{"text": "l\u00e1mpara", "answer_start": 3}'
    path = write(SQUAD % ("\N{PARTY POPPER}\N{ROCKET} l\u00e1mpara roja", answer), "q.json")
    assert read_questions(path) == [
        Question("q1", "what?", "\N{PARTY POPPER}\N{ROCKET} l\u00e1mpara roja", ("l\u00e1mpara",), (3,))
    ]


def test_an_answer_that_was_taken_out_is_none(write: Write) -> None:
    path = write(SQUAD % ("a lamp", '{"text": "", "answer_start": 0}'), "q.json")
    assert read_questions(path)[0].answers == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            SQUAD % ("a lamp", '{"text": "lamp", "answer_start": 3}'),
            "its answer 'lamp' stands at 3, where the context",
        ),
        (SQUAD % ("a lamp", '{"text": "lamp", "answer_start": -4}'), "stands at -4, where the context has ''"),
        (SQUAD % ("a lamp", '{"text": "lamp"}'), "at data.0.paragraphs.0.qas.0.answers.0.answer_start: Field required"),
        ('{"questions": []}', "is not laid out as SQuAD 1.1, at data: Field required"),
        ('{"data": [\n', "is not laid out as SQuAD 1.1: Invalid JSON: EOF .* at line 2"),
        (b'{"data":\n "\xff"}', "q.json:2: is not UTF-8"),
    ],
)
def test_broken_questions_are_named(write: Write, text: str | bytes, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_questions(write(text, "q.json"))


def test_a_tenth_of_the_contexts_is_held_out_with_all_their_questions() -> None:
    questions = [Question(str(number), "what?", f"context {number // 3}") for number in range(90)]
    held = held_out(questions)
    assert sum(held) == 9
    for one in range(0, 90, 3):
        assert len(set(held[one : one + 3])) == 1
    kept_order = held_out(questions[::-1])[::-1]
    assert kept_order == held
    assert held_out(questions[:2]) == [True, True]


def test_bucc_names_the_pairs_by_id(write: Write) -> None:
    source, target = write("de-1\teins\nde-2\tzwei\n", "de"), write("en-1\ttwo \n", "en")
    bitext = read_bucc(source, target, write("de-2\ten-1\n", "gold"))
    assert bitext.source == (Sentence("de-1", "eins"), Sentence("de-2", "zwei"))
    assert bitext.target == (Sentence("en-1", "two"),)
    assert bitext.gold == {("de-2", "en-1")}
    assert read_bucc(source, target, None).gold is None


@pytest.mark.parametrize(
    ("source", "gold", "said"),
    [
        ("de-1 eins\n", "", "de:1: has 1 columns; there are an id and a sentence"),
        ("de-1\teins\nde-1\tzwei\n", "", "de:2: the id 'de-1' stands there a second time"),
        ("de-1\teins\n", "de-1\ten-9\n", "gold:1: no sentence has the id 'en-9'"),
    ],
)
def test_a_broken_bucc_is_named(write: Write, source: str, gold: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_bucc(write(source, "de"), write("en-1\ttwo\n", "en"), write(gold, "gold"))


def test_tatoeba_labels_are_rows_for_english_in_alphabetical_order(write: Write) -> None:
    source, target = write("zwei\neins\n", "de"), write("one\ntwo\n", "en")
    bitext = read_tatoeba(source, target, write("1\n0\n", "labels"))
    assert bitext.source == (Sentence("0", "zwei"), Sentence("1", "eins"))
    assert bitext.gold == {("1", "0"), ("0", "1")}
    assert read_tatoeba(source, target, None).gold is None


@pytest.mark.parametrize(
    ("target", "labels", "said"),
    [
        ("one\n", "0\n", "de has 2 sentences, but .*en has 1"),
        ("one\ntwo\n", "0\n2\n", "labels:2: '2' is no row from 0 to 1"),
        ("one\ntwo\n", "0\n", "labels: has 1 labels for 2 English sentences"),
    ],
)
def test_a_broken_tatoeba_is_named(write: Write, target: str, labels: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_tatoeba(write("zwei\neins\n", "de"), write(target, "en"), write(labels, "labels"))


def test_labels_of_test_join_their_examples(write: Write) -> None:
    pairs = [PairExample("a", "b", None)]
    assert label_pairs(pairs, write("neutral\n"), NLI) == [PairExample("a", "b", "neutral")]
    sentences = [TaggedSentence(("Ada",), None)]
    assert label_sentences(sentences, write("B-PER\n"), NER) == [TaggedSentence(("Ada",), ("B-PER",))]
    assert read_tags(write("B-PER\nO\n\nO\n"), NER) == [("B-PER", "O"), ("O",)]
    path = write(SQUAD % ("a lamp", '{"text": "lamp", "answer_start": 2}'), "q.json")
    bare = Question("q1", "what?", "a lamp")
    assert label_questions([bare], path) == [Question("q1", "what?", "a lamp", ("lamp",), (2,))]


@pytest.mark.parametrize(
    ("join", "examples", "text", "said"),
    [
        (label_pairs, [PairExample("a", "b", None)], "maybe\n", "file.tsv:1: the label 'maybe' is none of"),
        (label_pairs, [PairExample("a", "b", None)], "", "has 0 labels for 1 pairs of texts of test"),
        (label_sentences, [TaggedSentence(("Ada",), None)], "O\n\nO\n", "has 2 sentences for 1 sentences of test"),
        (label_sentences, [TaggedSentence(("Ada",), None)], "O\nO\n", "has 2 tags in sentence 1 for 1 words of test"),
    ],
)
def test_labels_of_something_else_are_named(
    write: Write, join: Callable[..., Any], examples: list[Any], text: str, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        join(examples, write(text), (*NLI, *NER))


def test_answers_to_other_questions_are_named(write: Write) -> None:
    path = write(SQUAD % ("a lamp", '{"text": "lamp", "answer_start": 2}'), "q.json")
    with pytest.raises(UserError, match="has no answer to 1 of 1 questions, such as 'q2'"):
        label_questions([Question("q2", "what?", "a lamp")], path)


def test_the_invented_files_hold_what_the_tests_are_about(tmp_path: Path) -> None:
    folder = write_official(tmp_path, ["xquad", "panx"], ["zh"])
    first, second, *_ = read_questions(folder / "labels/xquad/test-zh.json")
    assert "\N{ZERO WIDTH JOINER}" in first.context[: first.starts[0]]
    assert " " not in second.context
    assert second.starts[0] > 300
    assert read_tagged(folder / "panx/test-zh.tsv", NER)[0].tags is None
