"""Every rule of `publish` that compares a column with a limit: one line each, for masks, descriptions and reports."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.config.filters import Percentile
from pipelines.config.publish import PublishSection
from pipelines.datasets.errors import ConfigError
from pipelines.datasets.reasons import Reason
from pipelines.stages.publishing.bins import floored
from pipelines.stages.work import column
from pipelines.text.languages import LANGUAGES

Of = Literal["rows", "documents", "pairs"]
Sign = Literal["<", "≤", ">", "≥", "is", "is not"]
Limit = float | Mapping[str, float]  # for all languages, or by language
Scores = Mapping[str, Sequence[Of]]  # the annotated columns, and of which tables each is

_FAILS: Final[dict[Sign, Callable[[Any, Any], Any]]] = {
    "<": np.less, "≤": np.less_equal, ">": np.greater, "≥": np.greater_equal, "is": np.equal, "is not": np.not_equal,
}  # fmt: skip

_BEYOND: Final[dict[Sign, Sign]] = {"<": "<", "≤": "<", ">": ">", "≥": ">"}

UNSTOPPED: Final = frozenset({"Thai", "Laoo"})  # scripts that end no sentence with a stop


@dataclass(frozen=True)
class Rule:
    """Drops a row, or all rows of a document, where `value sign limit` holds.

    The limit stands in the config at `section`.`key`; the value in `column` of the rows, documents or pairs. `noun`
    completes the sentence `12 < 50 …`. The rule is not asked in languages that are written in a script of `not_in`,
    nor where the column has no value: null, or -1 in `optional` ones. What counts words is asked in every script: the
    measures count them in scripts without spaces too (`pipelines.text.words`).
    """

    reason: Reason
    section: str
    key: str
    of: Of
    column: str
    sign: Sign
    noun: str = ""
    not_in: frozenset[str] = frozenset()
    optional: bool = False

    @property
    def path(self) -> str:
        return f"{self.section}.{self.key}"

    def values(self, table: pa.Table) -> npt.NDArray[Any]:
        """Return the column's values: numbers [n], not a number where there is none."""
        values: npt.NDArray[Any]
        if self.column in _DERIVED:
            inputs, derive = _DERIVED[self.column]
            values = derive(*(column(table, name) for name in inputs))
        else:
            values = column(table, self.column).to_numpy(False)
        return np.where(values < 0, np.nan, values) if self.optional else values

    def failing(self, table: pa.Table, languages: npt.NDArray[np.int32], names: list[str], limit: Limit) -> Any:
        """Return which rows of `table` fail: bool [n]; `languages` are codes of `names` [n]."""
        values = self.values(table)
        if isinstance(limit, Mapping):  # a percentile, which is only known as its bin
            values = floored(values)
        kind = values.dtype if np.issubdtype(values.dtype, np.floating) else np.float64
        limits = np.array([self._limit(name, limit) for name in names], kind)[languages]
        return _FAILS[self.sign](values, limits) & ~np.isnan(limits)

    def describe(self, row: Mapping[str, Any], language: str, limit: Limit) -> str | None:
        """Return the value and the limit in words if `row` fails the rule."""
        inputs = _DERIVED[self.column][0] if self.column in _DERIVED else (self.column,)
        if any(row[name] is None for name in inputs):
            return None
        table = pa.table({name: _one(row[name]) for name in inputs})
        (value,) = self.values(table).tolist()
        bound = self._limit(language, limit)
        if not self.failing(table, np.zeros(1, np.int32), [language], limit)[0]:
            return None
        if isinstance(value, bool):
            return self.reason.meaning
        shown = f"{round(value, 3):g}" if isinstance(value, float) else str(value)
        return f"{shown} {self.sign} {bound:g} {self.noun}".rstrip()

    def _limit(self, language: str, limit: Limit) -> float:
        known = LANGUAGES.get(language)
        if known is not None and known.script in self.not_in:
            return float("nan")
        return limit.get(language, float("nan")) if isinstance(limit, Mapping) else limit


def _one(value: Any) -> pa.Array:
    return pa.array([value], pa.float32() if isinstance(value, float) else None)


def _lines_per_word(paragraphs: pa.Array, words: pa.Array) -> npt.NDArray[np.float32]:
    return np.asarray((paragraphs.to_numpy() - 1) / np.maximum(words.to_numpy(), 1), np.float32)


