"""Large blocks that were freed are taken again without a page fault."""

import subprocess
import sys
import textwrap

import pytest

FAULTS = textwrap.dedent(
    """
    import resource
    import torch
    from training.allocator import keep_freed_memory
    {setting}
    def fill():
        torch.ones(8 << 20)  # 32 MiB, 8,192 pages
    fill()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        fill()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    """
)


def faults(setting: str) -> int:
    code = FAULTS.format(setting=setting)
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's own way")
def test_freed_memory_stays_in_the_process() -> None:
    assert faults("") > 5 * 8_000
    assert faults("keep_freed_memory()") < 1_000
