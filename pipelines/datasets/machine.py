"""How much memory and how many cores this process may use, and how much time of theirs it has used.

Control groups are read as the kernel documents them: Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst and
scheduler/sched-bwc.rst.
"""

import math
import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.forkserver import _forkserver
from pathlib import Path, PurePosixPath
from typing import Final

_ROOT: Final = Path("/")


def memory(root: Path = _ROOT) -> int:
    """Return bytes: what the machine has, or the least that a control group of this process may take.

    `root` is the root of the file system.
    """
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for folder, is_v2 in _groups(root, "memory"):
        with suppress(OSError, ValueError):  # not there, or `max`
            limits.append(_number(folder / ("memory.max" if is_v2 else "memory.limit_in_bytes")))
    return min(limits)


def cores(root: Path = _ROOT) -> int:
    """Return how many cores this process may use: those it may run on, or what its control groups give it time for.

    Part of a core counts as one: with a share of 1.5, two workers finish sooner than one. `root` is the root of the
    file system.
    """
    shares = [float(len(os.sched_getaffinity(0)))]
    for folder, is_v2 in _groups(root, "cpu"):
        with suppress(OSError, ValueError):  # not there, or `max`
            quota, period = (
                map(int, (folder / "cpu.max").read_text(encoding="utf-8").split())
                if is_v2
                else (_number(folder / name) for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
            )
            if quota > 0 and period > 0:  # -1: no limit
                shares.append(quota / period)
    return max(math.ceil(min(shares)), 1)


def cpu_seconds() -> float:
    """Return the CPU time of this process and of all that have ended under it, user's and system's.

    Workers count when the server that forked them has ended, so it is ended first, where there is one.
    """
    _forkserver._stop()  # type: ignore[attr-defined]  # as CPython's own tests do; nothing public does
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _number(path: Path) -> int:
    return int(path.read_text(encoding="utf-8"))


def _groups(root: Path, controller: str) -> Iterator[tuple[Path, bool]]:
    """Yield the folder of this process's control group and of each above it, and whether it is of version 2."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            folder = root / "sys/fs/cgroup"
        elif controller in controllers.split(","):
            folder = root / "sys/fs/cgroup" / controller
        else:
            continue
        own = PurePosixPath(group.lstrip("/"))
        for above in (own, *own.parents):  # the last is the folder itself: the group as a container sees it
            yield folder / above, not controllers
