"""The whole demo at an S3 server where one request in ten fails: raw files, datasets, checkpoints, report.

`make demo-s3` collects it, after `make run`, with which it is compared; it takes ten minutes.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import s3_server
import yaml

from pipelines.datasets.remote import Remote

if TYPE_CHECKING:
    from conftest import ObjectStore

ROOT = Path(__file__).parents[2]
POLYLOOM = str(Path(sys.executable).with_name("polyloom"))


def test_the_demo_gives_the_same_figures(
    object_store: "ObjectStore", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = (ROOT / "flows" / "configs" / "demo.yaml").read_text(encoding="utf-8")
    recipe = yaml.safe_load(demo.replace("path: data/", f"path: {object_store.url}/data/").replace(
        "::data/", f"::{object_store.url}/data/"
    ))  # fmt: skip
    packages = recipe.pop("fetch")["packages"]
    recipe["runs"] = f"{object_store.url}/runs"
    (tmp_path / "demo.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    store = Remote(f"{object_store.url}/data")
    for package in packages:
        store.put(package["file"], ROOT / "data" / package["file"])

    faults = s3_server.Faults(10)
    with s3_server.proxy(object_store.server, faults) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        done = subprocess.run([POLYLOOM, "run", "demo.yaml"], cwd=tmp_path, check=False)
    assert done.returncode == 0
    assert all(faults.failed.values())
    made = json.loads(Remote(f"{object_store.url}/runs/demo").read("report.json"))
    local = json.loads((ROOT / "runs" / "demo" / "report.json").read_bytes())
    assert made["rows"] == local["rows"]
    assert made["retrieval"] == local["retrieval"]
    assert [path.name for path in tmp_path.iterdir()] == ["demo.yaml"]
