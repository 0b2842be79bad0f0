"""One aligner's side of the benchmark of alignment; runs in an environment of its own.

`align_side.py galechurch` reads JSON, a list of documents, each as the lengths of its sentences in characters on either
side. `align_side.py sentalign` reads a list of files of vectors (`source`, `target`: float32 [4, n, d], of the spans
that end with each sentence). Both write JSON: the beads of each document, as numbers of sentences on either side, and
the CPU seconds.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

Sizes = list[tuple[int, int]]


def galechurch() -> Callable[[Any], Sizes]:
    import galechurch as library

    def align(lengths: tuple[Sequence[int], Sequence[int]]) -> Sizes:
        beads = library.align(*(["x" * length for length in side] for side in lengths)).beads
        if not beads:  # it finds no way through some documents
            return [*[(1, 0)] * len(lengths[0]), *[(0, 1)] * len(lengths[1])]
        return [(bead.source_end - bead.source_start, bead.target_end - bead.target_start) for bead in beads]

    return align


def sentalign() -> Callable[[Any], Sizes]:
    import numpy as np
    from sentalign.dp_utils import make_alignment_types, vecalign

    def align(path: str) -> Sizes:
        with np.load(path) as vectors:
            sides = [np.ascontiguousarray(vectors[side]) for side in ("source", "target")]
        np.random.seed(42)  # noqa: NPY002, as sentalign.sentalign does, whose other values these are too
        stack = vecalign(
            *sides,
            final_alignment_types=make_alignment_types(5),  # up to 1-4 and 2-3: all that the gold has
            del_percentile_frac=0.2,
            width_over2=7,
            max_size_full_dp=300,
            costs_sample_size=20_000,
            num_samps_for_norm=100,
        )
        return [(len(source), len(target)) for source, target in stack[0]["final_alignments"]]

    return align


def main(library: str) -> None:
    documents = json.load(sys.stdin)
    align = {"galechurch": galechurch, "sentalign": sentalign}[library]()
    begin = time.process_time()
    sizes = [align(document) for document in documents]
    json.dump({"sizes": sizes, "seconds": time.process_time() - begin}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
