"""The lexicon: IBM model 1 against a plain reimplementation, its scores, and its table."""

from collections import Counter, defaultdict
from dataclasses import fields

import numpy as np
import pytest

from pipelines.align import lexicon
from pipelines.align.lexicon import Direction, Lexicon
from pipelines.align.wordforms import forms

SOURCES = ["das haus", "das buch", "ein buch", "das das haus ein"]
TARGETS = ["the house", "the book", "a book", "the house"]


def plain(
    sources: list[str], targets: list[str], left_out: frozenset[int] = frozenset()
) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
    """Return t(target | source) and how often each target form is drawn from the empty word, loop by loop.

    The rows that are left out are counted in all rounds but for the last one.
    """
    rows = [(source.split(), target.split()) for source, target in zip(sources, targets, strict=True)]
    counts = Counter(word for _, target in rows for word in target)
    tokens = sum(counts.values())
    t: dict[tuple[str, str], float] = defaultdict(lambda: 1.0)
    alone = {word: 0.2 * count / tokens for word, count in counts.items()}
    for last in (*[False] * 5, True):
        expected: Counter[tuple[str, str]] = Counter()
        rest = 1 - sum(alone.values())
        counted = [row for number, row in enumerate(rows) if not last or number not in left_out]
        counts = Counter(word for _, target in counted for word in target)
        tokens = sum(counts.values())
        for source, target in counted:
            for f in target:
                parts = [t[e, f] / len(source) * rest for e in source]
                for e, part in zip(source, parts, strict=True):
                    expected[e, f] += part / (sum(parts) + alone[f])
        explained = Counter()
        given = Counter()
        for (e, f), count in expected.items():
            explained[f] += count
            given[e] += count
        alone = {f: (count - explained[f] + 1) / (tokens + len(counts)) for f, count in counts.items()}
        t = defaultdict(float, {(e, f): count / (given[e] + 2) for (e, f), count in expected.items()})
    return t, {f: min(alone[f] * tokens / count, 1) for f, count in counts.items()}


def test_model_1_is_that_of_a_plain_loop() -> None:
    expected, alone = plain(SOURCES, TARGETS)
    found = lexicon.estimate(forms(SOURCES), forms(TARGETS)).forward
    place_of = {word: int(np.flatnonzero(found.given == forms([word]).hashes[0])[0]) for word in ("das", "buch", "ein")}
    made_of = {word: int(np.flatnonzero(found.made == forms([word]).hashes[0])[0]) for word in ("the", "book", "a")}
    for given, row in place_of.items():
        entries = slice(found.starts[row], found.starts[row + 1])
        known = dict(zip(found.translation[entries].tolist(), found.probability[entries].tolist(), strict=True))
        for made, column in made_of.items():
            assert known.get(column, 0) == pytest.approx(expected[given, made], abs=3e-3)
    for made, column in made_of.items():
        assert found.alone[column] == pytest.approx(alone[made], rel=1e-5)


def test_the_rows_of_a_part_are_left_out_of_the_counts() -> None:
    sources, targets = [*SOURCES, "das dach ein"], [*TARGETS, "the roof"]
    whole, rest = lexicon.estimate_without(forms(sources), forms(targets), np.array([0, 0, 1, 0, 1]), [-1, 1])
    expected, alone = plain(sources, targets, frozenset({2, 4}))
    found = rest.forward
    assert set(found.made.tolist()) == set(forms(["the house book"]).hashes.tolist())
    assert set(found.given.tolist()) == set(forms(["das haus buch ein"]).hashes.tolist())
    for given in ("das", "haus", "buch", "ein"):
        row = int(np.flatnonzero(found.given == forms([given]).hashes[0])[0])
        known = dict(zip(*(part[found.starts[row] : found.starts[row + 1]].tolist()
                           for part in (found.translation, found.probability)), strict=True))  # fmt: skip
        for made in ("the", "house", "book"):
            column = int(np.flatnonzero(found.made == forms([made]).hashes[0])[0])
            assert known.get(column, 0) == pytest.approx(expected[given, made], abs=3e-3)
            assert found.alone[column] == pytest.approx(alone[made], rel=1e-5)
    assert len(whole.forward.made) == 5


def test_translations_score_above_others_both_ways() -> None:
    model = lexicon.estimate(forms(SOURCES * 5), forms(TARGETS * 5))
    forward, backward = lexicon.scores(model, ["das haus", "das haus", "xyz", ""], ["the house", "a book", "xyz", "a"])
    assert forward.dtype == backward.dtype == np.float32
    assert forward[0] > 0.3 > 0 > forward[1]
    assert backward[0] > 0.3 > 0 > backward[1]
    assert (forward[2], backward[2], backward[3]) == (0, 0, 0)


def test_the_score_by_hand() -> None:
    one = Direction(
        given=forms(["haus"]).hashes,
        made=forms(["house"]).hashes,
        starts=np.array([0, 1]),
        translation=np.array([0], np.int32),
        probability=np.array([0.5], np.float32),
        share=np.array([0.1], np.float32),
        alone=np.array([0.25], np.float32),
    )
    forward, _ = lexicon.scores(Lexicon(one, one), ["haus garten"], ["house"])
    assert forward[0] == pytest.approx(np.log(0.8 * 0.5 / 2 / 0.1 + 0.25))


def test_a_table_gives_the_lexicon_back() -> None:
    model = lexicon.estimate(forms(SOURCES), forms(TARGETS))
    again = lexicon.from_table(lexicon.to_table(model))
    for side in ("forward", "backward"):
        for field in fields(Direction):
            before, after = (getattr(getattr(one, side), field.name) for one in (model, again))
            assert before.dtype == after.dtype
            assert before.tolist() == after.tolist()


def test_the_empty_lexicon_says_nothing() -> None:
    forward, backward = lexicon.scores(lexicon.empty(), ["a", ""], ["b", ""])
    assert forward.tolist() == backward.tolist() == [0, 0]


def test_sides_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 sources stand beside 1 targets"):
        lexicon.estimate(forms(["a", "b"]), forms(["c"]))
