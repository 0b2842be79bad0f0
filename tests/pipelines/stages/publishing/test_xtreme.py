"""The dev and test sentences of XTREME's files, against what was written into them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from official import write_official

from pipelines.config.filters import XTREME_TASKS, Contamination, EvaluationFile
from pipelines.datasets.errors import UserError
from pipelines.stages.publishing.contaminated import Sentence, read_tests
from pipelines.stages.publishing.xtreme import sentences
from training.xtreme.tasks import paths
from training.xtreme.tasks.bitexts import read_bucc, read_tatoeba
from training.xtreme.tasks.examples import PairExample, Question, TaggedSentence
from training.xtreme.tasks.named import examples_of, labelled_examples
from training.xtreme.tasks.registry import TASKS, Dev, Kind, Task


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


def read(folder: Path, task: str) -> list[tuple[str, int, str]]:
    found = list(sentences(folder, [task]))
    assert {one[0] for one in found} == {task}
    return [one[1:] for one in found]


def test_pairs_without_labels_and_quotes(tmp_path: Path) -> None:
    write(tmp_path, "xnli/test-de.tsv", 'Eins\tZwei\r\n"Er sagte ""nein"""\tDrei\r\n')
    write(tmp_path, "xnli/dev-de.tsv", "Vier\tFünf\tneutral\r\n")
    write(tmp_path, "xnli/train-en.tsv", "no\tno\tneutral\r\n")
    assert read(tmp_path, "xnli") == [
        ("xnli/dev-de.tsv", 1, "Vier"), ("xnli/dev-de.tsv", 1, "Fünf"),
        ("xnli/test-de.tsv", 1, "Eins"), ("xnli/test-de.tsv", 1, "Zwei"),
        ("xnli/test-de.tsv", 2, 'Er sagte "nein"'), ("xnli/test-de.tsv", 2, "Drei"),
    ]  # fmt: skip


def test_words_make_sentences_without_spaces_where_there_are_none(tmp_path: Path) -> None:
    write(tmp_path, "udpos/dev-de.tsv", "Guten\tADJ\nTag\tNOUN\n\n\nHallo\tINTJ\n")
    write(tmp_path, "udpos/test-zh.tsv", "你\n好\n\n")
    assert read(tmp_path, "udpos") == [
        ("udpos/dev-de.tsv", 1, "Guten Tag"),
        ("udpos/dev-de.tsv", 5, "Hallo"),
        ("udpos/test-zh.tsv", 1, "你好"),
    ]


def test_contexts_and_questions(tmp_path: Path) -> None:
    asked = {"question": "Was?", "id": "1", "answers": []}
    squad = json.dumps({"data": [{"paragraphs": [{"context": "Kontext", "qas": [asked]}]}]})
    write(tmp_path, "mlqa/MLQA_V1/test/test-context-de-question-de.json", squad)
    write(tmp_path, "squad/dev-v1.1.json", squad)
    write(tmp_path, "squad/train-v1.1.json", "never read")
    name = "mlqa/MLQA_V1/test/test-context-de-question-de.json"
    assert read(tmp_path, "mlqa") == [(name, 1, "Kontext"), (name, 1, "Was?")]
    assert read(tmp_path, "xquad")[0] == ("squad/dev-v1.1.json", 1, "Kontext")


def test_both_sides_of_bitexts_and_no_gold(tmp_path: Path) -> None:
    write(tmp_path, "bucc2018/de-en.test.de", "de-1\tEin Satz\nde-2\tNoch einer\n")
    write(tmp_path, "bucc2018/de-en.dev.en", "en-1\tA sentence\n")
    write(tmp_path, "bucc2018/de-en.dev.gold", "de-1\ten-1\n")
    write(tmp_path, "tatoeba/de-en.de", "Guten\u2028Tag\n")
    write(tmp_path, "tatoeba/de-en.en", "Hello")
    assert [text for *_, text in read(tmp_path, "bucc2018")] == ["A sentence", "Ein Satz", "Noch einer"]
    assert [text for *_, text in read(tmp_path, "tatoeba")] == ["Guten\u2028Tag", "", "Hello"]


