"""A stage as a subprocess: its output in a log file, its progress in a file, its end with ours."""

import json
import math
import signal
import subprocess
import sysconfig
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.lifeline import bound
from pipelines.datasets.errors import Stopped
from pipelines.datasets.manifest import MANIFEST
from pipelines.datasets.stage import StageRun
from pipelines.datasets.store import Store

USER_ERROR = 2  # `polyloom` ends so where the user can put it right
TIMED_OUT = 124  # as coreutils' `timeout` ends
_ERROR_PREFIX = "error: "
_LOOK_SECONDS = 0.25
_GRACE_SECONDS = 120.0  # training saves a checkpoint when it is asked to end
_SHOWN_CHARACTERS = 400


@dataclass(frozen=True)
class StageProcess:
    """What is run for a stage, where its output goes, where it says how far it is, and how long it may take.

    asset: the key of the dataset that it makes; reads: those of the datasets that it reads.
    """

    label: str
    command: tuple[str, ...]
    log: Path
    progress_file: Path | None = None
    folder: Path | None = None
    seconds: float | None = None
    asset: str = ""
    reads: tuple[str, ...] = ()

    @property
    def recipe(self) -> str:
        """The recipe's name, which its folder has: logs are in RUNS/RECIPE/logs."""
        return self.log.parent.parent.name


class StageFailed(Exception):
    """A stage ended with an error; the text is its own sentence, or where to read what happened."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


# Set once to stop: every process that is followed is ended, and no new one begins.
stopping = threading.Event()


def fetch_process(config: Path, overrides: Sequence[str], folder: Path) -> StageProcess:
    """Return the process that fetches the packages of a recipe whose datasets go into `folder`."""
    return StageProcess("fetch", _polyloom("fetch", config, overrides), folder / "logs" / "fetch.log")


def stage_process(config: Path, overrides: Sequence[str], run: StageRun) -> StageProcess:
    """Return the process that makes the dataset of `run`."""
    instance = ("--instance", run.instance) if run.instance else ()
    return StageProcess(
        label=run.label,
        command=(*_polyloom(run.spec.name, config, overrides), *instance),
        log=run.folder.parent / "logs" / f"{run.folder.name}.log",
        progress_file=run.progress_file,
        folder=run.folder,
        asset=asset_key(run),
        reads=tuple(asset_key(one) for read in run.inputs.values() for one in read.values()),
    )


def asset_key(run: StageRun) -> str:
    """Return what Prefect calls the dataset of `run` in all its versions: `polyloom://RECIPE/STAGE.INSTANCE`."""
    return f"polyloom://{run.folder.parent.name}/{run.label.replace(' ', '.')}"


def _polyloom(subcommand: str, config: Path, overrides: Sequence[str]) -> tuple[str, ...]:
    settings = (part for override in overrides for part in ("--set", override))
    return (str(Path(sysconfig.get_path("scripts"), "polyloom")), subcommand, str(config), *settings)


def follow(process: StageProcess, watch: Callable[[], None] = lambda: None) -> None:
    """Run the process to its end; `watch` is called a few times a second while it works.

    The child stays in this process group, so that a cancelled flow takes it along, and gets SIGTERM when this
    process is killed. Raises StageFailed where it ends with an error or takes too long, and Stopped after `stopping`
    was set or where the stage ended well without its dataset: someone else asked it to stop.
    """
    if stopping.is_set():
        raise Stopped
    process.log.parent.mkdir(parents=True, exist_ok=True)
    with process.log.open("ab") as log:
        begin = log.tell()
        child = subprocess.Popen(bound(process.command), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            status = _wait(child, watch, process)
        finally:
            end(child, _GRACE_SECONDS)
    if stopping.is_set() and status != 0:
        raise Stopped
    if status != 0:
        raise StageFailed(_explain(process, status, begin), status)
    if process.folder is not None and not Store(process.folder).exists(MANIFEST):
        raise Stopped


def read_progress(path: Path | None) -> dict[str, Any] | None:
    """Return what a stage last said about how far it is (`done`, `total`, `line`), or None before it said anything."""
    if path is None:
        return None
    try:
        return dict(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None


def _wait(child: "subprocess.Popen[bytes]", watch: Callable[[], None], process: StageProcess) -> int:
    deadline = time.monotonic() + (process.seconds or math.inf)
    while True:
        try:
            return child.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if stopping.is_set():
                raise Stopped from None
            if time.monotonic() > deadline:
                raise StageFailed(_too_long(process), TIMED_OUT) from None
            watch()


def _too_long(process: StageProcess) -> str:
    hours = (process.seconds or 0) / 3600
    return (
        f"{process.label} was ended after {hours:.4g} h, its time limit; what it has finished is kept: run it again, "
        f"with more stage_hours if that is what it needs (its output is in {process.log})"
    )


def end(child: "subprocess.Popen[bytes]", grace: float) -> None:
    """End a process that is still there: SIGTERM, and after `grace` seconds SIGKILL."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _explain(process: StageProcess, status: int, begin: int) -> str:
    with process.log.open("rb") as log:
        log.seek(begin)
        lines = log.read().decode(errors="replace").rstrip().splitlines()
    if status == USER_ERROR:
        for index in range(len(lines) - 1, -1, -1):
            if lines[index].startswith(_ERROR_PREFIX):
                return "\n".join([lines[index].removeprefix(_ERROR_PREFIX), *lines[index + 1 :]])
    if status < 0:
        what = f"was killed by {signal.Signals(-status).name}"
        hint = "; the machine may have run out of memory" if -status == signal.SIGKILL else ""
    else:
        what = f"ended with status {status}"
        hint = f": {lines[-1].strip()[:_SHOWN_CHARACTERS]}" if lines else ""
    return f"{process.label} {what}{hint} (its output is in {process.log})"
