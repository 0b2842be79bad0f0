"""Thresholds decide as their descriptions say, at the border too, and the first that fails is the reason."""

import numpy as np
import pyarrow as pa
import pytest

from pipelines.config.publish import PublishSection, Thresholds
from pipelines.datasets.reasons import Reason
from pipelines.datasets.schemas import DOCUMENTS, PAIRS, STAGED
from pipelines.dedup.exact import hash_texts
from pipelines.stages.publishing.percentiles import histograms, percentile_of
from pipelines.stages.publishing.rules import rules_of
from pipelines.stages.publishing.thresholds import REASONS, Limits, describe, pair_failures, text_failures, values
from pipelines.text.languages import LANGUAGES

THRESHOLDS = Thresholds(
    min_chars=2, max_chars=100, min_letters=0.5, language_probability=0.9, language_chars=10,
    max_length_ratio=3, length_ratio_chars=10, min_agreement=0.5, document_probability=0.6,
)  # fmt: skip
LIMITS = Limits.of(PublishSection(thresholds=THRESHOLDS))


def blank(kind: pa.DataType) -> object:
    return "" if pa.types.is_dictionary(kind) or pa.types.is_string(kind) else False if kind == pa.bool_() else 0


def table(schema: pa.Schema, rows: list[dict[str, object]]) -> pa.Table:
    full = [{field.name: row.get(field.name, blank(field.type)) for field in schema} for row in rows]
    return pa.Table.from_pylist(full, schema=pa.schema([
        pa.field(field.name, pa.string() if pa.types.is_dictionary(field.type) else field.type) for field in schema
    ])).cast(schema)  # fmt: skip


def text_reason(document: dict[str, object] | None = None, **row: object) -> str:
    staged = {"lang": "de", "lid": "de", "lid_prob": 0.99, "chars": 20, "letters": 0.9, **row}
    document = {"lang": "de", "lid": "de", "lid_prob": 0.9, "agreement": 1.0, **(document or {})}
    (code,) = text_failures(table(STAGED, [staged]), table(DOCUMENTS, [document]), LIMITS).tolist()
    return REASONS[code - 1] if code else ""


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, ""),
        ({"chars": 1}, Reason.TOO_SHORT),
        ({"chars": 2}, ""),
        ({"chars": 100}, ""),
        ({"chars": 101}, Reason.TOO_LONG),
        ({"letters": 0.5}, ""),
        ({"letters": 0.49}, Reason.FEW_LETTERS),
        ({"lid": "en", "lid_prob": 0.9}, Reason.WRONG_LANGUAGE),
        ({"lid": "en", "lid_prob": 0.89}, ""),
        ({"lid": "en", "chars": 10}, Reason.WRONG_LANGUAGE),
        ({"lid": "en", "chars": 9}, ""),
        ({"lang": "zh-Hant", "lid": "zh"}, ""),
        ({"lid": "en", "letters": 0.1}, Reason.FEW_LETTERS),
    ],
)
def test_texts(row: dict[str, object], reason: str) -> None:
    assert text_reason(**row) == reason


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"agreement": 0.5}, ""),
        ({"agreement": 0.49}, Reason.MIXED_LANGUAGES),
        ({"lid_prob": 0.6}, ""),
        ({"lid_prob": 0.59}, Reason.UNSURE_LANGUAGE),
        ({"lid_prob": 0.59, "lid": "nl"}, ""),  # declared, so nobody asked how surely it was identified
    ],
)
def test_a_documents_language(document: dict[str, object], reason: str) -> None:
    assert text_reason(document) == reason


def test_a_text_without_a_language_is_not_published() -> None:
    assert text_reason({"lang": "", "lid": ""}, lang="", lid="", lid_prob=0.0) == Reason.NO_LANGUAGE


