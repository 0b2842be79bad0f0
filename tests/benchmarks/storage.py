"""Shards put to and got from an S3 server, against bare PUT and GET requests of the same bytes to the same server.

The server is moto's, on loopback. A round does each of these things once, so that all have the same neighbours on
the machine. Polyloom's sides do the whole of it: `put` writes an Arrow file into the mirror, hashes it and publishes
it with its split; `get` fetches it into an empty mirror and opens it. The bare sides send a buffer that is there
already and read an answer into memory, or to a file as well, by Python's own HTTP client and without signing. All have
four files under way.
"""

import argparse
import http.client
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import s3_server
from rich.console import Console
from rich.table import Table

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.mirror import CACHE, folder_of
from pipelines.datasets.store import Store

AT_A_TIME = 4
BUCKET = "bench"
SIDES = ("put", "bare put", "get", "bare get", "bare get to disk")


def main() -> None:
    arguments = argparse.ArgumentParser(description="Measure the throughput of shards at an object store.")
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--shards", type=int, default=8)
    arguments.add_argument("--megabytes", type=int, default=32, help="of each shard")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, s3_server.s3_server() as server:
        os.environ.update(s3_server.environment(server))
        s3_server.make_bucket(server, BUCKET)
        tables = [table(number, given.megabytes << 20) for number in range(given.shards)]
        measure_round(server, Path(folder), tables, "warm-up")
        rounds = [measure_round(server, Path(folder), tables, str(number)) for number in range(given.rounds)]
    show(rounds)
    print(json.dumps(result(rounds)))


def table(seed: int, size: int) -> pa.Table:
    """Return a table of one column of random numbers, `size` bytes in all."""
    return pa.table({"n": np.random.default_rng(seed).integers(0, 2**62, size // 8)})


def measure_round(server: str, folder: Path, tables: list[pa.Table], name: str) -> dict[str, float]:
    """Return the bytes per second of each side."""
    url = f"s3://{BUCKET}/{name}"
    os.environ[CACHE] = str(folder / f"{name}-here")
    draft = Draft(folder_of(url))
    entries: list[FileEntry] = []
    speeds = {}

    def put(number: int) -> None:
        entry = draft.write_table(f"{number:04d}.arrow", tables[number])
        draft.finish(f"{number:04d}", SplitRecord(files=[entry]))
        entries.append(entry)

    numbers = range(len(tables))
    seconds = timed(put, numbers)
    total = sum(entry.bytes for entry in entries)
    speeds["put"] = total / seconds
    bodies = [draft.path(f"{number:04d}.arrow").read_bytes() for number in numbers]
    speeds["bare put"] = total / timed(
        lambda number: bare_put(server, f"{name}/bare/{number}", bodies[number]), numbers
    )
    os.environ[CACHE] = str(folder / f"{name}-elsewhere")
    store = Store(folder_of(url))
    speeds["get"] = total / timed(lambda number: store.table(f"{number:04d}.arrow"), numbers)
    speeds["bare get"] = total / timed(
        lambda number: bare_get(server, f"{name}/bare/{number}", bodies[number]), numbers
    )
    speeds["bare get to disk"] = total / timed(
        lambda number: bare_get_to_disk(server, f"{name}/bare/{number}", folder / f"{name}-{number}"), numbers
    )
    assert all((folder / f"{name}-{number}").read_bytes() == bodies[number] for number in numbers)
    for number in numbers:
        (folder / f"{name}-{number}").unlink()
    assert all(store.table(f"{number:04d}.arrow").equals(tables[number]) for number in numbers)
    for mirror in (draft.folder, store.folder):
        Store(mirror).keep_copies(lambda _name: False)
    Store(store.folder).keep_only(lambda _name: False)
    return speeds


def timed(work: Callable[[int], object], numbers: Iterable[int]) -> float:
    """Return the seconds that `work` takes on all numbers, some at a time."""
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        began = time.perf_counter()
        for _ in threads.map(work, numbers):
            pass
        return time.perf_counter() - began


def bare_put(server: str, key: str, body: bytes) -> None:
    answer(server, "PUT", key, body)


def bare_get(server: str, key: str, expected: bytes) -> None:
    assert len(answer(server, "GET", key)) == len(expected)


def bare_get_to_disk(server: str, key: str, path: Path) -> None:
    with answered(server, "GET", key) as response, path.open("wb") as file:
        shutil.copyfileobj(response, file, 1 << 20)


def answer(server: str, method: str, key: str, body: bytes | None = None) -> bytes:
    """Return what the server answers to a request."""
    with answered(server, method, key, body) as response:
        return response.read()


@contextmanager
def answered(server: str, method: str, key: str, body: bytes | None = None) -> Iterator[http.client.HTTPResponse]:
    """Open the server's answer to a request on a connection of its own."""
    connection = http.client.HTTPConnection(server.removeprefix("http://"))
    try:
        connection.request(method, f"/{BUCKET}/{key}", body, {"x-amz-acl": "public-read"})  # so GET needs no signature
        response = connection.getresponse()
        assert response.status == http.client.OK, response.reason
        yield response
    finally:
        connection.close()


def show(rounds: list[dict[str, float]]) -> None:
    shown = Table("", "MB/s", "least", "most", title=f"{len(rounds)} rounds, four files under way", box=None)
    for side in SIDES:
        speeds = [one[side] / 1e6 for one in rounds]
        shown.add_row(side, *(f"{value:.0f}" for value in (statistics.median(speeds), min(speeds), max(speeds))))
    Console(width=100).print(shown)


def result(rounds: list[dict[str, float]]) -> dict[str, object]:
    """Return the figures of the last line: medians of the rounds' ratios, and the least and the most of them."""
    found: dict[str, object] = {"bench": "storage"}
    for name, way, bare in (
        ("put", "put", "bare put"),
        ("get", "get", "bare get"),
        ("get_to_disk", "get", "bare get to disk"),
    ):
        ratios = [one[way] / one[bare] for one in rounds]
        found[f"{name}_ratio"] = round(statistics.median(ratios), 3)
        found[f"{name}_spread"] = [round(min(ratios), 3), round(max(ratios), 3)]
    return found


if __name__ == "__main__":
    main()
