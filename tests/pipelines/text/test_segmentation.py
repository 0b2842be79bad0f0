"""Sentence segmentation: by hand in many scripts, and nothing is lost of any text."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.normalize import normalize
from pipelines.text.segmentation import segment

TEXTS = st.lists(st.text(st.sampled_from('ab A1.!?…”")。！」។।፧ก ข\u200b'), max_size=12).map(normalize))


@given(TEXTS)
def test_the_sentences_of_a_text_joined_are_the_text(texts: list[str]) -> None:
    found = segment(texts)
    parts: list[list[str]] = [[] for _ in texts]
    for row, sentence in zip(found.row.tolist(), found.texts, strict=True):
        assert sentence and sentence == sentence.strip()  # noqa: PT018
        parts[row].append(sentence)
    assert ["".join(part).replace(" ", "") for part in parts] == [text.replace(" ", "") for text in texts]
