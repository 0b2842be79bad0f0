"""Measures of documents: by hand in several scripts, by document alone, and against independent implementations."""

import re
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.schemas import DOCUMENTS
from pipelines.text.characters import chunks
from pipelines.text.documents import measure_documents
from pipelines.text.normalize import normalize
from pipelines.text.quality import measure

_PLACES = ("file", "record", "document", "lang", "lid", "lid_prob", "agreement")


def _measured(documents: list[list[str]], language: str = "en") -> list[dict[str, float]]:
    lines = [line for document in documents for line in document]
    row = np.repeat(np.arange(len(documents)), [len(document) for document in documents]).astype(np.int32)
    columns = measure_documents(lines, row, [language] * len(documents), measure(lines))
    return [{name: values[place].item() for name, values in columns.items()} for place in range(len(documents))]


def _one(*lines: str) -> dict[str, float]:
    return _measured([["before"], list(lines), ["after"]])[1]


def test_every_column_that_is_a_measure() -> None:
    columns = measure_documents([], np.zeros(0, np.int32), [], measure([]))
    assert set(columns) == set(DOCUMENTS.names) - set(_PLACES)
    assert all(len(values) == 0 for values in columns.values())
    types = {name: DOCUMENTS.field(name).type.to_pandas_dtype() for name in columns}
    assert {name: values.dtype for name, values in columns.items()} == types


def test_counts() -> None:
    found = _one("Two words", "and three more - words")
    assert (found["paragraphs"], found["chars"], found["words"]) == (2, 31, 7)


@pytest.mark.parametrize(
    ("line", "mean"),
    [
        ("a, bcd! - efghi", 3),
        ("well-known don't", (9 + 5) / 2),
        ("हिन्दी में", (6 + 3) / 2),
        ("— | °", 0),
        ("我们喜欢苹果", 5),  # a word of a script without spaces counts as five characters
        ("ฉันชอบ", 5),
        ("我 " + "x" * 20, (5 / 1.7 + 20) / (1 / 1.7 + 1)),
    ],
)
def test_mean_word_length(line: str, mean: float) -> None:
    assert _one(line)["mean_word_length"] == pytest.approx(mean)


@pytest.mark.parametrize(
    ("line", "share"),
    [
        ("one 2 three -", 0.5),
        ("3 - 4 | 5", 0),
        ("一二，三！", 1),
        ("一 2 3 ★", (1 / 1.7) / (1 / 1.7 + 3)),
        ("दो 2", 0.5),
    ],
)
def test_alphabetic_words(line: str, share: float) -> None:
    assert _one(line)["alphabetic_words"] == pytest.approx(share)


def test_symbols() -> None:
    found = _one("#one #two... three…", "four......")
    assert found["hashes"] == 2 / 4
    assert found["ellipses"] == 4 / 4
    assert found["ellipsis_lines"] == 1
    assert _one("a.. b. c")["ellipses"] == 0


def test_bullet_lines() -> None:
    assert _one("• one", "- two", "three • four", "五")["bullet_lines"] == 0.5


def test_stop_words_are_counted_once_each_in_any_case_and_only_in_their_language() -> None:
    lines = ["The cat, the dog AND", "that's with them (of)"]
    assert [found["stop_words"] for found in _measured([lines, ["no"], ["be"]])] == [4, 0, 1]
    assert [found["stop_words"] for found in _measured([lines], "de")] == [-1]


def test_c4_looks_at_the_lines_that_it_keeps() -> None:
    kept = "These are three. And a second sentence."
    dropped = [
        "Short {.",
        "This has no end mark lorem ipsum",
        "You must enable javascript { to see this.",
        "a" * 1001,
    ]
    found = _one(kept, *dropped)
    assert (found["sentences"], found["curly_bracket"], found["lorem_ipsum"]) == (2, False, False)
    assert _one("It has a { bracket inside here.")["curly_bracket"]
    assert _one("Lorem IPSUM dolor sit amet consectetur.")["lorem_ipsum"]
    assert _one("我们喜欢吃苹果和香蕉。他们不喜欢吃。")["sentences"] == 2
    assert _one("คนมีสิทธิในการดำรงชีวิตและเสรีภาพ")["sentences"] == 1


def test_fineweb() -> None:
    found = _one("A long line of forty characters in text.", "A short line", "Another one...", "“Yes”")
    assert found["terminal_lines"] == 3 / 4
    assert found["short_lines"] == 3 / 4
    # thirty characters of English are five words: 8.5 Chinese characters, or 19.5 Thai ones
    assert _one("我们喜欢吃苹果和")["short_lines"] == 1
    assert _one("我们喜欢吃苹果和香蕉")["short_lines"] == 0


_LINES = st.text("ab .#…中ก•{\"'2", max_size=25).map(normalize).filter(bool)


@given(st.lists(st.lists(_LINES, min_size=1, max_size=6), max_size=5), st.integers(1, 60))
def test_each_document_is_measured_as_if_alone(documents: list[list[str]], limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.text.documents.chunks", partial(chunks, limit=limit))
        together = _measured(documents)
    for found, document in zip(together, documents, strict=True):
        (alone,) = _measured([document])
        assert found == alone
        shares = {name: value for name, value in found.items() if name.endswith(("lines", "gram", "chars", "words"))}
        assert all(0 <= shares[name] <= 1 for name in shares if name not in ("chars", "words", "stop_words"))


_ENGLISH = st.lists(
    st.lists(
        st.sampled_from(["the", "cat", "#", "#tag", "sat...", "-", "24", "mat.", "…", "•", "of", "that"]),
        min_size=1,
        max_size=8,
    ).map(" ".join),
    min_size=1,
    max_size=6,
)


@given(_ENGLISH)
def test_agrees_with_straightforward_counts_on_spaced_text(lines: list[str]) -> None:
    (found,) = _measured([lines])
    text = "\n".join(lines)
    words = text.split()
    assert found["words"] == len(words)
    assert found["hashes"] == pytest.approx(text.count("#") / len(words))
    assert found["ellipses"] == pytest.approx((text.count("...") + text.count("…")) / len(words))
    assert found["alphabetic_words"] == pytest.approx(
        sum(bool(re.search("[a-z]", word)) for word in words) / len(words)
    )
    assert found["ellipsis_lines"] == pytest.approx(sum(line.endswith(("...", "…")) for line in lines) / len(lines))
    assert found["stop_words"] == len({"the", "of", "that"} & set(words))
    assert found["short_lines"] == pytest.approx(sum(len(line) <= 30 for line in lines) / len(lines))
