"""The contract that every stage keeps: what a dataset is, how it comes to exist, and what its manifest says.

This package knows no other part of Polyloom and needs nothing heavier than pyarrow and pydantic.
"""

from importlib.util import find_spec

from fsspec import register_implementation

if find_spec("obstore"):
    for _scheme, _class in {"s3": "S3", "gs": "Google", "az": "Azure"}.items():
        register_implementation(_scheme, f"pipelines.datasets.object_files.{_class}", clobber=True)
