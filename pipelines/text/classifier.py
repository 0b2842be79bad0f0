"""Any fastText classifier as a score of documents: the probability of one of its labels."""

import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import fasttext
import fsspec
import numpy as np
import numpy.typing as npt

from pipelines.datasets.errors import UserError

_LABEL = "__label__"


class Classifier:
    """A fastText model and the label that is asked for. `location` is a path or fsspec URL.

    Raises UserError where there is no such file, no model in it, or no such label.
    """

    def __init__(self, location: str, label: str) -> None:
        self._model = _load(location)
        self._label = f"{_LABEL}{label.removeprefix(_LABEL)}"
        known = self._model.get_labels()
        if self._label not in known:
            labels = ", ".join(sorted(name.removeprefix(_LABEL) for name in known)[:20])
            raise UserError(f"{location}: the classifier has no label {label!r}; its labels are {labels}")

    def probabilities(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the label's probability for each text without line breaks: float32 [n], 0 where nothing is known."""
        found = np.zeros(len(texts), np.float32)
        if len(texts):
            for row, (labels, values) in enumerate(zip(*self._model.predict(list(texts), k=-1), strict=True)):
                if self._label in labels:
                    found[row] = values[list(labels).index(self._label)]
        return np.minimum(found, np.float32(1))  # the model's softmax sums to a little over 1


@lru_cache(maxsize=4)
def classifier(location: str, label: str) -> Classifier:
    """Return the classifier, loaded once in each process."""
    return Classifier(location, label)


def _load(location: str) -> "fasttext.FastText._FastText":
    try:
        if "://" not in location:
            return fasttext.load_model(location)
        with tempfile.TemporaryDirectory() as folder, fsspec.open(location, "rb") as file:
            path = Path(folder, "model")  # fastText reads only from a path
            path.write_bytes(file.read())
            return fasttext.load_model(str(path))
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{location}: no fastText model can be read ({error}); check annotate.classifiers") from error
