"""Near duplicates among pairs, from catalogs to what is published, against a plain comparison of word bigrams."""

import random
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.engine.budget import PROCESS
from pipelines.stages.deduplicating import near, need

WHOLE = {"test": {"share": 0}, "dev": {"share": 0}}
LEAST = 0.6
ROW = 1 << 20  # bytes that a key is said to take, so that a budget of some MiB makes many rounds
ONE = {"near_pairs": "one"}

Pair = tuple[str, str]


def sentence(language: str, draw: random.Random) -> list[str]:
    return [f"{language}{draw.randrange(200)}" for _ in range(draw.randint(6, 12))]


def made_up(number: int = 60) -> list[Pair]:
    """Return pairs of which every third is another one with a word of one side or of both sides changed."""
    draw, pairs = random.Random(5), list[tuple[list[str], list[str]]]()
    for place in range(number):
        source, target = sentence("quelle", draw), sentence("ziel", draw)
        if place % 3 == 2:
            source, target = (list(side) for side in draw.choice(pairs))
            for side in draw.choice([(source,), (target,), (source, target)]):
                side[draw.randrange(len(side))] = f"anders{place}"
        pairs.append((source, target))
    return [(" ".join(source), " ".join(target)) for source, target in pairs]


def similarity(one: str, other: str) -> float:
    bigrams = [{*zip(text.split(), text.split()[1:], strict=False)} for text in (one, other)]
    return len(bigrams[0] & bigrams[1]) / len(bigrams[0] | bigrams[1])


def alike(one: Pair, other: Pair) -> float:
    return min(similarity(*sides) for sides in zip(one, other, strict=True))


def catalogs(pairs: list[Pair], language: str = "de", size: int = 20) -> dict[str, Any]:
    """Return documents of `size` pairs each."""
    return {
        f"d{first:03d}": {
            code: {f"k{number:03d}": pair[side] for number, pair in enumerate(pairs[first : first + size])}
            for side, code in enumerate(("en", language))
        }
        for first in range(0, len(pairs), size)
    }


def sections(near_pairs: dict[str, Any] | None = None, **publish: Any) -> dict[str, Any]:
    limits = {"min_letters": 0, "max_length_ratio": 100, "language_chars": 1000}
    near = {"near_pairs": {"jaccard": LEAST, "bands": 40, "rows": 3} if near_pairs is None else near_pairs}
    return {"align": {}, "deduplicate": near, "publish": {**WHOLE, "thresholds": limits, **publish}}


def test_pairs_are_near_if_both_sides_are(corpus: Callable[..., Any]) -> None:
    pairs = made_up()
    made = corpus(catalogs(pairs), split_bytes=900, **sections())
    made.make("ingest", "align", "deduplicate")
    found = made.dataset("deduplicate")
    assert len(found.files(kind="near")) > 1
    named: dict[int, Pair] = {}
    for entry in found.files(kind="clusters"):
        if entry.partition["of"].startswith("pairs/"):
            (aligned,) = (own for own in made.dataset("align").files() if own.name == entry.partition["of"])
            rows = made.dataset("align").table(aligned).select(["source_text", "target_text"]).to_pylist()
            keys = found.table(entry)["cluster"].to_pylist()
            named |= {key: (row["source_text"], row["target_text"]) for key, row in zip(keys, rows, strict=True)}
    assert sorted(named.values()) == sorted(pairs)
    expected = {
        frozenset((one, other)): alike(one, other)
        for one, other in combinations(pairs, 2)
        if alike(one, other) >= LEAST
    }
    verified = {
        frozenset((named[row["first"]], named[row["second"]])): row["jaccard"]
        for entry in found.files(kind="near")
        for row in found.table(entry).to_pylist()
    }
    assert len(expected) > 8
    assert verified == pytest.approx(expected)
    counts = found.manifest.summary["near_pairs"]["languages"]["de"]
    assert (counts["pairs"], counts["verified"]) == (len(pairs), len(expected))
    assert "near" not in found.manifest.summary


