"""The dynamic program of all aligners: the cheapest chain of beads through a band, one anti-diagonal at a time."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pipelines.align.band import Band

Int64 = npt.NDArray[np.int64]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

# Costs of the beads that end on the anti-diagonals from the one to the other: float32 [types, anti-diagonals, width].
# What leaves the grid may cost anything but NaN.
Costs = Callable[[int, int], Float32]

_REACH = 9  # anti-diagonals that a bead can span, and the one it ends on
_PAD = 8  # slots by which a bead can leave a band at its sides
_NEGLIGIBLE = 30  # more than the cheapest way, in nats
_CELLS = 1 << 18  # nodes whose costs are asked for at a time


def cheapest(band: Band, types: Sequence[tuple[int, int]], costs: Costs) -> Int64:
    """Return the sizes [b, 2] of the beads on the cheapest way through the grid. Of equal beads the first type wins.

    Raises ValueError where no way leads through the band.
    """
    chosen = np.zeros((len(band.first), band.width), np.int8)
    distances = np.zeros(0)
    for diagonal, distances, best in _forward(band, types, costs):  # noqa: B007, the last one's are what is wanted
        chosen[diagonal] = best
    _length_of(band, distances)
    return _traced(band, types, chosen)


def cheapest_with_confidence(band: Band, types: Sequence[tuple[int, int]], costs: Float32) -> tuple[Int64, Float32]:
    """Return the sizes of the cheapest beads [b, 2] and the confidence in each [b].

    `costs` [types, anti-diagonals, width] are negative logarithms of probabilities. With C(e) the cost of the cheapest
    way that has the bead e, the confidence in a bead b is exp(-C(b)) / Σ exp(-C(e)) over all beads e that have b's
    first source sentence: one part in as many as there are ways that cost about the same. It is 1 for a bead without
    source sentences. Raises ValueError as `cheapest` does.
    """
    shape = (len(band.first), band.width)
    chosen, forward = np.zeros(shape, np.int8), np.full(shape, np.inf)
    for diagonal, distances, best in _forward(band, types, lambda begin, end: costs[:, begin:end]):
        chosen[diagonal], forward[diagonal] = best, distances
    shortest = _length_of(band, forward[-1])
    sizes = _traced(band, types, chosen)
    rivals = _weight_by_source(band, types, costs, forward, _backward(band, types, costs), shortest)
    starts = np.cumsum(sizes[:, 0]) - sizes[:, 0]
    weights = np.where(sizes[:, 0] > 0, rivals[np.minimum(starts, band.sources)], 1.0)
    return sizes, (1 / weights).astype(np.float32)


def _length_of(band: Band, last: Float64) -> float:
    """Return the distance of the end of the grid, given those of the last anti-diagonal. Raises ValueError."""
    slot = int(band.targets - band.first[-1])
    if not 0 <= slot < len(last) or not np.isfinite(last[slot]):
        raise ValueError("no chain of beads leads through the band")
    return float(last[slot])


def _forward(
    band: Band, types: Sequence[tuple[int, int]], costs: Costs
) -> Iterator[tuple[int, Float64, npt.NDArray[np.int64]]]:
    """Yield each anti-diagonal with the distances of its nodes from the start, and the types that led there ([w])."""
    width, count = band.width, len(band.first)
    reach = np.full((_REACH, width + 2 * _PAD), np.inf)
    flat = reach.reshape(-1)
    slots = np.arange(width)
    places = _places(band, types)
    low, high = _in_grid(band)
    step = max(_CELLS // width, 1)
    for begin in range(0, count, step):
        end = min(begin + step, count)
        block = costs(begin, end)
        for diagonal in range(begin, end):
            distances = flat.take(places[diagonal, :, None] + slots)
            distances += block[:, diagonal - begin]
            best = distances.argmin(axis=0)
            shortest = distances[best, slots]
            if diagonal == 0:
                shortest[-band.first[0]] = 0
            shortest[: low[diagonal]] = np.inf
            shortest[high[diagonal] :] = np.inf
            reach[diagonal % _REACH, _PAD : _PAD + width] = shortest
            yield diagonal, shortest, best


def _backward(band: Band, types: Sequence[tuple[int, int]], costs: Float32) -> Float64:
    """Return the distance of each node from the end: [anti-diagonals, width]."""
    count, width = len(band.first), band.width
    padded = np.full((len(types), count + _REACH, width + 2 * _PAD), np.inf, np.float64)
    out = np.full((count, width), np.inf)
    low, high = _in_grid(band)
    spans = np.array([n + m for n, m in types])
    targets = np.array([m for _, m in types])
    first = np.concatenate([band.first, np.repeat(band.first[-1:], _REACH)])
    slots, kinds = np.arange(width), np.arange(len(types))[:, None]
    for diagonal in range(count - 1, -1, -1):
        after = diagonal + spans
        shift = first[diagonal] + targets - first[after] + _PAD
        distances = padded[kinds, after[:, None], shift[:, None] + slots].min(axis=0)
        if diagonal == count - 1:
            distances[band.targets - band.first[-1]] = 0
        distances[: low[diagonal]] = np.inf
        distances[high[diagonal] :] = np.inf
        out[diagonal] = distances
        padded[:, diagonal, _PAD : _PAD + width] = distances + costs[:, diagonal]
    return out


def _weight_by_source(
    band: Band, types: Sequence[tuple[int, int]], costs: Float32, forward: Float64, backward: Float64, shortest: float
) -> Float64:
    """Return for each source sentence the sum of exp(shortest - cheapest way with the bead) over its beads [x]."""
    weights = np.zeros(band.sources + 1)
    padded = np.pad(forward, ((_REACH, 0), (_PAD, _PAD)), constant_values=np.inf)
    first = np.concatenate([np.repeat(band.first[:1], _REACH), band.first])
    slots = np.arange(band.width)
    x = np.arange(len(band.first))[:, None] - band.first[:, None] - slots
    rows = np.arange(len(band.first))
    for place, (n, m) in enumerate(types):
        if n:
            before = rows + _REACH - n - m
            shift = band.first - m - first[before] + _PAD
            total = padded[before[:, None], np.clip(shift, 0, 2 * _PAD)[:, None] + slots] + costs[place] + backward
            close = total < shortest + _NEGLIGIBLE
            summed = np.bincount(x[close], np.exp(shortest - total[close]), len(weights))
            for back in range(1, n + 1):
                weights[:-back] += summed[back:]
    return weights


def _places(band: Band, types: Sequence[tuple[int, int]]) -> Int64:
    """Return where in the flat ring of anti-diagonals the beads that end on each one begin: [a, types]."""
    diagonals = np.arange(len(band.first))
    row = band.width + 2 * _PAD
    columns = []
    for n, m in types:
        before = np.maximum(diagonals - n - m, 0)
        shift = np.where(diagonals < n + m, 0, band.first - band.first[before] - m)
        columns.append((diagonals - n - m) % _REACH * row + _PAD + shift)
    return np.stack(columns, axis=1)


def _in_grid(band: Band) -> tuple[list[int], list[int]]:
    """Return from which slot to which each anti-diagonal lies in the grid."""
    diagonals = np.arange(len(band.first))
    low = np.clip(np.maximum(diagonals - band.sources, 0) - band.first, 0, band.width)
    high = np.clip(np.minimum(diagonals, band.targets) + 1 - band.first, 0, band.width)
    return low.tolist(), high.tolist()


def _traced(band: Band, types: Sequence[tuple[int, int]], chosen: npt.NDArray[np.int8]) -> Int64:
    x, y = band.sources, band.targets
    sizes = []
    while x or y:
        n, m = types[chosen[x + y, y - band.first[x + y]]]
        sizes.append((n, m))
        x, y = x - n, y - m
    return np.array(sizes[::-1], np.int64).reshape(-1, 2)
