"""From labels to a table: what each system reaches by transfer, and how sure the differences are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from training.transfer.scores import Estimate, Gold, Ground, Labels, Values, estimate, minus

ENGLISH: Final = "en"
Predicted = Sequence[Mapping[str, Labels]]
"""A system's labels by language, for each seed; a control that has none is fitted once."""

_RESAMPLES: Final = 1000
_CONFIDENCE: Final = 0.95


def measured(
    gold: Mapping[str, Gold],
    classes: Sequence[str],
    systems: Mapping[str, Predicted],
    compared: Sequence[tuple[str, str]],
    seed: int = 1,
) -> dict[str, Any]:
    """Return macro-F1 of every system: in English, over all other languages, by language; and paired differences.

    compared: pairs of systems, of which the second is taken from the first, over all languages but English.
    """
    ground = Ground(gold, classes, _RESAMPLES, seed)
    others = [language for language in ground.languages if language != ENGLISH]
    transfer: dict[str, list[tuple[float, Values]]] = {}
    rows: dict[str, Any] = {}
    for name, seeds in systems.items():
        scores = [ground.scores(one) for one in seeds]
        transfer[name] = [one.mean(others) for one in scores]
        rows[name] = {
            "transfer": _rounded(estimate(transfer[name], ground.clusters, _CONFIDENCE)),
            "english": _rounded(estimate([one.mean([ENGLISH]) for one in scores], ground.clusters, _CONFIDENCE)),
            "by_language": {
                language: round(sum(one.mean([language])[0] for one in scores) / len(scores), 2)
                for language in ground.languages
            },
        }
    return {
        "classes": len(classes),
        "sentences": {language: len(one.labels) for language, one in gold.items()},
        "systems": rows,
        "differences": [
            {"of": one, "minus": other}
            | _rounded(estimate(_paired(transfer[one], transfer[other]), ground.clusters, _CONFIDENCE))
            for one, other in compared
        ],
    }


def markdown(title: str, result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table of a task, and that of the differences, in Markdown."""
    yield f"### {title}\n"
    yield f"Macro-F1 in % over {result['classes']} classes; the interval is over sentences and seeds.\n"
    yield f"| system | {len(result['sentences']) - 1} other languages | by seed | English | gap |"
    yield "|---|--:|--:|--:|--:|"
    for name, row in result["systems"].items():
        transfer, english = row["transfer"], row["english"]
        seeds = " ".join(f"{value:.1f}" for value in transfer["by_seed"]) if len(transfer["by_seed"]) > 1 else ""
        gap = english["mean"] - transfer["mean"]
        yield f"| `{name}` | {_bounds(transfer)} | {seeds} | {_bounds(english)} | {gap:.1f} |"
    yield "\n| difference, other languages | points |"
    yield "|---|--:|"
    for one in result["differences"]:
        yield f"| `{one['of']}` − `{one['minus']}` | {_difference(one)} |"
    yield ""


def _paired(one: Sequence[tuple[float, Values]], other: Sequence[tuple[float, Values]]) -> list[tuple[float, Values]]:
    seeds = max(len(one), len(other))
    return minus(*(list(each) * seeds if len(each) == 1 else list(each) for each in (one, other)))


def _rounded(one: Estimate) -> dict[str, Any]:
    values = asdict(one)
    return {name: round(values[name], 2) for name in ("mean", "low", "high")} | {
        "by_seed": [round(value, 2) for value in one.by_seed]
    }


def _bounds(one: Mapping[str, Any]) -> str:
    return f"{one['mean']:.1f} ({one['low']:.1f} to {one['high']:.1f})"


def _difference(one: Mapping[str, Any]) -> str:
    """Return a difference with its interval; bold where the interval leaves 0 out."""
    text = f"{one['mean']:+.1f} ({one['low']:+.1f} to {one['high']:+.1f})"
    return text if one["low"] <= 0 <= one["high"] else f"**{text}**"
