"""What is predicted for a task in one language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Predicted:
    """The predictions for one language: the text of their file, their scores (percent by metric), and what else.

    beside: further scores by their name, which no average counts; notes: JSON values, such as a threshold.
    """

    language: str
    examples: int
    text: str
    scores: Mapping[str, float]
    beside: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)


def beside(found: Sequence[Predicted]) -> dict[str, dict[str, dict[str, float]]]:
    """Return the further scores by name, language and metric."""
    names = dict.fromkeys(name for one in found for name in one.beside)
    return {name: {one.language: dict(one.beside[name]) for one in found if name in one.beside} for name in names}