def pair_reason(usual: float = 0.0, limits: Limits = LIMITS, **row: object) -> str:
    pair = {
        "source_text": "Enter the host", "target_text": "Host eingeben", "source_lang": "en", "target_lang": "de",
        "source_lid": "en", "target_lid": "de", "source_lid_prob": 0.99, "target_lid_prob": 0.99, "letters": 1.0,
        "source_script": "Latn", "target_script": "Latn", "placeholders_agree": True, **row,
    }  # fmt: skip
    source, target = str(pair["source_text"]), str(pair["target_text"])
    pair["length_ratio"] = np.log(len(target) / len(source))
    sides = [hash_texts([source]), hash_texts([target])]
    labels = (np.zeros(1, np.int32), ["de"])
    (code,) = pair_failures(table(PAIRS, [pair]), labels, sides, {"de": usual}, limits).tolist()
    return REASONS[code - 1] if code else ""


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, ""),
        ({"target_text": "H"}, Reason.TOO_SHORT),
        ({"source_text": "x" * 101}, Reason.TOO_LONG),
        ({"letters": 0.4}, Reason.FEW_LETTERS),
        ({"target_text": "ENTER  the host"}, Reason.UNTRANSLATED),
        ({"placeholders_agree": False}, Reason.PLACEHOLDERS),
        ({"target_text": "H" * 43}, Reason.LENGTH_RATIO),
        ({"target_text": "H" * 42}, ""),  # three times as long as the source
        ({"target_text": "H" * 4}, Reason.LENGTH_RATIO),
        ({"source_text": "abc", "target_text": "abcdefghi"}, ""),  # too short to ask
        ({"source_lid": "fr"}, Reason.WRONG_LANGUAGE),
        ({"target_lid": "en"}, Reason.WRONG_LANGUAGE),
        ({"target_lid": "en", "target_lid_prob": 0.5}, ""),
    ],
)
def test_pairs(row: dict[str, object], reason: str) -> None:
    assert pair_reason(**row) == reason


def test_the_length_ratio_is_held_against_the_languages_own() -> None:
    assert pair_reason(target_text="門" * 4) == Reason.LENGTH_RATIO
    assert pair_reason(usual=np.log(1 / 3), target_text="門" * 4) == ""


FOR_PAIRS = {"scripts": True, "language_probability": 0.6, "min_given_score": 1.04, "min_confidence": 0.5}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, ""),
        ({"target_script": "Cyrl"}, Reason.WRONG_SCRIPT),
        ({"target_script": ""}, ""),  # no letters
        ({"target_lid": "nl", "target_lid_prob": 0.7}, Reason.NOT_IDENTIFIED),
        ({"source_lid": "", "source_lid_prob": 0.0}, Reason.NOT_IDENTIFIED),
        ({"source_lid_prob": 0.59}, Reason.NOT_IDENTIFIED),
        ({"given_score": 1.03}, Reason.LOW_SCORE),
        ({"given_score": float("nan"), "confidence": float("nan")}, ""),  # nobody gave one
        ({"confidence": 0.4}, Reason.LOW_SCORE),
    ],
)
def test_filters_of_pairs(row: dict[str, object], reason: str) -> None:
    limits = Limits.of(PublishSection.model_validate({"filters": {"pairs": FOR_PAIRS}}))
    assert pair_reason(limits=limits, **{"given_score": 1.2, "confidence": 0.9, **row}) == reason


def test_a_language_that_the_identifier_does_not_know_is_not_asked() -> None:
    limits = Limits.of(PublishSection.model_validate({"filters": {"pairs": {"language_probability": 0.6}}}))
    unknown = next(code for code, language in LANGUAGES.items() if not language.label)
    assert pair_reason(limits=limits, target_lang=unknown, target_lid="en", target_lid_prob=0.9) == ""


def test_no_rows_fail_nothing() -> None:
    assert len(text_failures(STAGED.empty_table(), DOCUMENTS.empty_table(), LIMITS)) == 0
    assert len(pair_failures(PAIRS.empty_table(), (np.zeros(0, np.int32), []), [hash_texts([])] * 2, {}, LIMITS)) == 0


