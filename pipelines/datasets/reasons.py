"""Why a row was dropped: one enumeration for all stages, so that a name means one thing everywhere."""

from enum import StrEnum


class Reason(StrEnum):
    """A reason for dropping a row; `meaning` is the sentence that reports and docs show."""

    # ingest: what could not be read
    UNREADABLE = "unreadable"
    NOT_JSON = "not_json"
    NOT_XML = "not_xml"
    NOT_UTF8 = "not_utf8"
    MISSING_SENTENCE = "missing_sentence"
    NOT_TEXT = "not_text"
    UNFINISHED = "unfinished"
    WRONG_FIELD = "wrong_field"
    UNKNOWN_LANGUAGE = "unknown_language"
    OVERSIZED = "oversized"
    EMPTY = "empty"

    # align
    NO_COUNTERPART = "no_counterpart"

    # mine
    LOW_MARGIN = "low_margin"

    # publish: blocklists
    BLOCKED = "blocked"

    # publish: thresholds
    WRONG_LANGUAGE = "wrong_language"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    FEW_LETTERS = "few_letters"
    LENGTH_RATIO = "length_ratio"
    UNTRANSLATED = "untranslated"
    PLACEHOLDERS = "placeholders"
    DIGITS = "digits"
    URLS = "urls"
    MARKUP = "markup"
    NEAR_COPY = "near_copy"
    WRONG_SCRIPT = "wrong_script"
    NOT_IDENTIFIED = "not_identified"
    SMALL_LANGUAGE = "small_language"

    # publish: whole documents
    NO_LANGUAGE = "no_language"
    MIXED_LANGUAGES = "mixed_languages"
    UNSURE_LANGUAGE = "unsure_language"

    # publish: Gopher's repetition rules
    REPEATED_LINES = "repeated_lines"
    REPEATED_LINE_CHARS = "repeated_line_chars"
    TOP_2GRAM = "top_2gram"
    TOP_3GRAM = "top_3gram"
    TOP_4GRAM = "top_4gram"
    REPEATED_5GRAM = "repeated_5gram"
    REPEATED_6GRAM = "repeated_6gram"
    REPEATED_7GRAM = "repeated_7gram"
    REPEATED_8GRAM = "repeated_8gram"
    REPEATED_9GRAM = "repeated_9gram"
    REPEATED_10GRAM = "repeated_10gram"

    # publish: Gopher's quality rules
    FEW_WORDS = "few_words"
    MANY_WORDS = "many_words"
    SHORT_WORDS = "short_words"
    LONG_WORDS = "long_words"
    MANY_HASHES = "many_hashes"
    MANY_ELLIPSES = "many_ellipses"
    BULLET_LINES = "bullet_lines"
    ELLIPSIS_LINES = "ellipsis_lines"
    FEW_ALPHABETIC_WORDS = "few_alphabetic_words"
    FEW_STOP_WORDS = "few_stop_words"

    # publish: C4's rules
    CURLY_BRACKET = "curly_bracket"
    LOREM_IPSUM = "lorem_ipsum"
    FEW_SENTENCES = "few_sentences"
    LONG_WORD = "long_word"
    NO_TERMINAL = "no_terminal"
    SHORT_LINE = "short_line"
    BOILERPLATE = "boilerplate"

    # publish: FineWeb's rules
    FEW_TERMINAL_LINES = "few_terminal_lines"
    SHORT_LINES = "short_lines"
    REPEATED_CHARS = "repeated_chars"
    LIST = "list"

    # publish: scores and evaluation sets
    PERPLEXITY = "perplexity"
    LOW_SCORE = "low_score"
    HIGH_SCORE = "high_score"
    CONTAMINATED = "contaminated"

    # publish: copies
    PUBLISHED_BEFORE = "published_before"
    REPEATED = "repeated"
    DUPLICATE_DOCUMENT = "duplicate_document"
    NEAR_DUPLICATE = "near_duplicate"
    SAME_LETTERS = "same_letters"
    DUPLICATE = "duplicate"
    REPEATED_SIDE = "repeated_side"
    HELD_OUT = "held_out"

    # remove
    REMOVED = "removed"

    # evaluate: rows that are not fair retrieval candidates
    SHORT_QUERY = "short_query"
    DUPLICATE_CANDIDATE = "duplicate_candidate"
    BEYOND_POOL = "beyond_pool"
    SMALL_POOL = "small_pool"

    # compare
    NOT_SHARED = "not_shared"

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    Reason.UNREADABLE: "the file, archive member or record is damaged",
    Reason.NOT_JSON: "the file should be JSON and is not",
    Reason.NOT_XML: "the file or record should be XML and is not",
    Reason.NOT_UTF8: "the text holds bytes or escapes that are not Unicode text",
    Reason.MISSING_SENTENCE: "an alignment names a sentence that is not in its document",
    Reason.UNFINISHED: "the source marks the translation as fuzzy, obsolete or still to be done: read well",
    Reason.NOT_TEXT: "a number, a truth value, null, or a web page that is not HTML: read well, and no text",
    Reason.WRONG_FIELD: "the record lacks the field that the config names, or it holds no text",
    Reason.UNKNOWN_LANGUAGE: "the record declares a language that is not in the table of languages",
    Reason.OVERSIZED: "the record is larger than the limit in the config",
    Reason.EMPTY: "nothing is left after normalisation",
    Reason.NO_COUNTERPART: "the sentence has no partner on the other side",
    Reason.LOW_MARGIN: "the sentence is hardly nearer to its best partner than their neighbours are",
    Reason.BLOCKED: "the document's domain or URL is on a blocklist",
    Reason.WRONG_LANGUAGE: "language identification is sure that it is another language",
    Reason.TOO_SHORT: "fewer characters than the threshold",
    Reason.TOO_LONG: "more characters than the threshold",
    Reason.FEW_LETTERS: "a smaller share of letters than the threshold",
    Reason.LENGTH_RATIO: "one side is longer than the other by more than the threshold",
    Reason.UNTRANSLATED: "the target equals the source",
    Reason.PLACEHOLDERS: "the two sides hold different placeholders",
    Reason.DIGITS: "the two sides hold different digits",
    Reason.URLS: "the two sides hold different URLs",
    Reason.MARKUP: "a side of the pair holds a tag as HTML writes them",
    Reason.NEAR_COPY: "the target is nearly equal to the source",
    Reason.WRONG_SCRIPT: "a side of the pair is in a script that its language is not written in",
    Reason.NOT_IDENTIFIED: "a side of the pair was not identified as its language as surely as the threshold asks",
    Reason.SMALL_LANGUAGE: "the language has fewer rows than the threshold",
    Reason.NO_LANGUAGE: "no language was declared and none was identified",
    Reason.MIXED_LANGUAGES: "the document's paragraphs agree less on a language than the threshold",
    Reason.UNSURE_LANGUAGE: "the document's language was identified less surely than the threshold",
    Reason.REPEATED_LINES: "too many lines of the document repeat an earlier one",
    Reason.REPEATED_LINE_CHARS: "too much of the document is in lines that repeat an earlier one",
    Reason.TOP_2GRAM: "one pair of words makes up too much of the document",
    Reason.TOP_3GRAM: "one phrase of three words makes up too much of the document",
    Reason.TOP_4GRAM: "one phrase of four words makes up too much of the document",
    Reason.REPEATED_5GRAM: "too much of the document is in phrases of five words that repeat",
    Reason.REPEATED_6GRAM: "too much of the document is in phrases of six words that repeat",
    Reason.REPEATED_7GRAM: "too much of the document is in phrases of seven words that repeat",
    Reason.REPEATED_8GRAM: "too much of the document is in phrases of eight words that repeat",
    Reason.REPEATED_9GRAM: "too much of the document is in phrases of nine words that repeat",
    Reason.REPEATED_10GRAM: "too much of the document is in phrases of ten words that repeat",
    Reason.FEW_WORDS: "the document, or a side of the pair, has too few words",
    Reason.MANY_WORDS: "the document, or a side of the pair, has too many words",
    Reason.SHORT_WORDS: "the document's mean word is too short",
    Reason.LONG_WORDS: "the document's mean word is too long",
    Reason.MANY_HASHES: "the document has too many `#` for its words",
    Reason.MANY_ELLIPSES: "the document has too many ellipses for its words",
    Reason.BULLET_LINES: "too many lines of the document begin with a bullet",
    Reason.ELLIPSIS_LINES: "too many lines of the document end in an ellipsis",
    Reason.FEW_ALPHABETIC_WORDS: "too few words of the document have a letter",
    Reason.FEW_STOP_WORDS: "the document has too few of its language's stop words",
    Reason.CURLY_BRACKET: "the document holds a curly bracket",
    Reason.LOREM_IPSUM: "the document holds `lorem ipsum`",
    Reason.FEW_SENTENCES: "the document has too few sentences in lines that are kept",
    Reason.LONG_WORD: "the line, or a side of the pair, has a word that is too long",
    Reason.NO_TERMINAL: "the line does not end a sentence",
    Reason.SHORT_LINE: "the line has too few words",
    Reason.BOILERPLATE: "the line names JavaScript, cookies or terms of use",
    Reason.FEW_TERMINAL_LINES: "too few lines of the document end a sentence",
    Reason.SHORT_LINES: "too many lines of the document are short",
    Reason.REPEATED_CHARS: "too much of the document is in repeated lines, by FineWeb's stricter limit",
    Reason.LIST: "the document has too many line breaks for its words",
    Reason.PERPLEXITY: "the document's perplexity is in a bucket that is not kept",
    Reason.LOW_SCORE: "a score is below its limit",
    Reason.HIGH_SCORE: "a score is above its limit",
    Reason.CONTAMINATED: "holds a sentence of an evaluation set",
    Reason.PUBLISHED_BEFORE: "a copy is in a dataset that was published before",
    Reason.REPEATED: "stands more than once, and the config keeps no copy",
    Reason.DUPLICATE_DOCUMENT: "its document is a copy of one that was kept",
    Reason.NEAR_DUPLICATE: "the pair, or the document of the text, is nearly the same as one that was kept",
    Reason.SAME_LETTERS: "a pair with the same letters on both sides was kept",
    Reason.REPEATED_SIDE: "one side stands in as many pairs that were kept as the config allows",
    Reason.DUPLICATE: "a copy of a row that was kept",
    Reason.HELD_OUT: "equals a row of dev or test, which win over training rows",
    Reason.REMOVED: "taken out of a published corpus; why is said in its card",
    Reason.SHORT_QUERY: "the English side has fewer words than the threshold",
    Reason.DUPLICATE_CANDIDATE: "a sentence of the pair is in the pool already",
    Reason.BEYOND_POOL: "the pool has its fixed size already",
    Reason.SMALL_POOL: "the language has too few fair pairs for a pool of the fixed size",
    Reason.NOT_SHARED: "another corpus that is compared does not hold the row out",
}
