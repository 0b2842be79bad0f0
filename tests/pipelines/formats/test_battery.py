"""What every format of one file must stand: the same broken, odd and hostile files, written in each of them."""

import bz2
import gzip
import json
import lzma
import random
import re
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.arrow import Arrow
from pipelines.formats.compressed import RawFile
from pipelines.formats.fields import Fields, PairFields
from pipelines.formats.jsonl import Jsonl
from pipelines.formats.lines import Lines
from pipelines.formats.moses import Moses, MosesFiles
from pipelines.formats.parquet import Parquet
from pipelines.formats.protocol import RECORDS, Format, Unreadable
from pipelines.formats.tmx import Tmx
from pipelines.formats.tsv import Tsv
from pipelines.formats.warc import Warc

FIELDS = Fields("text", "url", None, "de")
PAIR_FIELDS = PairFields((("de", "pair.de"), ("en", "pair.en")), "url", None)
LIMIT = 100_000
Encode = Callable[[Sequence[bytes]], list[bytes]]  # texts to the pieces of a file, which may be packed each


def as_lines(texts: Sequence[bytes]) -> list[bytes]:
    return [text + b"\n" for text in texts]


def as_documents(texts: Sequence[bytes]) -> list[bytes]:
    return [text + b"\n\n" for text in texts]


def as_jsonl(texts: Sequence[bytes]) -> list[bytes]:
    plain = [text.decode("utf-8", "surrogateescape") for text in texts]
    lines = [json.dumps({"text": text, "url": "u"}, ensure_ascii=False) + "\n" for text in plain]
    return [line.encode("utf-8", "surrogateescape") for line in lines]


def as_tsv(texts: Sequence[bytes]) -> list[bytes]:
    return [b"1.5\t" + text + b"\tx\n" for text in texts]


def as_jsonl_pairs(texts: Sequence[bytes]) -> list[bytes]:
    plain = [text.decode("utf-8", "surrogateescape") for text in texts]
    lines = [json.dumps({"pair": {"de": text, "en": "x"}, "url": "u"}, ensure_ascii=False) + "\n" for text in plain]
    return [line.encode("utf-8", "surrogateescape") for line in lines]


def as_tmx(texts: Sequence[bytes]) -> list[bytes]:
    """Each unit as a piece; before the first stands a document type with an entity, and what looks like a unit."""
    units = [
        b'<tu><tuv xml:lang="de"><seg>%b</seg></tuv><tuv lang="en"><seg>x</seg></tuv></tu>'
        % text.replace(b"\r", b"&#13;")
        for text in texts
    ]
    if units:
        head = b'<?xml version="1.0"?><!DOCTYPE tmx [<!ENTITY bomb "boom">]><tmx><!-- <tu> --><header/><body>'
        units[0] = head + units[0]
        units[-1] += b"</body></tmx>"
    return units


def as_wet(texts: Sequence[bytes]) -> list[bytes]:
    head = b"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: u\r\nContent-Length: %d\r\n\r\n"
    return [head % len(text) + text + b"\r\n\r\n" for text in texts]


def as_table(texts: Sequence[bytes]) -> pa.Table:
    offsets = pa.array(texts, pa.binary())
    text = pa.Array.from_buffers(pa.string(), len(texts), offsets.buffers())
    return pa.table({"n": range(len(texts)), "url": ["u"] * len(texts), "text": text})


def as_pairs(table: pa.Table) -> pa.Table:
    """Return the texts as the German side of translations."""
    other = pa.array(["x"] * table.num_rows, pa.string())
    pair = pa.StructArray.from_arrays([table["text"].combine_chunks(), other], names=["de", "en"])
    return pa.table({"n": table["n"], "url": table["url"], "pair": pair})


def as_parquet(texts: Sequence[bytes]) -> list[bytes]:
    return parquet_of(as_table(texts))


def as_parquet_pairs(texts: Sequence[bytes]) -> list[bytes]:
    return parquet_of(as_pairs(as_table(texts)))


def parquet_of(table: pa.Table) -> list[bytes]:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=2, compression="zstd", use_dictionary=False)
    return [sink.getvalue().to_pybytes()]


def as_arrow(table: pa.Table, new_writer: Callable[..., pa.RecordBatchStreamWriter]) -> list[bytes]:
    sink = pa.BufferOutputStream()
    with new_writer(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table, max_chunksize=2)
    return [sink.getvalue().to_pybytes()]


