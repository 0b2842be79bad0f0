"""Archives at an object store: members are read in any order without a request for each."""

import io
import random
import zipfile
from typing import TYPE_CHECKING

import pytest
import s3_server

from pipelines.datasets.remote import Remote
from pipelines.formats.members import open_members

if TYPE_CHECKING:
    from conftest import ObjectStore


def test_an_archive_at_a_url_takes_a_request_for_each_piece(
    object_store: "ObjectStore", monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {f"{number}.txt": random.Random(number).randbytes(10_000) for number in range(1000)}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    Remote(f"{object_store.url}/raw").put_bytes("texts.zip", data.getvalue())
    faults = s3_server.Faults(4)
    with s3_server.proxy(object_store.server, faults) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with open_members(f"{object_store.url}/raw/texts.zip") as members:
            assert members.sizes == dict.fromkeys(contents, 10_000)
            assert {name: members.read(name) for name in sorted(contents)} == contents
    assert sum(faults.failed.values()) > 0
    assert faults.requests <= 12
