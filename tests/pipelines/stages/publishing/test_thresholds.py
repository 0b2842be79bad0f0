"""Thresholds decide as their descriptions say, at the border too, and the first that fails is the reason."""

import numpy as np
import pyarrow as pa
import pytest

from pipelines.config.publish import PublishSection, Thresholds
from pipelines.datasets.reasons import Reason
from pipelines.datasets.schemas import DOCUMENTS, PAIRS, STAGED
from pipelines.dedup.exact import hash_texts
from pipelines.stages.publishing.thresholds import REASONS, Limits, describe, pair_failures, text_failures, values

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


def pair_reason(usual: float = 0.0, **row: object) -> str:
    pair = {
        "source_text": "Enter the host", "target_text": "Host eingeben", "source_lang": "en", "target_lang": "de",
        "source_lid": "en", "target_lid": "de", "source_lid_prob": 0.99, "target_lid_prob": 0.99, "letters": 1.0,
        "placeholders_agree": True, **row,
    }  # fmt: skip
    source, target = str(pair["source_text"]), str(pair["target_text"])
    pair["length_ratio"] = np.log(len(target) / len(source))
    sides = [hash_texts([source]), hash_texts([target])]
    (code,) = pair_failures(table(PAIRS, [pair]), sides, {"de": usual}, LIMITS).tolist()
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


def test_no_rows_fail_nothing() -> None:
    assert len(text_failures(STAGED.empty_table(), DOCUMENTS.empty_table(), LIMITS)) == 0
    assert len(pair_failures(PAIRS.empty_table(), [hash_texts([])] * 2, {}, LIMITS)) == 0


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
