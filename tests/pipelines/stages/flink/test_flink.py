"""Flink: the cluster and all that comes before a submission; with the job server's jar, the whole corpus pipeline."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.stage import EngineSection, execute
from pipelines.engine.cluster import flink_cluster
from pipelines.engine.jobs import run_pipeline

JAR = os.environ.get("POLYLOOM_FLINK_JAR", "")
WORDS = ("host", "name", "password", "device", "light")
SECTIONS: dict[str, dict[str, Any]] = {
    "align": {},
    "deduplicate": {},
    "publish": {"test": {"share": 0.2}, "dev": {"share": 0.2}},
    "tokenize": {"vocabulary": 28, "threads": 1},
}


def engine(master: str, pool: str, jar: str) -> EngineSection:
    section = {"master": master, "environment_config": pool, "job_server_jar": jar}
    return EngineSection.model_validate({"runner": "flink", "flink": section, "options": {"parallelism": 2}})


def test_the_cluster_shows_its_slots(flink_master: str) -> None:
    assert flink_cluster(flink_master) == f"Flink 2.2 at {flink_master}: 2 task managers, 2 of 2 slots free"


def test_a_jar_that_is_not_there_is_refused_before_the_job(flink_master: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.jar: no such file; engine\.flink\.job_server_jar is Beam's job server"):
        run_pipeline(engine(flink_master, "localhost:9", "none.jar"), lambda _: pytest.fail("built"), tmp_path)


def test_a_jar_that_is_no_job_server_is_refused_before_the_job(flink_master: str, tmp_path: Path) -> None:
    jar = tmp_path / "other.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nMain-Class: Nothing\n\n")
    with pytest.raises(
        UserError, match=r"other\.jar: the job server did not start .*; see what `java -jar .*other\.jar` says"
    ):
        run_pipeline(engine(flink_master, "localhost:9", str(jar)), lambda _: pytest.fail("built"), tmp_path)


@pytest.mark.skipif(not JAR, reason="no job server: make test-flink JAR=beam-runners-flink-2.2-job-server-2.77.0.jar")
def test_the_whole_pipeline_gives_the_same_manifests_as_this_process(
    flink_master: str, corpus: Callable[..., Any], services: Any
) -> None:
    catalogs = {
        f"c{number}": {
            "en": {word: f"enter the {word} of {WORDS[number % 5]} {number // 2}" for word in WORDS},
            "de": {word: f"{word} für {WORDS[number % 5]} {number // 2} eingeben" for word in WORDS},
        }
        for number in range(8)
    }
    here = corpus(catalogs, folder="here", split_bytes=800, **SECTIONS)
    here.make(workers=1)
    there = corpus(catalogs, folder="there", split_bytes=800, **SECTIONS)
    cluster = engine(flink_master, services.pool(), JAR)
    for stage, run in there.runs.items():
        assert execute(run, cluster).manifest == here.dataset(stage).manifest
