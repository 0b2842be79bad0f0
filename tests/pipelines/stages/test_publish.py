"""Publish: no text is lost with its copy, nothing held out leaks, and every row is accounted for."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.datasets.schemas import DECISIONS
from pipelines.engine.budget import PROCESS
from pipelines.stages import publish
from pipelines.stages.publishing import choose, decide
from pipelines.stages.publishing.splits import Assignment
from pipelines.text.fold import fold

SHARES = {"test": {"share": 0.2}, "dev": {"share": 0.2}}
LEVELS = Assignment(0.2, 0.2)


def documents(level: int, count: int) -> list[str]:
    """Return names of documents whose hash puts them into the split of this level."""
    return [name for name in (f"c{number}" for number in range(1000)) if LEVELS.level(name) == level][:count]


TRAIN_A, TRAIN_B, TRAIN_C = documents(0, 3)
(DEV_A,) = documents(1, 1)
(TEST_A,) = documents(2, 1)

CATALOGS = {
    TRAIN_A: {
        "en": {"a": "Enter the host", "b": "Only in training", "c": "25 %"},
        "de": {"a": "Host eingeben", "b": "Nur im Training", "c": "25 %"},
    },
    TRAIN_B: {"en": {"a": "enter the HOST", "d": "Name"}, "de": {"a": "Gib den Host ein", "d": "Name"}},
    DEV_A: {"en": {"e": "Only in dev", "f": "Shared word"}, "de": {"e": "Nur in dev", "f": "Gemeinsames Wort"}},
    TEST_A: {"en": {"a": "Enter the host", "g": "Only in test"}, "de": {"a": "Gib den Host ein!", "g": "Nur im Test"}},
    TRAIN_C: {"en": {"h": "Another shared"}, "de": {"h": "Gemeinsames Wort"}},
}


def sections(**changes: Any) -> dict[str, dict[str, Any]]:
    return {"align": {}, "deduplicate": {}, "publish": {**SHARES, **changes}}


def test_pairs_by_split_and_what_became_of_the_others(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, **sections()).make()
    pairs = {
        split: sorted(rows_of(made, "source_text", "target_text", kind="pairs", split=split))
        for split in ("train", "dev", "test")
    }
    assert pairs == {
        "train": [("Only in training", "Nur im Training")],
        "dev": [("Only in dev", "Nur in dev"), ("Shared word", "Gemeinsames Wort")],
        "test": [("Enter the host", "Gib den Host ein!"), ("Only in test", "Nur im Test")],
    }
    # left out: two pairs whose source is in test, one whose target is in dev, Name → Name, and 25 % → 25 %
    assert made.manifest.summary["dropped"]["pairs"] == {"few_letters": 1, "held_out": 3, "untranslated": 1}


def test_held_out_copies_of_a_text_win(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, **sections()).make()
    (entry,) = [
        (document, size)
        for document, text, size in rows_of(made, "document", "text", "cluster_size", kind="text", language="en")
        if fold(text) == "enter the host"
    ]
    assert entry == (TEST_A, 3)


def test_every_row_is_accounted_for(corpus: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, **sections())
    published = made.make()
    counts = published.manifest.rows
    rows_in = made.dataset("ingest").manifest.rows.rows_out + made.dataset("align").manifest.rows.rows_out
    written = sum(entry.rows for kind in ("text", "pairs") for entry in published.files(kind=kind))
    assert counts.rows_in == rows_in
    assert counts.rows_out == written
    assert counts.dropped == {Reason.FEW_LETTERS: 3, Reason.UNTRANSLATED: 1, Reason.DUPLICATE: 3, Reason.HELD_OUT: 3}
    assert set(published.samples()) == set(counts.dropped)
    examples = published.manifest.summary["examples"]
    assert {sample["text"] for sample in examples["pairs"]} >= {"Only in test → Nur im Test"}


def test_what_became_of_each_row_is_kept_beside_it(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, **sections())
    published = made.make()
    found = {}
    for stage, kind, columns in (
        ("ingest", "staged", ("document", "text")), ("align", "pairs", ("document", "target_text"))
    ):  # fmt: skip
        for entry in made.dataset(stage).files(kind=kind):
            (own,) = published.files(kind="decisions", of=entry.name)
            assert own.name == f"decisions/{entry.name}"
            decided = published.table(own)
            assert decided.schema == DECISIONS
            rows = made.dataset(stage).table(entry).select(columns).to_pylist()
            for row, decision in zip(rows, decided.to_pylist(), strict=True):
                found[kind, *row.values()] = tuple(decision.values())
    assert found["staged", TRAIN_A, "25 %"] == ("few_letters", "train")
    assert found["staged", DEV_A, "Nur in dev"] == ("", "dev")
    assert found["pairs", TRAIN_A, "Host eingeben"] == ("held_out", "train")
    assert {split for _, split in found.values()} == {"train", "dev", "test"}


def test_no_row_equals_one_that_is_held_out_more(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, **sections()).make()
    sides = {
        split: {fold(text) for row in rows_of(made, "source_text", "target_text", kind="pairs", split=split)
                for text in row}
        | {fold(text) for (text,) in rows_of(made, "text", kind="text", split=split)}
        for split in ("train", "dev", "test")
    }  # fmt: skip
    assert not sides["train"] & (sides["dev"] | sides["test"])
    assert not sides["dev"] & sides["test"]


@pytest.mark.parametrize("longest", [9, 20, 5000])
def test_a_text_whose_first_copy_fails_is_not_lost(
    corpus: Callable[..., Any], rows_of: Callable[..., Any], longest: int
) -> None:
    """The copies of one fold differ in length: whatever the threshold, one that passes is kept."""
    spaced = {
        TRAIN_A: {"en": {"k": "ﬀﬀﬀ ﬁne"}},  # 7 characters that fold to 10
        TRAIN_B: {"en": {"k": "ffffff fine"}},
        TRAIN_C: {"en": {"k": "FFFFFF FINE"}},
    }
    thresholds = {"max_chars": longest, "min_letters": 0.0}
    made = corpus(spaced, deduplicate={}, publish={**SHARES, "thresholds": thresholds}).make()
    ((text,),) = rows_of(made, "text", kind="text")
    assert len(text) <= longest
    dropped = made.manifest.rows.dropped
    assert (dropped.get(Reason.TOO_LONG, 0), dropped.get(Reason.DUPLICATE, 0)) == ((2, 0) if longest == 9 else (0, 2))


def test_small_languages_go_whole(corpus: Callable[..., Any]) -> None:
    catalogs = {**CATALOGS, TRAIN_A: {**CATALOGS[TRAIN_A], "ja": {"b": "学習のみ"}}}
    made = corpus(catalogs, **sections(thresholds={"min_language_rows": 3})).make()
    assert not made.files(language="ja")
    assert made.manifest.rows.dropped[Reason.SMALL_LANGUAGE] == 2


def test_shards_have_at_most_so_many_rows(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    many = {
        TRAIN_A: {"en": {f"k{number}": f"text {chr(97 + number)}" for number in range(7)}},
        TRAIN_B: {"en": {"z": "last"}},
    }
    made = corpus(many, deduplicate={}, publish={**SHARES, "shard_rows": 3}).make()
    shards = made.files(kind="text")
    assert [(entry.name, entry.rows) for entry in shards] == [
        ("text/en/train-00000.arrow", 3), ("text/en/train-00001.arrow", 3), ("text/en/train-00002.arrow", 2),
    ]  # fmt: skip
    assert shards[0].partition == {"kind": "text", "language": "en", "split": "train"}
    texts = [text for (text,) in rows_of(made, "text", kind="text")]
    assert sorted(texts) == sorted([*many[TRAIN_A]["en"].values(), "last"])


def test_the_card_says_what_there_is(corpus: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, **sections(title="Tiny", licence="CC0-1.0", origin="Made up.")).make()
    card = made.read("README.md").decode()
    assert card.startswith("# Tiny\n\nMade up.\n\nLicence of the text: CC0-1.0\n")
    assert "| German | de | deu | Latn | 1 | 2 | 2 |" in card
    assert "| equals a row of dev or test, which win over training rows | 3 |  |" in card


def test_more_documents_are_held_out_for_pairs(corpus: Callable[..., Any]) -> None:
    catalogs = {
        f"c{number}": {
            "en": {"k": f"enter a name {chr(97 + number)} now"},
            "de": {"k": f"namen {chr(97 + number)} eingeben"},
        }
        for number in range(20)
    }
    test = {"share": 0.0, "min_pairs": 6, "min_words": 5}
    made = corpus(catalogs, **sections(test=test, dev={"share": 0.0})).make()
    assert made.manifest.summary["rows"]["pairs"]["de"] == {"train": 14, "dev": 0, "test": 6}
    assert made.manifest.summary["documents_added"] == {"dev": 0, "test": 6}


def test_rounds_change_nothing(
    corpus: Callable[..., Any], noted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = {"documents": "one", "near": "one"}
    given = sections(duplicates=one) | {"deduplicate": {"near": {}}}
    whole = corpus(CATALOGS, folder="whole", split_bytes=1, **given).make()
    tight = corpus(CATALOGS, folder="tight", split_bytes=1, **given)
    tight.make("ingest", "align", "deduplicate")
    works = {(decide, "resolve"): noted(decide.resolve), (choose, "choose"): noted(choose.choose)}
    for place, work in works.items():
        monkeypatch.setattr(*place, work)
    for step in (choose, decide):
        monkeypatch.setattr(step, "ROW", 10 << 20)
    assert tight.make("publish", memory_budget=PROCESS + (50 << 20)).manifest == whole.manifest
    assert all(len(work.splits()) > 4 for work in works.values())


def test_shards_that_take_too_much_memory_are_refused(corpus: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, split_bytes=1, **sections())
    made.make("ingest", "align", "deduplicate")
    with pytest.raises(
        UserError,
        match=r"^publish needs about \S+ MiB with 1 worker \(a shard of 20 rows of [\d,]+ bytes\), .* or lower "
        r"publish\.shard_rows to \d+$",
    ):
        made.make("publish", memory_budget=PROCESS + 130_000)


@pytest.mark.parametrize("crash_at", [("screen", 2), ("decide", 3), ("shard", 1)])
def test_a_run_after_a_crash_keeps_what_was_finished(
    corpus: Callable[..., Any], noted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, crash_at: tuple[str, int]
) -> None:
    undisturbed = corpus(CATALOGS, folder="undisturbed", split_bytes=1, **sections()).make()
    made = corpus(CATALOGS, folder="crashed", split_bytes=1, **sections())
    made.make("ingest", "align", "deduplicate")
    steps = {"screen": (publish, "screen_file"), "decide": (decide, "decide_file"), "shard": (publish, "write_shard")}
    works = {step: getattr(*place) for step, place in steps.items()}
    step, number = crash_at
    splits = {
        "screen": "screen/staged/app-00002", "decide": "decide/pairs/app-00003", "shard": "shard/text/de/test-00000"
    }  # fmt: skip

    first = {name: noted(works[name], crash_at=splits[name] if name == step else "") for name in steps}
    for name, place in steps.items():
        monkeypatch.setattr(*place, first[name])
    with pytest.raises(RuntimeError, match="crashed on purpose"):
        made.make("publish")
    second = {name: noted(works[name]) for name in steps}
    for name, place in steps.items():
        monkeypatch.setattr(*place, second[name])
    assert made.make("publish").manifest == undisturbed.manifest
    for name in steps:
        assert not set(first[name].splits()) & set(second[name].splits())
    assert len(first[step].splits()) >= number
