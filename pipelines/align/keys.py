"""Alignment by key: two sentences are translations of each other if they are the same entry of the same document."""

from dataclasses import dataclass

import numpy as np

from pipelines.dedup.exact import Hashes, Positions

NO_GROUP = 0


@dataclass(frozen=True)
class Matches:
    """For each sentence that has a counterpart: its place in the targets, and the counterpart's in the pivots ([n])."""

    target: Positions
    pivot: Positions


def match(pivots: Hashes, targets: Hashes) -> Matches:
    """Match each target with the first pivot of its group; group 0 means that a sentence has none.

    A target stands in at most one match. Where a group has several pivots, the first is taken.
    """
    order = np.argsort(pivots, kind="stable")
    ordered = pivots[order]
    place = np.searchsorted(ordered, targets)
    found = np.flatnonzero((place < len(ordered)) & (targets != NO_GROUP))
    found = found[ordered[place[found]] == targets[found]]
    return Matches(target=found, pivot=order[place[found]])
