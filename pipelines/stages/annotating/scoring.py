"""What is computed for documents: a perplexity, and the scores of classifiers."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.config.annotate import PERPLEXITY, AnnotateSection, Classifier
from pipelines.stages.work import column
from pipelines.text.classifier import classifier
from pipelines.text.perplexity import document_model, perplexities

Scores = npt.NDArray[np.float32]


def computed_columns(section: AnnotateSection) -> list[str]:
    """Return the names of the columns that `score` computes, in its order."""
    own = [PERPLEXITY] if section.perplexity is not None else []
    return own + [one.name for one in section.classifiers]


def check_models(section: AnnotateSection, languages: Iterable[str]) -> None:
    """Load the models for these languages. Raises UserError where one is none: before any work, in one sentence."""
    if section.perplexity is not None:
        for language in languages:
            document_model(language, section.perplexity.models, section.perplexity.tokenizers)
    for one in section.classifiers:
        classifier(one.model, one.label)


def score(section: AnnotateSection, texts: Sequence[str], languages: Sequence[str]) -> Scores:
    """Return the computed columns of documents, not a number where there is no score: float32 [n, columns].

    A document's paragraphs are its lines.
    """
    columns: list[Any] = []
    if section.perplexity is not None:
        models = section.perplexity
        columns.append(perplexities(texts, languages, models.models, models.tokenizers))
    flat = [text.replace("\n", " ") for text in texts] if section.classifiers else []
    columns += [_classify(one, flat, languages) for one in section.classifiers]
    return np.stack(columns, axis=1) if columns else np.zeros((len(texts), 0), np.float32)


def document_texts(rows: pa.Table, documents: npt.NDArray[np.int64]) -> list[str]:
    """Return the texts of some documents: their paragraphs in `rows` (STAGED), joined by line breaks."""
    document_row = column(rows, "document_row").to_numpy()
    starts, ends = (np.searchsorted(document_row, documents, side).tolist() for side in ("left", "right"))
    texts = column(rows, "text")
    return ["\n".join(texts[start:end].to_pylist()) for start, end in zip(starts, ends, strict=True)]


def _classify(one: Classifier, texts: Sequence[str], languages: Sequence[str]) -> Scores:
    found: Scores = np.full(len(texts), np.nan, np.float32)
    known = set(one.languages) or set(languages)
    asked = [row for row, language in enumerate(languages) if language in known]
    found[asked] = classifier(one.model, one.label).probabilities([texts[row] for row in asked])
    return found
