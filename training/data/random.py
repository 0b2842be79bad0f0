"""Random numbers that are a pure function of where they are used, so that any step can be computed alone."""

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 4
_MASK = 2**64 - 1
_GAMMA, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return well-mixed 64-bit hashes of an array of integers (SplitMix64's finaliser, Steele et al. 2014)."""
    value = value + np.uint64(_GAMMA)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(_FIRST)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(_SECOND)
    return value ^ (value >> np.uint64(31))


def key(*parts: int) -> int:
    """Return one 64-bit key for a tuple of integers such as (seed, purpose, epoch)."""
    state = 0
    for part in parts:
        # `mix` on Python's integers: for one number it is far faster than an array
        state = ((state ^ part) + _GAMMA) & _MASK
        state = ((state ^ (state >> 30)) * _FIRST) & _MASK
        state = ((state ^ (state >> 27)) * _SECOND) & _MASK
        state ^= state >> 31
    return state


def bits(index: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """Return 64 random bits for each index, uint64 `[n]`."""
    return mix(mix(index.astype(np.uint64)) ^ np.uint64(seed))


def generator(*parts: int) -> np.random.Generator:
    """Return NumPy's counter-based generator, keyed by a tuple of integers."""
    return np.random.Generator(np.random.Philox(key=key(*parts)))


def permute(
    index: NDArray[np.int64], size: int | NDArray[np.int64], seed: int | NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Return where a fixed random permutation of `range(size)` sends each index, int64 `[n]`.

    Each index may have a size and a seed of its own, int64 and uint64 `[n]`. Nothing of length `size` is held: a
    Feistel network permutes the next power of four, and what falls outside is sent through it again until it lands
    inside (cycle walking; Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).
    """
    sizes = np.broadcast_to(np.asarray(size, np.int64), index.shape)
    seeds = np.broadcast_to(np.asarray(seed, np.uint64), index.shape)
    result = index
    outside = np.arange(len(index))
    while outside.size:
        moved = _feistel(result[outside], sizes[outside], mix(seeds[outside]))
        result = result.copy() if result is index else result
        result[outside] = moved
        outside = outside[moved >= sizes[outside]]
    return result


def _feistel(index: NDArray[np.int64], size: NDArray[np.int64], seed: NDArray[np.uint64]) -> NDArray[np.int64]:
    bit_length = np.frexp(np.maximum(size - 1, 1).astype(np.float64))[1]
    half = ((bit_length + 1) // 2).astype(np.uint64)
    mask = (np.uint64(1) << half) - np.uint64(1)
    value = index.astype(np.uint64)
    left, right = value >> half, value & mask
    for turn in range(_ROUNDS):
        hashed = mix(right ^ mix(seed ^ np.uint64(turn)))
        left, right = right, left ^ (hashed & mask)
    return ((left << half) | right).astype(np.int64)
