"""What the steps since the last line of the history measured, and the means that the line gets."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from training.data.batch import Step
from training.measures.space import potential
from training.objectives.together import MEASURES

Measured = Mapping[str, tuple[float, float]]
"""By name: a sum, and the number of what was summed."""


@dataclass
class Sums:
    """Sums and counts by name, and the steps that were left out; plain values, as a checkpoint takes them."""

    values: dict[str, float] = field(default_factory=dict)
    counts: dict[str, float] = field(default_factory=dict)
    skipped: int = 0

    def add(self, measured: Measured) -> None:
        """Add what one step measured."""
        for name, (value, count) in measured.items():
            self.values[name] = self.values.get(name, 0.0) + value
            self.counts[name] = self.counts.get(name, 0.0) + count

    def means(self) -> dict[str, float]:
        """Return the mean of each measure that has any count, of uniformity its logarithm, and what was left out."""
        means = {name: value / self.counts[name] for name, value in self.values.items() if self.counts[name]}
        if "uniformity" in means:
            means["uniformity"] = math.log(means["uniformity"])
        if self.skipped:
            means["skipped_steps"] = self.skipped
        return means


def measured(step: Step, measures: Tensor, norm: float, keys: Tensor | None) -> Measured:
    """Return what a step measured: losses, the gradient's norm, and of the contrast hits, alignment and uniformity.

    `contrast_entropy` is that of the step's pairs of languages, in nats. measures: MEASURES of the whole step; norm:
    before clipping; keys: float32 `[N, D]`, all keys of the step, None without the contrast.
    """
    counts = step.target_counts
    sums = dict(zip(MEASURES, measures.tolist(), strict=True))
    found: dict[str, tuple[float, float]] = {name: (sums[name], count) for name, count in counts.items()}
    found["gradient_norm"] = (norm, 1)
    if keys is not None and step.contrast_entropy is not None:
        examples = counts["xlco"]
        found |= {
            "xlco_hits": (sums["hits"], examples),
            "alignment": (sums["distances"], examples),
            "uniformity": potential(keys),
            "contrast_entropy": (step.contrast_entropy, 1),
        }
    return found
