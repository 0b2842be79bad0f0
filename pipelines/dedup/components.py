"""Connected components of a graph given by its edges, vectorised."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.dedup.exact import Hashes


class Components(NamedTuple):
    """Nodes [n], ascending; the component of each, named by its smallest node; and the component's size (int32)."""

    nodes: Hashes
    component: Hashes
    size: npt.NDArray[np.int32]


def components(first: Hashes, second: Hashes, first_sizes: npt.NDArray[np.int32], second_sizes: npt.NDArray[np.int32]
) -> Components:  # fmt: skip
    """Return the components of the graph with the edges (`first`, `second`); a node counts with its size.

    Every node takes the smallest label of its neighbours, and labels of labels are followed, until nothing changes.
    """
    nodes, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    left, right = places[: len(first)], places[len(first) :]
    labels = np.arange(len(nodes))
    while True:
        before = labels.copy()
        smaller = np.minimum(labels[left], labels[right])
        np.minimum.at(labels, labels[left], smaller)
        np.minimum.at(labels, labels[right], smaller)
        labels = labels[labels]
        if np.array_equal(labels, before):
            break
    own = np.zeros(len(nodes), np.int64)
    own[left], own[right] = first_sizes, second_sizes
    sizes = np.bincount(labels, weights=own, minlength=len(nodes)).astype(np.int32)
    return Components(nodes, nodes[labels], sizes[labels])
