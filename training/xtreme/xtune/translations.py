"""Machine translations of a task's training examples, from named files in the layouts of XTREME's `translate-train`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipelines.datasets.errors import UserError
from training.xtreme.tasks.examples import Example, PairExample, Question, TaggedSentence
from training.xtreme.tasks.lines import broken, read_lines
from training.xtreme.tasks.questions import read_questions

Key = tuple[str, ...]


def translations_of(examples: Sequence[Example], files: Mapping[str, str]) -> Callable[[int], Sequence[Example]]:
    """Return a function from an example's number to its versions in other languages, none where no file has it.

    Of a pair or a sentence that is itself a translation they are the original and its other translations; of a
    question those of its id. A pair keeps
    its label; tags have none.
    files: one for each language. Pairs: a line of the two English texts, the two translated ones, then anything
    (`translate.train.en-xx.tsv`). Sentences: a line of the English words, the language, the translated words, then
    anything (xTune's `translate_train.*.txt`); one file may serve several languages. Questions: JSON as SQuAD's, by id.

    Raises UserError where a file is broken, or no example has a translation.
    """
    groups: dict[Key, list[Example]] = {}
    read = {PairExample: _pairs, TaggedSentence: _sentences, Question: _questions}[type(examples[0])]
    for language, name in files.items():
        for original, translation in read(Path(name), language):
            # of a question the English one is not in the file: the id alone ties the languages together
            group = groups.setdefault(_key(original), [] if isinstance(original, Question) else [original])
            group.append(translation)
            groups.setdefault(_key(translation), group)
    own = [groups.get(_key(example), ()) for example in examples]
    if not any(own):
        raise UserError(
            f"{', '.join(files.values())}: translate none of the training examples; the English side must be theirs "
            "letter by letter, a question's id the same"
        )

    def others(number: int) -> Sequence[Example]:
        example = examples[number]
        found = [one for one in own[number] if _content(one) != _content(example)]
        if not isinstance(example, PairExample):
            return found
        return [replace(one, label=example.label) for one in found if isinstance(one, PairExample)]

    return others


def _pairs(path: Path, _language: str) -> Iterator[tuple[Example, Example]]:
    for number, line in read_lines(path):
        fields = line.split("\t")
        if len(fields) < 4:
            raise broken(path, number, f"has {len(fields)} fields, not two English texts and two translations")
        first, second, translated_first, translated_second = (field.strip() for field in fields[:4])
        yield PairExample(first, second, None), PairExample(translated_first, translated_second, None)


def _sentences(path: Path, language: str) -> Iterator[tuple[Example, Example]]:
    for number, line in read_lines(path):
        fields = line.split("\t")
        if len(fields) < 3:
            raise broken(path, number, f"has {len(fields)} fields, not English words, language and translated words")
        if fields[1] == language:
            yield TaggedSentence(tuple(fields[0].split()), None), TaggedSentence(tuple(fields[2].split()), None)


def _questions(path: Path, _language: str) -> Iterator[tuple[Example, Example]]:
    for question in read_questions(path):
        yield Question(question.id, "", ""), question


def _key(example: Example) -> Key:
    match example:
        case PairExample():
            return example.first.strip(), example.second.strip()
        case TaggedSentence():
            return tuple(word for words in example.words for word in words.split())
        case Question():
            return (example.id,)


def _content(example: Example) -> Key:
    return (example.question, example.context) if isinstance(example, Question) else _key(example)
