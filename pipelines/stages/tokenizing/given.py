"""A model that the recipe names, instead of one that is trained."""

from pathlib import Path
from typing import Final

import fsspec

from pipelines.datasets.errors import UserError
from pipelines.text.tokenizer_json import sentencepiece_of
from pipelines.text.vocabulary import Vocabulary

_NAMES: Final = ("sentencepiece.bpe.model", "tokenizer.model", "tokenizer.json")  # in a folder, the first that is there
_REMEDY: Final = "check tokenize.model"


def given_model(location: str) -> bytes:
    """Return the SentencePiece model at a path, in a Hugging Face folder, or at an fsspec URL.

    A `tokenizer.json` is turned into one. Raises UserError where there is none that numbers its pieces as XLM-R does.
    """
    place = _in_folder(Path(location)) if "://" not in location and Path(location).is_dir() else location
    try:
        with fsspec.open(place, "rb") as file:
            data: bytes = file.read()
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{place}: cannot be read ({error}); {_REMEDY}") from error
    try:
        model = sentencepiece_of(data) if data[:1] == b"{" else data
        Vocabulary(model)
    except ValueError as error:
        raise UserError(f"{place}: {error}; {_REMEDY}") from error
    return model


def _in_folder(folder: Path) -> str:
    for name in _NAMES:
        if (folder / name).is_file():
            return str(folder / name)
    raise UserError(f"{folder}: none of {', '.join(_NAMES)} is in it; {_REMEDY}")
