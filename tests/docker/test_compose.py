"""docker/compose.yaml fits the images, the deployments and the code that it starts. No engine starts it here."""

import importlib.util
import os
import re
import shutil
import subprocess
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
    "restart", "stop_grace_period", "user", "volumes",
}  # fmt: skip
CHECK_KEYS = {"test", "interval", "timeout", "retries"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
SECRETS = {
    "PREFECT_SERVER_API_AUTH_STRING": "operator:secret-of-the-server",
    "POSTGRES_PASSWORD": "secret0of0the0database",
}
PREFECT = {"database", "server", "worker-corpus", "worker-training", "deploy"}


@pytest.fixture
def engine() -> EngineSection:
    """Return the engine section that the file's first lines tell to put into a recipe."""
    lines = TEXT.partition("# The recipe's engine section:\n")[2].partition("x-check")[0]
    section = yaml.safe_load("\n".join(line.removeprefix("#") for line in lines.splitlines()))
    return EngineSection.model_validate(section["engine"])


def mounts(name: str) -> dict[str, str]:
    """Return the folders of a service by where they are mounted."""
    parts = (volume.split(":") for volume in SERVICES[name].get("volumes", []))
    return {part[1]: part[0] for part in parts}


def after(words: list[str], option: str) -> str:
    return words[words.index(option) + 1]


def test_every_key_is_one_of_the_specification() -> None:
    assert all(name in {"services", "volumes"} or name.startswith("x-") for name in COMPOSE)
    for name, service in SERVICES.items():
        assert set(service) <= KEYS
        assert service.get("profiles") == (None if name in PREFECT else ["demo"] if name == "demo" else ["flink"])
        assert set(service.get("healthcheck", {})) <= CHECK_KEYS


def test_who_is_waited_for_is_there_and_can_be_healthy() -> None:
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            assert how["condition"] in CONDITIONS
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[name]


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
    assert "AS pipelines" in DOCKERFILE
    assert "WORKDIR /app" in DOCKERFILE
    assert {path.rpartition("/")[0] for path in mounts("pool")} == {"/app", "/app/flows"}
    for source in set(mounts("pool").values()) - {"../runs", "../data"}:  # the user makes these
        assert (ROOT / "docker" / source).is_dir()


def test_there_is_a_worker_for_each_pool_and_none_for_what_no_image_holds() -> None:
    pools = {
        after(service["entrypoint"], "--pool"): service["image"]
        for name, service in SERVICES.items()
        if name.startswith("worker-")
    }
    assert pools == {"corpus": "${POLYLOOM_IMAGE:-polyloom-pipelines}", "training": "polyloom-training"}
    script = SERVICES["deploy"]["entrypoint"][-1]
    asked = dict(re.findall(r"--name (\S+) --pool (\S+)", script))
    assert asked == {"corpus": "corpus", "pretrain": "training", "evaluate": "training"}
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert set(asked) <= {deployment["name"] for deployment in deployments}
    assert SERVICES["demo"]["entrypoint"][3] == "corpus/corpus"


def test_every_image_of_ours_is_a_target_and_has_a_health_check_and_labels() -> None:
    images = {re.sub(r"\$\{\w+:-(.+)\}", r"\1", service["image"]) for service in SERVICES.values()}
    targets = set(re.findall(r"^FROM base AS (\w+)$", DOCKERFILE, re.MULTILINE))
    assert {image for image in images if image.startswith("polyloom-")} == {f"polyloom-{target}" for target in targets}
    assert DOCKERFILE.count("USER polyloom\n") == len(targets)
    assert DOCKERFILE.count("org.opencontainers.image.revision") == len(targets)
    assert DOCKERFILE.count("HEALTHCHECK") == 1  # in the base


def test_secrets_have_no_default_and_stand_in_no_command() -> None:
    for secret in SECRETS:
        assert set(re.findall(rf"\$\{{{secret}(.{{2}})", TEXT)) <= {":?"}
    for service in SERVICES.values():
        words = " ".join([*service.get("entrypoint", []), *service.get("command", [])])
        assert not any(secret in words for secret in SECRETS)


def test_the_api_listens_on_this_machine_alone() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(published) == 2
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.mark.parametrize("missing", [None, *SECRETS])
def test_docker_compose_takes_it_and_asks_for_missing_secrets(missing: str | None) -> None:
    compose = shutil.which("docker-compose")
    if compose is None:  # the tests above hold without it
        return
    given = {name: value for name, value in (os.environ | SECRETS).items() if name != missing}
    done = subprocess.run(
        [compose, "--file", str(ROOT / "docker" / "compose.yaml"), "--profile", "flink", "--profile", "demo", "config",
         "--quiet"],
        env=given, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) == (missing is None), done.stderr
    assert "set it to" in done.stderr or missing is None
