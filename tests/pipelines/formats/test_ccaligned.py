"""CCAligned's files of documents, in the published format: a pair of pages a line."""

import gzip
import lzma
from pathlib import Path

import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.ccaligned import CcAligned
from pipelines.formats.compressed import RawFile
from pipelines.formats.protocol import RECORDS, Unreadable

LINE = "a.org\thttps://a.org/en/%d\tThe door.|Open it.|\thttps://a.org/de/%d\tDie Tür.|Öffne sie.|\n"
LINES = [(LINE % (number, number)).encode() for number in range(4)]
Row = tuple[int, int, str, str, str, str]


def source(path: Path, split_bytes: int = 1 << 20) -> CcAligned:
    return CcAligned("cc", RawFile(str(path), 1 << 24, 1000), ("en", "de"), split_bytes, 500)


def read(path: Path, split_bytes: int = 1 << 20) -> tuple[list[Row], list[Unreadable]]:
    rows: list[Row] = []
    bad: list[Unreadable] = []
    form = source(path, split_bytes)
    for split in form.plan():
        for records in form.read(split):
            assert records.batch.schema == RECORDS
            names = ("record", "offset", "document", "key", "language", "text")
            rows += [tuple(row[name] for name in names) for row in records.batch.to_pylist()]
            bad += records.unreadable
    return rows, bad


def test_golden(tmp_path: Path) -> None:
    path = tmp_path / "en_XX-de_DE.tsv.xz"
    path.write_bytes(lzma.compress(b"".join(LINES[:2])))
    rows, bad = read(path)
    assert rows[2:] == [
        (2, len(LINES[0]), "https://a.org/en/1 https://a.org/de/1", "", "en", "The door.\nOpen it.\n"),
        (3, len(LINES[0]), "https://a.org/en/1 https://a.org/de/1", "", "de", "Die Tür.\nÖffne sie.\n"),
    ]
    assert (len(rows), bad) == (4, [])


@pytest.mark.parametrize("split_bytes", [1, 120, 200])
def test_any_cut_gives_the_same_records(tmp_path: Path, split_bytes: int) -> None:
    path = tmp_path / "pages.tsv"
    path.write_bytes(b"".join(LINES))
    assert len(source(path, split_bytes).plan()) > 1
    assert read(path, split_bytes) == read(path)


def test_one_bad_line_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "pages.tsv.gz"
    bad_lines = [b"a\tb\tc\n", LINES[0].replace(b"door", b"d\xff\xfe"), b"a" * 501 + b"\n"]
    path.write_bytes(gzip.compress(b"".join([LINES[0], *bad_lines, LINES[3].replace(b"\n", b"\r\n")])))
    rows, bad = read(path)
    assert [row[0] for row in rows] == [0, 1, 8, 9]
    assert rows[-1][5] == "Die Tür.\nÖffne sie.\n"
    reasons = [Reason.WRONG_FIELD, Reason.NOT_UTF8, Reason.OVERSIZED]
    assert [(one.record, one.reason) for one in bad] == [(2 + n, reasons[n // 2]) for n in range(6)]
    assert bad[0].error == "3 columns, where CCAligned has 5"


def test_a_damaged_file_gives_what_stands_before(tmp_path: Path) -> None:
    path = tmp_path / "pages.tsv.gz"
    whole = gzip.compress(b"".join(LINES))
    path.write_bytes(whole[:-12])
    rows, bad = read(path)
    assert len(rows) <= 8
    assert bad[0].reason == Reason.UNREADABLE


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "pages.tsv"
    path.write_bytes(b"")
    with pytest.raises(UserError, match="the file is empty"):
        source(path).plan()
