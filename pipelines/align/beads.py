"""Beads: what a sentence alignment is made of, whatever the method."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LONGEST = 4  # sentences on a side

# Source and target sentences of each type of bead. Deletions come last.
TYPES = (*((n, m) for n in range(1, LONGEST + 1) for m in range(1, LONGEST + 1)), (1, 0), (0, 1))

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Beads:
    """The beads [b] of two documents, in their order; each sentence of either document is in exactly one.

    A bead joins the `sources` sentences (int32, 0 to 4) from `source` on with the `targets` ones from `target` on; a
    sentence without a counterpart is a bead with an empty other side. `confidence` (float32) is between 0 and 1, and 0
    for a bead with an empty side; each method says what it means.
    """

    source: Int32
    sources: Int32
    target: Int32
    targets: Int32
    confidence: Float32

    @classmethod
    def of(cls, sizes: Int64, confidence: Float32) -> "Beads":
        """Return beads of these sizes ([b, 2]) one after the other."""
        starts = np.cumsum(sizes, axis=0) - sizes
        two_sided = (sizes > 0).all(axis=1)
        source, target = starts.astype(np.int32).T
        sources, targets = sizes.astype(np.int32).T
        return cls(source, sources, target, targets, np.where(two_sided, confidence, np.float32(0)))

    def __len__(self) -> int:
        return len(self.source)

    @property
    def two_sided(self) -> npt.NDArray[np.bool_]:
        """Which beads join something: bool [b]."""
        return (self.sources > 0) & (self.targets > 0)
