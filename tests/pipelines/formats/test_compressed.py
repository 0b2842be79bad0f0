"""Compressed bytes: from any member on, the same bytes come out at the same offsets."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.errors import UserError
from pipelines.formats import compressed
from pipelines.formats.compressed import DamagedStream, RawFile
from pipelines.formats.lines import Lines

PACKINGS = [gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor(write_checksum=True).compress]
Pack = Callable[[bytes], bytes]


def raw(path: Path) -> RawFile:
    return RawFile(str(path), 1 << 30, 100)


@pytest.mark.parametrize("pack", PACKINGS)
@given(parts=st.lists(st.binary(max_size=50), min_size=1, max_size=8), start=st.integers(0, 200))
def test_any_place_is_reached_from_its_member(
    tmp_path_factory: pytest.TempPathFactory, pack: Pack, parts: list[bytes], start: int
) -> None:
    path = tmp_path_factory.mktemp("packed") / "raw"
    path.write_bytes(b"".join(map(pack, parts)))
    whole = b"".join(parts)
    with raw(path).open() as stream:
        assert stream.read(1 << 20) == whole
        member = stream.member(min(start, len(whole)))
    has_member = [bool(part) or pack is not lzma.compress or not whole for part in parts]  # xz: nothing has no block
    begins = [sum(map(len, parts[:at])) for at in range(len(parts)) if has_member[at]]
    assert member.unpacked == max(begin for begin in begins if begin <= start)
    with raw(path).open(start, member) as stream:
        assert stream.read(1 << 20) == whole[start:]


@pytest.mark.parametrize("pack", PACKINGS)
def test_the_splits_of_one_long_member_are_unpacked_once(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "raw"
    lines = [b"%d is %x\n" % (number, number * 2654435761 % 2**32) for number in range(600_000)]
    path.write_bytes(pack(b"".join(lines)))
    source = Lines("source", raw(path), "en", False, 1 << 20, 100)
    splits = source.plan()
    assert len(splits) == 11
    unpacked = []
    unpack = compressed._Unpacked._unpack

    def counted(self: compressed._Unpacked, most: int) -> bytes:
        data = unpack(self, most)
        unpacked.append(len(data))
        return data

    monkeypatch.setattr(compressed._Unpacked, "_unpack", counted)
    texts = [row for split in splits for part in source.read(split) for row in part.batch["text"].to_pylist()]
    assert texts == [line.decode().strip() for line in lines]
    assert sum(unpacked) < 2.5 * len(b"".join(lines))  # the first 4 MiB several times


def test_a_file_that_changes_is_not_read_on(tmp_path: Path) -> None:
    path = tmp_path / "raw"
    old, new = (word * (5 << 20) for word in (b"old ", b"new "))
    path.write_bytes(gzip.compress(old, 1))
    source = RawFile(str(path), 1 << 30, 1000)
    with source.open() as stream:
        stream.skip(16 << 20)
        assert stream.read(4) == b"old "
    (tmp_path / "other").write_bytes(gzip.compress(new, 1))
    (tmp_path / "other").replace(path)
    with source.open(16 << 20) as stream:
        assert stream.read(4) == b"new "


@pytest.mark.parametrize("pack", PACKINGS)
def test_the_name_says_nothing(pack: Pack, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(pack(b"text"))
    plain = tmp_path / "text.gz"
    plain.write_bytes(b"BZh9 is plain text")
    with raw(path).open() as stream, raw(plain).open() as other:
        assert (stream.read(99), other.read(99)) == (b"text", b"BZh9 is plain text")


@pytest.mark.parametrize("pack", PACKINGS)
def test_zeros_between_members_are_padding(pack: Pack, tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(pack(b"one") + b"\0" * 40_000 + pack(b" two") + b"\0" * 4)
    with raw(path).open() as stream:
        assert stream.read(99) == b"one two"


@pytest.mark.parametrize("pack", PACKINGS)
def test_other_bytes_behind_a_member_are_damage(pack: Pack, tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(pack(b"one\ntwo") + b"these bytes are no member")
    with raw(path).open() as stream:
        assert stream.readline(99) == b"one\n"
        with pytest.raises(DamagedStream, match="the packed bytes are damaged"):
            stream.readline(99)


@pytest.mark.parametrize("pack", PACKINGS)
def test_a_bomb_does_not_get_into_memory(pack: Pack, tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(pack(b"\0" * 50_000_000))
    with raw(path).open() as stream, pytest.raises(UserError, match="max_ratio = 100 times its size"):
        stream.read(50_000_000)
    with raw(path).open() as stream, pytest.raises(UserError, match="max_ratio"):
        stream.skip(50_000_000)


def test_what_repeats_itself_in_a_small_file_is_no_bomb(tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(gzip.compress(b"ha" * 400_000))
    with raw(path).open() as stream:
        assert len(stream.read(1 << 20)) == 800_000


def test_a_plain_file_is_reached_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(b"0123456789")
    with raw(path).open(4) as stream:
        assert (stream.tell(), stream.member(6).packed, stream.read(3)) == (4, 6, b"456")


def test_a_url_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(gzip.compress(b"text"))
    with RawFile(f"file://{path}", 1 << 20, 100).open() as stream:
        assert stream.read(9) == b"text"


def test_the_frames_of_seekable_zstd_are_members(tmp_path: Path) -> None:
    parts = [b"one\n" * 9, b"two\n" * 7, b"three\n"]
    frames = list(map(zstandard.ZstdCompressor(write_content_size=True).compress, parts))
    sizes = b"".join(len(frame).to_bytes(4, "little") + len(part).to_bytes(4, "little")
                     for frame, part in zip(frames, parts, strict=True))  # fmt: skip
    table = sizes + len(parts).to_bytes(4, "little") + b"\0" + b"\xb1\xea\x92\x8f"  # contrib/seekable_format in zstd
    path = tmp_path / "raw"
    path.write_bytes(b"".join(frames) + b"\x5e\x2a\x4d\x18" + len(table).to_bytes(4, "little") + table)
    whole = b"".join(parts)
    with raw(path).open() as stream:
        assert stream.read(1 << 20) == whole
        members = [stream.member(offset) for offset in range(len(whole))]
    assert sorted({member.unpacked for member in members}) == [0, 36, 64]
    with raw(path).open(64, members[64]) as stream:
        assert stream.read(1 << 20) == b"three\n"
