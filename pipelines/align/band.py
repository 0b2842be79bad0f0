"""The part of the grid of two documents that a dynamic program looks at.

A node (x, y) of the grid says that x source and y target sentences are behind. It stands on the anti-diagonal
a = x + y, so that a bead of n and m sentences leads from a node to one n + m anti-diagonals further on, and a whole
anti-diagonal is computed at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Float32 = npt.NDArray[np.float32]

_BLOCK = 32  # source sentences
_WHOLE = 300 * 300  # nodes up to which a grid is searched whole, as in vecalign


@dataclass(frozen=True)
class Band:
    """`width` nodes of every anti-diagonal, from the one with `first` [sources + targets + 1] target sentences on.

    `first` (int64) grows by 0 or 1 from one anti-diagonal to the next. Nodes of the band may lie outside the grid.
    """

    sources: int
    targets: int
    first: Int64
    width: int

    @classmethod
    def whole(cls, sources: int, targets: int) -> "Band":
        """Return the band that is all of the grid."""
        diagonals = np.arange(sources + targets + 1)
        return cls(sources, targets, np.maximum(diagonals - sources, 0), min(sources, targets) + 1)

    @classmethod
    def straight(cls, sources: int, targets: int, half_width: int) -> "Band":
        """Return the whole grid, or where it is large a band around the straight line from start to end."""
        if sources * targets <= _WHOLE or half_width >= min(sources, targets):
            return cls.whole(sources, targets)
        return cls.along(between(np.zeros(2, np.int64), np.array([sources, targets])[None]), sources, half_width)

    @classmethod
    def along(cls, path: Int64, sources: int, half_width: int) -> "Band":
        """Return the band around a path, given as the target sentences behind each anti-diagonal [a]."""
        return cls(sources, len(path) - 1 - sources, path - half_width, 2 * half_width + 1)

    @property
    def is_small(self) -> bool:
        """Whether the band has no more nodes than a grid that is searched whole."""
        return len(self.first) * self.width <= 4 * _WHOLE

    @property
    def is_whole(self) -> bool:
        """Whether the band is all of the grid."""
        return self.width > min(self.sources, self.targets)

    def transposed(self) -> "Band":
        """Return the band with the sides exchanged: its slots are these from the last to the first."""
        first = np.arange(len(self.first)) - self.first - (self.width - 1)
        return Band(self.targets, self.sources, first, self.width)

    def nodes(self, begin: int, end: int) -> tuple[Int64, Int64]:
        """Return x and y of the nodes on the anti-diagonals from `begin` to `end`: [end - begin, width] each."""
        y = self.first[begin:end, None] + np.arange(self.width)
        return np.arange(begin, end)[:, None] - y, y

    def blocks(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield rectangles (x begin, x end, y begin, y end) of nodes in the grid that cover the band."""
        diagonals = np.arange(len(self.first))
        x = np.arange(self.sources + 1)
        low = np.searchsorted(diagonals - self.first, x, "left") - x
        high = np.searchsorted(diagonals - self.first - self.width + 1, x, "right") - x
        for begin in range(0, self.sources + 1, _BLOCK):
            end = min(begin + _BLOCK, self.sources + 1)
            bottom = max(int(low[begin:end].min()), 0)
            top = min(int(high[begin:end].max()), self.targets + 1)
            if bottom < top:
                yield begin, end, bottom, top

    def fill(self, out: Float32, corner: tuple[int, int], values: Float32) -> None:
        """Put `values` [..., x, y], whose first node is `corner`, into their places in `out` [..., a, width]."""
        x = np.arange(corner[0], corner[0] + values.shape[-2])[:, None]
        y = np.arange(corner[1], corner[1] + values.shape[-1])
        diagonal = x + y
        slot = y - self.first[diagonal]
        inside = (slot >= 0) & (slot < self.width)
        out[..., diagonal[inside], slot[inside]] = values[..., inside]


def path_of(sizes: Int64) -> Int64:
    """Return the path of beads of these sizes [b, 2] as the target sentences behind each anti-diagonal [a].

    Through a run of deletions, whose order says nothing, and through a bead it is as straight as whole numbers allow:
    alignment_to_search_path in vecalign/dp_utils.py.
    """
    ends = np.cumsum(sizes, axis=0)
    joined = (sizes > 0).all(axis=1)
    corners = np.concatenate([(ends - sizes)[joined], ends[joined], ends[-1:]])
    return between(np.zeros(2, np.int64), corners[np.lexsort(corners.T)])


def between(start: Int64, corners: Int64) -> Int64:
    """Return the target sentences behind each anti-diagonal on straight lines from `start` through `corners` [c, 2]."""
    corners = np.concatenate([start[None], corners])
    at = corners.sum(axis=1)
    corners, at = corners[np.diff(at, prepend=-1) > 0], np.unique(at)
    diagonals = np.arange(at[-1] + 1)
    segment = np.clip(np.searchsorted(at, diagonals, "right") - 1, 0, max(len(at) - 2, 0))
    following = np.minimum(segment + 1, len(at) - 1)
    length = np.maximum(at[following] - at[segment], 1)
    rise = corners[following, 1] - corners[segment, 1]
    path: Int64 = corners[segment, 1] + ((diagonals - at[segment]) * rise + length // 2) // length
    return path
