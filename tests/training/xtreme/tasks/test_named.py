"""Named files: what is trained on and what chooses never share a question, and every mistake is one sentence."""

import json
from pathlib import Path

import pytest

from pipelines.datasets.errors import UserError
from training.xtreme.tasks.examples import Question
from training.xtreme.tasks.named import choosing_examples, examples_of, labelled_examples, training_examples
from training.xtreme.tasks.named import test_examples as examples_of_test
from training.xtreme.tasks.registry import Kind

CLASSES = ("0", "1")


def squad(path: Path, articles: int, prefix: str = "", answered: bool = True, same_id: bool = False) -> str:
    """Write articles of one paragraph and two questions each."""
    data = [
        {
            "title": f"{number}",
            "paragraphs": [
                {
                    "context": f"{prefix}town {number} has a mill",
                    "qas": [
                        {
                            "id": "one" if same_id else f"{number}-{asked}",
                            "question": f"{prefix}what {asked}?",
                            "answers": [{"text": prefix + "town", "answer_start": 0}] if answered else [],
                        }
                        for asked in range(2)
                    ],
                }
            ],
        }
        for number in range(articles)
    ]
    path.write_text(json.dumps({"version": "1.1", "data": data}), encoding="utf-8")
    return str(path)


def test_what_chooses_is_cut_from_train_and_its_translations_too(tmp_path: Path) -> None:
    files = {"en": squad(tmp_path / "en.json", 40), "de": squad(tmp_path / "de.json", 40, "die ")}
    train = training_examples(Kind.QA, (), files, is_cut=True)
    dev = choosing_examples(Kind.QA, (), {"en": files["en"]}, is_cut=True)
    kept = [(one.context, one.question) for one in train["en"] if isinstance(one, Question)]
    chosen = [(one.context, one.question) for one in dev["en"] if isinstance(one, Question)]
    assert len(kept) + len(chosen) == 80
    assert set(kept).isdisjoint(chosen)
    assert 0 < len(chosen) < len(kept)
    translated = [one.context for one in train["de"] if isinstance(one, Question)]
    assert translated == [f"die {context}" for context, _ in kept]
    assert len({one.id for one in dev["en"] if isinstance(one, Question)}) == len(chosen)


def test_a_translation_with_other_questions_cannot_be_cut(tmp_path: Path) -> None:
    files = {"en": squad(tmp_path / "en.json", 40), "de": squad(tmp_path / "de.json", 39)}
    with pytest.raises(
        UserError,
        match=r"de\.json: has 78 questions, but .*en\.json has 80; to leave out what is kept to choose by, a ",
    ):
        training_examples(Kind.QA, (), files, is_cut=True)


def test_without_a_cut_all_questions_are_there(tmp_path: Path) -> None:
    files = {"en": squad(tmp_path / "en.json", 3)}
    assert len(training_examples(Kind.QA, (), files, is_cut=False)["en"]) == 6
    assert len(choosing_examples(Kind.QA, (), files, is_cut=False)["en"]) == 6


def test_neither_trains_on_an_empty_file_nor_on_examples_without_labels(tmp_path: Path) -> None:
    empty = tmp_path / "empty.tsv"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(UserError, match=r"empty\.tsv: is empty$"):
        labelled_examples(Kind.PAIR, CLASSES, empty)
    bare = tmp_path / "bare.tsv"
    bare.write_text("a mill\ta town\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"bare\.tsv: has examples without a label, which one neither trains on nor"):
        labelled_examples(Kind.PAIR, CLASSES, bare)
    unanswered = Path(squad(tmp_path / "unanswered.json", 1, answered=False))
    with pytest.raises(UserError, match=r"unanswered\.json: has examples without a label"):
        labelled_examples(Kind.QA, (), unanswered)


def test_questions_of_test_with_one_id_are_refused(tmp_path: Path) -> None:
    path = Path(squad(tmp_path / "test.json", 2, same_id=True))
    with pytest.raises(UserError, match=r"test\.json: 3 questions have the id of another, so predictions cannot tell"):
        examples_of_test(Kind.QA, (), path, None)


@pytest.mark.parametrize("kind", [Kind.BUCC, Kind.TATOEBA])
def test_a_retrieval_task_has_no_examples(kind: Kind, tmp_path: Path) -> None:
    for read in (
        lambda: examples_of(kind, (), tmp_path / "a"),
        lambda: examples_of_test(kind, (), tmp_path / "a", None),
    ):
        with pytest.raises(UserError, match=r"a: is of a retrieval task; it has two texts to search, and nothing to"):
            read()
