"""XQuAD, MLQA, TyDiQA-GoldP and SQuAD 1.1: questions on paragraphs, as JSON."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines.datasets.errors import UserError
from training.xtreme.tasks.examples import Question
from training.xtreme.tasks.lines import read_text


class _Answer(BaseModel):
    text: str
    answer_start: int


class _Asked(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: str
    question: str
    answers: list[_Answer] = []


class _Paragraph(BaseModel):
    context: str
    qas: list[_Asked]


class _Article(BaseModel):
    paragraphs: list[_Paragraph]


class _File(BaseModel):
    data: list[_Article]


def read_questions(path: Path) -> list[Question]:
    """Return the questions of a file in SQuAD's format 1.1, in its order.

    Offsets are code points, as Python counts them. An empty answer is what the project's scripts leave of a question
    of test: the question has none then. Raises UserError where the file is not laid out so, with the place in it, and
    with the question's id where an answer does not stand where it says.
    """
    try:
        parsed = _File.model_validate_json(read_text(path))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(one) for one in first["loc"])
        raise UserError(f"{path}: is not laid out as SQuAD 1.1{place and f', at {place}'}: {first['msg']}") from None
    return [
        _question(path, paragraph.context, asked)
        for article in parsed.data
        for paragraph in article.paragraphs
        for asked in paragraph.qas
    ]


def held_out(questions: Sequence[Question], share: float = 0.1) -> list[bool]:
    """Return which questions to keep from training, so that they may be used to choose.

    A tenth of the contexts is drawn by the hash of their text, at least one; all questions on a context go together.
    """
    contexts = sorted({one.context for one in questions}, key=lambda text: sha256(text.encode()).digest())
    drawn = set(contexts[: max(1, round(share * len(contexts)))])
    return [one.context in drawn for one in questions]


def _question(path: Path, context: str, asked: _Asked) -> Question:
    kept = [one for one in asked.answers if one.text]
    for one in kept:
        found = context[max(0, one.answer_start) : one.answer_start + len(one.text)]
        if found != one.text:
            raise UserError(
                f"{path}: the question {asked.id!r} says that its answer {one.text!r} stands at {one.answer_start}, "
                f"where the context has {found!r}; offsets count code points"
            )
    answers, starts = tuple(one.text for one in kept), tuple(one.answer_start for one in kept)
    return Question(asked.id, asked.question, context, answers, starts)
