"""The thresholds of `publish`: which row fails which, for whole columns at once."""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.config.publish import Thresholds
from pipelines.datasets.reasons import Reason
from pipelines.dedup.exact import Hashes
from pipelines.stages.work import codes, column
from pipelines.text.languages import may_be

REASONS: Final = tuple(Reason)
PASSED: Final = 0

Codes = npt.NDArray[np.uint8]
_Mask = npt.NDArray[np.bool_]


def code_of(reason: Reason) -> int:
    """Return the code of a reason in an array of decisions; 0 means that a row passed."""
    return REASONS.index(reason) + 1


def text_failures(table: pa.Table, thresholds: Thresholds) -> Codes:
    """Return the first threshold that each staged text fails: uint8 [n], 0 where it passes all."""
    chars = column(table, "chars").to_numpy()
    return _first(
        table.num_rows,
        {
            Reason.TOO_SHORT: chars < thresholds.min_chars,
            Reason.TOO_LONG: chars > thresholds.max_chars,
            Reason.FEW_LETTERS: column(table, "letters").to_numpy() < np.float32(thresholds.min_letters),
            Reason.WRONG_LANGUAGE: _wrong_language(table, "", chars, thresholds),
        },
    )


def pair_failures(table: pa.Table, sides: list[Hashes], usual: Mapping[str, float], thresholds: Thresholds) -> Codes:
    """Return the first threshold that each pair fails: uint8 [n].

    `sides` are the hashes of the folded texts, `usual` the mean logarithm of each language's length ratio.
    """
    source = pc.utf8_length(column(table, "source_text")).to_numpy()
    target = pc.utf8_length(column(table, "target_text")).to_numpy()
    longer = np.maximum(source, target)
    language, names = codes(table, "target_lang")
    expected = np.array([usual.get(name, 0.0) for name in names], np.float32)[language]
    off = np.abs(column(table, "length_ratio").to_numpy() - expected)
    uneven = off > np.float32(math.log(thresholds.max_length_ratio))
    return _first(
        table.num_rows,
        {
            Reason.TOO_SHORT: np.minimum(source, target) < thresholds.min_chars,
            Reason.TOO_LONG: longer > thresholds.max_chars,
            Reason.FEW_LETTERS: column(table, "letters").to_numpy() < np.float32(thresholds.min_letters),
            Reason.UNTRANSLATED: sides[0] == sides[1],
            Reason.PLACEHOLDERS: ~column(table, "placeholders_agree").to_numpy(zero_copy_only=False),
            Reason.LENGTH_RATIO: (longer >= thresholds.length_ratio_chars) & uneven,
            Reason.WRONG_LANGUAGE: _wrong_language(table, "source_", source, thresholds)
            | _wrong_language(table, "target_", target, thresholds),
        },
    )


def describe(reason: Reason, row: dict[str, Any], thresholds: Thresholds) -> str:
    """Return what decided about a dropped row, with its value and the threshold."""
    if "source_text" not in row:
        details = {
            Reason.TOO_SHORT: f"{row['chars']} < {thresholds.min_chars} characters",
            Reason.TOO_LONG: f"{row['chars']} > {thresholds.max_chars} characters",
            Reason.FEW_LETTERS: f"{row['letters']:.2f} < {thresholds.min_letters} letters",
            Reason.WRONG_LANGUAGE: f"{row['lid']} at {row['lid_prob']:.2f} ≥ {thresholds.language_probability}",
        }
        return details.get(reason, reason.meaning)
    sides = (f"{row[f'{side}_lid']} at {row[f'{side}_lid_prob']:.2f}" for side in ("source", "target"))
    details = {
        Reason.FEW_LETTERS: f"{row['letters']:.2f} < {thresholds.min_letters} letters",
        Reason.LENGTH_RATIO: f"target/source is {math.exp(row['length_ratio']):.2f}, "
        f"over {thresholds.max_length_ratio} times off the language's mean",
        Reason.WRONG_LANGUAGE: f"{' and '.join(sides)}; sure from {thresholds.language_probability}",
    }
    return details.get(reason, reason.meaning)


def values(thresholds: Thresholds) -> dict[Reason, dict[str, float]]:
    """Return each reason's thresholds by their keys in the config."""
    keys = {
        Reason.TOO_SHORT: ("min_chars",),
        Reason.TOO_LONG: ("max_chars",),
        Reason.FEW_LETTERS: ("min_letters",),
        Reason.WRONG_LANGUAGE: ("language_probability", "language_chars"),
        Reason.LENGTH_RATIO: ("max_length_ratio", "length_ratio_chars"),
        Reason.SMALL_LANGUAGE: ("min_language_rows",),
    }
    return {reason: {name: getattr(thresholds, name) for name in names} for reason, names in keys.items()}


def _wrong_language(table: pa.Table, side: str, chars: Any, thresholds: Thresholds) -> _Mask:
    declared, languages = codes(table, f"{side}lang")
    identified, labels = codes(table, f"{side}lid")
    if not len(declared):
        return np.zeros(0, bool)
    other = np.array([[not may_be(language, label) for label in labels] for language in languages])
    sure = column(table, f"{side}lid_prob").to_numpy() >= np.float32(thresholds.language_probability)
    wrong: _Mask = other[declared, identified] & sure & (chars >= thresholds.language_chars)
    return wrong


def _first(rows: int, failed: dict[Reason, Any]) -> Codes:
    decided = np.zeros(rows, np.uint8)
    for reason, mask in failed.items():
        decided[(decided == PASSED) & np.asarray(mask)] = code_of(reason)
    return decided
