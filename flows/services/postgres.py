"""PostgreSQL for the server: a cluster of its own in the state folder, on loopback, with a password."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from flows.services.processes import Service
from pipelines.datasets.errors import UserError

_USER = "polyloom"
_SYSTEM_USER = "postgres"
_DEBIAN = Path("/usr/lib/postgresql")
_START_SECONDS = 60.0


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, or None where it cannot be run here: then SQLite is taken.

    PostgreSQL refuses to run as root; root starts it as Debian's user `postgres`.
    """
    if os.geteuid() == 0 and not _has_user(_SYSTEM_USER):
        return None
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(_DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "postgres").is_file()), None)


def start(folder: Path, binaries: Path, environment: Mapping[str, str]) -> str:
    """Start the cluster in `folder`, made where there is none yet, and return its URL for Prefect's server."""
    service, user = database(folder), _SYSTEM_USER if os.geteuid() == 0 else None
    data, password_file = folder / "postgresql", folder / "postgresql.password"
    if not password_file.is_file():
        _initialise(binaries, data, password_file, environment, user)
    password = password_file.read_text(encoding="utf-8")
    port = service.port()
    if port is None:
        port = free_port()
        options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [str(binaries / "postgres"), "-D", str(data.resolve()), *settings]
        service.start(command, port, environment, user)
        service.wait(lambda: _is_ready(binaries, port), _START_SECONDS)
    return f"postgresql+asyncpg://{_USER}:{password}@127.0.0.1:{port}/postgres"


def database(folder: Path) -> Service:
    """Return the service; SIGINT is PostgreSQL's fast shutdown, which ends its connections."""
    return Service("postgresql", folder, signal.SIGINT)


def free_port() -> int:
    """Return a port on loopback that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _initialise(
    binaries: Path, data: Path, password_file: Path, environment: Mapping[str, str], user: str | None
) -> None:
    shutil.rmtree(data, ignore_errors=True)  # of a command that was killed
    data.mkdir(mode=0o700)
    password = secrets.token_hex(16)
    begun = password_file.with_suffix(".new")
    begun.touch(mode=0o600)
    begun.write_text(password, encoding="utf-8")
    if user:
        for path in (data, begun):
            shutil.chown(path, user, user)
    command = [str(binaries / "initdb"), "-D", str(data.resolve()), "-U", _USER, "--auth=scram-sha-256"]
    done = subprocess.run(
        [*command, "-E", "UTF8", "--no-locale", f"--pwfile={begun.resolve()}"],
        cwd="/",
        env=dict(environment),
        user=user,
        group=user,
        extra_groups=[] if user else None,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise UserError(f"PostgreSQL's initdb failed: {said[0] if said else done.returncode}; look at {data}")
    begun.rename(password_file)


def _is_ready(binaries: Path, port: int) -> bool:
    asked = subprocess.run([binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], capture_output=True)
    return asked.returncode == 0


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
