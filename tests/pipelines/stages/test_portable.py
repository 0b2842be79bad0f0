"""Bytes do not depend on the runner: the whole corpus pipeline through a job service and a pool of its own."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.datasets.stage import EngineSection, execute

WORDS = ("host", "name", "password", "device", "light")
CATALOGS = {
    f"c{number}": {
        "en": {word: f"enter the {word} of {WORDS[number % 5]} {number // 2}" for word in WORDS},
        "de": {word: f"{word} für {WORDS[number % 5]} {number // 2} eingeben" for word in WORDS},
    }
    for number in range(8)
}
SECTIONS: dict[str, dict[str, Any]] = {
    "align": {},
    "deduplicate": {},
    "publish": {"test": {"share": 0.2}, "dev": {"share": 0.2}},
    "tokenize": {"vocabulary": 28, "threads": 1},
}


@pytest.mark.slow
def test_a_job_service_and_a_pool_give_the_same_manifests_as_this_process(
    corpus: Callable[..., Any], services: Any
) -> None:
    addresses = {"job_endpoint": services.job_service(), "environment_config": services.pool()}
    engine = EngineSection.model_validate({"runner": "portable", "workers": 1, "portable": addresses})
    here = corpus(CATALOGS, folder="here", split_bytes=800, **SECTIONS)
    here.make(workers=1)
    assert len(here.dataset("ingest").files(kind="staged")) > 2
    there = corpus(CATALOGS, folder="there", split_bytes=800, **SECTIONS)
    for stage, run in there.runs.items():
        dataset = execute(run, engine)
        assert dataset.manifest == here.dataset(stage).manifest  # with each file's checksum
        assert list(dataset.damaged()) == []
    left = [path.name for path in there.folder.rglob("*") if path.name.startswith(".tmp-")]
    assert left == []
