"""What changes a dataset's name, and what does not."""

import os
import time
import zipfile
from pathlib import Path
from typing import Annotated

import pytest
import xxhash
from pydantic import BaseModel

from pipelines.datasets import fingerprint as fingerprinting
from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import NotFingerprinted, RawPath, canonical, content_hash, fingerprint, raw_paths


class Source(BaseModel):
    path: RawPath
    language: str = "en"


class Section(BaseModel):
    sources: list[Source] = []
    model: RawPath | None = None
    threshold: float = 0.5
    workers: Annotated[int, NotFingerprinted()] = 1


def test_the_name_follows_config_version_stage_and_inputs() -> None:
    base = fingerprint("ingest", 1, Section(), {"a": "1"})
    others = {
        fingerprint("align", 1, Section(), {"a": "1"}),
        fingerprint("ingest", 2, Section(), {"a": "1"}),
        fingerprint("ingest", 1, Section(threshold=0.6), {"a": "1"}),
        fingerprint("ingest", 1, Section(), {"a": "2"}),
        fingerprint("ingest", 1, Section(), {"b": "1"}),
    }
    assert len(base) == 32
    assert len(others | {base}) == 6


def test_the_name_is_the_same_tomorrow() -> None:
    text = b'{"config":{"model":null,"sources":[],"threshold":0.5},"inputs":{},"stage":"ingest","version":1}'
    assert fingerprint("ingest", 1, Section(), {}) == xxhash.xxh3_128_hexdigest(text)


def test_the_paths_of_raw_files_are_kept_by_their_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_bytes(b"one")
    Path("b").write_bytes(b"two")
    config = Section(sources=[Source(path="a"), Source(path=f"file://{tmp_path}/b")], workers=2)
    one, two = (xxhash.xxh3_128_hexdigest(text) for text in (b"one", b"two"))
    assert raw_paths(config, canonical(config)) == {one: str(tmp_path / "a"), two: f"file://{tmp_path}/b"}


def test_what_cannot_matter_does_not_count() -> None:
    assert fingerprint("ingest", 1, Section(workers=8), {}) == fingerprint("ingest", 1, Section(), {})
    assert "workers" not in canonical(Section())


def test_a_raw_file_counts_by_its_bytes_not_its_path(tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text("same")
    second.write_text("same")
    sections = [Section(sources=[Source(path=str(path))], model=str(path)) for path in (first, second)]
    assert canonical(sections[0]) == canonical(sections[1])
    second.write_text("other")
    assert canonical(sections[0]) != canonical(sections[1])


def test_a_folder_counts_by_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    before = content_hash(str(tmp_path))
    (tmp_path / "a").rename(tmp_path / "b")
    assert content_hash(str(tmp_path)) != before


def test_a_member_of_an_archive_is_a_raw_file(tmp_path: Path) -> None:
    archive, plain = tmp_path / "a.zip", tmp_path / "plain"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("inner/model", "bytes")
    plain.write_text("bytes")
    assert content_hash(f"zip://inner/model::{archive}") == content_hash(str(plain))


@pytest.mark.parametrize("location", ["missing.txt", "zip://no::missing.zip"])
def test_a_missing_raw_file_is_named(location: str) -> None:
    with pytest.raises(UserError, match=r"missing.*check the path in the config"):
        content_hash(location)


def test_a_path_for_each_language_counts_by_names_and_bytes_of_all_its_files(tmp_path: Path) -> None:
    for folder, german in (("one", b"1"), ("two", b"1"), ("three", b"2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "de.bin").write_bytes(german)
        (tmp_path / folder / "am.bin").write_bytes(b"0")
        (tmp_path / folder / "am.txt").write_bytes(folder.encode())
    one, two, three = (content_hash(f"{tmp_path}/{folder}/{{language}}.bin") for folder in ("one", "two", "three"))
    assert one == two != three
    (tmp_path / "two" / "de.bin").rename(tmp_path / "two" / "fr.bin")
    assert content_hash(f"{tmp_path}/two/{{language}}.bin") != one
    with pytest.raises(UserError, match=r"\{language\}\.arpa: there is no such file for any language; check the path"):
        content_hash(f"{tmp_path}/one/{{language}}.arpa")


def test_a_file_is_read_again_only_when_it_looks_different(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "raw"
    path.write_text("one")
    yesterday = time.time_ns() - 86_400_000_000_000
    monkeypatch.setattr("pipelines.datasets.fingerprint.time.time_ns", lambda: yesterday + 2 * 86_400_000_000_000)
    reads: list[str] = []
    read = fingerprinting._read_hash
    monkeypatch.setattr(fingerprinting, "_read_hash", lambda location: reads.append(location) or read(location))
    first = content_hash(str(path))
    assert content_hash(str(path)) == first
    assert len(reads) == 1
    path.write_text("two")
    os.utime(path, ns=(yesterday, yesterday))
    assert content_hash(str(path)) != first
    assert len(reads) == 2


def test_a_fresh_file_is_always_read(tmp_path: Path) -> None:
    path = tmp_path / "raw"
    hashes = set()
    for text in ("aa", "bb", "cc"):  # of one size, in the same tick of the clock
        path.write_text(text)
        hashes.add(content_hash(str(path)))
    assert len(hashes) == 3
