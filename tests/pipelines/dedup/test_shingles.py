"""Shingles are those of a plain program, whatever the script."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.dedup.shingles import Shingles, joined, shingled, side_by_side

TEXTS = {
    "Latin": "Everyone has the right to life, liberty and the security of person; no one shall be held in slavery",
    "Cyrillic": "Каждый человек имеет право на жизнь, на свободу и на личную неприкосновенность и никто не должен",
    "Arabic": "لكل فرد الحق في الحياة والحرية وفي الأمان على شخصه ولا يجوز استرقاق أحد أو استعباده ويحظر الرق",
    "Devanagari": "प्रत्येक व्यक्ति को जीवन स्वाधीनता और वैयक्तिक सुरक्षा का अधिकार है कोई भी गुलामी या दासता में न रखा जाएगा",
    "Thai": "ทุกคนมีสิทธิในการดำรงชีวิตเสรีภาพและความมั่นคงแห่งตัวตนบุคคลใดจะตกอยู่ในความเป็นทาส",
    "Chinese": "人人有权享有生命自由和人身安全任何人不得使为奴隶或奴役一切形式的奴隶制度和奴隶买卖均应予以禁止",
}


def sets_of(documents: list[list[str]], words: int = 5) -> list[set[int]]:
    texts = [text for document in documents for text in document]
    starts = np.cumsum([0, *(len(document) for document in documents)])
    found = joined(list(shingled(texts, starts, words)))
    assert len(found.starts) == len(documents) + 1
    return [set(found.values[begin:end].tolist()) for begin, end in zip(found.starts, found.starts[1:], strict=False)]


@pytest.mark.parametrize("script", [*TEXTS])
def test_texts_share_the_shingles_of_what_they_share(script: str) -> None:
    text = TEXTS[script]
    half = text[: text.rindex(" ", 0, 60)] if " " in text else text[:30]
    whole, part, other = sets_of([[text], [half], ["something else that is not at all the same text"]])
    assert part < whole
    assert len(part) > 3
    assert not whole & other


@pytest.mark.parametrize(
    ("script", "tokens"), [("Latin", 5), ("Cyrillic", 5), ("Arabic", 5), ("Thai", 20), ("Chinese", 9)]
)
def test_a_shingle_has_five_words_or_as_many_characters_as_they_have(script: str, tokens: int) -> None:
    units = TEXTS[script].replace(",", "").replace(";", "").split() if tokens == 5 else [*TEXTS[script]]
    count = len([unit for unit in units if unit.strip()])
    (found,) = sets_of([[TEXTS[script]]])
    assert len(found) == count - tokens + 1


def test_case_width_punctuation_and_paragraphs_do_not_matter() -> None:
    one, two, three = sets_of(
        [
            ["One two three four five, six seven"],
            ["ONE two: three", "four FIVE", "six seven!"],
            ["ｏｎｅ two three four five six seven"],
        ]
    )
    assert one == two == three
    assert len(one) == 3


def test_short_texts_are_one_shingle_and_blank_ones_none() -> None:
    short, same, other, longer, blank = sets_of([["two words"], ["Two  words"], ["one"], ["a b c d e"], ["…!"]])
    assert short == same != other
    assert [len(found) for found in (short, other, longer, blank)] == [1, 1, 1, 0]


@settings(deadline=None)
@given(st.lists(st.lists(st.text("abc ", max_size=30), min_size=1, max_size=4), max_size=12), st.integers(1, 4))
def test_sets_are_equal_exactly_where_those_of_a_plain_program_are(documents: list[list[str]], words: int) -> None:
    def plain(document: list[str]) -> set[tuple[str, ...]]:
        found = " ".join(document).split()
        runs = {tuple(found[place : place + words]) for place in range(len(found) - words + 1)}
        return runs or ({tuple(found)} if found else set())

    known: dict[tuple[str, ...], int] = {}
    for document, found in zip(documents, sets_of(documents, words), strict=True):
        expected = plain(document)
        assert len(found) == len(expected)
        hashes = {known[run] for run in expected if run in known}
        assert hashes <= found
        if len(expected) == 1:
            known.update(dict.fromkeys(expected, next(iter(found))))


def test_sets_of_some_documents() -> None:
    shingles = Shingles(np.array([5, 3, 5, 9, 9, 1], np.uint32), np.array([0, 3, 3, 6]))
    found = shingles.sets(np.array([2, 0, 1]))
    assert (found.values.tolist(), found.starts.tolist()) == ([1, 9, 3, 5], [0, 2, 4, 4])


def test_many_documents_come_in_parts_of_whole_documents() -> None:
    chance = random.Random(1)
    documents = [[" ".join(chance.choices("abcdefgh", k=300))] for _ in range(600)]
    texts = [text for (text,) in documents]
    parts = list(shingled(texts, np.arange(601), 5))
    assert len(parts) > 1
    assert sum(len(part.starts) - 1 for part in parts) == 600
    assert joined(parts).sizes.tolist() == [296] * 600


def flat(sides: list[list[int]]) -> Shingles:
    starts = np.cumsum([0, *map(len, sides)])
    return Shingles(np.array([value for side in sides for value in side], np.uint32), starts)


@given(st.lists(st.tuples(*[st.lists(st.integers(0, 9), max_size=6)] * 2), max_size=5))
def test_the_sides_of_a_pair_stand_together_and_never_mix(pairs: list[tuple[list[int], list[int]]]) -> None:
    both = side_by_side(flat([source for source, _ in pairs]), flat([target for _, target in pairs]))
    assert both.sizes.tolist() == [len(source) + len(target) for source, target in pairs]
    for place, (source, target) in enumerate(pairs):
        found = both.values[both.starts[place] : both.starts[place + 1]].tolist()
        assert found[: len(source)] == source
        assert len({*found}) == len({*source}) + len({*target})
