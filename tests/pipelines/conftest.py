"""What tests of several packages use."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_START_SECONDS = 60


class Services:
    """Beam's own job service and worker pools, each a process of its own, ended with all that it started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def job_service(self, *, through: tuple[str, ...] = (), host: str = "localhost") -> str:
        """Start a job service and return its endpoint; `through` is a command that runs the service's own."""
        return self._start("apache_beam.runners.portability.local_job_service_main", "--port", through, host)

    def pool(
        self,
        *,
        through: tuple[str, ...] = (),
        host: str = "localhost",
        environment: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> str:
        """Start a pool, whose `python` is this one, with more variables, and return its endpoint."""
        return self._start(
            "apache_beam.runners.worker.worker_pool_main", "--service_port", through, host, environment, cwd
        )

    def end(self) -> None:
        for process in self.processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(
        self,
        module: str,
        option: str,
        through: tuple[str, ...],
        host: str,
        environment: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> str:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        log = (self.folder / f"{module}-{port}.log").open("wb")
        process = subprocess.Popen(
            [*through, sys.executable, "-m", module, option, str(port)],
            env={**os.environ, **own, **(environment or {})},
            cwd=cwd,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()
        self.processes.append(process)
        self._wait(process, [*through, sys.executable, "-c", _CONNECT, host, str(port)])
        return f"{host}:{port}"

    def _wait(self, process: "subprocess.Popen[bytes]", ask: list[str]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while subprocess.run(ask, check=False, stderr=subprocess.DEVNULL).returncode:
            assert process.poll() is None, f"a service ended; see {self.folder}"
            assert time.monotonic() < deadline, f"a service did not start; see {self.folder}"
            time.sleep(0.2)


_CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).close()"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    started = Services(tmp_path_factory.mktemp("services"))
    yield started
    started.end()


@pytest.fixture(scope="session")
def language_model() -> str:
    """The path of a fastText model that knows English, German and Japanese.

    Made by `fasttext.train_supervised(path, minn=2, maxn=4, dim=16, bucket=500, epoch=100, lr=0.05, thread=1)` from
    nine sentences such as "enter your name and your password", twenty times each. It is kept as a file because
    training stops with "Encountered NaN" in some processes.
    """
    return str(Path(__file__).with_name("models") / "three_languages.bin")
