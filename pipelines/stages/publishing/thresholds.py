"""What `publish` drops rows by, but for copies: which row fails which rule, for whole columns at once."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.config.annotate import PERPLEXITY
from pipelines.config.filters import Percentile
from pipelines.config.publish import PublishSection
from pipelines.datasets.reasons import Reason
from pipelines.dedup.exact import Hashes
from pipelines.stages.publishing.rules import Limit, Of, Rule, rules_of
from pipelines.stages.work import codes, column
from pipelines.text.languages import label_of, may_be, scripts_of

REASONS: Final = tuple(Reason)
PASSED: Final = 0
BUCKETS: Final = ("head", "middle", "tail")


Codes = npt.NDArray[np.uint8]
_Mask = npt.NDArray[np.bool_]
Masks = Iterator[tuple[Reason, Any]]


@dataclass(frozen=True)
class Limits:
    """Every limit that is in force, in the order in which they are asked.

    `cutoffs` are the perplexities at which a language's head and its middle end.
    """

    section: PublishSection
    rules: Sequence[tuple[Rule, Limit]]
    cutoffs: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @staticmethod
    def of(
        section: PublishSection,
        scores: Mapping[str, Sequence[Of]] | None = None,
        derived: Mapping[str, Mapping[str, float]] | None = None,
        cutoffs: Mapping[str, tuple[float, float]] | None = None,
    ) -> "Limits":
        """Return the config's limits; those given as percentiles are `derived`, by the rule's path and language."""
        found = derived or {}
        rules = [
            (rule, found.get(rule.path, {}) if isinstance(limit, Percentile) else float(limit))
            for rule, limit in rules_of(section, scores or {})
        ]
        return Limits(section, rules, cutoffs or {})


def code_of(reason: Reason) -> int:
    """Return the code of a reason in an array of decisions; 0 means that a row passed."""
    return REASONS.index(reason) + 1


def text_failures(rows: pa.Table, documents: pa.Table, limits: Limits) -> Codes:
    """Return the first rule that each staged text, or its document, fails: uint8 [n], 0 where it passes all.

    `rows` are staged texts and `documents` theirs, each with its annotated columns.
    """
    return first_of(rows.num_rows, _text_masks(rows, documents, limits))


def pair_failures(
    pairs: pa.Table,
    labels: tuple[npt.NDArray[np.int32], list[str]],
    sides: Sequence[Hashes],
    usual: Mapping[str, float],
    limits: Limits,
) -> Codes:
    """Return the first rule that each pair fails: uint8 [n].

    `labels` are codes [n] of what pairs count for, and the names (`RowFile.languages`); `sides` the hashes of the
    folded texts; `usual` the mean logarithm of the length ratio by these names.
    """
    return first_of(pairs.num_rows, _pair_masks(pairs, labels, sides, usual, limits))


def first_of(rows: int, masks: Masks) -> Codes:
    """Return the code of the first reason whose mask has each row: uint8 [n]."""
    decided = np.zeros(rows, np.uint8)
    for reason, mask in masks:
        decided[(decided == PASSED) & np.asarray(mask)] = code_of(reason)
    return decided


def describe(reason: Reason, row: Mapping[str, Any], limits: Limits) -> str:
    """Return what decided about a dropped row, with its value and the limit.

    `row` has a row's columns, and under `documents` those of its document where it has one.
    """
    of = "pairs" if "source_text" in row else "rows"
    language = row.get("counted_as") or row["target_lang" if of == "pairs" else "lang"]
    for rule, limit in limits.rules:
        own = row if rule.of == of else row.get("documents") if rule.of == "documents" else None
        if rule.reason == reason and own and (said := rule.describe(own, language, limit)) is not None:
            return said
    return _described_apart(reason, row, limits) or reason.meaning


def values(limits: Limits) -> dict[Reason, dict[str, Any]]:
    """Return each reason's limits by their keys in the config; one that languages differ in, by language."""
    thresholds = limits.section.thresholds
    found: dict[Reason, dict[str, Any]] = {
        Reason.WRONG_LANGUAGE: {
            "language_probability": thresholds.language_probability, "language_chars": thresholds.language_chars,
        },
        Reason.UNSURE_LANGUAGE: {"document_probability": thresholds.document_probability},
        Reason.LENGTH_RATIO: {
            "max_length_ratio": thresholds.max_length_ratio, "length_ratio_chars": thresholds.length_ratio_chars,
        },
        Reason.SMALL_LANGUAGE: {"min_language_rows": thresholds.min_language_rows},
    }  # fmt: skip
    for rule, limit in limits.rules:
        name = rule.section.removeprefix("filters.scores.") if ".scores." in rule.section else ""
        found.setdefault(rule.reason, {})[f"{name}.{rule.key}" if name else rule.key] = limit
    if limits.section.filters.pairs is not None:
        found[Reason.NOT_IDENTIFIED] = {"language_probability": limits.section.filters.pairs.language_probability}
    if limits.section.filters.perplexity is not None:
        head, middle = ({name: pair[place] for name, pair in limits.cutoffs.items()} for place in (0, 1))
        found[Reason.PERPLEXITY] = {"head": head, "middle": middle}
    return found


