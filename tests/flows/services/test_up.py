"""`make up` for real: a scheduled run, its event, training, evaluation, all seen through the REST API.

Then a file is put into the watched folder, and the schedule makes a new corpus, a new model and a report of it. Another
test cancels a training run, and kills the next one together with its worker.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from flows.process import read_progress
from flows.services.postgres import free_port, programs
from flows.versions import versions
from pipelines.datasets.manifest import MANIFEST

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

    def state_of(self, run: str) -> str:
        """Return the type of a run's state."""
        return str(self.client.get(f"/flow_runs/{run}").raise_for_status().json()["state_type"])

    def has_a_heartbeat(self, run: str) -> bool:
        """Return whether the server knows that a run lived."""
        events = {"event": {"name": ["prefect.flow-run.heartbeat"]}, "resource": {"id": [f"prefect.flow-run.{run}"]}}
        found = self.client.post("/events/filter", json={"filter": events}).raise_for_status().json()
        return bool(found["events"])

    def steps(self, progress: Path) -> int:
        """Return how many steps an arm has made, as it says itself, and 0 where it has not said anything."""
        state = read_progress(self.world.folder / progress)
        said = None if state is None else re.search(r"step ([\d,]+)", state["line"])
        return 0 if said is None else int(said[1].replace(",", ""))

    def trainings(self) -> list[int]:
        """Return the processes of the world that train."""
        found = []
        for process in self.world.processes():
            with suppress(OSError):
                if b"pretrain" in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0"):
                    found.append(process)
        return found

    def made_of(self, asset: str) -> set[str]:
        """Return the assets that one was made of, by the event of its last making."""
        asked = {"filter": {"event": {"name": ["prefect.asset.materialization.succeeded"]}}}
        found = self.client.post("/events/filter", json=asked).raise_for_status().json()["events"]
        event = next(event for event in found if event["resource"]["prefect.resource.id"] == asset)
        return {
            related["prefect.resource.id"]
            for related in event["related"]
            if related["prefect.resource.role"] == "asset"
        }

    def ended(self, flow: str, name: str, number: int = 1) -> dict[str, Any]:
        """Wait until so many runs of a flow have ended with a state of this name, and return the last of them."""
        deadline = time.monotonic() + 400
        while True:
            runs = self.runs(flow)
            assert not [run for run in runs if run["state_type"] in ("FAILED", "CRASHED")], runs
            found = [run for run in runs if run["state_name"] == name]
            if len(found) >= number:
                return found[number - 1]
            assert time.monotonic() < deadline, [(run["name"], run["state_name"]) for run in runs]
            time.sleep(1)


@pytest.fixture
def services(raw: "World") -> Iterator[Services]:
    """In a folder that PostgreSQL's user may enter, which pytest's own are not; the raw files are in a watched one."""
    folder = Path(tempfile.mkdtemp(prefix="polyloom-up-"))
    folder.chmod(0o755)
    services = Services(raw.copy(folder / "world"), folder / "state")
    world = services.world.folder
    (world / "inbox").mkdir()
    (world / "catalogs.zip").rename(world / "inbox" / "first.zip")
    recipe = world / "recipe.yaml"
    recipe.write_text(recipe.read_text("utf-8").replace("path: catalogs.zip", "path: inbox/*.zip"), "utf-8")
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
    first = {run.label: run for run in services.world.plan()}
    assert trained["parameters"]["tokens"] == first["tokenize"].fingerprint
    assert evaluated["parameters"]["encoders"] == [
        run.fingerprint for run in first.values() if run.spec.name == "pretrain"
    ]
    assert (services.world.folder / "runs" / "tiny" / "report.html").is_file()
    assert services.made_of("polyloom://tiny/tokenize") == {"polyloom://tiny/publish"}

    upload(services.world.folder / "inbox")
    trained = services.ended("pretrain", "Completed", 2)
    services.ended("evaluate", "Completed", 2)
    second = {run.label: run for run in services.world.plan()}
    made = {label for label, run in second.items() if (services.world.folder / run.folder / MANIFEST).is_file()}
    assert made == set(second)
    assert trained["parameters"]["tokens"] == second["tokenize"].fingerprint != first["tokenize"].fingerprint
    before, now = versions(services.world.folder / "runs" / "tiny")
    assert (now.number, now.previous) == (2, before.fingerprint)
    assert now.rows["text"]["en"] > before.rows["text"]["en"]

    assert "dashboard" in services.up()  # a second time nothing is started twice
    assert services.call("down").splitlines()[0] == "worker has ended"
    assert services.world.processes() == []
    for log in services.state.glob("*.log"):
        assert AUTH.split(":")[1] not in log.read_text(errors="replace"), log


def test_a_cancelled_training_goes_on_and_a_killed_one_is_told_of(
    services: Services, wait_until: Callable[..., None]
) -> None:
    recipe = services.world.folder / "recipe.yaml"
    slow = recipe.read_text("utf-8").replace("steps: 6\n", "steps: 20000\n").replace("  checkpoint_every: 1\n", "")
    recipe.write_text(slow, "utf-8")
    services.up()
    services.ended("corpus", "Completed")
    run = next(run for run in services.world.plan() if run.label == "pretrain mmlm_tlm")
    scratch = services.world.folder / run.folder / ".scratch"

    first = next_run(services, set())
    wait_until(lambda: services.steps(run.progress_file) > 0)
    asked = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
    services.client.post(f"/flow_runs/{first}/set_state", json=asked).raise_for_status()
    wait_until(lambda: services.state_of(first) == "CANCELLED")
    wait_until(lambda: services.trainings() == [])
    saved = max(int(path.name.split("_")[1]) for path in scratch.glob("checkpoints/step_?????????"))
    (services.world.folder / run.progress_file).unlink()  # of what was stopped

    second = next_run(services, {first})  # the next tick sees that the corpus has no encoders, and tells of it again
    wait_until(lambda: services.steps(run.progress_file) > 0)
    assert services.steps(run.progress_file) > saved > 0
    wait_until(lambda: services.has_a_heartbeat(second))
    worker = json.loads((services.state / "worker.json").read_bytes())["pid"]
    for process in [worker, *children(worker)]:
        os.kill(process, signal.SIGKILL)
    wait_until(lambda: services.trainings() == [])  # they die with the flow that started them
    assert services.state_of(second) == "RUNNING"
    wait_until(lambda: services.state_of(second) == "CRASHED", 300)

    services.up()
    next_run(services, {first, second})


def next_run(services: Services, known: set[str]) -> str:
    """Wait until a run of `pretrain` works that is not known yet, and return its id."""
    deadline = time.monotonic() + 300
    while True:
        found = [run["id"] for run in services.runs("pretrain") if run["id"] not in known]
        working = [one for one in found if services.state_of(one) == "RUNNING"]
        if working:
            return working[0]
        assert time.monotonic() < deadline, services.runs("pretrain")
        time.sleep(1)


def children(parent: int) -> list[int]:
    """Return the processes below one, but for those that training starts: the flow is what is killed."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,args="], text=True, capture_output=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    return [int(pid) for pid, ppid, arguments in rows if int(ppid) == parent and "prefect" in arguments]


def upload(inbox: Path) -> None:
    """Put further components into the watched folder: written under a name that is passed over, then renamed."""
    with zipfile.ZipFile(inbox / "first.zip") as first, zipfile.ZipFile(inbox / ".second.zip", "w") as second:
        for name in first.namelist()[:60]:
            text = first.read(name).decode().replace('", "', ' 2", "')
            second.writestr(name.replace("/component", "/further"), text)
    (inbox / ".second.zip").rename(inbox / "second.zip")
