"""The lexicon of each pair of languages, learnt from a sample of its documents."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from pipelines.align.learning import PARTS, learn
from pipelines.align.lexicon import Lexicon, from_table, to_table
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.stages.aligning.pairing import Pairs, Translations
from pipelines.stages.work import mapped

_SEED: Final = 42


@dataclass(frozen=True)
class PairTask:
    """A pair of languages, such as `en-de`."""

    languages: str

    @property
    def split(self) -> str:
        return f"lexicons/{self.languages}"


def lexicon_tasks(translations: Translations, draft: Draft) -> list[PairTask]:
    """Return a task for each pair of languages, if the method wants lexicons."""
    if translations.section.method == "length":
        return []
    return [PairTask(languages) for languages in sorted(set(Pairs.read(draft).language.tolist()))]


def learn_lexicon(translations: Translations, draft: Draft, task: PairTask) -> SplitRecord:
    """Write the lexicons of a pair of languages, one for each part of its documents."""
    pairs = Pairs.read(draft)
    own = np.flatnonzero(pairs.language == task.languages)
    sentences = pairs.columns["target_stop"][own] - pairs.columns["target_first"][own]
    order = np.random.default_rng(_SEED).permutation(len(own))
    before = np.cumsum(sentences[order]) - sentences[order]
    sample = np.sort(order[before < translations.section.sample])
    documents = [pairs.texts(translations.files, pair) for pair in own[sample].tolist()]
    lexicons = learn(documents, pairs.rank[own[sample]] % PARTS)
    return SplitRecord(
        files=[draft.write_table(_name(task.languages, part), to_table(one)) for part, one in enumerate(lexicons)]
    )


@lru_cache(maxsize=2)
def lexicon_of(folder: Path, languages: str, part: int) -> Lexicon:
    """Return the lexicon for the documents of a part: one that they took no part in."""
    return from_table(mapped(folder / _name(languages, part)))


def _name(languages: str, part: int) -> str:
    return f"lexicons/{languages}-{part}.arrow"
