"""Tab-separated values, as WikiMatrix, CCAligned and ParaCrawl give them."""

import gzip
import lzma
from pathlib import Path

import pytest
from pydantic import ValidationError
from source_records import columns, open_source, read_all

from pipelines.datasets.reasons import Reason


def test_wikimatrix(tmp_path: Path) -> None:
    path = tmp_path / "WikiMatrix.de-en.tsv.gz"
    path.write_bytes(gzip.compress(b"1.2421\tEr lebt in Berlin.\tHe lives in Berlin.\n1.0401\tNein.\tNo.\n"))
    rows, bad = read_all(open_source(format="tsv", path=str(path), columns=["score", "de", "en"]))
    assert rows == [
        {"file": "s", "record": 0, "offset": 0, "document": "s:0", "key": "s:0", "language": "de",
         "text": "Er lebt in Berlin.", "score": 1.2421},
        {"file": "s", "record": 1, "offset": 0, "document": "s:0", "key": "s:0", "language": "en",
         "text": "He lives in Berlin.", "score": 1.2421},
        {"file": "s", "record": 2, "offset": 46, "document": "s:0", "key": "s:1", "language": "de",
         "text": "Nein.", "score": 1.0401},
        {"file": "s", "record": 3, "offset": 46, "document": "s:0", "key": "s:1", "language": "en",
         "text": "No.", "score": 1.0401},
    ]  # fmt: skip
    assert bad == []


def test_ccaligned_sentences(tmp_path: Path) -> None:
    path = tmp_path / "en_XX-sw_KE.tsv.xz"
    path.write_bytes(lzma.compress(b"Good news\tHabari njema\t1.1852\r\n"))
    rows, _ = read_all(open_source(format="tsv", path=str(path), columns=["en", "sw", "score"]))
    assert columns(rows, "language", "text", "score") == [("en", "Good news", 1.1852), ("sw", "Habari njema", 1.1852)]


def test_bitextor_with_urls_and_a_header(tmp_path: Path) -> None:
    path = tmp_path / "en-de.raw"
    path.write_bytes(
        b"src_url\ttrg_url\tsrc_text\ttrg_text\tbicleaner\n"
        b"http://a/en\thttp://a/de\tHello\tHallo\t0.78\n"
        b"\thttp://b/de\tYes\tJa\t\n"
    )
    names = ["document", "-", "en", "de", "score"]
    for split_bytes in (1, 1 << 20):
        form = open_source(format="tsv", path=str(path), columns=names, header=True, split_bytes=split_bytes)
        rows, bad = read_all(form)
        assert bad == []
        assert columns(rows, "record", "document", "text", "score") == [
            (2, "http://a/en", "Hello", 0.78),
            (3, "http://a/en", "Hallo", 0.78),
            (4, "s:0", "Yes", None),
            (5, "s:0", "Ja", None),
        ]


def test_every_bad_line_is_counted_for_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes(
        b"1\teins\tone\n2\tzwei\n3\tdrei\tthree\textra\nhigh\tvier\tfour\n5\tf\xfcnf\tfive\n\n7\tsieben\tseven"
    )
    rows, bad = read_all(open_source(format="tsv", path=str(path), columns=["score", "de", "en"]))
    assert columns(rows, "record", "text") == [(0, "eins"), (1, "one"), (9, "five"), (12, "sieben"), (13, "seven")]
    assert [(each.record, each.reason) for each in bad] == [
        *((record, Reason.WRONG_FIELD) for record in (2, 3, 4, 5, 6, 7)),
        (8, Reason.NOT_UTF8),
        *((record, Reason.WRONG_FIELD) for record in (10, 11)),
    ]
    assert bad[0].error == "2 columns, where the config names 3"
    assert bad[0].text == "2\tzwei"
    assert bad[2].error == "4 columns, where the config names 3"
    assert bad[4].error == "the score is no number: 'high'"


def test_a_document_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes(b"http://\xff\tja\tyes\nhttp://a\tnein\tno\n")
    rows, bad = read_all(open_source(format="tsv", path=str(path), columns=["document", "de", "en"]))
    assert columns(rows, "document", "text") == [("http://a", "nein"), ("http://a", "no")]
    assert [(each.record, each.reason) for each in bad] == [(0, Reason.NOT_UTF8), (1, Reason.NOT_UTF8)]
    assert bad[0].error.startswith("the document's name: ")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["score", "de"], "columns must name two languages or more"),
        (["de", "en", "de"], "at most once"),
        (["de", "en", "score", "score"], "at most once"),
        (["de", "tlh"], "'tlh' is not a language that Polyloom knows"),
    ],
)
def test_columns_that_make_no_sense(names: list[str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        open_source(format="tsv", path="a.tsv", columns=names)