def test_what_decided_is_said_with_value_and_threshold() -> None:
    text = {"lang": "de", "chars": 1, "letters": 0.25, "lid": "fr", "lid_prob": 0.95}
    assert describe(Reason.TOO_SHORT, text, LIMITS) == "1 < 2 characters"
    assert describe(Reason.FEW_LETTERS, text, LIMITS) == "0.25 < 0.5 letters"
    assert describe(Reason.WRONG_LANGUAGE, text, LIMITS) == "fr at 0.95 ≥ 0.9"
    pair = {"target_lang": "de", "source_text": "", "letters": 0.25, "length_ratio": np.log(4),
            "source_lid": "en", "source_lid_prob": 0.99, "target_lid": "fr", "target_lid_prob": 0.95}  # fmt: skip
    assert describe(Reason.LENGTH_RATIO, pair, LIMITS) == (
        "target/source is 4.00, over 3.0 times off the language's mean"
    )
    assert describe(Reason.WRONG_LANGUAGE, pair, LIMITS) == "en at 0.99 and fr at 0.95; sure from 0.9"
    assert describe(Reason.UNTRANSLATED, pair, LIMITS) == Reason.UNTRANSLATED.meaning


def test_a_report_finds_each_threshold_by_its_reason() -> None:
    assert values(LIMITS)[Reason.LENGTH_RATIO] == {"max_length_ratio": 3, "length_ratio_chars": 10}
    named = {key for keys in values(LIMITS).values() for key in keys}
    assert named == set(Thresholds.model_fields)


# A document that every rule is content with, and a line of it.
FINE_DOCUMENT: dict[str, object] = {
    "lang": "hi", "lid": "hi", "lid_prob": 0.9, "agreement": 1.0, "paragraphs": 4, "words": 200,
    "mean_word_length": 5.0, "alphabetic_words": 0.9, "stop_words": -1, "sentences": 9, "terminal_lines": 1.0,
}  # fmt: skip
FINE_LINE: dict[str, object] = {
    "lang": "hi", "lid": "hi", "lid_prob": 0.99, "chars": 99, "letters": 0.9, "words": 20, "longest_word": 9,
    "terminal": True,
}  # fmt: skip

# the value at the limit, one that fails, and the reason, as the papers and the code of the rules have them
BORDERS: list[tuple[str, str, object, object, Reason]] = [
    ("gopher_quality", "words", 50, 49, Reason.FEW_WORDS),
    ("gopher_quality", "words", 100_000, 100_001, Reason.MANY_WORDS),
    ("gopher_quality", "mean_word_length", 3.0, 2.99, Reason.SHORT_WORDS),
    ("gopher_quality", "mean_word_length", 10.0, 10.01, Reason.LONG_WORDS),
    ("gopher_quality", "hashes", 0.1, 0.101, Reason.MANY_HASHES),
    ("gopher_quality", "ellipses", 0.1, 0.101, Reason.MANY_ELLIPSES),
    ("gopher_quality", "bullet_lines", 0.9, 0.91, Reason.BULLET_LINES),
    ("gopher_quality", "ellipsis_lines", 0.3, 0.31, Reason.ELLIPSIS_LINES),
    ("gopher_quality", "alphabetic_words", 0.8, 0.79, Reason.FEW_ALPHABETIC_WORDS),
    ("gopher_quality", "stop_words", 2, 1, Reason.FEW_STOP_WORDS),
    ("gopher_repetition", "repeated_lines", 0.3, 0.31, Reason.REPEATED_LINES),
    ("gopher_repetition", "repeated_line_chars", 0.2, 0.21, Reason.REPEATED_LINE_CHARS),
    ("gopher_repetition", "top_2gram", 0.2, 0.21, Reason.TOP_2GRAM),
    ("gopher_repetition", "top_3gram", 0.18, 0.19, Reason.TOP_3GRAM),
    ("gopher_repetition", "top_4gram", 0.16, 0.17, Reason.TOP_4GRAM),
    ("gopher_repetition", "repeated_5gram", 0.15, 0.16, Reason.REPEATED_5GRAM),
    ("gopher_repetition", "repeated_6gram", 0.14, 0.15, Reason.REPEATED_6GRAM),
    ("gopher_repetition", "repeated_7gram", 0.13, 0.14, Reason.REPEATED_7GRAM),
    ("gopher_repetition", "repeated_8gram", 0.12, 0.13, Reason.REPEATED_8GRAM),
    ("gopher_repetition", "repeated_9gram", 0.11, 0.12, Reason.REPEATED_9GRAM),
    ("gopher_repetition", "repeated_10gram", 0.1, 0.11, Reason.REPEATED_10GRAM),
    ("c4", "sentences", 3, 2, Reason.FEW_SENTENCES),
    ("c4", "curly_bracket", False, True, Reason.CURLY_BRACKET),
    ("c4", "lorem_ipsum", False, True, Reason.LOREM_IPSUM),
    ("fineweb", "terminal_lines", 0.13, 0.12, Reason.FEW_TERMINAL_LINES),
    ("fineweb", "short_lines", 0.66, 0.67, Reason.SHORT_LINES),
    ("fineweb", "repeated_line_chars", 0.009, 0.01, Reason.REPEATED_CHARS),
    ("fineweb", "paragraphs", 61, 62, Reason.LIST),  # 61 line breaks for 200 words are 0.305
]
LINE_BORDERS: list[tuple[str, object, object, Reason]] = [
    ("words", 5, 4, Reason.SHORT_LINE),
    ("longest_word", 1000, 1001, Reason.LONG_WORD),
    ("terminal", True, False, Reason.NO_TERMINAL),
    ("boilerplate", False, True, Reason.BOILERPLATE),
]


