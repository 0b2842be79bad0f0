"""Readers of what others wrote, given valid files that were mutated and bytes at random.

Nothing but a UserError may come out of a reader, it ends, what it gives is text, every record has a number of its own,
a cut changes nothing, and where the file is made of lines every line is a record or in quarantine.
`make fuzz EXAMPLES=2000` looks for longer.
"""

import bz2
import gzip
import io
import json
import lzma
import multiprocessing
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import FileEntry, Manifest, read_manifest
from pipelines.datasets.reasons import Reason
from pipelines.formats.arrow import Arrow
from pipelines.formats.catalog import Catalog
from pipelines.formats.compressed import RawFile
from pipelines.formats.fields import Fields, PairFields
from pipelines.formats.jsonl import Jsonl
from pipelines.formats.lines import Lines
from pipelines.formats.moses import Moses, MosesFiles
from pipelines.formats.opus import Opus
from pipelines.formats.parquet import Parquet
from pipelines.formats.po import Po
from pipelines.formats.protocol import Format
from pipelines.formats.tmx import Tmx
from pipelines.formats.tsv import Tsv
from pipelines.formats.warc import Warc
from pipelines.formats.xliff import Xliff

EXAMPLES = int(os.environ.get("POLYLOOM_EXAMPLES", "25"))
HANGS = 300 + EXAMPLES  # seconds for all examples of one reader: far more than any machine needs
TEXTS = [*(f"sentence {number} über 文 {number * 7919}" for number in range(7)), "", "last"]
FIELDS = Fields("text", "url", None, "de")
PAIR_FIELDS = PairFields((("de", "t.de"), ("en", "t.en")), "u", "s")
fuzzed = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES == 25, suppress_health_check=list(HealthCheck)
)

Found = tuple[list[tuple[str, int, str]], list[tuple[str, int, str]]]  # rows and rejects: file, record, text or error


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    def give_up(*_: object) -> None:
        raise TimeoutError("a reader hangs")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(HANGS)
    yield
    signal.alarm(0)


def as_lines() -> bytes:
    return "".join(f"{text}\n" for text in TEXTS).encode()


def as_jsonl() -> bytes:
    return "".join(json.dumps({"text": text, "url": "u"}, ensure_ascii=False) + "\n" for text in TEXTS).encode()


def as_warc() -> bytes:
    page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body><p>{}</p></body></html>"
    records = []
    for number, text in enumerate(TEXTS):
        kind, mime = (
            ("response", "application/http; msgtype=response") if number % 3 == 2 else ("conversion", "text/plain")
        )
        body = (page.format(text) if kind == "response" else text).encode()
        head = f"WARC-Type: {kind}\r\nContent-Type: {mime}\r\nWARC-Target-URI: u\r\nContent-Length: {len(body)}"
        records.append(f"WARC/1.0\r\n{head}\r\n\r\n".encode() + body + b"\r\n\r\n")
    return b"".join(records)


def table() -> pa.Table:
    return pa.table({"url": ["u"] * len(TEXTS), "text": TEXTS})


def as_parquet(**options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table(), sink, row_group_size=4, **options)
    return sink.getvalue()


def as_arrow(new_writer: Callable[..., pa.ipc.RecordBatchStreamWriter], compression: str | None) -> bytes:
    sink = io.BytesIO()
    with new_writer(sink, table().schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table(), max_chunksize=4)
    return sink.getvalue()


def as_zip(compression: int) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", compression) as archive:
        for document in range(3):
            messages = {f"k{number}": {"deep": text} for number, text in enumerate(TEXTS)}
            archive.writestr(zipfile.ZipInfo(f"c{document}/de.json"), json.dumps(messages), compression)
    return sink.getvalue()


def as_tmx() -> bytes:
    units = (f'<tu><tuv xml:lang="de"><seg>{text}</seg></tuv><tuv lang="en"><seg>x</seg></tuv></tu>' for text in TEXTS)
    head = '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE tmx [<!ENTITY a "b">]><tmx><!-- <tu> --><body>'
    return f"{head}{''.join(units)}</body></tmx>".encode()