def _shorter(source: pa.Array, target: pa.Array) -> Any:
    return np.minimum(pc.utf8_length(source).to_numpy(), pc.utf8_length(target).to_numpy())


def _longer(source: pa.Array, target: pa.Array) -> Any:
    return np.maximum(pc.utf8_length(source).to_numpy(), pc.utf8_length(target).to_numpy())


def _smaller(source: pa.Array, target: pa.Array) -> Any:
    return np.minimum(source.to_numpy(), target.to_numpy())


def _larger(source: pa.Array, target: pa.Array) -> Any:
    return np.maximum(source.to_numpy(), target.to_numpy())


_TEXTS: Final = ("source_text", "target_text")
_WORDS: Final = ("source_words", "target_words")
# what is computed from columns when it is asked for: from which, and how
_DERIVED: Final[dict[str, tuple[tuple[str, ...], Callable[..., Any]]]] = {
    "lines_per_word": (("paragraphs", "words"), _lines_per_word),
    "shorter": (_TEXTS, _shorter),
    "longer": (_TEXTS, _longer),
    "fewer_words": (_WORDS, _smaller),
    "more_words": (_WORDS, _larger),
}

_REPETITION, _QUALITY, _C4, _FINEWEB = (
    f"filters.{name}" for name in ("gopher_repetition", "gopher_quality", "c4", "fineweb")
)
_PAIRS = "filters.pairs"
_OF_CHARS = "of the characters"

