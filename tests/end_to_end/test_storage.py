"""Everything at s3://: raw input, datasets, checkpoints and the report, against a real S3 server on loopback."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.datasets.remote import Remote

if TYPE_CHECKING:
    from conftest import ObjectStore, World

pytestmark = pytest.mark.slow

STAGES = (
    "ingest",
    "align",
    "deduplicate",
    "annotate",
    "publish",
    "tokenize",
    "pretrain",
    "export",
    "evaluate",
    "report",
)


def at_url(world: "World", store: "ObjectStore") -> list[str]:
    """Put the raw input into the bucket, and return the settings by which all is read from and written to it."""
    bucket = Remote(store.url)
    for name in ("catalogs.zip", "lid.bin"):
        bucket.put(f"raw/{name}", world.folder / name)
    source = "{format: catalog, name: house, path: s3://%s/raw/catalogs.zip, pattern: 'components/{document}/{language}.json', languages: [en, de, fr, ja], split_bytes: 20000}"
    settings = {
        "runs": f"{store.url}/runs",
        "ingest.language_model": f"{store.url}/raw/lid.bin",
        "ingest.sources": f"[{source % store.bucket}]",
    }
    return [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]


def test_it(raw: "World", tmp_path: Path, object_store: "ObjectStore") -> None:
    world = raw.copy(tmp_path)
    settings = at_url(world, object_store)
    for stage in STAGES:
        t = time.time()
        print(world.polyloom(stage, *settings), time.time() - t, flush=True)
    print(Remote(object_store.url).sizes())
    print([p for p in world.folder.rglob("*")])
    print([p for p in Path(os.environ["POLYLOOM_CACHE"]).rglob(".*")])