def filtered(filters: dict[str, object], document: dict[str, object], line: dict[str, object]) -> str:
    """Return why the only line of a document is dropped by these filters, or ""."""
    limits = Limits.of(PublishSection.model_validate({"filters": filters}))
    documents = table(DOCUMENTS, [FINE_DOCUMENT, {**FINE_DOCUMENT, **document}])
    lines = table(STAGED, [{**FINE_LINE, "document_row": 0}, {**FINE_LINE, **line, "document_row": 1}])
    other, code = text_failures(lines, documents, limits).tolist()
    assert other == 0
    return REASONS[code - 1] if code else ""


@pytest.mark.parametrize(("section", "column", "passes", "fails", "reason"), BORDERS)
def test_rules_of_published_corpora(section: str, column: str, passes: object, fails: object, reason: Reason) -> None:
    assert filtered({section: {}}, {column: passes}, {}) == ""
    assert filtered({section: {}}, {column: fails}, {}) == reason
    assert filtered({}, {column: fails}, {}) == ""  # all are off unless named


@pytest.mark.parametrize(("column", "passes", "fails", "reason"), LINE_BORDERS)
def test_c4s_rules_for_lines(column: str, passes: object, fails: object, reason: Reason) -> None:
    assert filtered({"c4": {}}, {}, {column: passes}) == ""
    assert filtered({"c4": {}}, {}, {column: fails}) == reason


def test_stops_are_not_asked_for_in_scripts_that_have_none() -> None:
    thai = {"lang": "th", "lid": "th"}
    assert filtered({"c4": {}, "fineweb": {}}, {**thai, "terminal_lines": 0.0}, {**thai, "terminal": False}) == ""


def test_one_rule_of_a_section_can_be_off_or_have_another_limit() -> None:
    assert filtered({"gopher_quality": {"min_words": None}}, {"words": 1}, {}) == ""
    assert filtered({"gopher_quality": {"min_words": 10}}, {"words": 10}, {}) == ""
    assert filtered({"gopher_quality": {"min_words": 10}}, {"words": 9}, {}) == Reason.FEW_WORDS
    assert filtered({"c4": {"terminal": False}}, {}, {"terminal": False}) == ""


def test_every_rule_of_a_document_is_described_with_value_and_limit() -> None:
    names = ("gopher_quality", "gopher_repetition", "c4", "fineweb")
    limits = Limits.of(PublishSection.model_validate({"filters": {name: {} for name in names}}))
    row = {**FINE_LINE, "words": 4, "documents": {**FINE_DOCUMENT, "words": 49, "hashes": 0.25, "lorem_ipsum": True}}
    assert describe(Reason.FEW_WORDS, row, limits) == "49 < 50 words"
    assert describe(Reason.MANY_HASHES, row, limits) == "0.25 > 0.1 for each word"
    assert describe(Reason.LOREM_IPSUM, row, limits) == Reason.LOREM_IPSUM.meaning
    assert describe(Reason.SHORT_LINE, row, limits) == "4 < 5 words"
    assert describe(Reason.LIST, {**row, "documents": {"paragraphs": 62, "words": 200}}, limits) == (
        "0.305 > 0.3 line breaks for each word"
    )
    assert values(limits)[Reason.FEW_WORDS] == {"min_words": 50}
    assert {reason for *_, reason in (*BORDERS, *LINE_BORDERS)} <= set(values(limits))