def as_alignments() -> bytes:
    links = "".join(f'<link xtargets="s{number} s0;s{number}" certainty="0.5"/>' for number in range(len(TEXTS)))
    groups = (f'<linkGrp fromDoc="de/{name}.xml.gz" toDoc="en/{name}.xml.gz">{links}</linkGrp>' for name in "ab")
    return f'<?xml version="1.0"?><cesAlign>{"".join(groups)}</cesAlign>'.encode()


def as_documents() -> bytes:
    sentences = "".join(f'<s id="s{number}"><w>{text}</w></s>' for number, text in enumerate(TEXTS))
    return f'<?xml version="1.0" encoding="utf-8"?><!DOCTYPE text><text>{sentences}</text>'.encode()


def as_po() -> bytes:
    entries = (f'msgctxt "{number}"\nmsgid "{text} %d"\nmsgid_plural "many"\nmsgstr[0] "eins"\nmsgstr[1] "{text}"\n\n'
               for number, text in enumerate(TEXTS))  # fmt: skip
    head = (
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=n != 1;\\n"\n\n'
    )
    return f"{head}{''.join(entries)}".encode()


def as_xliff() -> bytes:
    units = (f'<trans-unit id="{number}"><source>{text}</source><target state="final">x<x/></target></trans-unit>'
             for number, text in enumerate(TEXTS))  # fmt: skip
    return f'<xliff version="1.2"><file original="a"><body>{"".join(units)}</body></file></xliff>'.encode()


def members(path: Path, name: str) -> str:
    """Return a folder that holds the bytes at `path` under a name."""
    folder = path.parent / f"of-{name.replace('/', '-')}"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(path.read_bytes() if path.exists() else b"")
    return str(folder)


