"""Writes the whole folder of XTREME's data as its project lays it out, small and with invented sentences.

Test files have no labels, as the project's scripts leave them; the labels are in `labels/`, laid out like a submission.
"""

import csv
import json
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from invented import COMBINING, EMOJI, UNSPACED, Lexicon, Sentence, name_tags, pos_tags, sentences

from training.xtreme.tasks.registry import BY_NAME, Kind, Task

Row = tuple[str, str, str]
FILLER = 30
"""How many sentences stand before the answer that is to be found in a later window."""


def write_official(
    folder: Path,
    tasks: Iterable[str] = tuple(BY_NAME),
    languages: Iterable[str] | None = None,
    examples: int = 6,
    filler: int = FILLER,
) -> Path:
    """Write the tasks' files in some of their languages (all), English among them; return the folder.

    examples: of each file of dev and test, train has four times as many.
    """
    for name in tasks:
        task = BY_NAME[name]
        kept = [one for one in task.languages if languages is None or one in {"en", *languages}]
        match task.kind:
            case Kind.PAIR:
                _pairs(task, folder, kept, examples)
            case Kind.TAGGING:
                _tagging(task, folder, kept, examples)
            case Kind.QA:
                _questions(task, folder, kept, examples, filler)
            case Kind.BUCC:
                _bucc(folder, kept, examples)
            case Kind.TATOEBA:
                _tatoeba(folder, kept, examples)
    return folder


def _each_split(task: Task, languages: Sequence[str], examples: int) -> Iterable[tuple[str, str, int]]:
    yield "train", "en", 4 * examples
    yield from (("dev", one, examples) for one in languages if one in task.dev_languages)
    yield from (("test", one, examples) for one in languages)


def _pairs(task: Task, folder: Path, languages: Sequence[str], examples: int) -> None:
    for split, language, count in _each_split(task, languages, examples):
        rows = _pair_rows(task, language, split, count)
        bare = [row[: 2 if split == "test" else 3] for row in rows]
        # csv.writer, as the project's preprocessing does it: fields with a quote are quoted, lines end in CR LF
        with _made(folder / task.name / f"{split}-{language}.tsv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter="\t").writerows(bare)
        if split == "test":
            _write_labels(folder, task, language, "".join(f"{row[2]}\n" for row in rows))


def _pair_rows(task: Task, language: str, split: str, count: int) -> list[Row]:
    """Return pairs with each label in turn: by a negation, by a part of the sentence, by another sentence."""
    write = Lexicon(language).text
    rows = []
    for number, one in enumerate(sentences(count, f"{task.name} {split}")):
        label = task.classes[number % len(task.classes)]
        second: dict[str, Sentence] = {
            "contradiction": (*one[:3], "not", *one[3:]),
            "entailment": (*one[:1], *one[2:]),
            "neutral": ("what", *one[3:4], "."),
            "0": (*one[4:-1], *one[3:4], *one[:3], "."),
            "1": (*one[:1], *one[2:3], *one[1:2], *one[3:]),
        }
        said = write(one) if number else f'"{write(one)}" {COMBINING}'
        rows.append((said, write(second[label]), label))
    return rows


def _tagging(task: Task, folder: Path, languages: Sequence[str], examples: int) -> None:
    tagged = pos_tags if task.name == "udpos" else name_tags
    for split, language, count in _each_split(task, languages, examples):
        made = [Lexicon(language).words(one) for one in sentences(count, f"{task.name} {split}")]
        with_tags = [[f"{word}\t{tag}" for (word, _), tag in zip(one, tagged(one), strict=True)] for one in made]
        bare = [[word for word, _ in one] for one in made]
        _write(folder / task.name / f"{split}-{language}.tsv", _blocks(bare if split == "test" else with_tags))
        if split == "test":
            _write_labels(folder, task, language, _blocks([tagged(one) for one in made]))


def _blocks(blocks: Iterable[Iterable[str]]) -> str:
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks)


def _questions(task: Task, folder: Path, languages: Sequence[str], examples: int, filler: int) -> None:
    dev = [one for one in task.dev_languages if one in languages]
    _write_json(folder / task.train.format(language="en"), _squad(task.train, "en", 4 * examples, filler))
    for language in dev:
        if language != "en" or task.dev[0] != task.train:
            place = task.dev[0].format(language=language)
            _write_json(
                folder / place, _squad(place, language, examples * (4 if task.dev[0] == task.train else 1), filler)
            )
    for language in languages:
        asked = _squad(f"{task.name} test", language, examples, filler)
        _write_json(folder / "labels" / task.prediction.format(language=language), asked)
        _write_json(folder / task.test[0].format(language=language), _without_answers(asked))


