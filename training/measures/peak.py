"""The speed of plain matrix products on this device, which MFU is a share of."""

import time
from typing import Final

import torch

DTYPES: Final = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}  # of products, by precision
_SIDE: Final = {"cpu": 1024, "cuda": 8192}
_LEAST, _SECONDS = 3, 0.25  # products, and how long to go on after them


def gemm_peak(device: torch.device, dtype: torch.dtype) -> float:
    """Return FLOP/s of a square matrix product, the best of several, with torch's threads and settings as they are."""
    side = _SIDE[device.type]
    random = torch.Generator(device).manual_seed(1)  # torch's own stays as it is
    left, right = (torch.rand(side, side, generator=random, device=device).to(dtype) for _ in range(2))
    torch.mm(left, right)  # the first one allocates and loads
    best, spent, made = float("inf"), 0.0, 0
    while made < _LEAST or spent < _SECONDS:
        seconds = _timed(left, right)
        best, spent, made = min(best, seconds), spent + seconds, made + 1
    return 2.0 * side**3 / best


def _timed(left: torch.Tensor, right: torch.Tensor) -> float:
    _wait(left.device)
    started = time.perf_counter()
    torch.mm(left, right)
    _wait(left.device)
    return time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
