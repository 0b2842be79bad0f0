"""Who gets into a pool, and why the others do not."""

import numpy as np
import pytest

from pipelines.datasets.reasons import Reason
from training.config.evaluate import EvaluateSection
from training.data.shards import Ragged
from training.retrieval.pools import Candidates, build_pools, folded


def candidates(language: str, pairs: list[tuple[str, str]], groups: list[int] | None = None) -> Candidates:
    ids = Ragged.of([[4 + n] for n in range(len(pairs))])
    return Candidates(
        language,
        [source for source, _ in pairs],
        [target for _, target in pairs],
        ids,
        ids,
        np.asarray(groups or range(len(pairs)), dtype=np.uint64),
        ["light"] * len(pairs),
    )


def numbered(language: str, count: int) -> Candidates:
    return candidates(language, [(f"one two three four {n}", f"{language} {n}") for n in range(count)])


def test_each_reason_by_hand() -> None:
    pairs = [
        ("turn the light on now", "mach das Licht an"),
        ("too short", "zu kurz"),
        ("do not translate this line", "DO NOT  translate this line"),
        ("Turn the LIGHT on now", "Licht einschalten"),
        ("turn the lamp on now", "Mach das Licht an"),
    ]
    built = build_pools([candidates("de", pairs)], EvaluateSection(pool_size=2))
    # of the three that share a side two at most can stay, by the order drawn
    assert built.counts.rows_in == 5
    assert built.counts.dropped[Reason.SHORT_QUERY] == 1
    assert built.counts.dropped[Reason.UNTRANSLATED] == 1
    kept = built.counts.rows_out
    rest = built.counts.dropped.get(Reason.DUPLICATE_CANDIDATE, 0) + built.counts.dropped.get(Reason.SMALL_POOL, 0)
    assert kept + rest == 3


def test_pools_have_one_size_and_small_languages_are_left_out() -> None:
    built = build_pools([numbered("de", 9), numbered("fr", 7), numbered("sw", 6)], EvaluateSection(pool_size=7))
    assert sorted(built.pools) == ["de", "fr"]
    assert all(len(pool) == 7 for pool in built.pools.values())
    assert built.counts.rows_in == 22
    assert built.counts.rows_out == 14
    assert built.counts.dropped == {Reason.BEYOND_POOL: 2, Reason.SMALL_POOL: 6}
    assert len(built.samples[Reason.SMALL_POOL]) == 6


def test_texts_are_distinct_on_both_sides() -> None:
    pairs = [(f"one two three four {n % 3}", f"ziel {n}") for n in range(6)]
    pairs += [(f"five six seven eight {n}", f"ZIEL {n}") for n in range(6)]
    (pool,) = build_pools([candidates("de", pairs)], EvaluateSection(pool_size=6)).pools.values()
    assert len({folded(text) for text in pool.source_texts}) == 6
    assert len({folded(text) for text in pool.target_texts}) == 6


def test_the_same_english_texts_come_first_in_every_language() -> None:
    built = build_pools([numbered("de", 40), numbered("fr", 30)], EvaluateSection(pool_size=10))
    german, french = (set(built.pools[language].groups.tolist()) for language in ("de", "fr"))
    # French has the first 30 groups: of Germany's ten, those that French has too are all in its pool
    assert {group for group in german if group < 30} <= french


def test_the_seed_chooses_the_pool() -> None:
    pools = [
        build_pools([numbered("de", 50)], EvaluateSection(pool_size=10, seed=seed)).pools["de"].source_texts
        for seed in (1, 1, 2)
    ]
    assert pools[0] == pools[1]
    assert pools[0] != pools[2]


@pytest.mark.parametrize(
    ("source", "target", "copied"),
    [
        ("Connect to Spotify now please", "Jetzt mit Spotify verbinden", True),
        ("Wait 30 seconds before it", "30秒待ちます", True),
        ("Turn off the big light", "Schalte die Lampe aus", False),
        ("The LaMetric account is gone", "このlametricアカウント", True),
    ],
)
def test_a_copied_word_is_found_inside_any_script(source: str, target: str, copied: bool) -> None:
    assert candidates("xx", [(source, target)]).copied.tolist() == [copied]


def test_folding() -> None:
    assert folded("  Ｇröße\u00a0 X ") == "grösse x"
