"""How much memory this machine has, as far as its control group lets this process have it."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

_ROOT: Final = Path("/")
_V1_FILE: Final = "memory.limit_in_bytes"
_V2_FILE: Final = "memory.max"


def memory(root: Path = _ROOT) -> int:
    """Return bytes: what the machine has, or the least that a control group of this process may take.

    Control groups are read as the kernel documents them (Documentation/admin-guide/cgroup-v2.rst and
    cgroup-v1/memory.rst). `root` is the root of the file system.
    """
    return min([os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), *_limits(root)])


def _limits(root: Path) -> Iterator[int]:
    """Yield the limit of this process's control group and of each above it, in both versions."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            folder, name = root / "sys/fs/cgroup", _V2_FILE
        elif "memory" in controllers.split(","):
            folder, name = root / "sys/fs/cgroup/memory", _V1_FILE
        else:
            continue
        own = PurePosixPath(group.lstrip("/"))
        for above in (own, *own.parents):  # the last is the folder itself: the group as a container sees it
            with suppress(OSError, ValueError):  # not there, or `max`
                yield int((folder / above / name).read_text(encoding="utf-8"))
