"""The deployments fit the flows that they name."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from flows.server import local_api, use_quiet_prefect

ROOT = Path(__file__).parents[2]
PREFECT_YAML = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
DEPLOYMENTS = {deployment["name"]: deployment for deployment in PREFECT_YAML["deployments"]}


def schema_of(name: str) -> dict[str, Any]:
    flow = load_flow_from_entrypoint(DEPLOYMENTS[name]["entrypoint"], use_placeholder_flow=False)
    assert flow.name == name
    return parameter_schema(flow).model_dump()


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_parameters_fit_the_flow(name: str) -> None:
    schema = schema_of(name)
    assert set(DEPLOYMENTS[name]["parameters"]) == {"config", "overrides"} == set(schema["properties"])
    validator = Draft202012Validator({**schema, "$defs": schema.get("definitions", {})})
    validator.validate(DEPLOYMENTS[name]["parameters"])
    assert not validator.is_valid({"config": "a.yaml", "overrides": ["no equals sign"]})
    assert not validator.is_valid({"config": 3})


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_the_recipe_is_in_the_repository(name: str) -> None:
    assert (ROOT / DEPLOYMENTS[name]["parameters"]["config"]).is_file()


def test_no_path_of_the_deploying_machine_is_frozen_in() -> None:
    (step,) = PREFECT_YAML["pull"]
    assert step == {"prefect.deployments.steps.set_working_directory": {"directory": "{{ $POLYLOOM_HOME }}"}}


@pytest.mark.slow
@pytest.mark.usefixtures("clean_environment")
def test_the_deployments_are_accepted_by_a_server(tmp_path: Path) -> None:
    use_quiet_prefect(tmp_path)
    prefect = str(Path(sys.executable).with_name("prefect"))
    with local_api(tmp_path / "server.log"):
        for command in (
            ["work-pool", "create", "polyloom", "--type", "process"],
            ["--no-prompt", "deploy", "--all"],
        ):
            subprocess.run([prefect, *command], cwd=ROOT, check=True, capture_output=True)
        shown = subprocess.run(
            [prefect, "deployment", "inspect", "full/full", "--output", "json"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    deployment = yaml.safe_load(shown)
    assert deployment["pull_steps"] == PREFECT_YAML["pull"]
    assert deployment["enforce_parameter_schema"] is True
    assert [schedule["active"] for schedule in deployment["schedules"]] == [False]
    assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
