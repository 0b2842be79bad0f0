"""Language identification with fastText's model of 176 languages.

Armand Joulin et al., "Bag of Tricks for Efficient Text Classification", EACL 2017; the model `lid.176.ftz` is the
quantised one that fastText publishes. On texts of a few words its answer is often wrong and its probability low.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import fasttext
import fsspec
import numpy as np
import numpy.typing as npt

from pipelines.datasets.errors import UserError
from pipelines.text.placeholders import without_placeholders

_LABEL = "__label__"


@dataclass(frozen=True)
class Identified:
    """The likeliest language of each text and its probability (float32 [n])."""

    languages: list[str]
    probabilities: npt.NDArray[np.float32]


class LanguageIdentifier:
    """A fastText model. `location` is a path or fsspec URL, such as `zip://lid.176.ftz::package.whl`.

    Raises UserError where there is no such file, or where it is no fastText model.
    """

    def __init__(self, location: str) -> None:
        try:
            with fsspec.open(location, "rb") as file:
                data = file.read()
        except (OSError, KeyError, ValueError) as error:
            raise UserError(
                f"{location}: the language model cannot be read ({error}); check ingest.language_model"
            ) from error
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model")  # fastText reads only from a path
            path.write_bytes(data)
            try:
                self._model = fasttext.load_model(str(path))
            except ValueError as error:
                raise UserError(f"{location}: not a fastText model; check ingest.language_model") from error

    def identify(self, texts: Sequence[str], scripts: Sequence[str]) -> Identified:
        """Return the language of each text as the model labels it (`zh` for Chinese in either script).

        Placeholders are not looked at.
        A text in which the model finds nothing has the language "" with probability 0.
        """
        if not texts:
            return Identified([], np.zeros(0, np.float32))
        labels, probabilities = self._model.predict([without_placeholders(text) for text in texts])
        languages = [label[0].removeprefix(_LABEL) if label else "" for label in labels]
        values = np.fromiter((float(p[0]) if len(p) else 0.0 for p in probabilities), np.float32, len(texts))
        return Identified(languages, np.minimum(values, np.float32(1)))  # the model's softmax sums to a little over 1


@lru_cache(maxsize=1)
def identifier(location: str) -> LanguageIdentifier:
    """Return the model at `location`, loaded once in each process."""
    return LanguageIdentifier(location)
