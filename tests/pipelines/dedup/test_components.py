"""Components are those of a walk through the graph, whatever the order and the chunks of the edges."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dedup.components import find_roots, join

NODES = 12
Edges = list[tuple[int, int]]
EDGES = st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)), max_size=30)


def joined(nodes: int, chunks: list[Edges]) -> list[int]:
    parents = np.arange(nodes)
    for edges in chunks:
        ends = np.array(edges, np.int64).reshape(-1, 2)
        join(parents, ends[:, 0], ends[:, 1])
    return [int(root) for root in find_roots(parents, np.arange(nodes))]


def smallest_reached(node: int, edges: Edges) -> int:
    reached, before = {node}, 0
    while len(reached) > before:
        before = len(reached)
        reached |= {other for edge in edges if set(edge) & reached for other in edge}
    return min(reached)


@given(EDGES, st.integers(1, 31))
def test_components_are_what_a_walk_reaches(edges: Edges, size: int) -> None:
    chunks = [edges[begin : begin + size] for begin in range(0, len(edges), size)]
    assert joined(NODES, chunks) == [smallest_reached(node, edges) for node in range(NODES)]


def test_a_long_chain_is_one_component() -> None:
    nodes = 2000
    order = np.random.default_rng(1).permutation(nodes - 1).tolist()
    assert set(joined(nodes, [[(place, place + 1) for place in order]])) == {0}
    assert set(joined(nodes, [[(place + 1, place)] for place in range(nodes - 1)])) == {0}