def _squad(seed: str, language: str, count: int, filler: int) -> dict[str, Any]:
    """Return questions as SQuAD has them: what somebody sees, paints or likes, to be found in a paragraph.

    The first has an emoji and combining marks before its answer, the second so much text that a later window has it.
    """
    lexicon = Lexicon(language)
    gap = "" if language in UNSPACED else " "
    articles = []
    for number, one in enumerate(sentences(count, seed)):
        before = sentences(filler if number == 1 else 1, f"{seed} {number}")
        opening = {0: f"{EMOJI} {COMBINING} "}.get(number, "")
        told = lexicon.text(one)
        context = opening + gap.join([*map(lexicon.text, before), told])
        answer = lexicon.text(one[4:-1])
        start = len(context) - len(told) + told.index(answer, len(lexicon.text(one[:4])))
        qas = [
            {
                "id": f"{number:04d}",
                "question": lexicon.text((*one[:4], "what")) + "?",
                "answers": [{"text": answer, "answer_start": start}],
            }
        ]
        articles.append({"title": f"Page {number}", "paragraphs": [{"context": context, "qas": qas}]})
    return {"version": "1.1", "data": articles}


def _without_answers(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the questions as the project's scripts leave those of test: one article each, an empty answer at 0."""
    data = [
        {
            "paragraphs": [
                {
                    "context": paragraph["context"],
                    "qas": [{**one, "answers": [{"answer_start": 0, "text": ""}]} for one in paragraph["qas"]],
                }
            ]
        }
        for article in asked["data"]
        for paragraph in article["paragraphs"]
    ]
    return {"data": data, "version": asked["version"]}


def _bucc(folder: Path, languages: Sequence[str], examples: int) -> None:
    """Write sentences of which half have a translation, in another order; one of test's is there twice."""
    task = BY_NAME["bucc2018"]
    for language in languages:
        if language == "en":
            continue
        for split in ("dev", "test"):
            made = sentences(3 * examples, f"bucc {split} {language}")
            shared, own, english = made[:examples], made[examples : 2 * examples], made[2 * examples :]
            source = _numbered(language, [*own, *shared], Lexicon(language).text)
            target = _numbered("en", [*shared, *english], Lexicon("en").text)
            gold = "".join(f"{source[one]}\t{target[one]}\n" for one in shared)
            stem = folder / f"bucc2018/{language}-en.{split}"
            repeated = [f"{language}-{len(source) + 1:09d}\t{Lexicon(language).text(own[0])}\n"]
            lines = [f"{id_}\t{Lexicon(language).text(one)}\n" for one, id_ in source.items()]
            _write(Path(f"{stem}.{language}"), "".join(lines + repeated))
            _write(Path(f"{stem}.en"), "".join(f"{id_}\t{Lexicon('en').text(one)}\n" for one, id_ in target.items()))
            if split == "dev":
                _write(Path(f"{stem}.gold"), gold)
            else:
                _write_labels(folder, task, language, gold)


def _numbered(language: str, made: list[Sentence], key: Callable[[Sentence], str]) -> dict[Sentence, str]:
    """Return the id of each sentence, in the order of the file: shuffled."""
    order = sorted(made, key=lambda one: random.Random(key(one)).random())
    return {one: f"{language}-{number:09d}" for number, one in enumerate(order, start=1)}


def _tatoeba(folder: Path, languages: Sequence[str], examples: int) -> None:
    """Write sentences and their translations, the English ones in alphabetical order (utils_preprocess.py)."""
    task = BY_NAME["tatoeba"]
    for language in languages:
        made = sentences(examples, f"tatoeba {language}")
        order = sorted(range(examples), key=lambda row: Lexicon("en").text(made[row]))
        stem = folder / "tatoeba" / f"{language}-en"
        _write(Path(f"{stem}.{language}"), "".join(f"{Lexicon(language).text(one)}\n" for one in made))
        _write(Path(f"{stem}.en"), "".join(f"{Lexicon('en').text(made[row])}\n" for row in order))
        _write_labels(folder, task, language, "".join(f"{row}\n" for row in order))


def _write_labels(folder: Path, task: Task, language: str, text: str) -> None:
    _write(folder / "labels" / task.prediction.format(language=language), text)


def _write_json(path: Path, value: Any) -> None:
    _write(path, json.dumps(value, ensure_ascii=False))


def _write(path: Path, text: str) -> None:
    _made(path).write_text(text, encoding="utf-8")


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
