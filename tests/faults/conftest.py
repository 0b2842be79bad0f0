"""What the tests of faults share: a stage on a small disk of its own, and its worker processes."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

# A new mount name space: what is mounted in it is seen by nobody else, and is gone when its last process ends.
NAMESPACE = ("unshare", "--map-root-user", "--mount", "sh", "-eu", "-c")
Shell = Callable[["World", str], str]


@pytest.fixture
def mounting() -> Shell:
    """Return a function that runs a shell script where it may mount, in a world's folder; it must succeed."""
    probe = subprocess.run([*NAMESPACE, "mount -t tmpfs tmpfs /mnt"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"nothing can be mounted here: {probe.stderr.strip()}")

    def run(world: "World", script: str) -> str:
        binary = world.command("plan")[0]
        function = f'polyloom() {{ {binary} "$1" recipe.yaml --set engine.workers=1; }}\n'
        done = subprocess.run(
            [*NAMESPACE, function + script],
            cwd=world.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


@pytest.fixture
def workers_of() -> Callable[["World"], list[int]]:
    """Return a function that lists the worker processes in a world, without the server that they are forked from."""

    def find(world: "World") -> list[int]:
        return [process for process in world.processes() if _is_forked(process) and _is_forked(_parent(process))]

    return find


def _is_forked(process: int) -> bool:
    try:
        return b"multiprocessing.forkserver" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def _parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@pytest.fixture
def without_stage(undisturbed: "World", tmp_path: Path) -> Callable[[str], "World"]:
    """Return a function that gives a copy of the undisturbed world which lacks the dataset of a stage."""

    def copy(stage: str) -> "World":
        return undisturbed.copy(tmp_path / stage, without=(stage,))

    return copy
