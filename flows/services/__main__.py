"""`python -m flows.services up` and `down`: what `make up` and `make down` call."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from flows.automations import HEARTBEAT_SECONDS
from flows.services import postgres
from flows.services.processes import Service
from pipelines.datasets.errors import UserError
from pipelines.recipe import load_recipe

DEMO = Path("flows/configs/demo.yaml")
POOL = "polyloom"
_PROJECT = Path(__file__).parents[2]  # where prefect.yaml is
_START_SECONDS = 180.0
_DRAIN_SECONDS = 180.0  # training saves a checkpoint when it is asked to end
_SERVER_AUTH, _CLIENT_AUTH = "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"

State = Annotated[Path, typer.Option(envvar="POLYLOOM_STATE", help="Where ids, logs and the database are.")]
app = typer.Typer(add_completion=False, help="The server, its database and a worker on this machine.")


@app.command()
def up(
    recipe: Annotated[Path, typer.Option(help="What the deployments work on.")] = DEMO,
    cron: Annotated[str, typer.Option(help="When the corpus flow looks for new input.")] = "*/15 * * * *",
    port: Annotated[int, typer.Option(help="Of the server and its user interface, on loopback.")] = 4200,
    sqlite: Annotated[bool, typer.Option(help="Take SQLite even where PostgreSQL is installed.")] = False,
    state: State = Path(".polyloom"),
) -> None:
    """Start what does not run yet, and deploy."""
    load_recipe(_home() / recipe)
    state.mkdir(parents=True, exist_ok=True)
    environment = _environment(state, port)
    _start_server(state, port, environment, sqlite)
    _deploy(state, environment | {"POLYLOOM_RECIPE": str(recipe), "POLYLOOM_CRON": cron})
    worker = _worker(state)
    if worker.port() is None:
        worker.start([*_prefect(), "worker", "start", "--pool", POOL, "--name", "local"], 0, environment)
    print(f"dashboard: http://127.0.0.1:{port}\nlogs:      {state}/*.log\nstop with: make down")


@app.command()
def down(state: State = Path(".polyloom")) -> None:
    """End what `up` started; a training run saves its checkpoint. Data stay."""
    for service in (_worker(state), _server(state), postgres.database(state)):
        if service.stop():
            print(f"{service.name} has ended")


def _environment(state: Path, port: int) -> dict[str, str]:
    """Return the environment of every service, and of the runs that the worker starts; what the user has set stays."""
    settings = {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_HOME": str((state / "prefect").resolve()),
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_CLI_COLORS": "false",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PREFECT_LOGGING_COLORS": "false",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
        "POLYLOOM_HOME": str(_home()),
    }
    environment = {**settings, **os.environ, "PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}
    if _SERVER_AUTH in environment:
        environment.setdefault(_CLIENT_AUTH, environment[_SERVER_AUTH])
    return environment


def _start_server(state: Path, port: int, environment: Mapping[str, str], sqlite: bool) -> None:
    server = _server(state)
    running = server.port()
    if running is None:
        binaries = None if sqlite or find_spec("asyncpg") is None else postgres.programs()
        if binaries is not None:
            url = postgres.start(state, binaries, environment)
            environment = {**environment, "PREFECT_SERVER_DATABASE_CONNECTION_URL": url}
        print(f"database:  {'SQLite' if binaries is None else 'PostgreSQL'}", flush=True)
        command = [*_prefect(), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        server.start(command, port, environment)
    elif running != port:
        raise UserError(f"the server runs on port {running} already; give --port {running}, or run `make down` first")
    server.wait(lambda: _is_healthy(port), _START_SECONDS)


def _deploy(state: Path, environment: Mapping[str, str]) -> None:
    """Make work pool, deployments and automations, or renew them."""
    for command in (
        [*_prefect(), "work-pool", "create", POOL, "--type", "process", "--overwrite"],
        [*_prefect(), "--no-prompt", "deploy", "--all"],
        [sys.executable, "-m", "flows.automations"],
    ):
        log = state / "deploy.log"
        with log.open("ab") as output:
            done = subprocess.run(command, cwd=_PROJECT, env=dict(environment), stdout=output, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise UserError(f"`{' '.join(command[2:])}` failed; see {log}")


def _home() -> Path:
    """Return the folder that recipes, runs and raw files are relative to."""
    return Path(os.environ.get("POLYLOOM_HOME", "")).absolute()


def _server(state: Path) -> Service:
    return Service("server", state)


def _worker(state: Path) -> Service:
    """Return the worker; at SIGINT it takes no new run and waits for those that it has."""
    return Service("worker", state, signal.SIGINT, _DRAIN_SECONDS)


def _is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        raise UserError(f"something else answers on port {port}; give another with --port") from None
    except OSError:
        return False


def _prefect() -> list[str]:
    return [sys.executable, "-m", "prefect"]


def main() -> None:
    """Run the command; what the user can put right is one sentence."""
    try:
        app()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
