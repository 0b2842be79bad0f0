"""Which documents are held out: by the hash of the whole document, so that no document stands in two splits."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import xxhash

from pipelines.config.publish import HeldOut
from pipelines.dedup.survivors import DEV, TEST, TRAIN, Levels

MOST_OF_A_LANGUAGE = 0.4  # of its pairs that may be asked for in one held-out part
MOST_DOCUMENTS = 2_000  # of a language, that further ones are chosen from

Pairs = Mapping[str, Mapping[str, int]]  # document, language, pairs


@dataclass(frozen=True)
class Assignment:
    """The level (train, dev, test) of every document: by its hash, but for the `added` ones."""

    test_share: float
    dev_share: float
    added: Mapping[str, int] = field(default_factory=dict)

    def level(self, document: str) -> int:
        """Return 0 for train, 1 for dev, 2 for test."""
        added = self.added.get(document)
        return self._by_hash(xxhash.xxh3_64_intdigest(document.encode())) if added is None else added

    def levels(
        self, documents: Sequence[str], codes: npt.NDArray[np.int32], clusters: npt.NDArray[np.uint64]
    ) -> Levels:
        """Return the level of each row (uint8 [n]) from its document; a row that has none goes by its cluster."""
        by_document = np.array([self.level(document) for document in documents], np.uint8)
        levels = by_document[codes] if len(codes) else np.zeros(0, np.uint8)
        if "" in documents:
            alone = np.flatnonzero(codes == documents.index(""))
            levels[alone] = [self._by_hash(cluster) for cluster in clusters[alone].tolist()]
        return levels

    def _by_hash(self, value: int) -> int:
        place = value / 2**64
        if place < self.test_share:
            return TEST
        return DEV if place < self.test_share + self.dev_share else TRAIN


def candidates(parts: Iterable[Pairs], wanted: int) -> Pairs:
    """Return the sum of the parts' counts, of documents that may be held out so that there are `wanted` pairs.

    Of a language that stands in very many documents these are the `MOST_DOCUMENTS` (ten times as many as are wanted,
    where that is more) with the lowest hashes, so that memory is for the languages and not for the documents.
    """
    most = max(MOST_DOCUMENTS, 10 * wanted)
    found: dict[str, dict[str, int]] = {}
    room = 2 * most
    for part in parts:
        for document, counts in part.items():
            own = found.setdefault(document, {})
            for language, count in counts.items():
                own[language] = own.get(language, 0) + count
        if len(found) > room:
            found = _lowest(found, most)
            room = max(2 * len(found), room)
    return _lowest(found, most)


def _lowest(pairs: dict[str, dict[str, int]], most: int) -> dict[str, dict[str, int]]:
    """Return the documents that are among the `most` with the lowest hashes of one of their languages, by name."""
    seen: Counter[str] = Counter()
    kept = []
    for document in sorted(pairs, key=lambda name: xxhash.xxh3_64_intdigest(name.encode())):
        if any(seen[language] < most for language in pairs[document]):
            kept.append(document)
        seen.update(pairs[document].keys())
    return {document: pairs[document] for document in sorted(kept)}


def assign(test: HeldOut, dev: HeldOut, test_pairs: Pairs, dev_pairs: Pairs) -> Assignment:
    """Return the documents' levels: the shares by hash, and then as many more documents as `min_pairs` asks for.

    The counts are of different pairs that passed the thresholds and have `min_words`.
    """
    by_hash = Assignment(test.share, dev.share)
    added: dict[str, int] = {}
    for level, part, pairs in ((TEST, test, test_pairs), (DEV, dev, dev_pairs)):
        placed = {document: added.get(document, by_hash.level(document)) for document in pairs}
        added.update(dict.fromkeys(_more_documents(pairs, placed, level, part.min_pairs), level))
    return Assignment(test.share, dev.share, added)


def _more_documents(pairs: Pairs, placed: Mapping[str, int], level: int, wanted: int) -> list[str]:
    """Return training documents that bring every language up to `wanted` pairs at `level`.

    Greedy: the document next taken is the one with the most of what is still missing for the pairs that it costs.
    """
    languages = sorted({language for counts in pairs.values() for language in counts})
    documents = sorted(pairs, key=lambda document: xxhash.xxh3_64_intdigest(document.encode()))
    if not languages or not wanted:
        return []
    counts = np.array([[pairs[document].get(language, 0) for language in languages] for document in documents])
    levels = np.array([placed[document] for document in documents])
    need = np.minimum(wanted, MOST_OF_A_LANGUAGE * counts.sum(0))
    missing = need - counts[levels == level].sum(0)
    free = levels == TRAIN
    taken = []
    while (missing > 0).any():
        gain = np.minimum(counts, np.maximum(missing, 0)) / np.maximum(need, 1)
        value = np.where(free, gain.sum(1) / np.maximum(counts.sum(1), 1), 0)
        best = int(np.argmax(value))
        if value[best] <= 0:
            break
        free[best] = False
        missing = missing - counts[best]
        taken.append(documents[best])
    return taken
