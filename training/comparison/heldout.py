"""The texts and pairs that several published corpora all hold out: the only fair ground to compare on.

Each corpus keeps its own held-out rows out of its own training rows. So what all of them hold out, none was trained on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.reasons import Reason
from training.config.evaluate import EvaluateSection
from training.data.shards import Ragged
from training.retrieval.pools import Candidates, Pools, build_pools

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Texts:
    """Held-out texts with their languages and documents; a text without a document is one by itself."""

    texts: list[str]
    languages: list[str]
    documents: list[str]

    def take(self, rows: Sequence[int]) -> "Texts":
        """Return the chosen texts, in the order of `rows`."""
        return Texts(*([column[row] for row in rows] for column in (self.texts, self.languages, self.documents)))


def shared_texts(published: Sequence[Dataset], split: str, most: int) -> Texts:
    """Return of each language the texts that all corpora hold out, at most so many: those of the lowest hashes."""
    found = Texts([], [], [])
    reference = published[0]
    for language in _languages(reference, "text", split):
        chosen = _shared(published, "text", language, split)[:most]
        missing = set(chosen.tolist())
        for table, hashes in _tables(reference, "text", language, split):
            for row in np.flatnonzero(np.isin(hashes, chosen)).tolist():
                if int(hashes[row]) in missing:
                    missing.remove(int(hashes[row]))
                    text = table["text"][row].as_py()
                    found.texts.append(text)
                    found.languages.append(language)
                    found.documents.append(table["document"][row].as_py() or text)
    return found


def shared_pools(published: Sequence[Dataset], split: str, evaluate: EvaluateSection) -> Pools:
    """Return pools of the pairs that all corpora hold out, by language; ids are left to each side's tokenizer."""
    candidates, others = [], 0
    for language in _languages(published[0], "pairs", split):
        shared = _shared(published, "pairs", language, split)
        parts = []
        for table, hashes in _tables(published[0], "pairs", language, split):
            is_shared = np.isin(hashes, shared)
            others += int((~is_shared).sum())
            parts.append(table.filter(pa.array(is_shared)))
        candidates.append(_candidates(language, pa.concat_tables(parts)))
    pools = build_pools(candidates, evaluate)
    elsewhere = Counts(rows_in=others, dropped={Reason.NOT_SHARED: others} if others else {})
    return Pools(pools.pools, Counts.total([elsewhere, pools.counts]), pools.samples)


def _shared(published: Sequence[Dataset], kind: str, language: str, split: str) -> Hashes:
    """Return the hashes of the rows that all corpora hold out, ascending."""
    own = [np.concatenate([np.zeros(0, np.uint64), *_hashes(one, kind, language, split)]) for one in published]
    return np.asarray(reduce(np.intersect1d, own, np.unique(own[0])))


def _hashes(published: Dataset, kind: str, language: str, split: str) -> Iterator[Hashes]:
    return (hashes for _, hashes in _tables(published, kind, language, split))


def _tables(published: Dataset, kind: str, language: str, split: str) -> Iterator[tuple[pa.Table, Hashes]]:
    """Yield the columns that are read here of each shard of a language, and a hash of each row's text or texts."""
    names = ["text"] if kind == "text" else ["source_text", "target_text"]
    others = ["document"] if kind == "text" else ["document", "group"]
    for entry in sorted(published.files(kind=kind, split=split, language=language), key=lambda entry: entry.name):
        kept = published.table(entry).select([*names, *others])
        columns = [kept[name].to_pylist() for name in names]
        yield kept, np.asarray([_hash(row) for row in zip(*columns, strict=True)], dtype=np.uint64)


def _hash(texts: Sequence[str]) -> int:
    return xxhash.xxh3_64_intdigest("\0".join(texts).encode())


def _languages(published: Dataset, kind: str, split: str) -> list[str]:
    return sorted({entry.partition["language"] for entry in published.files(kind=kind, split=split)})


def _candidates(language: str, table: pa.Table) -> Candidates:
    none = Ragged(np.zeros(0, np.int32), np.zeros(len(table), np.int64))
    return Candidates(
        language,
        table["source_text"].to_pylist(),
        table["target_text"].to_pylist(),
        none,
        none,
        table["group"].to_numpy(),
        table["document"].to_pylist(),
    )
