"""The dataset card: what a corpus holds, where it comes from, and how it was made, as a README."""

from collections.abc import Mapping
from typing import Any

from pipelines.config.publish import PublishSection
from pipelines.datasets.counts import Counts
from pipelines.datasets.reasons import Reason
from pipelines.dedup.survivors import SPLITS
from pipelines.text.languages import LANGUAGES


def card(
    section: PublishSection, counts: Counts, kept: dict[str, Any], limits: Mapping[Reason, Mapping[str, Any]]
) -> str:
    """Return the card in Markdown; `kept` counts rows by kind, language and split, `limits` are by reason and key."""
    parts = [
        f"# {section.title}",
        section.origin,
        f"Licence of the text: {section.licence}",
        "## Size",
        *(_sizes(kind, languages) for kind, languages in kept.items() if languages),
        "## How it was made",
        "Paragraphs were normalised to Unicode NFC without control characters, and their language was identified. "
        "Rows that fail a threshold were dropped first; of each cluster of copies (equal under NFKC and case folding) "
        "one row was kept; whole documents were held out for dev and test; and every row equal to one that is held "
        "out more, on either side and in any language, was dropped.",
        _reasons(counts, limits),
        "## Layout",
        "`text/LANGUAGE/SPLIT-NNNNN.arrow` and `pairs/PIVOT-LANGUAGE/SPLIT-NNNNN.arrow` are Arrow IPC files; "
        "`manifest.json` lists them with rows, bytes and checksums. A row's source is its `file`, `record` and "
        "`paragraph`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sizes(kind: str, languages: dict[str, dict[str, int]]) -> str:
    rows = [f"| {kind}: language | code | ISO 639-3 | script | train | dev | test |", "|---|---|---|---|--:|--:|--:|"]
    for code, splits in languages.items():
        known = LANGUAGES.get(code)
        name, iso, script = (known.name, known.iso639_3, known.script) if known else (code, "", "")
        sizes = " | ".join(f"{splits[split]:,}" for split in SPLITS)
        rows.append(f"| {name} | {code} | {iso} | {script} | {sizes} |")
    return "\n".join(rows)


def _reasons(counts: Counts, limits: Mapping[Reason, Mapping[str, Any]]) -> str:
    rows = ["| dropped because | rows | threshold |", "|---|--:|---|"]
    for reason, count in counts.dropped.items():
        shown = ", ".join(f"{name} {_shown(value)}" for name, value in limits.get(reason, {}).items())
        rows.append(f"| {reason.meaning} | {count:,} | {shown} |")
    return "\n".join(rows)


def _shown(limit: float | Mapping[str, float]) -> str:
    return "by language" if isinstance(limit, Mapping) else f"= {limit:g}"