def test_each_task_is_a_set_of_its_own_and_blank_lines_are_none(tmp_path: Path) -> None:
    write(tmp_path, "tatoeba/de-en.de", "Guten Tag\n")
    write(tmp_path, "pawsx/dev-de.tsv", "a\tb\t1\n")
    file = {"name": "xtreme", "path": str(tmp_path), "format": "xtreme"}
    assert read_tests(Contamination.model_validate({"files": [file]})) == [
        Sentence("xtreme/pawsx", 1, "a", "pawsx/dev-de.tsv"),
        Sentence("xtreme/pawsx", 1, "b", "pawsx/dev-de.tsv"),
        Sentence("xtreme/tatoeba", 1, "Guten Tag", "tatoeba/de-en.de"),
    ]
    chosen = Contamination.model_validate({"files": [{**file, "fields": ["tatoeba"]}]})
    assert [one.text for one in read_tests(chosen)] == ["Guten Tag"]


def test_a_sentence_is_listed_with_its_file_where_there_are_several() -> None:
    assert Sentence("a", 3, "x").listed() == {"name": "a", "line": 3, "text": "x"}
    assert Sentence("a", 3, "x", "f").listed() == {"name": "a", "file": "f", "line": 3, "text": "x"}


@pytest.mark.parametrize(
    ("name", "text", "tasks", "said"),
    [
        ("readme.txt", "x", (), "has no dev or test file of XTREME, such as xnli/test-en.tsv"),
        ("tatoeba/de-en.de", "x", ("xnli",), "has no dev or test files of xnli"),
        ("xnli/dev-de.tsv", "one column\n", (), r"dev-de.tsv: is not laid out as XTREME's files are \(ValueError"),
        (
            "bucc2018/de-en.dev.de",
            "one column\n",
            (),
            r"de-en.dev.de: is not laid out as XTREME's files are \(IndexError",
        ),
        ("xquad/xquad.de.json", "{}", (), r"xquad.de.json: is not laid out as XTREME's files are \(KeyError"),
        ("xquad/xquad.de.json", "{", (), r"xquad.de.json: is not laid out"),
    ],
)
def test_what_is_missing_or_broken_is_said(
    tmp_path: Path, name: str, text: str, tasks: tuple[str, ...], said: str
) -> None:
    write(tmp_path, name, text)
    with pytest.raises(UserError, match=said):
        list(sentences(tmp_path, tasks))


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(ValueError, match="snli is no task of XTREME; there are xnli, "):
        EvaluationFile.model_validate({"name": "x", "path": "x", "format": "xtreme", "fields": ["snli"]})


def test_the_tasks_are_those_of_the_suite() -> None:
    assert tuple(task.name for task in TASKS) == XTREME_TASKS


def test_the_texts_are_those_that_the_suite_reads(tmp_path: Path) -> None:
    folder = write_official(tmp_path, languages=("de", "zh", "ar"))
    found = {task.name: {text for *_, text in sentences(folder, [task.name]) if text} for task in TASKS}
    expected = {task.name: set(texts_of(task, folder)) for task in TASKS}
    assert found == expected


def texts_of(task: Task, folder: Path) -> Iterator[str]:
    """All texts of a task's dev and test files by the readers of the suite."""
    for language in (one for one in ("ar", "de", "en", "zh") if one in task.languages):
        test = paths.test_paths(task, folder, language)
        if task.kind in {Kind.BUCC, Kind.TATOEBA}:
            read = read_bucc if task.kind is Kind.BUCC else read_tatoeba
            bitexts = [
                read(*test, None),
                *([read(*paths.dev_paths(task, folder, language)[:2], None)] if task.dev else []),
            ]
            yield from (one.text for bitext in bitexts for side in (bitext.source, bitext.target) for one in side)
        else:
            examples = [*examples_of(task.kind, task.classes, test[0])]
            if task.dev_from is Dev.FILES and language in task.dev_languages:
                examples += labelled_examples(task.kind, task.classes, *paths.dev_paths(task, folder, language))
            for one in examples:
                match one:
                    case PairExample():
                        yield from (one.first, one.second)
                    case Question():
                        yield from (one.context, one.question)
                    case TaggedSentence():
                        yield ("" if language == "zh" else " ").join(one.words)
