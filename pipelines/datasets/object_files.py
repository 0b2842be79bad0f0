"""Raw input from an object store: fsspec's files at `s3://`, `gs://` and `az://`, by the client that datasets use.

So one set of credentials serves both. `pipelines.datasets` tells fsspec of them by name; this module is imported when
the first of such URLs is opened.
"""

from typing import Any

from obstore.fsspec import FsspecStore

from pipelines.datasets.remote import client_options


class _Files(FsspecStore):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{"client_options": client_options(), **options})


class S3(_Files):
    """Files at `s3://bucket/key`."""

    protocol = "s3"


class Google(_Files):
    """Files at `gs://bucket/key`."""

    protocol = "gs"


class Azure(_Files):
    """Files at `az://container/key`."""

    protocol = "az"
