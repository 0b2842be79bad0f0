"""How much of each language training reads."""

import numpy as np
from numpy.typing import NDArray


def language_entropy(languages: NDArray[np.int64]) -> float:
    """Return the entropy of the languages' shares in nats: 0 where all are one language, ln n where n are even."""
    _, counts = np.unique(languages, return_counts=True)
    shares = counts / max(1, counts.sum())
    return float(-(shares * np.log(shares)).sum())
