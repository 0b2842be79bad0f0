"""The limits that a corpus was published by, and what one of them says of a row."""

import importlib
import logging
from collections.abc import Mapping
from typing import Any

from pipelines.config.publish import PublishSection
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.reasons import Reason


def described(reason: Reason, row: Mapping[str, Any], published: Dataset, annotated: Dataset | None) -> str:
    """Return what decided that a row was dropped, with its value and the limit.

    `row` has the row's columns, and under `documents` those of its document.
    """
    thresholds = _publishing("thresholds")
    return str(thresholds.describe(reason, row, _limits(published, annotated)))


def _limits(published: Dataset, annotated: Dataset | None) -> Any:
    """Return the limits as `publish` had them; those that it derived from the corpus are in its manifest."""
    section = PublishSection.model_validate(published.manifest.config)
    used: Mapping[str, Mapping[str, Any]] = published.manifest.summary["thresholds"]
    scores = annotated.manifest.summary["columns"] if annotated else {}
    derived = {}
    for rule, _ in _publishing("rules").rules_of(section, scores):
        name = rule.section.removeprefix("filters.scores.") if ".scores." in rule.section else ""
        derived[rule.path] = used[rule.reason][f"{name}.{rule.key}" if name else rule.key]
    ends = used.get(Reason.PERPLEXITY, {"head": {}, "middle": {}})
    cutoffs = {language: (head, ends["middle"][language]) for language, head in ends["head"].items()}
    return _publishing("thresholds").Limits.of(section, scores, derived, cutoffs)


def _publishing(name: str) -> Any:
    """Import a step of publish by name, as stages are: it brings Beam, whose notes on optional packages help nobody."""
    logging.disable(logging.WARNING)
    try:
        return importlib.import_module(f"pipelines.stages.publishing.{name}")
    finally:
        logging.disable(logging.NOTSET)
