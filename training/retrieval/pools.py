"""Which held-out pairs are retrieval candidates: pools of one fixed size, and a reason for each pair left out."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from pipelines.datasets.counts import Counts
from pipelines.datasets.evidence import Sample, Samples, merge_samples
from pipelines.datasets.reasons import Reason
from training.config.evaluate import EvaluateSection
from training.data.shards import Ragged

_WORD = re.compile(r"\w+")
_COPIED_LENGTH = 4


@dataclass(frozen=True)
class Candidates:
    """All pairs of one language in one split: texts, ids (without special tokens), and groups uint64 `[n]`."""

    language: str
    source_texts: list[str]
    target_texts: list[str]
    source_ids: Ragged
    target_ids: Ragged
    groups: NDArray[np.uint64]
    documents: list[str]

    def take(self, rows: list[int]) -> "Candidates":
        """Return the chosen pairs, in the order of `rows`."""
        index = np.asarray(rows, dtype=np.int64)
        return Candidates(
            self.language,
            [self.source_texts[row] for row in rows],
            [self.target_texts[row] for row in rows],
            self.source_ids.take(index),
            self.target_ids.take(index),
            self.groups[index],
            [self.documents[row] for row in rows],
        )

    def __len__(self) -> int:
        return len(self.source_texts)

    @property
    def copied(self) -> NDArray[np.bool_]:
        """Return which pairs have a word of the source inside the target, such as a name, bool `[n]`."""
        return np.asarray([_has_copied_word(*pair) for pair in zip(self.source_texts, self.target_texts, strict=True)])


@dataclass(frozen=True)
class Pools:
    """The pools of one split, by language, and what was left out and why."""

    pools: dict[str, Candidates]
    counts: Counts
    samples: Samples


def folded(text: str) -> str:
    """Return `text` under NFKC, without case, and with single spaces: equal for what reads as equal."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def build_pools(languages: Iterable[Candidates], evaluate: EvaluateSection) -> Pools:
    """Return a pool of `pool_size` pairs for each language that has so many fair ones.

    Pairs are taken in an order drawn from (seed, group), so the same English texts come first in every
    language, and no language gets easier candidates than another. Texts are distinct on both sides.
    """
    pools: dict[str, Candidates] = {}
    counts: list[Counts] = []
    samples: list[Samples] = []
    for candidates in languages:
        rows, dropped = _choose(candidates, evaluate)
        if len(rows) < evaluate.pool_size:
            dropped |= dict.fromkeys(rows, Reason.SMALL_POOL)
            rows = []
        if rows:
            pools[candidates.language] = candidates.take(rows)
        by_reason = {reason: [row for row in dropped if dropped[row] is reason] for reason in Reason}
        counts.append(
            Counts(
                rows_in=len(candidates),
                rows_out=len(rows),
                dropped={reason: len(found) for reason, found in by_reason.items() if found},
            )
        )
        samples.append({reason: [_sample(candidates, row) for row in rows] for reason, rows in by_reason.items()})
    return Pools(pools, Counts.total(counts), merge_samples(samples))


def _choose(candidates: Candidates, evaluate: EvaluateSection) -> tuple[list[int], dict[int, Reason]]:
    """Return the rows of the pool, in order, and the reason for each row that is not in it."""
    rows: list[int] = []
    dropped: dict[int, Reason] = {}
    sources: set[str] = set()
    targets: set[str] = set()
    order = sorted(range(len(candidates)), key=lambda row: _draw(candidates, row, evaluate.seed))
    for row in order:
        source, target = folded(candidates.source_texts[row]), folded(candidates.target_texts[row])
        if len(source.split()) < evaluate.min_words:
            dropped[row] = Reason.SHORT_QUERY
        elif source == target:
            dropped[row] = Reason.UNTRANSLATED
        elif source in sources or target in targets:
            dropped[row] = Reason.DUPLICATE_CANDIDATE
        elif len(rows) == evaluate.pool_size:
            dropped[row] = Reason.BEYOND_POOL
        else:
            rows.append(row)
            sources.add(source)
            targets.add(target)
    return rows, dropped


def _draw(candidates: Candidates, row: int, seed: int) -> tuple[int, str, int]:
    group = int(candidates.groups[row])
    return xxhash.xxh3_64_intdigest(group.to_bytes(8, "little"), seed=seed), candidates.target_texts[row], row


def _sample(candidates: Candidates, row: int) -> Sample:
    text = f"{candidates.source_texts[row]} ↔ {candidates.target_texts[row]}"
    return Sample.of(candidates.documents[row], row, text, candidates.language)


def _has_copied_word(source: str, target: str) -> bool:
    inside = folded(target)
    return any(
        word in inside
        for word in _WORD.findall(folded(source))
        if len(word) >= _COPIED_LENGTH or any(character.isdigit() for character in word)
    )


def candidates_of(language: str, texts: list[pa.Table], tokens: list[pa.Table]) -> Candidates:
    """Return the pairs of one language from its published texts and its token shards, row by row the same."""
    source: list[str] = [text for table in texts for text in table["source_text"].to_pylist()]
    target: list[str] = [text for table in texts for text in table["target_text"].to_pylist()]
    ids: list[list[list[int]]] = [
        [row for table in tokens for row in table[side].to_pylist()] for side in ("source", "target")
    ]
    groups = np.concatenate([table["group"].to_numpy() for table in texts])
    documents: list[str] = [document for table in texts for document in table["document"].to_pylist()]
    return Candidates(language, source, target, Ragged.of(ids[0]), Ragged.of(ids[1]), groups, documents)
