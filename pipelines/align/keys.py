"""Alignment by key: two sentences are translations of each other if they are the same entry of the same document."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipelines.dedup.exact import Hashes, Positions

NO_GROUP = 0
PIVOT: Final = 0  # the place of the pivot language


@dataclass(frozen=True)
class Matches:
    """For each sentence that has a counterpart its place, and that of the counterpart on the source side ([n])."""

    target: Positions
    source: Positions


def match(groups: Hashes, languages: npt.NDArray[Any]) -> Matches:
    """Match each row with the source of its group: rows [n] by group, and the place of their language among all.

    The source is the first row in the pivot language (`PIVOT`). In a group without one whose rows are in exactly two
    languages it is the first row in the language that comes first. Rows in the source's language are no targets, and
    group 0 means that a row has no counterpart. Matches are in the order of their targets.
    """
    order = np.lexsort((languages, groups))
    order = order[np.searchsorted(groups[order], NO_GROUP, "right") :]
    ordered, language = groups[order], languages[order]
    begins = np.flatnonzero(np.diff(ordered, prepend=~ordered[:1]) != 0)
    sizes = np.diff(begins, append=len(order))
    changes = np.diff(language, prepend=language[:1]) != 0
    changes[begins] = True
    different = np.add.reduceat(changes, begins, dtype=np.int64) if len(begins) else sizes
    head = np.repeat(begins, sizes)
    paired = (language != language[head]) & ((language[head] == PIVOT) | (np.repeat(different, sizes) == 2))
    target, source = order[paired], order[head[paired]]
    in_order = np.argsort(target)
    return Matches(target=target[in_order], source=source[in_order])
