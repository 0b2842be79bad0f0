"""Events: those that start the next deployment are not for flows that another flow runs."""

from pathlib import Path
from typing import Any

import pytest

from flows import events
from pipelines.plan import plan
from pipelines.recipe import load_recipe


@pytest.mark.parametrize(("parent", "count"), [(None, 2), ("a flow run", 1)])
def test_a_subflow_announces_nothing_but_tells_alarms(
    recipe_path: Path, monkeypatch: pytest.MonkeyPatch, parent: str | None, count: int
) -> None:
    emitted: list[tuple[str, dict[str, str], dict[str, Any]]] = []
    monkeypatch.setattr(
        events, "emit_event", lambda event, resource, payload: emitted.append((event, resource, payload))
    )
    monkeypatch.setattr(events.runtime.flow_run, "parent_flow_run_id", parent, raising=False)
    (run,) = plan(load_recipe(recipe_path))
    events.announce(events.CORPUS, run, {"config": "a.yaml"})
    events.tell(events.SHRUNK, run, {"version": 2})
    assert len(emitted) == count
    event, resource, payload = emitted[-1]
    assert (event, payload) == ("polyloom.corpus.shrunk", {"version": 2})
    assert resource["prefect.resource.id"] == f"polyloom.dataset.tiny.{run.folder.name}"
