"""Language identification by paragraph: any fastText model, or heliport, corrected by script and function words.

Armand Joulin et al., "Bag of Tricks for Efficient Text Classification", EACL 2017; the model `lid.176.ftz` is the
quantised one that fastText publishes. On texts of a few words its answer is often wrong and its probability low.
heliport is Jaume Zaragoza's port of HeLI-OTS (Tommi Jauhiainen et al., LREC 2022).
"""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import fasttext
import fsspec
import numpy as np
import numpy.typing as npt

from pipelines.datasets.errors import UserError
from pipelines.text.languages import code_of_label, scripts_of
from pipelines.text.placeholders import without_placeholders
from pipelines.text.romanised import SURE, romanised

HELIPORT: Final = "heliport"
_LABEL: Final = "__label__"
_NOTHING: Final = (0.0, "")
# short texts are remembered from split to split: the pivot's side of pairs stands in those of every language
_SHORT: Final = 200  # characters
_REMEMBERED: Final = 1 << 15
_CHINESE: Final = ("zh", "zh-Hans", "zh-Hant")

# What cannot be in Burmese text in the order that Unicode prescribes (The Unicode Standard, section 16.3): a vowel sign
# or a medial at the beginning of a word, and a virama without a consonant behind it. In the encoding of the Zawgyi font
# they are the usual spelling.
_ZAWGYI = re.compile("(?<![\u1000-\u109f])[\u1031\u103b-\u103e]|\u1039(?![\u1000-\u1021\u103f])")
_ZAWGYI_CHARACTERS: Final = 50  # one such sequence in these many characters, or more

# a text's likeliest label and its probability
Predict = Callable[[str], tuple[float, str]]


@dataclass(frozen=True)
class Identified:
    """The likeliest language of each text as a code of `languages.py`, "" for none, and its probability (float32)."""

    languages: list[str]
    probabilities: npt.NDArray[np.float32]


class LanguageIdentifier:
    """A fastText model, or heliport.

    `model` is a path or fsspec URL, such as `zip://lid.176.ftz::package.whl`, or `heliport`.

    Raises UserError where there is no such file, where it is no fastText model, or where heliport is not installed.
    """

    def __init__(self, model: str) -> None:
        self._predict = _heliport() if model == HELIPORT else _fasttext(model)
        self._predict_short = lru_cache(_REMEMBERED)(lambda text: self._predict(text))

    def identify(self, texts: Sequence[str], scripts: Sequence[str]) -> Identified:
        """Return the language of each text, whose scripts (`dominant_scripts`) are given.

        Placeholders are not looked at, and equal texts are looked at once, short ones also among later calls. Chinese
        is `zh-Hans` or `zh-Hant` by its script, `zh` where that is not to be seen. Burmese in Zawgyi's encoding is
        `my_zaw`. A text in Latin script of which the model is less than 90 % sure is one of the romanised languages
        where its function words say so. A language that is not written in the text's script, or one in a text without
        letters, is none: "" with probability 0. What the function words say keeps the model's probability, which is not
        one of theirs.
        """
        bare = [without_placeholders(text).replace("\n", " ") for text in texts]
        known = {"": _NOTHING} | {
            text: self._predict_short(text) if len(text) <= _SHORT else self._predict(text)
            for text in dict.fromkeys(bare)
        }
        found = [known[text] for text in bare]
        probabilities = np.fromiter((probability for probability, _ in found), np.float32, len(found))
        languages = [_in_script(label, script) for (_, label), script in zip(found, scripts, strict=True)]
        for row, language in enumerate(languages):
            if language == "my" and _is_zawgyi(texts[row]):
                languages[row] = "my_zaw"
        unsure = np.flatnonzero((probabilities < SURE) & (np.array(scripts, object) == "Latn")).tolist()
        for place, (language, probability) in romanised([bare[row] for row in unsure]).items():
            languages[unsure[place]], probabilities[unsure[place]] = language, probability
        probabilities[[not language for language in languages]] = 0
        return Identified(languages, np.minimum(probabilities, np.float32(1)))  # softmax sums to a little over 1


@lru_cache(maxsize=1)
def identifier(model: str) -> LanguageIdentifier:
    """Return the model, loaded once in each process."""
    return LanguageIdentifier(model)


def _fasttext(location: str) -> Predict:
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
            model = fasttext.load_model(str(path)).f  # what it wraps makes no array for each text
        except ValueError as error:
            raise UserError(f"{location}: not a fastText model; check ingest.language_model") from error

    def predict(text: str) -> tuple[float, str]:
        found = model.predict(f"{text}\n", 1, 0.0, "strict")
        return (found[0][0], found[0][1].removeprefix(_LABEL)) if found else _NOTHING

    return predict


def _heliport() -> Predict:
    """Return heliport's answer; below its own threshold for a language, it is none.

    Its confidence is the distance between the two best languages' scores, which are mean negative log10 probabilities
    of a word. So 1 / (1 + 10 ** -confidence) is the probability of the best language for one mean word, where only
    these two are possible: from 0.5 to 1, and much lower than fastText's for equally sure answers.
    """
    try:
        import heliport  # GPL-3: used where a user installed it, never a dependency
    except ImportError as error:
        raise UserError(
            "ingest.language_model is heliport, but the package heliport is not installed here; "
            "`pip install heliport` (its licence is GPL-3), or name the path of a fastText model"
        ) from error
    model = heliport.Identifier()

    def predict(text: str) -> tuple[float, str]:
        label, confidence = model.identify_with_score(text)
        return _NOTHING if label in ("und", "zxx") else (1 / (1 + 10**-confidence), label)

    return predict


@cache
def _in_script(label: str, script: str) -> str:
    """Return the code of what a model calls a text in `script`, "" where that language is not written in it."""
    code = code_of_label(label)
    if code in _CHINESE and script in ("Hans", "Hant"):
        return f"zh-{script}"
    scripts = scripts_of(code)
    return "" if not script or (scripts and script not in scripts) else code


def _is_zawgyi(text: str) -> bool:
    return len(_ZAWGYI.findall(text)) * _ZAWGYI_CHARACTERS >= len(text)