# In the order in which they are asked: a row counts under the first that it fails.
_RULES: Final = (
    Rule(Reason.TOO_SHORT, "thresholds", "min_chars", "rows", "chars", "<", "characters"),
    Rule(Reason.TOO_LONG, "thresholds", "max_chars", "rows", "chars", ">", "characters"),
    Rule(Reason.FEW_LETTERS, "thresholds", "min_letters", "rows", "letters", "<", "letters"),
    Rule(Reason.TOO_SHORT, "thresholds", "min_chars", "pairs", "shorter", "<", "characters"),
    Rule(Reason.TOO_LONG, "thresholds", "max_chars", "pairs", "longer", ">", "characters"),
    Rule(Reason.FEW_LETTERS, "thresholds", "min_letters", "pairs", "letters", "<", "letters"),
    Rule(Reason.MIXED_LANGUAGES, "thresholds", "min_agreement", "documents", "agreement", "<", "of the bytes agree"),
    Rule(Reason.REPEATED_LINES, _REPETITION, "max_repeated_lines", "documents", "repeated_lines", ">", "of the lines"),
    Rule(Reason.REPEATED_LINE_CHARS, _REPETITION, "max_repeated_line_chars", "documents", "repeated_line_chars", ">",
         _OF_CHARS),
    *(Rule(Reason[f"TOP_{n}GRAM"], _REPETITION, f"max_top_{n}gram", "documents", f"top_{n}gram", ">", _OF_CHARS)
      for n in (2, 3, 4)),
    *(Rule(Reason[f"REPEATED_{n}GRAM"], _REPETITION, f"max_repeated_{n}gram", "documents", f"repeated_{n}gram", ">",
           _OF_CHARS) for n in range(5, 11)),
    Rule(Reason.FEW_WORDS, _QUALITY, "min_words", "documents", "words", "<", "words"),
    Rule(Reason.MANY_WORDS, _QUALITY, "max_words", "documents", "words", ">", "words"),
    Rule(Reason.SHORT_WORDS, _QUALITY, "min_mean_word_length", "documents", "mean_word_length", "<",
         "characters a word"),
    Rule(Reason.LONG_WORDS, _QUALITY, "max_mean_word_length", "documents", "mean_word_length", ">",
         "characters a word"),
    Rule(Reason.MANY_HASHES, _QUALITY, "max_hashes", "documents", "hashes", ">", "for each word"),
    Rule(Reason.MANY_ELLIPSES, _QUALITY, "max_ellipses", "documents", "ellipses", ">", "for each word"),
    Rule(Reason.BULLET_LINES, _QUALITY, "max_bullet_lines", "documents", "bullet_lines", ">", "of the lines"),
    Rule(Reason.ELLIPSIS_LINES, _QUALITY, "max_ellipsis_lines", "documents", "ellipsis_lines", ">", "of the lines"),
    Rule(Reason.FEW_ALPHABETIC_WORDS, _QUALITY, "min_alphabetic_words", "documents", "alphabetic_words", "<",
         "of the words"),
    Rule(Reason.FEW_STOP_WORDS, _QUALITY, "min_stop_words", "documents", "stop_words", "<", "stop words",
         optional=True),
    Rule(Reason.LOREM_IPSUM, _C4, "lorem_ipsum", "documents", "lorem_ipsum", "is"),
    Rule(Reason.CURLY_BRACKET, _C4, "curly_bracket", "documents", "curly_bracket", "is"),
    Rule(Reason.FEW_SENTENCES, _C4, "min_sentences", "documents", "sentences", "<", "sentences"),
    Rule(Reason.LONG_WORD, _C4, "max_word_length", "rows", "longest_word", ">", "characters in a word"),
    Rule(Reason.NO_TERMINAL, _C4, "terminal", "rows", "terminal", "is not", not_in=UNSTOPPED),
    Rule(Reason.SHORT_LINE, _C4, "min_line_words", "rows", "words", "<", "words"),
    Rule(Reason.BOILERPLATE, _C4, "boilerplate", "rows", "boilerplate", "is"),
    Rule(Reason.FEW_TERMINAL_LINES, _FINEWEB, "min_terminal_lines", "documents", "terminal_lines", "≤",
         "of the lines", UNSTOPPED),
    Rule(Reason.SHORT_LINES, _FINEWEB, "max_short_lines", "documents", "short_lines", "≥", "of the lines"),
    Rule(Reason.REPEATED_CHARS, _FINEWEB, "max_repeated_line_chars", "documents", "repeated_line_chars", "≥",
         _OF_CHARS),
    Rule(Reason.FEW_WORDS, _PAIRS, "min_words", "pairs", "fewer_words", "<", "words"),
    Rule(Reason.MANY_WORDS, _PAIRS, "max_words", "pairs", "more_words", ">", "words"),
    Rule(Reason.LONG_WORD, _PAIRS, "max_word_length", "pairs", "longest_word", ">", "characters in a word"),
    Rule(Reason.MARKUP, _PAIRS, "markup", "pairs", "markup", "is"),
    Rule(Reason.DIGITS, _PAIRS, "digits", "pairs", "digits_agree", "is not"),
    Rule(Reason.URLS, _PAIRS, "urls", "pairs", "urls_agree", "is not"),
    Rule(Reason.NEAR_COPY, _PAIRS, "max_near_copy", "pairs", "near_copy", ">", "alike"),
    Rule(Reason.LOW_SCORE, _PAIRS, "min_given_score", "pairs", "given_score", "<", "given score"),
    Rule(Reason.LOW_SCORE, _PAIRS, "min_confidence", "pairs", "confidence", "<", "confidence"),
    Rule(Reason.LIST, _FINEWEB, "max_lines_per_word", "documents", "lines_per_word", ">", "line breaks for each word"),
)  # fmt: skip


def rules_of(section: PublishSection, scores: Scores) -> Iterator[tuple[Rule, float | Percentile]]:
    """Yield the rules that the config asks for, with their limits as it gives them.

    Raises ConfigError for a score that there is not.
    """
    for rule in _RULES:
        value: Any = section
        for name in rule.path.split("."):
            value = getattr(value, name, None)
        if isinstance(value, Percentile):  # what equals a percentile is within it: in whole languages many do
            yield replace(rule, sign=_BEYOND[rule.sign]), value
        elif value is not None and value is not False:
            yield rule, value
    for name, limits in section.filters.scores.items():
        for of in _tables_of(name, scores):
            place = f"filters.scores.{name}"
            if limits.min is not None:
                yield Rule(Reason.LOW_SCORE, place, "min", of, name, "<", name), limits.min
            if limits.max is not None:
                yield Rule(Reason.HIGH_SCORE, place, "max", of, name, ">", name), limits.max


def _tables_of(name: str, scores: Scores) -> Sequence[Of]:
    if name not in scores:
        there = ", ".join(sorted(scores)) or "none; add a section `annotate`"
        raise ConfigError(f"publish.filters.scores.{name}: no such annotated column; there are: {there}")
    return scores[name]
