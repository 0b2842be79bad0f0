"""A service or pool that cannot do the job is found before it starts, in one sentence."""

import os
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import apache_beam as beam
import grpc
import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.stage import EngineSection
from pipelines.engine import portable, services, trial
from pipelines.engine.jobs import run_pipeline
from pipelines.engine.services import job_service, pool_answers

NOBODY = "127.0.0.1:9"  # the port of a service that no machine has had for decades


@pytest.fixture
def other_service() -> Iterator[str]:
    """Yield the address of a gRPC server that has no methods."""
    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "SECONDS", 1.0)


@pytest.fixture(scope="module")
def service(services: Any) -> str:
    return str(services.job_service())


def engine(job_endpoint: str, pool: str) -> EngineSection:
    addresses = {"job_endpoint": job_endpoint, "environment_config": pool}
    return EngineSection.model_validate({"runner": "portable", "workers": 1, "portable": addresses})


def refusal(section: EngineSection, folder: Path) -> str:
    """Return the sentence with which a job is refused before it is built."""
    folder.mkdir(exist_ok=True)
    before = set(folder.iterdir())
    with pytest.raises(UserError) as caught:
        run_pipeline(section, lambda _: pytest.fail("built"), folder)
    assert set(folder.iterdir()) == before
    return str(caught.value)


def test_no_job_service(tmp_path: Path) -> None:
    sentence = refusal(engine(NOBODY, NOBODY), tmp_path)
    assert sentence == f"no job service answers at {NOBODY}: start it, or correct job_endpoint in the engine's section"


def test_another_service(tmp_path: Path, other_service: str) -> None:
    with pytest.raises(UserError, match="answers, but is no Beam job service: correct job_endpoint"):
        job_service(other_service)
    assert not pool_answers(other_service)


@pytest.mark.slow
def test_no_pool(tmp_path: Path, services: Any, service: str) -> None:
    sentence = refusal(engine(service, NOBODY), tmp_path)
    assert sentence == f"no worker pool answers at {NOBODY}: start it, or correct environment_config in the config"


SITE = """
import importlib.abc, sys
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "pipelines":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Finder())
"""
OTHER_BEAM = "import apache_beam.version\napache_beam.version.__version__ = '2.60.0'\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("site", "message"),
    [
        (SITE, "the workers of {pool} lack polyloom: install the same polyloom there as here"),
        (
            OTHER_BEAM,
            "the workers of {pool} run Beam 2.60.0 for Python 3.11, this command Beam 2.77.0 for Python 3.11: ",
        ),
    ],
)
def test_a_pool_with_other_packages(tmp_path: Path, services: Any, service: str, site: str, message: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(site)
    root = Path(__file__).parents[3]
    pool = services.pool(environment={"PYTHONPATH": f"{tmp_path}:{root}"})
    sentence = refusal(engine(service, pool), tmp_path / "runs")
    assert sentence.startswith(message.format(pool=pool))


@pytest.mark.slow
def test_a_pool_with_other_storage(
    tmp_path: Path, services: Any, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    away = tmp_path / "away"
    away.mkdir()
    sentence = refusal(engine(service, services.pool(cwd=away)), Path("runs"))
    assert sentence == (
        f"a worker does not see runs, looking from {away}: let the workers see the runs folder under the same path, "
        "and name it in the key `runs` by its absolute path"
    )


@pytest.mark.slow
def test_a_pool_whose_workers_never_come(
    tmp_path: Path, services: Any, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "SECONDS", 4.0)
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    pool = services.pool(environment={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    sentence = refusal(engine(service, pool), tmp_path / "runs")
    assert sentence.startswith(f"the worker pool at {pool} answers, and none of its workers did a trial job within 4 s")


@pytest.mark.slow
def test_a_pool_that_will_do(tmp_path: Path, services: Any, service: str) -> None:
    addresses = service, services.pool()
    assert trial.trial(engine(*addresses), tmp_path).startswith(f"one of {addresses[1]} answered through {tmp_path}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_job_service_that_goes_away(tmp_path: Path, services: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portable, "SECONDS_TO_CONNECT", 2)
    section = engine(services.job_service(), services.pool())
    service = services.processes[-2]

    def build(_: object) -> None:
        service.kill()
        service.wait()

    with pytest.raises(UserError, match=r"the job service stopped answering \(no connection\): see its output, then"):
        run_pipeline(section, build, tmp_path)


class Slow(beam.DoFn):
    """Takes longer than Beam waits for a connection."""

    def process(self, element: int) -> None:
        time.sleep(6)


@pytest.mark.slow
def test_a_job_may_take_longer_than_a_connection(
    tmp_path: Path, services: Any, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portable, "SECONDS_TO_CONNECT", 3)
    section = engine(service, services.pool())
    run_pipeline(section, lambda pipeline: pipeline | beam.Create([1]) | beam.ParDo(Slow()), tmp_path)


def test_workers_with_another_version_of_this_package(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the workers run polyloom \S+, this command 99: install the same in both"):
        trial.Answer(tmp_path / "question", "99").process(1)


class Broken(beam.Pipeline):
    """A pipeline that cannot be submitted."""

    def run(self, test_runner_api: Any = "AUTO") -> Any:
        raise RuntimeError("Traceback (most recent call last):\n  File …\nValueError: odd")


def test_any_other_failure_names_its_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "new_pipeline", lambda _: Broken())
    with pytest.raises(UserError) as caught:
        trial.trial(engine(NOBODY, NOBODY), tmp_path)
    assert (
        str(caught.value) == f"a trial job failed on the workers of {NOBODY} (ValueError: odd): see the pool's output"
    )


def test_a_worker_whose_answer_does_not_appear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_run", lambda *_: None)
    monkeypatch.setattr(trial, "_VISIBLE_SECONDS", 0.0)
    with pytest.raises(
        UserError, match=rf"what a worker writes to {tmp_path} does not appear here: let the workers see"
    ):
        trial.trial(engine(NOBODY, NOBODY), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_job_server_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\nexit 3\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    jar = tmp_path / "job-server.jar"
    jar.touch()
    section = {"master": NOBODY, "environment_config": NOBODY, "job_server_jar": str(jar)}
    with pytest.raises(UserError, match=rf"{jar}: the job server did not start .*; see what `java -jar {jar}` says"):
        trial.trial(EngineSection.model_validate({"runner": "flink", "flink": section}), tmp_path)
