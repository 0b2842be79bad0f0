"""Blocks inside one xz stream, as `xz -T` writes them."""

import io
import lzma
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.formats.compressed import DamagedStream, RawFile
from pipelines.formats.lines import Lines
from pipelines.formats.xz_blocks import find_blocks


def number(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + number(value >> 7)


def padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def checked(data: bytes) -> bytes:
    return data + zlib.crc32(data).to_bytes(4, "little")


def stream(parts: Sequence[bytes], lie: int = 0) -> bytes:
    """Return one xz stream with a block for each part; `lie` is added to the sizes that the index states."""
    blocks, records = [], b""
    for part in parts:
        alone = lzma.compress(part)
        index = (int.from_bytes(alone[-8:-4], "little") + 1) * 4
        blocks.append(alone[12 : -12 - index])
        head, _ = lzma_number(alone[-12 - index + 2 :])
        records += number(head) + number(len(part) + lie)
    listed = checked(padded(b"\0" + number(len(parts)) + records))
    flags = lzma.compress(b"x")[6:8]
    size = (len(listed) // 4 - 1).to_bytes(4, "little")
    footer = zlib.crc32(size + flags).to_bytes(4, "little") + size + flags + b"YZ"
    return lzma.compress(b"x")[:12] + b"".join(blocks) + listed + footer


def lzma_number(data: bytes) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, place + 1
    raise AssertionError


def raw(path: Path) -> RawFile:
    return RawFile(str(path), 1 << 30, 1000)


parts_of_streams = st.lists(st.lists(st.binary(min_size=1, max_size=300), max_size=4), min_size=1, max_size=4)


@given(streams=parts_of_streams, padding=st.integers(0, 2), start=st.integers(0, 2000))
def test_any_place_is_reached_from_its_block(
    tmp_path_factory: pytest.TempPathFactory, streams: list[list[bytes]], padding: int, start: int
) -> None:
    path = tmp_path_factory.mktemp("xz") / "raw"
    path.write_bytes(b"".join(stream(parts) + b"\0" * 4 * padding for parts in streams))
    parts = [part for own in streams for part in own]
    whole = b"".join(parts)
    assert lzma.decompress(b"".join(map(stream, streams))) == whole
    assert [block.unpacked for block in find_blocks(io.BytesIO(path.read_bytes()))] == list(map(len, parts))
    start = min(start, len(whole))
    with raw(path).open() as unpacked:
        assert unpacked.read(1 << 20) == whole
        member = unpacked.member(start)
    begins = [sum(map(len, parts[:at])) for at in range(len(parts))] or [0]
    assert member.unpacked == max(begin for begin in begins if begin <= start)
    with raw(path).open(start, member) as unpacked:
        assert unpacked.read(1 << 20) == whole[start:]


def test_one_stream_of_many_blocks_is_cut_at_any_of_them(tmp_path: Path) -> None:
    lines = [b"line %d\n" % number for number in range(400)]
    (tmp_path / "raw").write_bytes(stream([b"".join(lines[at : at + 10]) for at in range(0, 400, 10)]))
    source = Lines("source", raw(tmp_path / "raw"), "en", False, 80, 1000)
    splits = source.plan()
    assert len(splits) > 40
    assert len({split.member for split in splits}) == 40
    texts = [text for split in splits for part in source.read(split) for text in part.batch["text"].to_pylist()]
    assert texts == [line.decode().strip() for line in lines]


def test_a_file_without_a_whole_index_is_read_as_streams(tmp_path: Path) -> None:
    data = stream([b"one\n", b"two\n"])
    (tmp_path / "raw").write_bytes(data[:-4])
    assert find_blocks(io.BytesIO(data[:-4])) == []
    with raw(tmp_path / "raw").open() as unpacked:
        assert unpacked.read(8) == b"one\ntwo\n"
        with pytest.raises(DamagedStream, match="the file is cut off"):
            unpacked.read(1)


@pytest.mark.parametrize("at", [-1, -6, -12, -16, 0, 7])
def test_a_damaged_index_or_header_is_none(at: int) -> None:
    data = bytearray(stream([b"one\n", b"two\n"]))
    data[at] ^= 0x55
    assert find_blocks(io.BytesIO(bytes(data))) == []


def test_a_damaged_block_is_damage(tmp_path: Path) -> None:
    data = bytearray(stream([b"one\n" * 50, b"two\n" * 50]))
    second = find_blocks(io.BytesIO(bytes(data)))[1]
    data[second.start + 20] ^= 0x55
    (tmp_path / "raw").write_bytes(data)
    with raw(tmp_path / "raw").open() as unpacked:
        assert unpacked.read(200) == b"one\n" * 50
        with pytest.raises(DamagedStream, match="the packed bytes are damaged"):
            unpacked.read(200)


def test_an_index_that_lies_is_damage(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(stream([b"one\n"], lie=1))
    with raw(tmp_path / "raw").open() as unpacked, pytest.raises(DamagedStream, match="not as long as the index says"):
        unpacked.read(200)
