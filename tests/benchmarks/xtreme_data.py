"""What `xtreme.py` fine-tunes on: made-up pairs and questions of the length of XNLI's and XQuAD's, and a tokenizer.

Every word is one token, so that lengths are what is drawn. XQuAD's means are those of the table in its README, in words
as Moses cuts them: English to train on, the mean of its eleven languages to test on. XNLI's means are those of table 2
of Conneau et al. (2018), as recalled, not verified. Tokens for each word, and the spread, are assumed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from training.data.sequences import BOS, EOS
from training.hub import SPECIALS
from training.xtreme.tasks.examples import PairExample, Question

PIECES: Final = 1.25  # tokens of XLM-R for each word: assumed
CLASSES: Final = ("contradiction", "entailment", "neutral")


@dataclass(frozen=True)
class Lengths:
    """Tokens of a text: lognormal of this mean, spread (of the logarithm) and range."""

    mean: float
    spread: float
    least: int
    most: int

    def draw(self, count: int, draws: np.random.Generator) -> NDArray[np.int64]:
        """Return lengths, int64 `[count]`."""
        found = draws.lognormal(np.log(self.mean) - self.spread**2 / 2, self.spread, count)
        return np.clip(np.rint(found), self.least, self.most).astype(np.int64)


PREMISE: Final = Lengths(21.7 * PIECES, 0.55, 3, 120)
HYPOTHESIS: Final = Lengths(10.7 * PIECES, 0.4, 3, 60)
QUESTION: Final = Lengths(11.5 * PIECES, 0.35, 4, 40)
ENGLISH: Final = Lengths(142.4 * PIECES, 0.4, 30, 900)  # contexts
ALL_LANGUAGES: Final = Lengths(155.5 * PIECES, 0.4, 30, 900)
ANSWER: Final = 4


def pairs(count: int, vocabulary: int, seed: int) -> list[PairExample]:
    """Return labelled pairs."""
    draws = np.random.default_rng(seed)
    firsts, seconds = (_texts(lengths.draw(count, draws), vocabulary, draws) for lengths in (PREMISE, HYPOTHESIS))
    labels = draws.integers(len(CLASSES), size=count)
    return [PairExample(*texts, CLASSES[label]) for *texts, label in zip(firsts, seconds, labels, strict=True)]


def questions(count: int, contexts: Lengths, vocabulary: int, seed: int) -> list[Question]:
    """Return questions with their answers, each on a context of its own."""
    draws = np.random.default_rng(seed)
    asked, shown = (_texts(lengths.draw(count, draws), vocabulary, draws) for lengths in (QUESTION, contexts))
    made = []
    for number, (question, context) in enumerate(zip(asked, shown, strict=True)):
        words = context.split()
        first = int(draws.integers(len(words) - ANSWER))
        start = len(" ".join([*words[:first], ""]))
        answer = " ".join(words[first : first + ANSWER])
        made.append(Question(str(number), question, context, (answer,), (start,)))
    return made


def word_tokenizer(vocabulary: int, longest: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer that knows each made-up word, and joins texts as XLM-R's does."""
    words = [*SPECIALS, *(f"w{number}" for number in range(len(SPECIALS), vocabulary - 1)), "<mask>"]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", BOS), ("</s>", EOS)]
    )
    names = dict(zip(("cls_token", "pad_token", "sep_token", "unk_token"), SPECIALS, strict=True))
    fast: PreTrainedTokenizerFast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, model_max_length=longest, padding_side="right", mask_token="<mask>", **names
    )
    return fast


def _texts(lengths: Sequence[int] | NDArray[np.int64], vocabulary: int, draws: np.random.Generator) -> list[str]:
    """Return texts of so many words each, drawn by Zipf's law."""
    known = vocabulary - len(SPECIALS) - 1
    return [" ".join(f"w{len(SPECIALS) + word % known}" for word in draws.zipf(1.2, size)) for size in lengths]
