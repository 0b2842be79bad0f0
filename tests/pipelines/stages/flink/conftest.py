"""A real Flink cluster on this machine: a job manager and two task managers, from wheels.

The tests here are collected by `make test-flink` alone, since they download 315 MB once, into `.cache/`.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipelines.datasets.errors import UserError
from pipelines.engine.cluster import flink_cluster

ROOT = Path(__file__).parents[4]
VERSION = "2.2.1"  # of the versions that this Beam knows, one that is on PyPI
HOME = ROOT / ".cache" / f"flink-{VERSION}"
TASK_MANAGERS = 2
_START_SECONDS = 120

JAR = os.environ.get("POLYLOOM_FLINK_JAR")
collect_ignore_glob = ["test_*.py"] if JAR is None else []

CONFIG = """\
jobmanager:
  rpc: {{address: localhost, port: {rpc}}}
  bind-host: localhost
  memory: {{process: {{size: 800m}}}}
rest: {{address: localhost, bind-address: localhost, port: {rest}}}
taskmanager:
  host: localhost
  bind-host: localhost
  numberOfTaskSlots: 1
  memory: {{process: {{size: 1000m}}}}
io: {{tmp: {{dirs: {folder}/tmp}}}}
parallelism: {{default: 2}}
"""


def install() -> None:
    """Unpack Flink's programs and jars; never `pip install`, for its own requirements pin Beam back."""
    if HOME.is_dir():
        return
    wheels = HOME.with_name("wheels")
    packages = [f"apache-flink=={VERSION}", f"apache-flink-libraries=={VERSION}"]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*pip, "--dest", str(wheels), *packages], check=True)
    unpacked = HOME.with_name(f"{HOME.name}.part")
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            wanted = ("pyflink/bin/", "pyflink/conf/", "pyflink/lib/")
            archive.extractall(unpacked, [name for name in archive.namelist() if name.startswith(wanted)])
    for script in (unpacked / "pyflink" / "bin").glob("*.sh"):
        script.chmod(0o755)
    (unpacked / "pyflink").rename(HOME)
    shutil.rmtree(unpacked)
    shutil.rmtree(wheels)


@pytest.fixture(scope="session")
def flink_master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a cluster, wait for its slots, yield the job manager's REST address, and end every process."""
    install()
    folder = tmp_path_factory.mktemp("flink")
    (folder / "tmp").mkdir()
    configs = folder / "conf"
    shutil.copytree(HOME / "conf", configs)
    rpc, rest = free_port(), free_port()
    (configs / "config.yaml").write_text(CONFIG.format(rpc=rpc, rest=rest, folder=folder))
    environment = {**os.environ, "FLINK_CONF_DIR": str(configs), "FLINK_LOG_DIR": str(folder)}
    processes = []
    try:
        for program in ("jobmanager", *["taskmanager"] * TASK_MANAGERS):
            with (folder / f"{program}-{len(processes)}.out").open("wb") as output:
                command = [str(HOME / "bin" / f"{program}.sh"), "start-foreground"]
                processes.append(
                    subprocess.Popen(
                        command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
                    )
                )
        wait_for_slots(f"localhost:{rest}", processes, folder)
        yield f"localhost:{rest}"
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for_slots(master: str, processes: list["subprocess.Popen[bytes]"], folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    said = ""
    while f"{TASK_MANAGERS} task managers" not in said:
        assert all(process.poll() is None for process in processes), f"a process of Flink ended; see {folder}"
        assert time.monotonic() < deadline, f"the cluster did not start ({said}); see {folder}"
        time.sleep(1)
        with suppress(UserError):
            said = flink_cluster(master)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
