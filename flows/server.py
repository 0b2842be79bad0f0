"""Prefect's settings for a run without a server, and the server that stands in: local, silent, gone with the run."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.lifeline import bound
from flows.process import end, stopping
from pipelines.datasets.errors import Stopped, UserError

_START_SECONDS = 180
_GRACE_SECONDS = 5
_SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": str(_START_SECONDS),
    "PREFECT_CLI_PROMPT": "false",
    # Our own lines pass (see flows.tasks.stage_logger); what Prefect says about its states does not.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_COLORS": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_STREAM": "ext://sys.stdout",
    "PREFECT_LOGGING_FORMATTERS_STANDARD_FORMAT": "%(asctime)s  %(message)s",
}


def use_quiet_prefect(home: Path) -> None:
    """Set Prefect's environment for this process; what the user has set stays. Call before importing Prefect.

    `home` keeps Prefect's database beside the runs: no other project's server can have migrated it, and a profile
    in the user's home that points to a server elsewhere is not taken by accident (PREFECT_API_URL is).
    """
    for name, value in {**_SETTINGS, "PREFECT_HOME": str(home.absolute())}.items():
        os.environ.setdefault(name, value)


@contextmanager
def local_api(log: Path) -> Iterator[None]:
    """For the length of the block, have PREFECT_API_URL name a server: the user's own, or one on loopback.

    Prefect can start such a server by itself, but that one outlives a flow that was killed and hears the
    terminal's Ctrl-C, after which the flow cannot report its end. `log` takes the server's output.
    Raises UserError where it does not start.
    """
    if os.environ.get("PREFECT_API_URL"):
        yield
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        server = subprocess.Popen(
            bound([sys.executable, "-m", "flows.server", str(listener.fileno())]),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
    try:
        _wait_until_healthy(server, url, log)
        os.environ["PREFECT_API_URL"] = url
        yield
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        end(server, _GRACE_SECONDS)


def serve(descriptor: int) -> None:
    """Serve Prefect's API on a socket that was bound by the parent: no user interface, no schedules."""
    import uvicorn
    from prefect.server.api.server import create_app

    uvicorn.run(create_app(ephemeral=True, final=True), fd=descriptor, log_level="error", lifespan="on")


def _wait_until_healthy(server: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if stopping.is_set():
            raise Stopped
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise UserError(f"Prefect's local server did not start; see {log}, or set PREFECT_API_URL to a server of your own")


if __name__ == "__main__":
    serve(int(sys.argv[1]))
