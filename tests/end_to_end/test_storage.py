"""Every stage with its datasets at s3://, each on a machine of its own, and one request in ten fails."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import s3_server
import xxhash

from pipelines.datasets.mirror import CACHE
from pipelines.datasets.remote import Remote

if TYPE_CHECKING:
    from conftest import ObjectStore, World

pytestmark = pytest.mark.slow


def test_what_is_made_at_a_url_has_the_bytes_of_what_is_made_in_a_folder(
    raw: "World",
    undisturbed: "World",
    object_store: "ObjectStore",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = raw.copy(tmp_path / "world")
    faults = s3_server.Faults(10)
    with s3_server.proxy(object_store.server, faults) as url, monkeypatch.context() as each:
        each.setenv("AWS_ENDPOINT_URL", url)
        for stage in dict.fromkeys(run.spec.name for run in undisturbed.plan()):
            each.setenv(CACHE, str(tmp_path / stage))
            world.polyloom(stage, "--set", f"runs={object_store.url}/runs")
    assert all(faults.failed.values())
    found = Remote(f"{object_store.url}/runs/tiny")
    names = [name for name in found.sizes() if "/" in name and not name.endswith("/run.json")]
    made = {name: xxhash.xxh3_64_hexdigest(found.read(name)) for name in names if not name.startswith("report-")}
    assert made == undisturbed.made()
    assert found.exists("report.html")
    assert not (world.folder / "runs").exists()
