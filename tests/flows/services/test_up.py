"""`make up` for real: a scheduled run, its event, training, evaluation, all seen through the REST API."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from flows.services.postgres import free_port, programs

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow
AUTH = "polyloom:s3cret-of-this-test"


class Services:
    """What `up` started for a world, asked through REST."""

    def __init__(self, world: "World", state: Path) -> None:
        self.world, self.state, self.port = world, state, free_port()
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}/api", auth=tuple(AUTH.split(":")), timeout=60
        )
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        self.environment = {
            **clean,
            "POLYLOOM_HOME": str(world.folder),
            "POLYLOOM_STATE": str(state),
            "PREFECT_SERVER_API_AUTH_STRING": AUTH,
        }

    def call(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "flows.services", *arguments],
            env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    def up(self) -> str:
        return self.call("up", "--recipe", "recipe.yaml", "--port", str(self.port), "--cron", "* * * * *")

    def runs(self, flow: str) -> list[dict[str, Any]]:
        """Return the runs of a deployment that began, the oldest first."""
        asked = {"flows": {"name": {"any_": [flow]}}, "sort": "EXPECTED_START_TIME_ASC"}
        found = self.client.post("/flow_runs/filter", json=asked).raise_for_status().json()
        return [run for run in found if run["start_time"]]

    def ended(self, flow: str, name: str) -> dict[str, Any]:
        """Wait until a run of a flow ends with a state of this name, and return it."""
        deadline = time.monotonic() + 400
        while True:
            runs = self.runs(flow)
            assert not [run for run in runs if run["state_type"] in ("FAILED", "CRASHED")], runs
            for run in runs:
                if run["state_name"] == name:
                    return run
            assert time.monotonic() < deadline, [(run["name"], run["state_name"]) for run in runs]
            time.sleep(1)


@pytest.fixture
def services(raw: "World") -> Iterator[Services]:
    """In a folder that PostgreSQL's user may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="polyloom-up-"))
    folder.chmod(0o755)
    services = Services(raw.copy(folder / "world"), folder / "state")
    yield services
    services.call("down")
    shutil.rmtree(folder)


def test_from_a_tick_of_the_schedule_to_the_report(services: Services) -> None:
    said = services.up()
    assert f"http://127.0.0.1:{services.port}" in said
    assert ("PostgreSQL" if programs() else "SQLite") in said
    services.ended("corpus", "Completed")
    trained = services.ended("pretrain", "Completed")
    evaluated = services.ended("evaluate", "Completed")
    quiet = services.ended("corpus", "NothingNew")
    assert quiet["total_run_time"] < 60
    planned = {run.label: run for run in services.world.plan()}
    assert trained["parameters"]["tokens"] == planned["tokenize"].fingerprint
    assert evaluated["parameters"]["encoders"] == [
        run.fingerprint for run in planned.values() if run.spec.name == "pretrain"
    ]
    assert (services.world.folder / "runs" / "tiny" / "report.html").is_file()
    assert "dashboard" in services.up()  # a second time nothing is started twice
    assert services.call("down").splitlines()[0] == "worker has ended"
    assert services.world.processes() == []
    for log in services.state.glob("*.log"):
        assert AUTH.split(":")[1] not in log.read_text(errors="replace"), log
