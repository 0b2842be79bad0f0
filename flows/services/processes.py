"""Processes that outlive the command which starts them, each known by its id and the moment of its start."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipelines.datasets.errors import UserError

_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Service:
    """A process, its place in the state folder and how it is asked to end."""

    name: str
    folder: Path
    end_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 30.0

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def _record(self) -> Path:
        return self.folder / f"{self.name}.json"

    def port(self) -> int | None:
        """Return the port that it was started with, or None where it does not run."""
        known = self._known()
        return None if known is None else known["port"]

    def start(self, command: Sequence[str], port: int, environment: Mapping[str, str], user: str | None = None) -> None:
        """Start it in a session of its own; its output is appended to its log."""
        # Where a shell started us by `&`, SIGINT is ignored, and so it would be there.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd="/" if user else None,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=[] if user else None,
            )
        record = {"pid": process.pid, "started": _started(process.pid), "port": port}
        self._record.write_text(json.dumps(record), encoding="utf-8")

    def wait(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Wait until it is ready. Raises UserError, with the end of its log, where it ends before or takes too long."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self._known() is None or time.monotonic() > deadline:
                lines = self.log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
                raise UserError(
                    f"{self.name} did not start: {lines[-1] if lines else 'it said nothing'} (see {self.log})"
                )
            time.sleep(_LOOK_SECONDS)

    def stop(self) -> bool:
        """Ask it to end, make it end after the grace, and return whether it ran; no other process is touched."""
        known = self._known()
        if known is not None:
            os.kill(known["pid"], self.end_signal)
            deadline = time.monotonic() + self.grace_seconds
            while self._known() is not None and time.monotonic() < deadline:
                time.sleep(_LOOK_SECONDS)
            if self._known() is not None:
                os.kill(known["pid"], signal.SIGKILL)
        self._record.unlink(missing_ok=True)
        return known is not None

    def _known(self) -> dict[str, int] | None:
        """Return what is on record of the process, if that one still runs: an id alone may be another's by now."""
        with suppress(FileNotFoundError):
            record: dict[str, int] = json.loads(self._record.read_bytes())
            with suppress(ChildProcessError):
                os.waitpid(record["pid"], os.WNOHANG)
            if _started(record["pid"]) == record["started"]:
                return record
        return None


def _started(pid: int) -> int | None:
    """Return when a process began, in clock ticks since the boot; None where there is none (a zombie is none)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = status.rpartition(")")[2].split()
    return None if state == "Z" else int(fields[18])