def as_arrow_stream(texts: Sequence[bytes]) -> list[bytes]:
    return as_arrow(as_table(texts), pa.ipc.new_stream)


def as_arrow_file(texts: Sequence[bytes]) -> list[bytes]:
    return as_arrow(as_table(texts), pa.ipc.new_file)


def as_arrow_pairs(texts: Sequence[bytes]) -> list[bytes]:
    return as_arrow(as_pairs(as_table(texts)), pa.ipc.new_file)


def lines(raw: RawFile, split_bytes: int) -> Format:
    return Lines("source", raw, "de", False, split_bytes, LIMIT)


def documents(raw: RawFile, split_bytes: int) -> Format:
    return Lines("source", raw, "de", True, split_bytes, LIMIT)


def jsonl(raw: RawFile, split_bytes: int) -> Format:
    return Jsonl("source", raw, FIELDS, split_bytes, LIMIT)


def parquet(raw: RawFile, split_bytes: int) -> Format:
    return Parquet("source", raw, FIELDS, split_bytes, LIMIT)


def arrow(raw: RawFile, split_bytes: int) -> Format:
    return Arrow("source", raw, FIELDS, split_bytes, LIMIT)


def wet(raw: RawFile, split_bytes: int) -> Format:
    return Warc("source", raw, "de", split_bytes, LIMIT)


def moses(raw: RawFile, split_bytes: int) -> Format:
    return Moses("source", MosesFiles({"de": raw, "en": raw}), split_bytes, LIMIT)


def tsv(raw: RawFile, split_bytes: int) -> Format:
    return Tsv("source", raw, ("score", "de", "en"), False, split_bytes, LIMIT)


def tmx(raw: RawFile, split_bytes: int) -> Format:
    return Tmx("source", raw, None, None, split_bytes, LIMIT)


def jsonl_pairs(raw: RawFile, split_bytes: int) -> Format:
    return Jsonl("source", raw, PAIR_FIELDS, split_bytes, LIMIT)


def parquet_pairs(raw: RawFile, split_bytes: int) -> Format:
    return Parquet("source", raw, PAIR_FIELDS, split_bytes, LIMIT)


def arrow_pairs(raw: RawFile, split_bytes: int) -> Format:
    return Arrow("source", raw, PAIR_FIELDS, split_bytes, LIMIT)


def plain(data: bytes) -> bytes:
    return data


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


@dataclass(frozen=True)
class Kind:
    """A format, how a file of it is made, and how its pieces are packed: one by one, or all together."""

    open: Callable[[RawFile, int], Format]
    encode: Encode
    pack: Callable[[bytes], bytes] = plain
    each: bool = False

    @property
    def has_offsets(self) -> bool:
        return self.encode not in (*(kind.encode for kind in TABLES.values()), as_tmx) and self.open is not moses

    def write(self, path: Path, texts: Sequence[bytes]) -> Path:
        pieces = self.encode(texts)
        path.write_bytes(b"".join(map(self.pack, pieces)) if self.each else self.pack(b"".join(pieces)))
        return path


STREAMS = {
    "lines": (lines, as_lines),
    "cc100": (documents, as_documents),
    "jsonl": (jsonl, as_jsonl),
    "wet": (wet, as_wet),
}
PAIR_STREAMS = {
    "moses": (moses, as_lines),
    "tsv": (tsv, as_tsv),
    "tmx": (tmx, as_tmx),
    "jsonl-pairs": (jsonl_pairs, as_jsonl_pairs),
}
PACKINGS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": zstd}
PACKED = {
    f"{name}-{packing}{'-members' * each}": Kind(*kind, pack, each)
    for name, kind in STREAMS.items()
    for packing, pack in PACKINGS.items()
    for each in (False, True)
} | {
    f"{name}-{packing}{'-members' * each}": Kind(*kind, PACKINGS[packing], each)
    for name, kind in PAIR_STREAMS.items()
    for packing, each in (("gzip", False), ("zstd", True))
}
TABLES_OF_TEXT = {
    "parquet": Kind(parquet, as_parquet),
    "arrow-stream": Kind(arrow, as_arrow_stream),
    "arrow-file": Kind(arrow, as_arrow_file),
}
TABLES = {
    **TABLES_OF_TEXT,
    "parquet-pairs": Kind(parquet_pairs, as_parquet_pairs),
    "arrow-pairs": Kind(arrow_pairs, as_arrow_pairs),
}
PLAIN = {name: Kind(*kind) for name, kind in {**STREAMS, **PAIR_STREAMS}.items()}
KINDS = {**PLAIN, **TABLES, **PACKED}
Read = tuple[list[tuple[int, str, str]], list[Unreadable]]


