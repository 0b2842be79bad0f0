"""Metrics for Prometheus: a text file for each stage, which node_exporter's textfile collector serves.

Stages are processes that come and go, on whatever machine a worker runs: a file outlives them, and needs no port.
POLYLOOM_METRICS names the folder; without it nothing is written.
"""

import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from pipelines.datasets.manifest import Manifest

FOLDER: Final = "POLYLOOM_METRICS"
PREFIX: Final = "polyloom_stage_"
_LABELS: Final = ("recipe", "stage", "instance")


class StageMetrics:
    """The metrics of one stage of a recipe. Each call replaces the whole file.

    recipe: the recipe's name; label: the stage's, with its instance after a space where it has one.
    """

    def __init__(self, recipe: str, label: str) -> None:
        stage, _, instance = label.partition(" ")
        self._labels = dict(zip(_LABELS, (recipe, stage, instance), strict=True))
        folder = os.environ.get(FOLDER, "")
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"polyloom-{recipe}-{label}.prom")
        self._path = Path(folder) / name if folder else None

    def goes_on(self, state: Mapping[str, Any]) -> None:
        """Write how far a stage is, from the file of its progress: units, their rate, and a training's figures."""
        figures = {
            "running": 1.0,
            "done_units": float(state["done"]),
            "total_units": float(state["total"]),
            "units_per_second": float(state["rate"]),
        }
        self._write(figures, {"unit": state["unit"]}, {"figure": state["figures"]})

    def is_done(self, manifest: Manifest, seconds: float) -> None:
        """Write what a finished dataset has, from its manifest; `seconds` is how long the stage took."""
        rows = manifest.rows
        figures = {
            "running": 0.0,
            "failed": 0.0,
            "seconds": seconds,
            "finished_timestamp_seconds": time.time(),
            "rows_in": float(rows.rows_in),
            "rows_out": float(rows.rows_out),
            "rows_per_second": rows.rows_in / max(seconds, 1e-9),
            "bytes": float(sum(entry.bytes for entry in manifest.files)),
        }
        self._write(figures, {}, {"dropped_rows": {str(reason): count for reason, count in rows.dropped.items()}})

    def has_ended(self, failed: bool) -> None:
        """Write that the stage ended without its dataset: with an error, or because it was asked to stop."""
        self._write({"running": 0.0, "failed": float(failed), "finished_timestamp_seconds": time.time()}, {}, {})

    def _write(
        self, figures: Mapping[str, float], further: Mapping[str, str], by_name: Mapping[str, Mapping[str, float]]
    ) -> None:
        if self._path is None:
            return
        registry, labels = CollectorRegistry(), {**self._labels, **further}
        for name, value in figures.items():
            Gauge(PREFIX + name, HELP[name], labels, registry=registry).labels(**labels).set(value)
        for name, values in by_name.items():
            gauge = Gauge(PREFIX + name, HELP[name], (*_LABELS, "name"), registry=registry)
            for key, value in values.items():
                gauge.labels(**self._labels, name=key).set(value)
        with suppress(OSError):  # what is shown must not end what is done
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_to_textfile(str(self._path), registry)


HELP: Final = {
    "running": "Whether the stage runs.",
    "failed": "Whether it ended with an error.",
    "done_units": "Units that are done, of the kind that the label names: tokens where it trains.",
    "total_units": "Units that there are to do.",
    "units_per_second": "Units per second since this run of the stage began.",
    "figure": "What training says of its last step: losses by objective, retrieval on dev in percent, MFU.",
    "seconds": "Seconds that the stage took.",
    "finished_timestamp_seconds": "When it ended, in seconds since 1970.",
    "rows_in": "Rows (records, pairs, steps) that it read.",
    "rows_out": "Rows that it wrote.",
    "rows_per_second": "Rows read per second.",
    "bytes": "Bytes of all files that it wrote.",
    "dropped_rows": "Rows that it dropped, by reason.",
}
"""What each metric says; docs/operations.md lists them."""
