"""The Flink profile of docker/compose.yaml fits the code that it starts. No engine starts it here."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from apache_beam.options.pipeline_options import FlinkRunnerOptions
from apache_beam.version import __version__ as beam_version

from pipelines.datasets.stage import EngineSection

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
# of the compose specification (schema/compose-spec.json of compose-spec), those that are used
KEYS = {
    "command", "depends_on", "entrypoint", "environment", "healthcheck", "image", "network_mode", "ports", "profiles",
    "user", "volumes",
}  # fmt: skip
CHECK_KEYS = {"test", "interval", "timeout", "retries"}
CONDITIONS = {"service_started", "service_healthy"}


@pytest.fixture
def engine() -> EngineSection:
    """Return the engine section that the file's first lines tell to put into a recipe."""
    lines = TEXT.partition("# The recipe's engine section:\n")[2].partition("x-corpus")[0]
    section = yaml.safe_load("\n".join(line.removeprefix("#") for line in lines.splitlines()))
    return EngineSection.model_validate(section["engine"])


def mounts(name: str) -> dict[str, str]:
    """Return the folders of a service by where they are mounted."""
    parts = (volume.split(":") for volume in SERVICES[name].get("volumes", []))
    return {part[1]: part[0] for part in parts}


def after(words: list[str], option: str) -> str:
    return words[words.index(option) + 1]


def test_every_key_is_one_of_the_specification() -> None:
    assert all(name == "services" or name.startswith("x-") for name in COMPOSE)
    for service in SERVICES.values():
        assert set(service) <= KEYS
        assert service["profiles"] == ["flink"]
        assert set(service.get("healthcheck", {})) <= CHECK_KEYS


def test_who_is_waited_for_is_there_and_can_be_healthy() -> None:
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            assert how["condition"] in CONDITIONS
            assert how["condition"] == "service_started" or "healthcheck" in SERVICES[name]


def test_versions_fit_each_other() -> None:
    flink = re.search(r"flink:([\d.]+)-java(\d+)\}", SERVICES["jobmanager"]["image"])
    assert flink is not None
    assert flink[1] in FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS
    assert int(flink[2]) >= 11
    assert SERVICES["taskmanager"]["image"] == SERVICES["job-server"]["image"] == SERVICES["jobmanager"]["image"]
    jar = f"beam-runners-flink-{flink[1]}-job-server-{beam_version}.jar"
    folder, name = SERVICES["job-server"]["entrypoint"][-1].rsplit("/", 1)
    assert name == jar
    assert mounts("job-server")[folder] == "../jars"
    assert set(re.findall(r"beam-runners-\S+\.jar", TEXT)) == {jar}


def test_the_pool_is_beams_in_the_network_of_the_task_manager(engine: EngineSection) -> None:
    pool = SERVICES["pool"]
    python, _, module, *options = pool["entrypoint"]
    assert python == "python"
    assert importlib.util.find_spec(module) is not None
    assert pool["network_mode"] == "service:taskmanager"
    assert engine.flink is not None
    assert engine.flink.environment_config == f"localhost:{after(options, '--service_port')}"
    assert after(options, "--service_port") in pool["healthcheck"]["test"][-1]


def test_the_recipe_asks_where_the_services_are(engine: EngineSection) -> None:
    assert engine.runner == "flink"
    assert engine.flink is not None
    server = SERVICES["job-server"]["command"]
    assert engine.flink.job_endpoint == f"{after(server, '--job-host')}:{after(server, '--job-port')}"
    assert after(server, "--job-host") in SERVICES
    assert engine.flink.master == after(server, "--flink-master")
    assert engine.flink.master.split(":")[0] in SERVICES
    properties = yaml.safe_load(SERVICES["taskmanager"]["environment"]["FLINK_PROPERTIES"])
    assert properties["jobmanager.rpc.address"] in SERVICES
    assert engine.options["parallelism"] <= properties["taskmanager.numberOfTaskSlots"]


def test_pool_and_submitter_see_the_same_folders_as_the_same_user() -> None:
    own: tuple[dict[str, Any], dict[str, Any]] = (SERVICES["pool"], SERVICES["submit"])
    assert own[0]["volumes"] == own[1]["volumes"]
    assert own[0]["user"] == own[1]["user"]
    assert own[0]["image"] == own[1]["image"]
    assert "--target pipelines -t polyloom-pipelines" in TEXT
    assert "AS pipelines" in DOCKERFILE
    assert "WORKDIR /app" in DOCKERFILE
    assert {path.rpartition("/")[0] for path in mounts("pool")} == {"/app", "/app/flows"}
    for source in set(mounts("pool").values()) - {"../runs", "../data"}:  # the user makes these
        assert (ROOT / "docker" / source).is_dir()
