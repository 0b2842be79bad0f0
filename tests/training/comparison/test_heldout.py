"""What several corpora hold out together: rows by their text, whatever their order or shards."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.reasons import Reason
from pipelines.datasets.stage import Outcome
from training.comparison.heldout import shared_pools, shared_texts
from training.config.evaluate import EvaluateSection

EVALUATE = EvaluateSection(pool_size=2, min_words=1)
Publish = Callable[..., Dataset]


@pytest.fixture
def publish(tmp_path: Path, committed: Callable[[Draft, str, Outcome], Dataset]) -> Publish:
    """Return a function that makes a publish dataset of German dev texts and pairs, in shards of two rows."""

    def make(name: str, texts: list[str], pairs: list[tuple[str, str]], split: str = "dev") -> Dataset:
        draft = Draft(tmp_path / name)
        files = []
        for begin in range(0, len(texts), 2):
            part = texts[begin : begin + 2]
            table = pa.table({"text": part, "document": ["" if text == "lonely" else "d" for text in part]})
            partition = {"kind": "text", "language": "de", "split": split}
            files.append(draft.write_table(f"text/de/{split}-{begin}.arrow", table, partition))
        columns = {
            "source_text": [source for source, _ in pairs],
            "target_text": [target for _, target in pairs],
            "group": pa.array(range(len(pairs)), pa.uint64()),
            "document": ["d"] * len(pairs),
        }
        partition = {"kind": "pairs", "language": "de", "split": split}
        files.append(draft.write_table(f"pairs/en-de/{split}.arrow", pa.table(columns), partition))
        return committed(draft, "publish", Outcome("rows", "rows", Counts(), files))

    return make


def test_only_what_all_hold_out_is_compared_on(publish: Publish) -> None:
    first = publish("a", ["one", "two", "three", "lonely"], [])
    second = publish("b", ["lonely", "three", "four", "one", "one"], [])
    found = shared_texts([first, second], "dev", 10)
    assert sorted(found.texts) == ["lonely", "one", "three"]
    assert set(found.languages) == {"de"}
    assert dict(zip(found.texts, found.documents, strict=True)) == {"one": "d", "three": "d", "lonely": "lonely"}
    assert shared_texts([second, first], "dev", 10).texts.count("one") == 1
    assert shared_texts([first, second], "test", 10).texts == []


def test_few_texts_are_the_same_few_for_any_order_of_the_corpora(publish: Publish) -> None:
    names = [f"text {number}" for number in range(20)]
    first, second = publish("a", names, []), publish("b", names[::-1], [])
    chosen = shared_texts([first, second], "dev", 5).texts
    assert len(chosen) == 5
    assert set(chosen) == set(shared_texts([second, first], "dev", 5).texts)


def test_pools_hold_shared_pairs_alone_and_count_the_others(publish: Publish) -> None:
    pairs = [("one", "eins"), ("two", "zwei"), ("three", "drei")]
    first = publish("a", [], [*pairs, ("four", "vier")])
    second = publish("b", [], [*pairs[::-1], ("four", "Vier!")])
    pools = shared_pools([first, second], "dev", EVALUATE)
    assert len(pools.pools["de"]) == 2
    assert ("four", "vier") not in zip(pools.pools["de"].source_texts, pools.pools["de"].target_texts, strict=True)
    assert pools.counts.dropped == {Reason.BEYOND_POOL: 1, Reason.NOT_SHARED: 1}
    assert (pools.counts.rows_in, pools.counts.rows_out) == (4, 2)
    assert not shared_pools([first, publish("c", [], [])], "dev", EVALUATE).pools
