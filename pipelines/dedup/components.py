"""Connected components of a graph whose edges come chunk by chunk (union-find, vectorised).

Each node is a place; its parent is itself or a smaller one, and the root of a component is its smallest node. The
arrays may be mapped files: memory is for one chunk.
"""

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]


def join(parents: Places, left: Places, right: Places) -> None:
    """Join the components of `left[i]` and `right[i]` for every edge i, in place; at first each node is its parent.

    A root takes the smallest root that it has an edge to as its parent, until no edge is between two roots.
    """
    ends = np.concatenate([left, right])
    while True:
        roots = find_roots(parents, ends)
        parents[ends] = roots
        one, other = roots[: len(left)], roots[len(left) :]
        apart = one != other
        if not apart.any():
            return
        np.minimum.at(parents, np.maximum(one, other)[apart], np.minimum(one, other)[apart])


def find_roots(parents: Places, places: Places) -> Places:
    """Return the root of the component of each place: int64 [n]."""
    roots = parents[places]
    while True:
        above = parents[roots]
        if np.array_equal(above, roots):
            return roots
        roots = above
