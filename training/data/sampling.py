"""How much of each language training reads."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["tokens", "rows"]


def language_shares(
    rows: NDArray[np.int64], tokens_per_row: NDArray[np.float64], unit: Unit, exponent: float
) -> NDArray[np.float64]:
    """Return the share of the tokens that training reads of each language; they sum to 1.

    A language with n units is drawn with p_l ∝ n_l ** exponent. XLM counts sentences (Lample and Conneau 2019,
    section 3.1), XLM-R's code blocks of equally many tokens (fairseq/tasks/multilingual_masked_lm.py), so tokens.
    rows: int64 `[L]`, of which one at least has some; tokens_per_row: float64 `[L]`, as training reads them.
    """
    units = rows * tokens_per_row if unit == "tokens" else rows.astype(np.float64)
    drawn = np.where(rows > 0, np.power(units, exponent, where=rows > 0, out=np.zeros(len(rows))), 0.0)
    shares = drawn if unit == "tokens" else drawn * tokens_per_row
    return np.asarray(shares / shares.sum())


def capped(shares: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shares with none above its limit; what that frees goes to the others in proportion.

    Raises ValueError where the limits sum to less than 1.
    """
    if limits.sum() < 1:
        raise ValueError(f"the limits sum to {limits.sum():.3g}, less than 1")
    full = np.zeros(len(shares), bool)
    while True:
        free = shares[~full].sum()
        scale = (1 - limits[full].sum()) / free if free else 0.0
        result = np.where(full, limits, shares * scale)
        over = ~full & (result > limits)
        if not over.any():
            return np.asarray(result / result.sum())
        full |= over


def language_quotas(shares: NDArray[np.float64], rows: NDArray[np.int64]) -> tuple[int, ...]:
    """Return how many rows of each language one epoch takes: about as many as there are in all.

    shares: float64 `[L]`, of the rows to be read, sum 1; rows: int64 `[L]`, what there is. Rounded by the largest
    remainder, but a language with any rows gets one at least.
    """
    total = int(rows.sum())
    exact = shares * total
    quotas = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(-(exact - quotas), kind="stable")
    quotas[order[: total - int(quotas.sum())]] += 1
    return tuple(np.maximum(quotas, rows > 0).tolist())


def language_entropy(languages: NDArray[np.int64]) -> float:
    """Return the entropy of the languages' shares in nats: 0 where all are one language, ln n where n are even."""
    _, counts = np.unique(languages, return_counts=True)
    shares = counts / max(1, counts.sum())
    return float(-(shares * np.log(shares)).sum())
