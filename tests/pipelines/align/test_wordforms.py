"""The forms of texts: joined, and as runs of one text each."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.align.wordforms import Forms, forms

TEXTS = st.lists(st.text("ab é1 。漢字.", max_size=8), max_size=8)


def as_lists(found: Forms) -> list[list[tuple[int, int]]]:
    pairs = list(zip(found.hashes.tolist(), found.alike.tolist(), strict=True))
    return [pairs[begin:end] for begin, end in zip(found.starts[:-1], found.starts[1:], strict=True)]


@given(TEXTS, TEXTS)
def test_joined_forms_are_those_of_all_texts(first: list[str], second: list[str]) -> None:
    assert as_lists(Forms.joined([forms(first), forms(second)])) == as_lists(forms(first + second))


@given(st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from(["a b", "漢字", "1.", ""]), min_size=1, max_size=3))))
def test_runs_are_the_forms_of_texts_joined_by_a_space(groups: list[tuple[bool, list[str]]]) -> None:
    sentences = [text for _, texts in groups for text in texts]
    ends = [sum(len(texts) for _, texts in groups[: number + 1]) for number in range(len(groups))]
    kept = [(end - len(texts), len(texts)) for end, (taken, texts) in zip(ends, groups, strict=True) if taken]
    first, counts = np.array(kept, np.int64).reshape(-1, 2).T
    expected = forms([" ".join(texts) for taken, texts in groups if taken])
    assert as_lists(forms(sentences).runs(first, counts)) == as_lists(expected)
