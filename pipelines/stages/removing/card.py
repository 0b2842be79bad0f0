"""The card of a corpus from which rows were removed."""

from collections.abc import Mapping
from typing import Final

from pipelines.dedup.survivors import SPLITS

_LAYOUT: Final = "\n## Layout\n"
Rows = Mapping[str, Mapping[str, Mapping[str, int]]]  # by kind, language and split


def card_after(card: str, fingerprint: str, reason: str, before: Rows, after: Rows) -> str:
    """Return the card of a corpus with a section on what was removed from the version `fingerprint`, and why.

    The section gives the sizes of the languages that lost rows, as they are now.
    """
    lines = ["| removed from | rows | left: train | dev | test |", "|---|--:|--:|--:|--:|"]
    for kind, languages in before.items():
        for language, splits in languages.items():
            left = after.get(kind, {}).get(language, {})
            if gone := sum(splits.values()) - sum(left.values()):
                sizes = " | ".join(f"{left.get(split, 0):,}" for split in SPLITS)
                lines.append(f"| {kind}: {language} | {gone:,} | {sizes} |")
    section = "\n\n".join(
        [
            "## Removed",
            f"From the version {fingerprint[:12]}, whose sizes stand above, rows were removed: {reason}",
            "\n".join(lines),
        ]
    )
    above, layout, below = card.partition(_LAYOUT)
    return f"{above.rstrip()}\n\n{section}\n{layout}{below}"