@pytest.mark.parametrize("workers", [1, 2])
def test_one_of_near_pairs_is_kept(corpus: Callable[..., Any], rows_of: Callable[..., Any], workers: int) -> None:
    pairs = made_up()
    published = corpus(catalogs(pairs), split_bytes=900, **sections(duplicates=ONE)).make(workers=workers)
    kept = rows_of(published, "source_text", "target_text", kind="pairs")
    lost = set(pairs) - set(kept)
    assert published.manifest.summary["dropped"]["pairs"] == {Reason.NEAR_DUPLICATE: len(lost)}
    assert len(lost) > 8
    assert all(alike(one, other) < LEAST for one, other in combinations(kept, 2))
    assert all(any(alike(one, other) >= LEAST for other in kept) for one in lost)


def test_all_are_kept_unless_the_recipe_asks(corpus: Callable[..., Any]) -> None:
    published = corpus(catalogs(made_up()), **sections()).make()
    assert Reason.NEAR_DUPLICATE not in published.manifest.rows.dropped


def test_a_threshold_decides_first(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    first, second = "one two three four five six seven eight", "one two three four five six seven nine"
    long = f"eins zwei drei vier {'x' * 60} sechs sieben acht"
    pairs = [(first, long), (second, long[:-4] + "neun")]
    sets = sections(duplicates=ONE)
    sets["publish"]["filters"] = {"pairs": {"max_near_copy": 1.0}}
    for most, expected in ((200, 1), (len(long) - 1, 0)):
        sets["publish"]["thresholds"] = {"min_letters": 0, "max_length_ratio": 100, "max_chars": most}
        published = corpus(catalogs(pairs), f"runs{most}", **sets).make()
        assert len(rows_of(published, "target_text", kind="pairs")) == expected


def test_pairs_of_other_languages_are_never_compared(corpus: Callable[..., Any]) -> None:
    pairs = [("one two three four five six seven", "uno dos tres cuatro cinco seis siete")]
    given = {**catalogs(pairs, "es"), **{f"x{name}": value for name, value in catalogs(pairs, "it").items()}}
    assert corpus(given, **sections(duplicates=ONE)).make().manifest.rows.dropped.get(Reason.NEAR_DUPLICATE) is None


def test_what_is_held_out_wins(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    pairs = made_up(120)
    held_out = {"test": {"share": 0.3}, "dev": {"share": 0}, "duplicates": ONE}
    published = corpus(catalogs(pairs, size=2), **sections(**held_out)).make()
    train, test = (
        rows_of(published, "source_text", "target_text", kind="pairs", split=part) for part in ("train", "test")
    )
    assert test
    assert all(alike(one, other) < LEAST for one in test for other in train)
    assert published.manifest.rows.dropped[Reason.NEAR_DUPLICATE] > 0


def test_a_pair_with_a_side_without_words_takes_no_part(corpus: Callable[..., Any]) -> None:
    pairs = [("!!! ???", "... !!!"), ("!!! ??", "... !!"), ("one two three four", "?!"), ("one two three four", "?!!")]
    made = corpus(catalogs(pairs), **sections())
    made.make("ingest", "align", "deduplicate")
    counts = made.dataset("deduplicate").manifest.summary["near_pairs"]["languages"].get("de", {})
    assert counts.get("pairs", 0) == 0


def test_the_choice_asks_for_the_search(corpus: Callable[..., Any]) -> None:
    made = corpus(catalogs(made_up(3)), **{**sections(duplicates=ONE), "deduplicate": {}})
    with pytest.raises(UserError, match=r"publish\.duplicates\.near_pairs: .*add `near_pairs: \{\}` to deduplicate"):
        made.make()


def test_the_number_of_rounds_changes_nothing(
    corpus: Callable[..., Any], noted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = corpus(catalogs(made_up(90)), split_bytes=900, **sections(duplicates=ONE))
    whole = made.make()
    for stage in ("deduplicate", "publish"):
        made.dataset(stage).folder.rename(made.folder / f"whole-{stage}")
    compared = noted(near.pair_in_round)
    monkeypatch.setattr(near, "pair_in_round", compared)
    monkeypatch.setattr(need, "KEY", ROW)
    monkeypatch.setattr(need, "BAND", ROW)
    made.make("deduplicate", memory_budget=PROCESS + 100 * ROW)
    assert len(compared.splits()) > 10
    assert made.make("publish").manifest == whole.manifest
