"""Archives at an object store: members are read in any order without a request for each."""

import io
import random
import zipfile
from typing import TYPE_CHECKING

import fsspec
import pytest
import s3_server

from pipelines.datasets.errors import UserError
from pipelines.datasets.remote import Remote
from pipelines.formats.members import open_members

if TYPE_CHECKING:
    from conftest import ObjectStore


def packed(contents: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return data.getvalue()


def test_an_archive_that_goes_while_it_is_read_is_not_taken_for_a_damaged_member(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = fsspec.filesystem("memory")
    files.pipe("/gone.zip", packed({"large": bytes(6 << 20), "small": b"text"}))
    with open_members("memory://gone.zip") as members:
        monkeypatch.setattr(type(files), "cat_file", lambda *_, **__: files.open("/nowhere"))
        assert members.read("small") == b"text"  # in the piece with the directory
        with pytest.raises(UserError, match=r"memory://gone\.zip: can be read no more .*; run the same command again"):
            members.read("large")


def test_an_archive_at_a_url_takes_a_request_for_each_piece(
    object_store: "ObjectStore", monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {f"{number}.txt": random.Random(number).randbytes(10_000) for number in range(1000)}
    Remote(f"{object_store.url}/raw").put_bytes("texts.zip", packed(contents))
    faults = s3_server.Faults(4)
    with s3_server.proxy(object_store.server, faults) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with open_members(f"{object_store.url}/raw/texts.zip") as members:
            assert members.sizes == dict.fromkeys(contents, 10_000)
            assert {name: members.read(name) for name in sorted(contents)} == contents
    assert sum(faults.failed.values()) > 0
    assert faults.requests <= 12
