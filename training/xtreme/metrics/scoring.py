"""The metrics of a task's predictions in one language."""

from collections.abc import Mapping, Sequence

from training.xtreme.metrics.accuracy import accuracy
from training.xtreme.metrics.answers import answer_scores, mlqa, squad_words
from training.xtreme.metrics.tagging import tagging_scores
from training.xtreme.tasks.examples import Examples, PairExample, Question, TaggedSentence

Predictions = Sequence[str] | Sequence[Sequence[str]] | Mapping[str, str]
"""A label for each pair, the tags of each sentence, or the answer to each question by its id."""


def score(task: str, language: str, examples: Examples, predictions: Predictions) -> dict[str, float]:
    """Return the scores of the predictions, in percent by metric; empty where the examples' labels are not known.

    Raises ValueError where the predictions are not those of the examples, and TypeError where they are of another kind.
    """
    match examples, predictions:
        case _, Mapping():
            gold = {one.id: one.answers for one in examples if isinstance(one, Question)}
            if not all(gold.values()):
                return {}
            return answer_scores(gold, predictions, mlqa(language) if task == "mlqa" else squad_words)
        case [PairExample(), *_], _:
            labels = [one.label for one in examples if isinstance(one, PairExample)]
            return {} if None in labels else accuracy(labels, predictions)
        case _:
            tags = [one.tags for one in examples if isinstance(one, TaggedSentence)]
            known = [one for one in tags if one is not None]
            return tagging_scores(known, predictions) if len(known) == len(tags) else {}