def opus_documents(path: Path) -> dict[str, str]:
    folder = path.parent / "documents"
    for name in ("de/a.xml", "de/b.xml", "en/a.xml", "en/b.xml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(as_documents())
    return {language: str(folder / language) for language in ("de", "en")}


def opus_folders(path: Path) -> dict[str, str]:
    """The documents of alignments, of which one has the bytes at `path`."""
    documents = opus_documents(path)
    (Path(documents["de"]) / "a.xml").write_bytes(path.read_bytes() if path.exists() else b"")
    return documents


def alignments(path: Path) -> RawFile:
    (path.parent / "alignments").write_bytes(as_alignments())
    return raw(path.parent / "alignments")


def raw(path: Path) -> RawFile:
    return RawFile(str(path), 1 << 22, 200)


READERS: dict[str, Callable[[Path, int], Format]] = {
    "lines": lambda path, size: Lines("s", raw(path), "de", False, size, 1000),
    "cc100": lambda path, size: Lines("s", raw(path), "de", True, size, 1000),
    "jsonl": lambda path, size: Jsonl("s", raw(path), FIELDS, size, 1000),
    "warc": lambda path, size: Warc("s", raw(path), "de", size, 1000),
    "parquet": lambda path, size: Parquet("s", raw(path), FIELDS, size, 1000),
    "arrow": lambda path, size: Arrow("s", raw(path), FIELDS, size, 1000),
    "moses": lambda path, size: Moses("s", MosesFiles({"de": raw(path), "en": raw(path)}), size, 1000),
    "tsv": lambda path, size: Tsv("s", raw(path), ("score", "document", "de", "en"), True, size, 1000),
    "tmx": lambda path, size: Tmx("s", raw(path), "score", None, size, 1000),
    "pairs": lambda path, size: Jsonl("s", raw(path), PAIR_FIELDS, size, 1000),
    "opus": lambda path, size: Opus("s", raw(path), opus_documents(path), "certainty", size, 5000, 5000),
    "sentences": lambda path, size: Opus("s", alignments(path), opus_folders(path), None, size, 5000, 5000),
    "po": lambda path, size: Po("s", members(path, "d/de.po"), "{document}/{language}.po", ("de",), size, 5000, "en"),
    "xliff": lambda path, size: Xliff("s", members(path, "d/de.xlf"), "{document}/{language}.xlf", ("de",), size, 5000),
    "catalog": lambda path, size: Catalog("s", str(path), "{document}/{language}.json", ("de",), size, 1000),
}


def zstd_frames(data: bytes) -> Iterator[bytes]:
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        yield frame.decompress(data)
        if not frame.eof:
            raise ValueError("cut off")
        data = frame.unused_data


PACKINGS = {
    "gzip": (lambda data: gzip.compress(data, mtime=0), gzip.decompress),
    "bzip2": (bz2.compress, bz2.decompress),
    "xz": (lzma.compress, lzma.decompress),
    "zstd": (
        zstandard.ZstdCompressor(write_checksum=True).compress,
        lambda data: b"".join(zstd_frames(data)),
    ),
}
MARKS = (
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    *(bytes([mark]) + b"\x2a\x4d\x18" for mark in range(80, 96)),
)
BEGINNINGS = [
    b"",
    *MARKS[:4],
    b"\x1f\x8b\x08\0",
    b"BZh91AY&SY",
    b"PAR1",
    b"ARROW1\0\0",
    b"\xff\xff\xff\xff",
    b"PK\x03\x04",
    b"WARC/1.0\r\n",
    b"<tu><tuv>",
    b"<?xml version='1.0' encoding='",
    b"\xff\xfe<\0",
    b'msgid "',
]
PLAIN = {"lines": as_lines(), "cc100": as_lines(), "jsonl": as_jsonl(), "warc": as_warc()}
TABLES = {
    "parquet": as_parquet(),
    "parquet-plain": as_parquet(compression="none", use_dictionary=False, write_statistics=False),
    "arrow-stream": as_arrow(pa.ipc.new_stream, None),
    "arrow-file": as_arrow(pa.ipc.new_file, None),
    "arrow-zstd": as_arrow(pa.ipc.new_file, "zstd"),
    "catalog": as_zip(zipfile.ZIP_DEFLATED),
    "catalog-stored": as_zip(zipfile.ZIP_STORED),
}
PACKED = {
    f"{name}-{packing}{'-members' * members}": pack(data[: len(data) // 2]) + pack(data[len(data) // 2 :])
    if members
    else pack(data)
    for name, data in PLAIN.items()
    for packing, (pack, _) in PACKINGS.items()
    for members in (False, True)
}
BITEXT = {
    "moses": as_lines(),
    "tsv": b"s\td\tde\ten\n" + b"".join(f"0.5\thttp://a\t{text}\tx\n".encode() for text in TEXTS),
    "tmx": as_tmx(),
    "tmx-utf-16": as_tmx().decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "tmx-gzip": gzip.compress(as_tmx()),
    "pairs": b"".join(json.dumps({"t": {"de": text, "en": "x"}, "s": 1}).encode() + b"\n" for text in TEXTS),
    "opus": as_alignments(),
    "sentences": as_documents(),
    "po": as_po(),
    "xliff": as_xliff(),
}
FILES = {**PLAIN, **TABLES, **BITEXT, **PACKED}


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """Return `data` after up to four bit flips, cuts, doublings, splices, or bytes put in."""
    for _ in range(draw(st.integers(1, 4))):
        at, stop = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        match draw(st.sampled_from(["flip", "flip", "cut", "double", "splice", "put in"])):
            case "flip" if at < len(data):
                data = data[:at] + bytes([data[at] ^ (1 << draw(st.integers(0, 7)))]) + data[at + 1 :]
            case "cut":
                data = data[:at]
            case "double":
                data = data[:stop] + data[at:stop] + data[stop:]
            case "splice":
                data = data[:at] + data[stop:]
            case "put in":
                data = data[:at] + draw(st.binary(max_size=20)) + data[at:]
    return data


def read(name: str, path: Path, split_bytes: int) -> Found | None:
    """Return what a reader finds, None where it refuses the file in a sentence."""
    rows, rejects = [], []
    try:
        source = READERS[name.split("-")[0]](path, split_bytes)
        for split in source.plan():
            for records in source.read(split):
                rows += [(row["file"], row["record"], row["text"]) for row in records.batch.to_pylist()]
                rejects += [(bad.file, bad.record, bad.error) for bad in records.unreadable]
                assert all(isinstance(bad.reason, Reason) and bad.error for bad in records.unreadable)
    except UserError as error:
        assert str(path.parent) in str(error)  # noqa: PT017  (any other error is to be seen with its own traceback)
        return None
    return rows, rejects


def check(name: str, data: bytes, folder: Path) -> None:
    path = folder / "raw"
    path.write_bytes(data)
    found = read(name, path, 1 << 20)
    assert read(name, path, 50) == found
    if found is None:
        return
    places = [(file, record) for file, record, _ in found[0] + found[1]]
    assert len(set(places)) == len(places)
    assert all(record >= 0 for _, record in places)
    "".join(text for _, _, text in found[0]).encode()
    if (lines := records_in(name, data)) is not None:
        assert len(places) >= lines if "-" in name else len(places) == lines


def check_apart(name: str, data: bytes, folder: Path) -> None:
    """Check Parquet in a process of its own: pyarrow 25 ends its process where a footer's histograms are damaged.

    ("Definition level histogram size mismatch": an exception in C++ that nothing in Python can catch.)
    """
    process = multiprocessing.get_context("fork").Process(target=check, args=(name, data, folder))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGABRT)


def records_in(name: str, data: bytes) -> int | None:
    """Return the records of a file of lines, counted another way; None where it is no such file or damaged.

    What stands behind the last whole member of a packed file is one record more, which Python's modules pass over.
    """
    kind, *packing = name.split("-")
    if kind not in ("lines", "cc100", "jsonl"):
        return None
    if not packing and data.startswith(MARKS):
        return None  # taken for a packed one
    if packing:
        if not data.startswith(FILES[name][:10]):
            return None  # taken for a plain file
        try:
            data = PACKINGS[packing[0]][1](data)
        except Exception:
            return None
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    return len([line for line in lines if line not in (b"", b"\r")]) if kind == "cc100" else len(lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.mark.parametrize("name", FILES)
def test_a_whole_file_is_read(name: str, folder: Path) -> None:
    path = folder / "raw"
    path.write_bytes(FILES[name])
    found = read(name, path, 1 << 20)
    assert found is not None
    assert len(found[0]) > 2
    assert found[1] == []


@pytest.mark.parametrize("name", FILES)
@fuzzed
@given(st.data())
def test_a_mutated_file(name: str, folder: Path, data: st.DataObject) -> None:
    look = check_apart if name.startswith("parquet") else check
    look(name, data.draw(mutated(FILES[name])), folder)


@pytest.mark.parametrize("name", [*PLAIN, "parquet", "arrow", "catalog", *BITEXT])
@fuzzed
@given(st.data())
def test_bytes_at_random(name: str, folder: Path, data: st.DataObject) -> None:
    check(name, data.draw(st.sampled_from(BEGINNINGS)) + data.draw(st.binary(max_size=300)), folder)


def test_a_column_whose_name_is_not_utf8_is_refused(folder: Path) -> None:
    path = folder / "raw"
    path.write_bytes(TABLES["arrow-stream"].replace(b"url", b"\xf4rl"))
    with pytest.raises(UserError, match=r"raw: the name of a column is not UTF-8; .* remove this source"):
        READERS["arrow"](path, 100).plan()


def manifest() -> bytes:
    entry = FileEntry(name="de/train.arrow", rows=3, bytes=8, checksum="0" * 32, partition={"language": "de"})
    rows = SplitRecord.rows_of(Counts(4, 0, 3, {Reason.EMPTY: 1}))
    return Manifest(stage="ingest", version=1, fingerprint="f" * 32, config={"a": [1]}, inputs={"x": "y"},
                    unit_in="records", unit_out="rows", rows=rows, files=[entry]).to_bytes()  # fmt: skip


KEYS = st.sampled_from(["files", "rows", "name", "in"])
VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
)


@fuzzed
@given(mutated(manifest()) | st.binary(max_size=100) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_a_manifest_is_read_or_refused_in_a_sentence(folder: Path, data: bytes) -> None:
    path = folder / "manifest.json"
    path.write_bytes(data)
    try:
        found = read_manifest(path)
    except UserError as error:
        assert "not a manifest that this version reads" in str(error)  # noqa: PT017  (likewise)
    else:
        assert found.rows.rows_in + found.rows.expanded == found.rows.rows_out + sum(found.rows.dropped.values())
