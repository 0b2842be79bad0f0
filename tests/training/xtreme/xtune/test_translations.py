import json
from pathlib import Path

import pytest

from pipelines.datasets.errors import UserError
from training.xtreme.tasks.examples import PairExample, Question, TaggedSentence
from training.xtreme.xtune.translations import translations_of


def test_pairs_are_found_by_their_english_texts_and_keep_their_label(tmp_path: Path) -> None:
    german, french = tmp_path / "de.tsv", tmp_path / "fr.tsv"
    german.write_text("a door\ta gate\teine Tür\tein Tor\tneutral\n", encoding="utf-8")
    french.write_text("a door\ta gate\tune porte\tun portail\tneutral\n", encoding="utf-8")
    examples = [
        PairExample("a door", "a gate ", "x"),
        PairExample("b", "c", "y"),
        PairExample("eine Tür", "ein Tor", "z"),
    ]
    found = translations_of(examples, {"de": str(german), "fr": str(french)})
    assert found(0) == [PairExample("eine Tür", "ein Tor", "x"), PairExample("une porte", "un portail", "x")]
    assert found(1) == []
    assert found(2) == [PairExample("a door", "a gate", "z"), PairExample("une porte", "un portail", "z")]


def test_sentences_are_those_of_the_language_and_have_no_tags(tmp_path: Path) -> None:
    path = tmp_path / "all.txt"
    path.write_text("a door\tde\teine Tür\t0/0 1/1\na door\tfr\tune porte\n", encoding="utf-8")
    found = translations_of([TaggedSentence(("a", "door"), ("A", "B"))], {"de": str(path)})
    assert found(0) == [TaggedSentence(("eine", "Tür"), None)]


def test_questions_are_found_by_their_id(tmp_path: Path) -> None:
    asked = {"id": "7", "question": "Was?", "answers": [{"text": "Tür", "answer_start": 5}]}
    path = tmp_path / "de.json"
    path.write_text(json.dumps({"data": [{"paragraphs": [{"context": "eine Tür", "qas": [asked]}]}]}), encoding="utf-8")
    found = translations_of([Question("7", "What?", "a door", ("door",), (2,))], {"de": str(path)})
    assert [(one.context, one.answers) for one in found(0)] == [("eine Tür", ("Tür",))]


def test_broken_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "de.tsv"
    path.write_text("a\tb\tc\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"de.tsv:1: has 3 fields, not two English texts and two translations"):
        translations_of([PairExample("a", "b", "x")], {"de": str(path)})
    path.write_text("a\tb\tc\td\n", encoding="utf-8")
    with pytest.raises(UserError, match="translate none of the training examples"):
        translations_of([PairExample("other", "b", "x")], {"de": str(path)})
    path.write_text("a\tde\n", encoding="utf-8")
    with pytest.raises(UserError, match="has 2 fields, not English words, language and translated words"):
        translations_of([TaggedSentence(("a",), None)], {"de": str(path)})
