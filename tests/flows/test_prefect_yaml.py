"""The deployments fit the flows that they name."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from flows.automations import automations
from flows.events import CORPUS, ENCODERS
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
    assert set(DEPLOYMENTS[name]["parameters"]) == set(schema["properties"])
    validator = Draft202012Validator({**schema, "$defs": schema.get("definitions", {})})
    validator.validate(DEPLOYMENTS[name]["parameters"])
    for bad in ({"config": "a.yaml", "overrides": ["no equals sign"]}, {"config": 3}, {"stage_hours": -1}):
        assert not validator.is_valid(bad)


def test_what_a_trigger_hands_on_are_parameters_of_its_flow() -> None:
    for name, expected in (("pretrain", CORPUS), ("evaluate", ENCODERS)):
        (trigger,) = DEPLOYMENTS[name]["triggers"]
        assert trigger["expect"] == [expected]
        assert set(trigger["parameters"]) <= set(schema_of(name)["properties"])


def test_each_deployment_runs_one_at_a_time_and_carries_the_tag_that_alarms_go_by() -> None:
    for deployment in DEPLOYMENTS.values():
        assert deployment["concurrency_limit"]["limit"] == 1
        assert deployment["tags"] == ["polyloom"]
        assert deployment["parameters"]["stage_hours"] > 0


def test_no_path_of_the_deploying_machine_is_frozen_in() -> None:
    (step,) = PREFECT_YAML["pull"]
    assert step == {"prefect.deployments.steps.set_working_directory": {"directory": "{{ $POLYLOOM_HOME }}"}}


def test_alarms_are_sent_where_there_is_an_address_and_shown_where_there_is_none() -> None:
    block = uuid4()
    for alarm, kind in ((None, "do-nothing"), (block, "send-notification")):
        failed, shrank, silent = automations(alarm)
        assert [action.type for action in (*failed.actions, *shrank.actions)] == [kind, kind]
        assert [action.type for action in silent.actions] == ["change-flow-run-state"]


@pytest.mark.slow
@pytest.mark.usefixtures("clean_environment")
def test_the_deployments_are_accepted_by_a_server(tmp_path: Path) -> None:
    use_quiet_prefect(tmp_path)
    prefect = str(Path(sys.executable).with_name("prefect"))
    os.environ.update(
        POLYLOOM_RECIPE="a.yaml", POLYLOOM_CRON="5 4 * * *", POLYLOOM_ALARM_URL="http://chat.invalid/s3cret"
    )
    with local_api(tmp_path / "server.log"):
        url = os.environ["PREFECT_API_URL"]
        for _ in range(2):  # the second time nothing is made twice
            for command in (
                [prefect, "work-pool", "create", "polyloom", "--type", "process", "--overwrite"],
                [prefect, "--no-prompt", "deploy", "--all"],
                [sys.executable, "-m", "flows.automations"],
            ):
                subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        deployments = {each["name"]: each for each in httpx.post(f"{url}/deployments/filter", json={}).json()}
        watching = httpx.post(f"{url}/automations/filter", json={}).json()
        blocks = httpx.post(f"{url}/block_documents/filter", json={}).text
        refused = httpx.post(
            f"{url}/deployments/{deployments['corpus']['id']}/create_flow_run",
            json={"parameters": {"overrides": ["no equals sign"]}},
        )
    assert sorted(deployments) == sorted(DEPLOYMENTS)
    for deployment in deployments.values():
        assert deployment["pull_steps"] == PREFECT_YAML["pull"]
        assert deployment["enforce_parameter_schema"] is True
        assert deployment["parameters"]["config"] == "a.yaml"
    (schedule,) = deployments["corpus"]["schedules"]
    assert (schedule["active"], schedule["schedule"]["cron"]) == (True, "5 4 * * *")
    strategies = {name: each["concurrency_options"]["collision_strategy"] for name, each in deployments.items()}
    assert strategies == {
        "corpus": "CANCEL_NEW", "pretrain": "CANCEL_NEW", "evaluate": "ENQUEUE", "full": "CANCEL_NEW",
    }  # fmt: skip
    assert sorted(each["name"] for each in watching) == [
        "evaluate new encoders", "polyloom: a language shrank", "polyloom: a run failed",
        "polyloom: a run fell silent", "train on each new corpus",
    ]  # fmt: skip
    assert "s3cret" not in blocks
    assert refused.status_code == 409
    assert "no equals sign" in refused.text
