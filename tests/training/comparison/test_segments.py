"""What is masked: the same characters whatever the tokenizers, and never what one of them does not know."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.comparison.segments import Tokens, choose
from training.data.sequences import UNK


def tokens(*spans: tuple[int, int], unknown: tuple[int, ...] = ()) -> Tokens:
    ids = [UNK if number in unknown else 10 + number for number in range(len(spans))]
    return Tokens(np.asarray(ids, dtype=np.int32), np.asarray(spans, dtype=np.int64).reshape(-1, 2))


def masked(text: str, side: Tokens, places: np.ndarray) -> set[int]:
    """Return the places of the characters under the chosen tokens, white space left out."""
    covered = {place for start, end in side.spans[places].tolist() for place in range(start, end)}
    return {place for place in covered if not text[place].isspace()}


def test_with_one_tokenizer_a_segment_is_a_token() -> None:
    text = "one two three four"
    side = tokens((0, 3), (3, 7), (7, 13), (13, 18))
    chosen = choose(text, [side], 0.5)
    assert chosen is not None
    assert len(chosen.places[0]) == 2
    assert chosen.characters == len(masked(text, side, chosen.places[0]))
    again = choose(text, [side, side], 0.5)
    assert again is not None
    assert again.places[0].tolist() == again.places[1].tolist() == chosen.places[0].tolist()


def test_a_space_that_is_a_token_of_its_own_goes_with_the_word() -> None:
    text = "one two"
    whole, apart = tokens((0, 3), (3, 7)), tokens((0, 3), (3, 4), (4, 7))
    for share in (0.1, 0.5):
        chosen = choose(text, [whole, apart], share)
        assert chosen is not None
        assert masked(text, whole, chosen.places[0]) == masked(text, apart, chosen.places[1])
    everything = choose(text, [whole, apart], 1.0)
    assert everything is not None
    assert [places.tolist() for places in everything.places] == [[0, 1], [0, 1, 2]]
    assert everything.characters == 6


def test_tokens_that_overlap_stay_together() -> None:
    # ½ becomes three characters, which one tokenizer cuts
    everything = choose("a½b", [tokens((0, 1), (1, 2), (1, 2), (2, 3)), tokens((0, 1), (1, 2), (2, 3))], 1.0)
    assert everything is not None
    assert everything.characters == 3
    one = choose("½b", [tokens((0, 1), (0, 1), (1, 2), unknown=(2,))], 0.5)
    assert one is not None
    assert one.places[0].tolist() == [0, 1]


def test_what_a_tokenizer_does_not_know_is_left_alone() -> None:
    text = "one two"
    for _ in range(2):
        chosen = choose(text, [tokens((0, 3), (3, 7)), tokens((0, 3), (3, 7), unknown=(0,))], 1.0)
        assert chosen is not None
        assert [places.tolist() for places in chosen.places] == [[1], [1]]
        assert chosen.characters == 3
    assert choose(text, [tokens((0, 7), unknown=(0,))], 0.15) is None


def cuts(text: str) -> st.SearchStrategy[Tokens]:
    return st.sets(st.integers(1, len(text) - 1)).map(
        lambda places: tokens(*zip([0, *sorted(places)], [*sorted(places), len(text)], strict=True))
    )


@given(st.text("ab ", min_size=2, max_size=30).map(str.strip).filter(lambda text: len(text) > 1), st.data())
def test_all_tokenizers_mask_the_same_characters(text: str, data: st.DataObject) -> None:
    sides = [data.draw(cuts(text)) for _ in range(3)]
    chosen = choose(text, sides, 0.3)
    assert chosen is not None
    covered = [masked(text, side, places) for side, places in zip(sides, chosen.places, strict=True)]
    assert covered[0] == covered[1] == covered[2]
    assert len(covered[0]) == chosen.characters > 0
