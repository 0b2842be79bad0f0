"""Pairs of sentences: the beads of each pair of documents, aligned by one worker that reads mapped files."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.align import embedding, length, lexical
from pipelines.align.beads import Beads
from pipelines.align.learning import PARTS
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.evidence import Sample
from pipelines.datasets.reasons import Reason
from pipelines.stages.aligning.joined import Aligned, bead_pairs, document_vectors
from pipelines.stages.aligning.keys import language_summary
from pipelines.stages.aligning.lexicons import lexicon_of
from pipelines.stages.aligning.matching import is_language
from pipelines.stages.aligning.pairing import SIDES, Pairs, SentenceFile, Translations, untranslated
from pipelines.stages.work import codes, compact, samples_by_reason

_FATES: Final = (None, Reason.NO_COUNTERPART, Reason.UNTRANSLATED)
_IN_PAIR, _ALONE, _COPIED = range(len(_FATES))


def align_file(translations: Translations, draft: Draft, file: SentenceFile) -> SplitRecord:
    """Align every document of a file that is a target, and write its pairs (PAIRS), in the order of its sentences.

    Counted are the sentences of all documents beside the pivot's that are no source; of the rest, the types of beads.
    """
    table = file.table()
    pairs = Pairs.read(draft)
    fate = np.where(_counted(table, pairs, file.index, translations.pivot), _ALONE, -1)
    found: list[Aligned] = []
    types: Counter[str] = Counter()
    for pair in np.flatnonzero(pairs.columns["target_file"] == file.index).tolist():
        first, stop = (int(pairs.columns[f"target_{name}"][pair]) for name in ("first", "stop"))
        if untranslated(translations, *pairs.texts(translations.files, pair)):
            fate[first:stop] = _COPIED
            continue
        beads = _align(translations, draft, pairs, pair)
        types.update(f"{n}-{m}" for n, m in zip(beads.sources.tolist(), beads.targets.tolist(), strict=True))
        joined = np.repeat(beads.two_sided, beads.targets)
        fate[first:stop] = np.where(joined, _IN_PAIR, _ALONE)
        found.append(_by_row(pairs, pair, beads))
    rows = bead_pairs(translations, file, found)
    entries = [draft.write_table(f"pairs/sentences-{file.name.rpartition('/')[2]}", compact(rows), {"kind": "pairs"})]
    counts = np.bincount(fate[fate >= 0], minlength=len(_FATES)).tolist()
    dropped = {reason: count for reason, count in zip(_FATES, counts, strict=True) if reason and count}
    return SplitRecord(
        files=entries,
        rows=SplitRecord.rows_of(Counts(sum(counts), 0, counts[_IN_PAIR], dropped)),
        samples=samples_by_reason(_dropped(table, fate)),
        summary=_summary(table, fate, rows, types),
    )


def _counted(table: pa.Table, pairs: Pairs, index: int, pivot: str) -> npt.NDArray[np.bool_]:
    """Return which sentences are beside the pivot's and of no document that is a source: bool [n]."""
    counted: npt.NDArray[np.bool_] = ~is_language(table, pivot)
    for pair in np.flatnonzero(pairs.columns["source_file"] == index).tolist():
        counted[pairs.columns["source_first"][pair] : pairs.columns["source_stop"][pair]] = False
    return counted


def _align(translations: Translations, draft: Draft, pairs: Pairs, pair: int) -> Beads:
    """Align a pair of documents by the method of the config."""
    sources, targets = pairs.texts(translations.files, pair)
    if translations.section.method == "length":
        return length.align(sources, targets)
    lexicon = lexicon_of(draft.folder, pairs.language[pair], int(pairs.rank[pair]) % PARTS)
    if translations.section.method == "lexical":
        return lexical.align(sources, targets, lexicon)
    source, target = lexical.Sentences.of(sources), lexical.Sentences.of(targets)
    vectors = [document_vectors(translations.files, pairs, pair, side) for side in SIDES]
    words = partial(lexical.evidence, source=source, target=target, lexicon=lexicon)
    return embedding.align(vectors[0], vectors[1], (source.lengths, target.lengths), words)


def _by_row(pairs: Pairs, pair: int, beads: Beads) -> Aligned:
    """Return the two-sided beads by the rows of their files."""
    kept = beads.two_sided
    file, source, target = (int(pairs.columns[name][pair]) for name in ("source_file", "source_first", "target_first"))
    return Aligned(
        file,
        beads.source[kept] + source,
        beads.sources[kept],
        beads.target[kept] + target,
        beads.targets[kept],
        beads.confidence[kept],
    )


def _dropped(table: pa.Table, fate: npt.NDArray[np.int64]) -> Iterator[tuple[Reason, Sample]]:
    for code, reason in enumerate(_FATES):
        if reason:
            rows = np.flatnonzero(fate == code)
            taken = table.select(("file", "record", "text", "lang")).take(pa.array(rows))
            for row in taken.to_pylist():
                yield reason, Sample.of(row["file"], row["record"], row["text"], row["lang"], "")


def _summary(table: pa.Table, fate: npt.NDArray[np.int64], pairs: pa.Table, types: Counter[str]) -> dict[str, Any]:
    language, names = codes(table, "lang")
    alone = np.bincount(language[fate > _IN_PAIR], minlength=len(names))
    return {
        "unpaired": {name: int(count) for name, count in zip(names, alone, strict=True) if count},
        **language_summary(pairs),
        "beads": dict(types),
    }
