"""How the C library keeps memory that tensors on the CPU have freed."""

import ctypes
import sys
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt(3), malloc.h
_LARGEST: Final = 2**31 - 1  # bytes; mallopt takes an int


def keep_freed_memory() -> None:
    """Let this process keep what it frees, for the next step, instead of giving it back to the kernel.

    By itself glibc maps each large block anew, and the kernel fills it with zeros, page by page: at 250,000 tokens
    that is a sixth of a step's CPU time. Where the C library is another one, nothing changes.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST)
        mallopt(_TRIM_THRESHOLD, _LARGEST)
