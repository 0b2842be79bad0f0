"""From what was measured, sentence by sentence, to what `comparison.json` says."""

from collections.abc import Mapping
from typing import Any

from training.comparison.differences import Units, Values, by_language, difference, means


def compared(
    values: Mapping[str, Values], units: Units, unit: str, reference: str, confidence: float, controls: frozenset[str]
) -> dict[str, Any]:
    """Return the means of all systems and the paired differences of all others from the reference.

    values: float64 `[seeds, n]` by system, in `unit` (times `units.sizes`). Controls are no side: each side is compared
    with them, under `against`.
    """
    sides = [name for name in values if name not in controls]
    return {
        "unit": unit,
        "languages": units.names,
        "sentences": len(units.sizes),
        "means": {name: _means(value, units) for name, value in values.items()},
        "differences": {
            name: _differences(values[name] - values[reference], units, confidence)
            for name in sides
            if name != reference
        },
        "against": {
            control: {name: difference(values[name] - values[control], units, confidence).rounded() for name in sides}
            for control in sorted(controls)
        },
    }


def _means(values: Values, units: Units) -> dict[str, Any]:
    by_seed = means(values, units)
    return {
        "mean": round(float(by_seed.mean()), 4),
        "by_seed": [round(value, 4) for value in by_seed.tolist()],
        "by_language": {
            language: round(float(means(values[:, own], units.take(own)).mean()), 4)
            for language in units.names
            for own in [units.only(language)]
        },
    }


def _differences(values: Values, units: Units, confidence: float) -> dict[str, Any]:
    languages = by_language(values, units, confidence)
    return {
        "overall": difference(values, units, confidence).rounded(),
        "by_language": {language: one.rounded() for language, one in languages.items()},
    }
