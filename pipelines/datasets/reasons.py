"""Why a row was dropped: one enumeration for all stages, so that a name means one thing everywhere."""

from enum import StrEnum


class Reason(StrEnum):
    """A reason for dropping a row; `meaning` is the sentence that reports and docs show."""

    # ingest: what could not be read
    UNREADABLE = "unreadable"
    NOT_JSON = "not_json"
    NOT_UTF8 = "not_utf8"
    NOT_TEXT = "not_text"
    WRONG_FIELD = "wrong_field"
    UNKNOWN_LANGUAGE = "unknown_language"
    OVERSIZED = "oversized"
    EMPTY = "empty"

    # align
    NO_COUNTERPART = "no_counterpart"

    # publish: thresholds
    WRONG_LANGUAGE = "wrong_language"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    FEW_LETTERS = "few_letters"
    LENGTH_RATIO = "length_ratio"
    UNTRANSLATED = "untranslated"
    PLACEHOLDERS = "placeholders"
    SMALL_LANGUAGE = "small_language"

    # publish: copies
    PUBLISHED_BEFORE = "published_before"
    REPEATED = "repeated"
    DUPLICATE_DOCUMENT = "duplicate_document"
    NEAR_DUPLICATE = "near_duplicate"
    DUPLICATE = "duplicate"
    HELD_OUT = "held_out"

    # evaluate: rows that are not fair retrieval candidates
    SHORT_QUERY = "short_query"
    DUPLICATE_CANDIDATE = "duplicate_candidate"
    BEYOND_POOL = "beyond_pool"
    SMALL_POOL = "small_pool"

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    Reason.UNREADABLE: "the file, archive member or record is damaged",
    Reason.NOT_JSON: "the file should be JSON and is not",
    Reason.NOT_UTF8: "the text holds bytes or escapes that are not Unicode text",
    Reason.NOT_TEXT: "a number, a truth value, null, or a web page that is not HTML: read well, and no text",
    Reason.WRONG_FIELD: "the record lacks the field that the config names, or it holds no text",
    Reason.UNKNOWN_LANGUAGE: "the record declares a language that is not in the table of languages",
    Reason.OVERSIZED: "the record is larger than the limit in the config",
    Reason.EMPTY: "nothing is left after normalisation",
    Reason.NO_COUNTERPART: "the sentence has no partner on the other side",
    Reason.WRONG_LANGUAGE: "language identification is sure that it is another language",
    Reason.TOO_SHORT: "fewer characters than the threshold",
    Reason.TOO_LONG: "more characters than the threshold",
    Reason.FEW_LETTERS: "a smaller share of letters than the threshold",
    Reason.LENGTH_RATIO: "one side is longer than the other by more than the threshold",
    Reason.UNTRANSLATED: "the target equals the source",
    Reason.PLACEHOLDERS: "the two sides hold different placeholders",
    Reason.SMALL_LANGUAGE: "the language has fewer rows than the threshold",
    Reason.PUBLISHED_BEFORE: "a copy is in a dataset that was published before",
    Reason.REPEATED: "stands more than once, and the config keeps no copy",
    Reason.DUPLICATE_DOCUMENT: "its document is a copy of one that was kept",
    Reason.NEAR_DUPLICATE: "its document is nearly the same as one that was kept",
    Reason.DUPLICATE: "a copy of a row that was kept",
    Reason.HELD_OUT: "equals a row of dev or test, which win over training rows",
    Reason.SHORT_QUERY: "the English side has fewer words than the threshold",
    Reason.DUPLICATE_CANDIDATE: "a sentence of the pair is in the pool already",
    Reason.BEYOND_POOL: "the pool has its fixed size already",
    Reason.SMALL_POOL: "the language has too few fair pairs for a pool of the fixed size",
}