def _text_masks(rows: pa.Table, documents: pa.Table, limits: Limits) -> Masks:
    if not rows.num_rows:
        return
    thresholds = limits.section.thresholds
    language, names = codes(rows, "lang")
    document_language, document_names = codes(documents, "lang")
    document_row = column(rows, "document_row").to_numpy()
    if "" in names:
        yield Reason.NO_LANGUAGE, language == names.index("")
    yield from _rules_of(limits, "rows", "thresholds", rows, language, names)
    yield Reason.WRONG_LANGUAGE, _wrong_language(rows, "", column(rows, "chars").to_numpy(), limits)
    if thresholds.document_probability > 0:
        same = np.array(documents["lang"].to_pylist(), object) == np.array(documents["lid"].to_pylist(), object)
        unsure = column(documents, "lid_prob").to_numpy() < np.float32(thresholds.document_probability)
        yield Reason.UNSURE_LANGUAGE, (same & unsure)[document_row]
    for reason, failing in _rules_of(limits, "documents", "", documents, document_language, document_names):
        if failing.any():
            yield reason, failing[document_row]
    yield from _rules_of(limits, "rows", "filters", rows, language, names)
    if limits.section.filters.perplexity is not None:
        failing = ~np.isin(_buckets(documents, document_language, document_names, limits), _kept_buckets(limits))
        yield Reason.PERPLEXITY, failing[document_row]


def _pair_masks(
    pairs: pa.Table,
    labels: tuple[npt.NDArray[np.int32], list[str]],
    sides: Sequence[Hashes],
    usual: Mapping[str, float],
    limits: Limits,
) -> Masks:
    if not pairs.num_rows:
        return
    thresholds, asked = limits.section.thresholds, limits.section.filters.pairs
    language, names = labels
    yield from _rules_of(limits, "pairs", "thresholds", pairs, language, names)
    yield Reason.UNTRANSLATED, sides[0] == sides[1]
    yield Reason.PLACEHOLDERS, ~column(pairs, "placeholders_agree").to_numpy(zero_copy_only=False)
    expected = np.array([usual.get(name, 0.0) for name in names], np.float32)[language]
    off = np.abs(column(pairs, "length_ratio").to_numpy() - expected)
    uneven = off > np.float32(math.log(thresholds.max_length_ratio))
    source, target = (_lengths(pairs, side) for side in ("source", "target"))
    yield Reason.LENGTH_RATIO, (np.maximum(source, target) >= thresholds.length_ratio_chars) & uneven
    yield (
        Reason.WRONG_LANGUAGE,
        (_wrong_language(pairs, "source_", source, limits) | _wrong_language(pairs, "target_", target, limits)),
    )
    if asked is not None and asked.scripts:
        yield Reason.WRONG_SCRIPT, _wrong_script(pairs, "source_") | _wrong_script(pairs, "target_")
    if asked is not None and asked.language_probability is not None:
        least = np.float32(asked.language_probability)
        yield Reason.NOT_IDENTIFIED, _not_identified(pairs, "source_", least) | _not_identified(pairs, "target_", least)
    yield from _rules_of(limits, "pairs", "filters", pairs, language, names)


def _rules_of(
    limits: Limits, of: Of, section: str, table: pa.Table, language: npt.NDArray[np.int32], names: list[str]
) -> Masks:
    for rule, limit in limits.rules:
        if rule.of == of and rule.section.startswith(section):
            yield rule.reason, rule.failing(table, language, names, limit)


def _lengths(pairs: pa.Table, side: str) -> npt.NDArray[np.int32]:
    lengths: npt.NDArray[np.int32] = pc.utf8_length(column(pairs, f"{side}_text")).to_numpy()
    return lengths


