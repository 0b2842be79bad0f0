"""The reading of each half is chosen on the other one."""

import numpy as np

from training.comparison.retrieval import crossfitted
from training.data.shards import Ragged
from training.retrieval.pools import Candidates
from training.retrieval.systems import Variant


def candidates(count: int) -> Candidates:
    texts = [str(number) for number in range(count)]
    none = Ragged.of([[]] * count)
    return Candidates("de", texts, texts, none, none, np.arange(count, dtype=np.uint64), texts)


def finding(found: list[int], name: str) -> Variant:
    """Return a variant that finds these sentences, in both directions, and no others."""

    def similarity(pool: Candidates) -> np.ndarray:
        scores = np.zeros((len(pool), len(pool)), np.float32)
        scores[found, found] = 1.0
        return scores

    return Variant({"reading": name}, similarity)


def test_each_half_is_read_as_is_best_for_the_other() -> None:
    # of 8 sentences, even groups are one half; `even` finds all of them and nothing else
    even, odd = finding([0, 2, 4, 6], "even"), finding([1, 3, 5], "odd")
    hits, settings = crossfitted([even, odd], {"de": candidates(8)})
    assert settings == [{"reading": "odd"}, {"reading": "even"}]
    assert not hits.found["de"].any()  # a choice on the sentences themselves would have found seven of eight
    good = finding([0, 1, 2, 3, 4, 5, 7], "good")
    hits, settings = crossfitted([even, odd, good], {"de": candidates(8)})
    assert settings == [{"reading": "good"}, {"reading": "even"}]
    assert hits.found["de"].sum(axis=1).tolist() == [3, 3]


def test_one_reading_is_taken_as_it_is() -> None:
    hits, settings = crossfitted([finding([2, 3], "only")], {"de": candidates(4)})
    assert hits.found["de"][0].tolist() == [False, False, True, True]
    assert settings == [{"reading": "only"}] * 2
