"""Records read once more from the raw files that they came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter

from pipelines.config.sources import CcAlignedSource, FileSource, Source, TsvSource, WarcSource
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import content_hash, raw_files
from pipelines.datasets.reasons import Reason
from pipelines.formats.compressed import ByteStream, RawFile
from pipelines.formats.protocol import Format, OfMembers, Split, Unreadable
from pipelines.provenance.rows import RowId
from pipelines.stages.ingesting.sources import divider, open_format
from pipelines.text.languages import canonical

SHOWN_BYTES = 4096


@dataclass(frozen=True)
class RawRecord:
    """A record as its raw file holds it.

    `path` names the source's raw files. `data` are its first bytes, at most `SHOWN_BYTES`, in the unpacked file; of
    formats without places in bytes those of its text. `parts` are its paragraphs before normalisation.
    """

    path: str
    data: bytes
    parts: Sequence[str]


def source_of(ingest: Dataset, file: str) -> Source:
    """Return the source that the rows of `file` came from, with the paths of its raw files as `run.json` keeps them.

    Raises UserError where a raw file has moved or changed since.
    """
    configs = {config["name"]: config for config in ingest.manifest.config["sources"]}
    config = configs[file.split("/", 1)[0]]
    kept: Mapping[str, str] = ingest.run.get("raw", {})
    source: Source = TypeAdapter(Source).validate_python(_with_paths(config, kept))
    for _, path in raw_files(source):
        if path not in kept.values():
            raise UserError(f"{ingest.place}: its run.json does not say where the raw file of {config['name']} is")
        if "://" not in path and not Path(path).exists():
            raise UserError(f"{path}: the raw file is not there any more; put it back to see its bytes")
        if kept.get(content_hash(path)) != path:
            raise UserError(
                f"{path}: the raw file has changed since it was read; put the old one back to see its bytes"
            )
    return source


def _with_paths(value: Any, kept: Mapping[str, str]) -> Any:
    """Return a part of a config with the paths of raw files in place of their hashes."""
    if isinstance(value, Mapping):
        return {name: _with_paths(item, kept) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_paths(item, kept) for item in value]
    return kept.get(value, value) if isinstance(value, str) else value


def read_record(source: Source, wanted: RowId, offset: int = -1) -> RawRecord | Unreadable | None:
    """Read a record; `offset` is its first byte in the unpacked file, -1 where that is not known.

    Returns why where it could not be read, None where the file has no such record (or it is one that has no text,
    such as the blank line between two documents). Raises UserError where the file cannot be read.
    """
    form = open_format(source)
    for split in _splits(form, wanted, offset):
        for records in form.read(split):
            for bad in records.unreadable:
                if (bad.file, bad.record) == (wanted.file, wanted.record):
                    return bad
            table = pa.table(records.batch)
            for row in RowId(wanted.file, wanted.record).rows(table):
                text, place = table["text"][row].as_py(), table["offset"][row].as_py()
                if error := _unknown_language(table["language"][row].as_py()):
                    return Unreadable(wanted.file, wanted.record, Reason.UNKNOWN_LANGUAGE, error, text)
                path = ", ".join(path for _, path in raw_files(source))
                divide = divider(source)
                return RawRecord(path, _bytes(source, place, text), divide(text) if divide else [text])
    return None


def _unknown_language(declared: str | None) -> str:
    """Return why ingest drops a record of this language, "" where it does not."""
    try:
        canonical(declared or "en")
    except UserError as error:
        return str(error)
    return ""


def _splits(form: Format, wanted: RowId, offset: int) -> Sequence[Split]:
    """Return the least that must be read to find a record."""
    if isinstance(form, OfMembers):
        return [form.split_of(wanted.file)]
    if offset >= 0:
        return [Split(offset, offset + 1, wanted.record)]
    before = [split for split in form.plan() if split.first_record <= wanted.record]
    return before[-1:]


def _bytes(source: Source, offset: int, text: str) -> bytes:
    if offset < 0 or not isinstance(source, FileSource | TsvSource | CcAlignedSource):
        return text.encode()[:SHOWN_BYTES]
    raw = RawFile(source.path, source.max_unpacked_bytes, source.max_ratio)
    with raw.open(offset) as stream:
        return _web_record(stream) if isinstance(source, WarcSource) else stream.readline(SHOWN_BYTES)


def _web_record(stream: ByteStream) -> bytes:
    """Return a WARC record: its header, a blank line, and as many bytes as the header says."""
    data, length = b"", 0
    while (line := stream.readline(SHOWN_BYTES)).strip():
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
        data += line
    return (data + line + stream.read(min(length, SHOWN_BYTES)))[:SHOWN_BYTES]
