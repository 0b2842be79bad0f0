"""A real S3 server on loopback (moto's), and a proxy before it that fails as networks do."""

import http.client
import logging
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
}
_SECONDS: Final = 60.0
_BLOCK: Final = 1 << 20


@contextmanager
def s3_server() -> Iterator[str]:
    """Run a server for the length of the block and yield its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, __file__, str(port)], stdin=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url)
        yield url
    finally:
        process.kill()
        process.wait()


def environment(url: str) -> dict[str, str]:
    """Return the variables by which a process uses this server."""
    return {**CREDENTIALS, "AWS_ENDPOINT_URL": url}


def make_bucket(url: str, name: str) -> None:
    """Make an empty bucket."""
    with urllib.request.urlopen(urllib.request.Request(f"{url}/{name}", method="PUT"), timeout=_SECONDS):
        pass


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=_SECONDS):
                return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < deadline, "moto's server did not start"
            time.sleep(0.05)


class Faults:
    """Which requests fail and how: every `every`-th one, by each of the ways in turn.

    `refused`: 503 and not passed on; `lost`: passed on, and the connection is cut before its answer; `cut`: cut in the
    middle of the answer.
    """

    WAYS = ("refused", "lost", "cut")

    def __init__(self, every: int) -> None:
        self._every = every
        self._lock = threading.Lock()
        self.requests = 0
        self.failed: dict[str, int] = dict.fromkeys(self.WAYS, 0)

    def next(self) -> str:
        """Return what becomes of the next request: a way to fail, or nothing."""
        with self._lock:
            self.requests += 1
            if self.requests % self._every:
                return ""
            way = self.WAYS[self.requests // self._every % len(self.WAYS)]
            self.failed[way] += 1
            return way


@contextmanager
def proxy(url: str, faults: Faults) -> Iterator[str]:
    """Pass requests on to the server at `url`, but for those that fail, and yield the proxy's URL."""
    host = url.removeprefix("http://")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            way = faults.next()
            if way == "refused":
                self._answer(503, {}, b"<Error><Code>SlowDown</Code></Error>")
                return
            connection = http.client.HTTPConnection(host, timeout=_SECONDS)
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            data = answer.read()
            connection.close()
            if way == "lost":
                self._cut()
            elif way == "cut":
                with suppress(OSError):
                    self._answer(answer.status, dict(answer.getheaders()), data[: len(data) // 2], len(data) + 1)
                self._cut()
            else:
                self._answer(answer.status, dict(answer.getheaders()), data)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

        def _answer(self, status: int, headers: Mapping[str, str], data: bytes, length: int | None = None) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            stated = headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", stated or str(length or len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def _cut(self) -> None:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _serve(port: str) -> None:
    from moto.server import main

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    main(["-H", "127.0.0.1", "-p", port])


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    _serve(sys.argv[1])
