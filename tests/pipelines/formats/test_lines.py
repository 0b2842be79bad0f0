"""Plain text: however the file is cut, the same lines come out with the same numbers."""

import lzma
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats import linewise
from pipelines.formats.compressed import RawFile
from pipelines.formats.lines import Lines
from pipelines.formats.protocol import RECORDS, Unreadable


def read(path: Path, split_bytes: int = 1 << 20, longest: int = 100) -> tuple[list[tuple[int, str]], list[Unreadable]]:
    source = Lines("source", RawFile(str(path), 1 << 30, 200), "de", False, split_bytes, longest)
    rows, bad = [], []
    for split in source.plan():
        for records in source.read(split):
            assert records.batch.schema == RECORDS
            rows += [(row["record"], row["text"]) for row in records.batch.to_pylist()]
            bad += records.unreadable
    return rows, bad


def test_golden(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("eins\nzwei\u2028noch zwei\n\ndrei\rnoch drei\r\nvier".encode())
    rows, bad = read(path)
    assert rows == [(0, "eins"), (1, "zwei\u2028noch zwei"), (2, ""), (3, "drei\rnoch drei\r"), (4, "vier")]
    assert bad == []


def test_a_row_has_the_sources_name_and_language(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("eins\n")
    source = Lines("cc100-de", RawFile(str(path), 1 << 30, 200), "de", False, 100, 100)
    (records,) = source.read(*source.plan())
    (row,) = records.batch.to_pylist()
    assert math.isnan(row.pop("score"))
    assert row == {
        "file": "cc100-de", "record": 0, "offset": 0, "document": "", "key": "", "language": "de", "text": "eins"
    }  # fmt: skip


@given(data=st.lists(st.sampled_from([b"a", b"\n", b"bc", b"\xff", "é".encode(), b"x" * 30]), min_size=1).map(b"".join),
       split_bytes=st.integers(1, 40))  # fmt: skip
def test_any_cut_gives_the_same_records(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, split_bytes: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "a.txt"
    path.write_bytes(data)
    whole = read(path, longest=20)
    assert read(path, split_bytes, longest=20) == whole
    rows, bad = whole
    numbers = [record for record, _ in rows] + [entry.record for entry in bad]
    assert sorted(numbers) == list(range(data.count(b"\n") + (not data.endswith(b"\n"))))


def test_many_short_lines_are_cut_by_their_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linewise, "MOST_LINES", 1000)
    monkeypatch.setattr(linewise, "_SCANNED", 100)
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\n" * 5000)
    splits = Lines("source", RawFile(str(path), 1 << 30, 200), "de", False, 1 << 20, 100).plan()
    assert [split.first_record for split in splits] == [0, 1001, 2002, 3003, 4004]


def test_a_line_that_is_not_utf8_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"good\nb\xe4d\ngood again\n")
    rows, (bad,) = read(path)
    assert rows == [(0, "good"), (2, "good again")]
    assert (bad.record, bad.reason, bad.text) == (1, Reason.NOT_UTF8, "b\\xe4d")
    assert "invalid" in bad.error


def test_a_line_over_the_limit_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"good\n" + b"x" * 3_000_000 + b"\n" + b"y" * 100 + b"\n" + b"z" * 101)
    rows, bad = read(path)
    assert rows == [(0, "good"), (2, "y" * 100)]
    assert [(entry.record, entry.reason) for entry in bad] == [(1, Reason.OVERSIZED), (3, Reason.OVERSIZED)]
    assert bad[0].error == "3000001 bytes, more than 100"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.touch()
    with pytest.raises(UserError, match=r"a\.txt: the file is empty"):
        read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.txt: cannot be read .* check the path in the config"):
        read(tmp_path / "nowhere.txt")


def documents(path: Path, split_bytes: int = 1 << 20) -> list[tuple[int, str, str]]:
    source = Lines("cc100-am", RawFile(str(path), 1 << 30, 200), "am", True, split_bytes, 100)
    batches = [records.batch for split in source.plan() for records in source.read(split)]
    return [(row["record"], row["document"], row["text"]) for batch in batches for row in batch.to_pylist()]


def test_a_blank_line_ends_a_document(tmp_path: Path) -> None:
    path = tmp_path / "am.txt"
    path.write_bytes(b"one\ntwo\n\n\nthree\n \nfour\n\r\nfive")
    assert documents(path) == [
        (0, "cc100-am:0", "one"),
        (1, "cc100-am:0", "two"),
        (4, "cc100-am:4", "three"),
        (5, "cc100-am:4", " "),
        (6, "cc100-am:4", "four"),
        (8, "cc100-am:8", "five"),
    ]


@given(data=st.lists(st.sampled_from([b"a", b"\n", b"\n\n", b"\r\n", b"bc"]), min_size=1).map(b"".join),
       split_bytes=st.integers(1, 20), packed=st.booleans())  # fmt: skip
def test_no_document_is_cut(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, split_bytes: int, packed: bool
) -> None:
    path = tmp_path_factory.mktemp("documents") / "a.txt.xz"
    path.write_bytes(lzma.compress(data) if packed else data)
    assert documents(path, split_bytes) == documents(path)


def test_a_stream_of_one_member_is_cut_as_any_other_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.xz"
    path.write_bytes(lzma.compress(b"line\n" * 1000))
    assert len(Lines("source", RawFile(str(path), 1 << 30, 200), "de", False, 10, 100).plan()) == 500
