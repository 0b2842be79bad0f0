"""The manifest is one text, and a broken one is refused with its place."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import FileEntry, Manifest, Rows, read_manifest
from pipelines.datasets.reasons import Reason


def manifest(**changes: object) -> Manifest:
    values: dict[str, object] = {
        "stage": "ingest",
        "version": 1,
        "fingerprint": "f" * 32,
        "config": {"b": 1, "a": "ü"},
        "inputs": {},
        "unit_in": "records",
        "unit_out": "paragraphs",
        "rows": Rows(rows_in=3, expanded=1, rows_out=2, dropped={Reason.EMPTY: 2}),
        "files": [FileEntry(name="a.arrow", rows=2, bytes=10, checksum="0", partition={"language": "de"})],
    }
    return Manifest.model_validate(values | changes)


def test_it_reads_back_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(manifest().to_bytes())
    assert read_manifest(tmp_path / "manifest.json") == manifest()


def test_equal_manifests_are_equal_bytes() -> None:
    assert manifest().to_bytes() == manifest(config={"a": "ü", "b": 1}).to_bytes()


def test_a_manifest_that_loses_rows_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="rows are not conserved"):
        Rows(rows_in=3, expanded=0, rows_out=2, dropped={})


def test_no_manifest_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not a dataset, it has no manifest.json; run the stage"):
        read_manifest(tmp_path / "manifest.json")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "the file"),
        ("{", "the file"),
        ("[]", "the file"),
        ('{"format": 2}', "format"),
        (manifest().to_bytes().decode().replace('"in": 3', '"in": 4'), "rows"),
        (manifest().to_bytes().decode().replace('"empty"', '"vanished"'), "rows.dropped"),
        (manifest().to_bytes().decode().replace('"a.arrow"', '"../a.arrow"'), "files.0.name"),
        (manifest().to_bytes().decode().replace('"a.arrow"', '"/etc/passwd"'), "files.0.name"),
    ],
)
def test_a_broken_manifest_is_refused_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(UserError, match=rf"manifest.json: not a manifest .*\({place}") as error:
        read_manifest(tmp_path / "manifest.json")
    assert "remove the folder" in str(error.value)


@given(data=st.binary(max_size=200), cut=st.integers(0, 700))
def test_no_bytes_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes, cut: int) -> None:
    path = tmp_path_factory.mktemp("m") / "manifest.json"
    whole = manifest().to_bytes()
    path.write_bytes(whole[:cut] + data + whole[cut:])
    with suppress(UserError):
        read_manifest(path)
