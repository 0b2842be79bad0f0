"""A control group's limit is the machine's memory, in both versions and at every level."""

import os
from pathlib import Path

import pytest

from pipelines.engine.machine import memory

MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, MACHINE),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1048576\n"}, 1 << 20),
        ({"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/memory.max": "max\n"}, MACHINE),
        (
            {
                "proc/self/cgroup": "0::/pod/job\n",
                "sys/fs/cgroup/pod/job/memory.max": "max\n",
                "sys/fs/cgroup/pod/memory.max": "4096\n",
            },
            4096,
        ),
        (
            {
                "proc/self/cgroup": "9:cpu:/x\n4:memory,hugetlb:/docker/1\n",
                "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": "2097152\n",
                "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1\n",
            },
            2 << 20,
        ),
        ({"proc/self/cgroup": "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{1 << 63}\n"}, MACHINE),
    ],
)
def test_the_least_limit_counts(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    assert memory(written(tmp_path, files)) == expected