def read(kind: Kind, path: Path, split_bytes: int = 1 << 20) -> Read:
    """Return the records, and what could not be read; of pairs the German sides, with the numbers of the units."""
    is_pairs = kind.open in (moses, tsv, tmx, jsonl_pairs, parquet_pairs, arrow_pairs)
    source = kind.open(RawFile(str(path), 1 << 22, 200), split_bytes)
    rows: list[tuple[int, str, str]] = []
    bad: list[Unreadable] = []
    for split in source.plan():
        for records in source.read(split):
            assert records.batch.schema == RECORDS
            for row in records.batch.to_pylist():
                unit = row["record"] // 2
                if not is_pairs:
                    assert (row["file"], row["key"], row["language"]) == ("source", "", "de")
                    rows.append((row["record"], row["document"], row["text"]))
                elif row["language"] == "de":
                    first = 2 * unit if kind.open is tmx else unit  # TMX has as many sides as it likes
                    assert (row["file"], row["key"], row["record"] % 2) == ("source", f"source:{first}", 0)
                    rows.append((unit, row["document"], row["text"]))
                else:
                    assert (row["file"], row["language"], row["record"] % 2) == ("source", "en", 1)
            if is_pairs:
                bad += [replace(each, record=each.record // 2) for each in records.unreadable if each.record % 2 == 0]
            else:
                bad += records.unreadable
    return rows, bad


def texts_of(kind: Kind, folder: Path, texts: Sequence[bytes]) -> tuple[list[str], list[Unreadable]]:
    rows, bad = read(kind, kind.write(folder / "raw", texts))
    return [text for _, _, text in rows], bad


every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


@every_kind
def test_line_ends_other_than_a_line_feed_stay_in_the_text(kind: Kind, tmp_path: Path) -> None:
    texts = [b"eins", b"crlf\r", b"lone\rreturn", "line\u2028separator".encode(), b"last"]
    assert texts_of(kind, tmp_path, texts) == ([text.decode() for text in texts], [])


@every_kind
@pytest.mark.parametrize("split_bytes", [1, 1 << 20])
def test_a_record_stands_at_its_offset(kind: Kind, split_bytes: int, tmp_path: Path) -> None:
    texts = [text.encode() for text in ("eins", "lone\rreturn", "Größe", "vier" * 40, "crlf\r", "last")]
    path = kind.write(tmp_path / "raw", texts)
    raw = RawFile(str(path), 1 << 22, 200)
    source = kind.open(raw, split_bytes)
    batches = [records.batch for split in source.plan() for records in source.read(split)]
    offsets = [offset for batch in batches for offset in batch.column("offset").to_pylist()]
    sides = len(offsets) // len(texts)
    if not kind.has_offsets:
        assert offsets == [-1] * len(texts) * sides
        return
    for offset, piece in zip(offsets[::sides], kind.encode(texts), strict=True):
        with raw.open(offset) as stream:
            assert stream.read(len(piece)) == piece


@every_kind
@pytest.mark.parametrize("split_bytes", [1, 70, 1000])
def test_any_cut_gives_the_same_records(kind: Kind, split_bytes: int, tmp_path: Path) -> None:
    texts = [b"%d-" % number * (number % 7 + 1) for number in range(60)]
    texts[10], texts[31], texts[45] = b"n\xff", b"x" * (LIMIT + 1), b"\xfe"
    path = kind.write(tmp_path / "raw", texts)
    rows, bad = read(kind, path)
    assert read(kind, path, split_bytes) == (rows, bad)
    assert [text for _, _, text in rows] == [text.decode() for at, text in enumerate(texts) if at not in (10, 31, 45)]
    assert [entry.reason for entry in bad] == [Reason.NOT_UTF8, Reason.OVERSIZED, Reason.NOT_UTF8]
    numbers = [number for number, _, _ in rows] + [entry.record for entry in bad]
    assert len(set(numbers)) == len(texts)


@every_kind
def test_a_file_is_cut(kind: Kind, tmp_path: Path) -> None:
    path = kind.write(tmp_path / "raw", [b"some text %d" % number for number in range(60)])
    splits = kind.open(RawFile(str(path), 1 << 20, 200), 60).plan()
    assert len(splits) > 8
    assert all(split.stop == after.start for split, after in pairwise(splits))


@pytest.mark.slow
@pytest.mark.parametrize("pack", [plain, zstd])
@pytest.mark.parametrize("stream", {**STREAMS, **PAIR_STREAMS}.values(), ids={**STREAMS, **PAIR_STREAMS}.keys())
def test_a_line_of_100_mb_is_put_aside_in_little_memory(
    stream: tuple[Callable[[RawFile, int], Format], Encode], pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    long = random.Random(1).randbytes(500_000).hex().encode() * 100
    kind = Kind(*stream, pack)
    path = kind.write(tmp_path / "raw", [b"before", long, b"after"])
    source = kind.open(RawFile(str(path), 1 << 30, 1000), 1 << 20)
    tracemalloc.start()
    parts = [records for split in source.plan() for records in source.read(split)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    rows = [row for part in parts for row in part.batch.to_pylist() if row["language"] == "de"]
    assert [row["text"] for row in rows] == ["before", "after"]
    bad = next(bad for part in parts for bad in part.unreadable)
    assert (bad.reason, bad.record > 0) == (Reason.OVERSIZED, True)
    assert re.search(r"1000000\d\d bytes, more than 100000", bad.error)
    assert peak < (64 if stream[0] is moses else 32) << 20  # Moses text has two files


@every_kind
def test_an_empty_file_is_refused(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.touch()
    with pytest.raises(UserError, match=r"raw: (the file is empty.* remove it|not a whole .* remove this source)"):
        read(kind, path)


@pytest.mark.parametrize("kind", [*TABLES.values(), *PACKED.values()], ids=[*TABLES, *PACKED])
def test_a_file_without_records_is_refused(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(kind.pack(b"".join(kind.encode([]))))
    with pytest.raises(UserError, match=r"raw: the file (is empty|has no rows).* remove it from the config's sources"):
        read(kind, path)


@every_kind
def test_a_missing_file_is_named(kind: Kind, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere: cannot be read .* check the path in the config"):
        read(kind, tmp_path / "nowhere")


@pytest.mark.parametrize("kind", PACKED.values(), ids=PACKED.keys())
def test_what_stands_before_a_cut_is_read(kind: Kind, tmp_path: Path) -> None:
    texts = [b"".join(b"%d " % (number * at % 9973) for at in range(300)) for number in range(1, 200)]
    path = kind.write(tmp_path / "raw", texts)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    rows, bad = read(kind, path)
    assert read(kind, path, 50) == (rows, bad)
    assert [text for _, _, text in rows] == [text.decode() for text in texts[: len(rows)]]
    assert bad
    assert {entry.reason for entry in bad} == {Reason.UNREADABLE}
    assert bad[-1].error.endswith("nothing behind it was read")
    assert min(entry.record for entry in bad) > max([number for number, _, _ in rows], default=-1)
    if kind.each or kind.pack is not bz2.compress:
        assert len(rows) > 60


CUT_OFF = {
    as_jsonl: Reason.NOT_JSON,
    as_jsonl_pairs: Reason.NOT_JSON,
    as_tsv: Reason.WRONG_FIELD,
    as_tmx: Reason.NOT_XML,
}


@pytest.mark.parametrize("kind", PLAIN.values(), ids=PLAIN.keys())
def test_a_plain_file_that_is_cut_off(kind: Kind, tmp_path: Path) -> None:
    texts = [b"one", b"two", b"three", b"the last text"]
    path = kind.write(tmp_path / "raw", texts)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"last") + 2])
    rows, bad = read(kind, path)
    assert [text for _, _, text in rows[:3]] == ["one", "two", "three"]
    if kind.encode in (as_lines, as_documents):  # a line may end so
        assert ([text for _, _, text in rows[3:]], bad) == (["the la"], [])
    else:
        assert (rows[3:], [entry.reason for entry in bad]) == (
            [],
            [CUT_OFF.get(kind.encode, Reason.UNREADABLE)],
        )


@pytest.mark.parametrize("kind", PACKED.values(), ids=PACKED.keys())
def test_a_bomb_is_refused_by_its_ratio(kind: Kind, tmp_path: Path) -> None:
    path = kind.write(tmp_path / "raw", [b"a" * 3_000_000])
    with pytest.raises(UserError, match=r"unpacks to more than max_ratio = 200 times its size; .* raise that key"):
        read(kind, path)


@pytest.mark.parametrize("kind", [*TABLES.values(), *PACKED.values()], ids=[*TABLES, *PACKED])
def test_a_bomb_is_refused_by_its_size(kind: Kind, tmp_path: Path) -> None:
    path = kind.write(tmp_path / "raw", [b"a sentence" * 2000] * 2)
    with pytest.raises(UserError, match=r"unpacks to more than max_unpacked_bytes = 9,999; .* raise that key"):
        kind.open(RawFile(str(path), 9999, 200), 1 << 20).plan()


@pytest.mark.parametrize("kind", TABLES.values(), ids=TABLES.keys())
def test_a_bomb_in_a_table_is_refused(kind: Kind, tmp_path: Path) -> None:
    path = kind.write(tmp_path / "raw", [b"a" * 3_000_000])
    with pytest.raises(UserError, match=r"unpacks to more than max_ratio = 200 times its size; .* raise that key"):
        read(kind, path)


@pytest.mark.parametrize("kind", PACKED.values(), ids=PACKED.keys())
def test_damage_in_the_middle_is_told(kind: Kind, tmp_path: Path) -> None:
    path = kind.write(tmp_path / "raw", [b"".join(b"%d " % (n * at % 9973) for at in range(99)) for n in range(1, 99)])
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = b"\xa5" * 40
    path.write_bytes(data)
    rows, bad = read(kind, path)
    assert {entry.reason for entry in bad} >= {Reason.UNREADABLE}
    assert len(rows) + len(bad) <= 100


@pytest.mark.parametrize("kind", TABLES.values(), ids=TABLES.keys())
def test_a_damaged_part_of_a_table_hides_no_other(kind: Kind, tmp_path: Path) -> None:
    texts = [b"".join(b"%d " % (n * at % 9973) for at in range(99)) for n in range(1, 9)]
    path = kind.write(tmp_path / "raw", texts)
    data = path.read_bytes()
    frames = [at for at in range(len(data)) if data.startswith(b"\x28\xb5\x2f\xfd", at)]
    longest = max(range(len(frames) // 2), key=lambda at: frames[at + 1] - frames[at])  # the first half's longest text
    at = frames[longest] + 20
    path.write_bytes(data[:at] + b"\xa5" * 40 + data[at + 40 :])
    rows, bad = read(kind, path)
    assert read(kind, path, 1) == (rows, bad)
    assert {entry.reason for entry in bad} == {Reason.UNREADABLE}
    assert all("damaged" in entry.error for entry in bad)
    if kind.open in (parquet, parquet_pairs):
        assert len(rows) + len(bad) == len(texts)
    assert rows


@pytest.mark.parametrize("kind", TABLES.values(), ids=TABLES.keys())
def test_a_table_that_is_cut_off(kind: Kind, tmp_path: Path) -> None:
    path = kind.write(tmp_path / "raw", [b"some text"] * 8)
    path.write_bytes(path.read_bytes()[:-300])
    if kind.encode is as_arrow_stream:
        rows, bad = read(kind, path)
        assert rows
        assert bad[-1].error.endswith("nothing behind it was read")
        return
    with pytest.raises(UserError, match=r"raw: not a whole .*; fetch it again or remove this source"):
        read(kind, path)


@pytest.mark.parametrize("kind", TABLES_OF_TEXT.values(), ids=TABLES_OF_TEXT.keys())
def test_a_table_without_the_column_is_refused(kind: Kind, tmp_path: Path) -> None:
    path = kind.write(tmp_path / "raw", [b"some text"])
    raw = RawFile(str(path), 1 << 20, 200)
    source = type(kind.open(raw, 1))
    with pytest.raises(UserError, match=r"raw: no column body; name one of those that are there: n, url, text"):
        source("source", raw, Fields("body", None, None), 1, 1).plan()
    with pytest.raises(UserError, match=r"raw: the column n holds int64, not text; name another in text_field"):
        source("source", raw, Fields("n", None, None), 1, 1).plan()
