"""The events by which one deployment starts the next, and by which alarms are raised."""

from collections.abc import Mapping
from typing import Any

from prefect import runtime
from prefect.events import emit_event

from pipelines.datasets.stage import StageRun

CORPUS = "polyloom.corpus.published"
ENCODERS = "polyloom.encoders.trained"
REPORT = "polyloom.report.published"
SHRUNK = "polyloom.corpus.shrunk"


def announce(event: str, run: StageRun, payload: Mapping[str, Any]) -> None:
    """Emit the event that starts the next deployment, unless another flow runs this one and goes on by itself."""
    if runtime.flow_run.parent_flow_run_id is None:
        tell(event, run, payload)


def tell(event: str, run: StageRun, payload: Mapping[str, Any]) -> None:
    """Emit an event about the dataset of `run`."""
    dataset = f"{run.folder.parent.name}.{run.folder.name}"
    resource = {"prefect.resource.id": f"polyloom.dataset.{dataset}", "prefect.resource.name": dataset}
    emit_event(event, resource, payload=dict(payload))
