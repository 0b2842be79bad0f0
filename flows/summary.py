"""What a run says at its end, read from manifests and from report.json."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.manifest import Manifest
from pipelines.datasets.mirror import shown
from pipelines.datasets.stage import StageRun, deliver

_REPORT_JSON = "report.json"


def deliver_all(folder: Path, runs: Sequence[StageRun]) -> list[Path]:
    """Put what all runs made for people beside the datasets. Raises UserError where a dataset is not whole."""
    return [path for run in runs for path in deliver(Dataset(run.folder), folder)]


def closing_lines(delivered: Sequence[Path]) -> Iterator[str]:
    """Yield what to read next, and the scores where the run has any."""
    for path in delivered:
        if path.name == _REPORT_JSON:
            yield from _score_lines(json.loads(path.read_bytes()).get("retrieval"))
    for path in delivered:
        if path.suffix == ".html":
            yield f"report: {shown(path)}"


def rows_table(runs: Sequence[StageRun]) -> list[dict[str, Any]]:
    """Return rows in, expanded, out and dropped of each finished run, for a table."""
    return [
        {
            "stage": run.label,
            "in": rows.rows_in,
            "unit in": manifest.unit_in,
            "expanded": rows.expanded,
            "out": rows.rows_out,
            "unit out": manifest.unit_out,
            "dropped": sum(rows.dropped.values()),
            "reasons": ", ".join(f"{reason} {count:,}" for reason, count in rows.dropped.items()),
        }
        for run in runs
        if run.is_done
        for manifest in [Dataset(run.folder).manifest]
        for rows in [manifest.rows]
    ]


def rows_line(manifest: Manifest) -> str:
    """Return the counts of a manifest as one line."""
    rows = manifest.rows
    dropped = sum(rows.dropped.values())
    return (
        f"{rows.rows_in:,} {manifest.unit_in} in, {rows.rows_out:,} {manifest.unit_out} out"
        f"{f', {dropped:,} dropped' if dropped else ''}"
    )


def duration(seconds: float) -> str:
    """Return seconds as `4.2 s` or `3 min 07 s`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def _score_lines(retrieval: dict[str, Any] | None) -> Iterator[str]:
    if not retrieval:
        return
    yield (
        f"retrieval, mean top-1 in % over {retrieval['languages']} languages, both directions "
        f"({retrieval['candidates']} candidates, chance {retrieval['chance']:.2g} %):"
    )
    for system, score in retrieval["scores"].items():
        yield f"  {system:<16} {score:5.1f}"
    low, high = retrieval["gain_ci95"]
    yield f"  gain over the strongest control: {low:+.1f} to {high:+.1f} points (95 % interval)"