def _wrong_language(table: pa.Table, side: str, chars: npt.NDArray[np.int32], limits: Limits) -> _Mask:
    declared, languages = codes(table, f"{side}lang")
    identified, labels = codes(table, f"{side}lid")
    thresholds = limits.section.thresholds
    other = np.array([[not may_be(language, label) for label in labels] for language in languages])
    sure = column(table, f"{side}lid_prob").to_numpy() >= np.float32(thresholds.language_probability)
    wrong: _Mask = other[declared, identified] & sure & (chars >= thresholds.language_chars)
    return wrong


def _wrong_script(pairs: pa.Table, side: str) -> _Mask:
    declared, languages = codes(pairs, f"{side}lang")
    written, scripts = codes(pairs, f"{side}script")
    foreign = np.array([[_is_foreign(script, language) for script in scripts] for language in languages])
    wrong: _Mask = foreign[declared, written]
    return wrong


def _is_foreign(script: str, language: str) -> bool:
    written_in = scripts_of(language)
    return bool(script and written_in) and script not in written_in


def _not_identified(pairs: pa.Table, side: str, least: np.float32) -> _Mask:
    """Return which pairs have a side of a language that the identifier knows, and did not find surely: bool [n]."""
    declared, languages = codes(pairs, f"{side}lang")
    identified, labels = codes(pairs, f"{side}lid")
    other = np.array(
        [[bool(label_of(name)) and not (label and may_be(name, label)) for label in labels] for name in languages]
    )
    known = np.array([bool(label_of(name)) for name in languages])
    unsure = column(pairs, f"{side}lid_prob").to_numpy() < least
    missed: _Mask = other[declared, identified] | (known[declared] & unsure)
    return missed


def _buckets(documents: pa.Table, language: npt.NDArray[np.int32], names: list[str], limits: Limits) -> Any:
    """Return CCNet's bucket of each document as its place in BUCKETS, -1 where it has none (int [n])."""
    values = column(documents, PERPLEXITY).to_numpy(zero_copy_only=False)
    unknown = (math.nan, math.nan)
    cutoffs = np.array([limits.cutoffs.get(name, unknown) for name in names], np.float32)[language]
    buckets = (values[:, None] >= cutoffs).sum(axis=1)
    return np.where(np.isnan(values) | np.isnan(cutoffs[:, 0]), -1, buckets)


def _kept_buckets(limits: Limits) -> list[int]:
    perplexity = limits.section.filters.perplexity
    return [-1, *(BUCKETS.index(name) for name in perplexity.keep)] if perplexity else [-1]


def _described_apart(reason: Reason, row: Mapping[str, Any], limits: Limits) -> str | None:
    thresholds = limits.section.thresholds
    if reason == Reason.BLOCKED:
        return str(row["document"])
    if reason == Reason.UNSURE_LANGUAGE:
        return f"{row['documents']['lid']} at {row['documents']['lid_prob']:.2f} < {thresholds.document_probability}"
    if reason == Reason.PERPLEXITY:
        head, middle = limits.cutoffs[row["lang"]]
        return f"{row['documents'][PERPLEXITY]:.1f}; the head ends at {head:g}, the middle at {middle:g}"
    if reason == Reason.WRONG_LANGUAGE and "source_text" not in row:
        return f"{row['lid']} at {row['lid_prob']:.2f} ≥ {thresholds.language_probability}"
    if reason == Reason.WRONG_SCRIPT:
        sides = (f"{row[f'{side}_lang']} in {row[f'{side}_script'] or 'no script'}" for side in ("source", "target"))
        return " and ".join(sides)
    if reason == Reason.NOT_IDENTIFIED and limits.section.filters.pairs is not None:
        sides = (f"{row[f'{side}_lid'] or 'none'} at {row[f'{side}_lid_prob']:.2f}" for side in ("source", "target"))
        return f"{' and '.join(sides)}; asked are {limits.section.filters.pairs.language_probability}"
    if reason == Reason.REPEATED_SIDE:
        return f"more than {limits.section.duplicates.repeats_per_side} pairs with one side"
    if reason == Reason.WRONG_LANGUAGE:
        sides = (f"{row[f'{side}_lid']} at {row[f'{side}_lid_prob']:.2f}" for side in ("source", "target"))
        return f"{' and '.join(sides)}; sure from {thresholds.language_probability}"
    if reason == Reason.LENGTH_RATIO:
        return (
            f"target/source is {math.exp(row['length_ratio']):.2f}, "
            f"over {thresholds.max_length_ratio} times off the language's mean"
        )
    return None