def test_a_limit_by_language() -> None:
    section = PublishSection.model_validate({"filters": {"gopher_quality": {"min_words": {"percentile": 5}}}})
    limits = Limits.of(section, derived={"filters.gopher_quality.min_words": {"th": 20.0, "de": 300.0}})
    documents = [{**FINE_DOCUMENT, "lang": language, "words": 100} for language in ("th", "de", "am")]
    lines = [{**FINE_LINE, "lang": language, "lid": "", "document_row": row} for row, language in
             enumerate(("th", "de", "am"))]  # fmt: skip
    found = text_failures(table(STAGED, lines), table(DOCUMENTS, documents), limits).tolist()
    assert [REASONS[code - 1] if code else "" for code in found] == ["", Reason.FEW_WORDS, ""]
    row = {**lines[1], "documents": documents[1]}
    assert describe(Reason.FEW_WORDS, row, limits) == "100 < 300 words"
    assert values(limits)[Reason.FEW_WORDS] == {"min_words": {"th": 20.0, "de": 300.0}}


def test_a_score_is_described_by_the_one_that_failed() -> None:
    """`first` has no value, so it passes; `second` is a score of documents, which pairs do not have."""
    section = PublishSection.model_validate({"filters": {"scores": {"first": {"min": 0.5}, "second": {"min": 0.5}}}})
    limits = Limits.of(section, {"first": ["rows"], "second": ["documents"]})
    row = {**FINE_LINE, "first": None, "documents": {**FINE_DOCUMENT, "second": 0.25}}
    assert describe(Reason.LOW_SCORE, row, limits) == "0.25 < 0.5 second"
    pair = {"source_text": "", "target_text": "", "target_lang": "de"}
    assert describe(Reason.LOW_SCORE, pair, limits) == Reason.LOW_SCORE.meaning


def test_a_document_of_several_buckets_of_perplexity() -> None:
    """CCNet's buckets: below the first cutoff head, below the second middle, else tail; without a cutoff all stay."""
    section = PublishSection.model_validate({"filters": {"perplexity": {"keep": ["middle"]}}})
    limits = Limits.of(section, cutoffs={"hi": (480.0, 790.0)})
    values_of = [("hi", 479.9), ("hi", 480.0), ("hi", 789.9), ("hi", 790.0), ("hi", None), ("am", 1.0)]
    documents = table(DOCUMENTS, [{**FINE_DOCUMENT, "lang": language} for language, _ in values_of]).append_column(
        "perplexity", pa.array([value for _, value in values_of], pa.float32())
    )
    lines = [{**FINE_LINE, "lang": language, "lid": "", "document_row": row} for row, (language, _) in
             enumerate(values_of)]  # fmt: skip
    found = text_failures(table(STAGED, lines), documents, limits).tolist()
    assert [bool(code) for code in found] == [True, False, False, True, False, False]
    assert REASONS[found[0] - 1] == Reason.PERPLEXITY


@pytest.mark.parametrize("share", [0.0, 4 / 7])
def test_what_equals_a_percentile_passes(share: float) -> None:
    """FineWeb drops what lies on its limit; at a percentile that may be most of a language."""
    section = PublishSection.model_validate({"filters": {"fineweb": {"max_short_lines": {"percentile": 98}}}})
    asked = next(rule for rule, _ in rules_of(section, {}) if rule.key == "max_short_lines")
    shares = np.array([share, share, 0.9], np.float32)
    counted = histograms(shares, np.zeros(3, np.int32), ["th"])
    failing = asked.failing(
        pa.table({"short_lines": shares}), np.zeros(3, np.int32), ["th"], {"th": percentile_of(counted["th"], 50)}
    )
    assert failing.tolist() == [False, False, True]
