"""Measures of whole documents, for all documents of a batch at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def measure_documents(
    texts: Sequence[str], document_row: npt.NDArray[np.int32], languages: Sequence[str]
) -> dict[str, npt.NDArray[Any]]:
    """Return the measures of the documents [d] by their column in DOCUMENTS.

    `texts` are normalised paragraphs [n], `document_row` [n] numbers their documents from 0 and ascends, `languages`
    are those of the documents [d].
    """
    count = len(languages)
    return {
        "paragraphs": np.bincount(document_row, minlength=count).astype(np.int32),
        "chars": np.bincount(document_row, [len(text) for text in texts], count).astype(np.int32),
        "words": np.bincount(document_row, [len(text.split()) for text in texts], count).astype(np.int32),
    }
