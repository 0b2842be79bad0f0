"""What makes a Flink cluster or its job server unusable is said in one sentence."""

import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pipelines.datasets.errors import UserError
from pipelines.engine.cluster import flink_cluster, job_server_jar

OVERVIEW = {"flink-version": "2.2.1", "taskmanagers": 2, "slots-total": 4, "slots-available": 3}


@pytest.fixture
def served() -> Iterator[Callable[[bytes], str]]:
    """Return a function that serves bytes at /overview and returns the address."""
    servers = []

    def serve(body: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path == "/overview" else 404)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_cluster_tells_its_slots(served: Callable[[bytes], str]) -> None:
    master = served(json.dumps(OVERVIEW).encode())
    assert flink_cluster(master) == f"Flink 2.2 at {master}: 2 task managers, 3 of 4 slots free"


@pytest.mark.parametrize(
    ("overview", "message"),
    [
        ({**OVERVIEW, "flink-version": "1.18.1"}, r"runs Flink 1\.18, which Beam \S+ does not know: use one of 1\.19"),
        ({**OVERVIEW, "slots-total": 0}, "has no task manager with a slot: start one, or see its log"),
        ({"status": "ok"}, "answers, but not as Flink's REST interface does: correct engine.flink.master"),
        ([], "answers, but not as Flink's REST interface does"),
    ],
)
def test_a_cluster_that_cannot_be_used(served: Callable[[bytes], str], overview: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        flink_cluster(served(json.dumps(overview).encode()))


def test_no_cluster(served: Callable[[bytes], str]) -> None:
    with pytest.raises(
        UserError, match=r"no Flink job manager answers at 127\.0\.0\.1:9 .*: start the cluster, or correct"
    ):
        flink_cluster("127.0.0.1:9")
    with pytest.raises(UserError, match=r"answers, but not as Flink's REST interface does"):
        flink_cluster(served(b"<html>"))


def jar(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
    return path


def test_a_jar_must_be_there_and_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"none\.jar: no such file; engine\.flink\.job_server_jar is Beam's job server"):
        job_server_jar(tmp_path / "none.jar")
    (tmp_path / "page.jar").write_text("<html>")
    with pytest.raises(UserError, match=r"page\.jar: not a jar; download Beam's job server for Flink again"):
        job_server_jar(tmp_path / "page.jar")
    old = jar(tmp_path / "beam-runners-flink-1.19-job-server-2.60.0.jar")
    with pytest.raises(UserError, match=r"a job server of Beam 2\.60\.0, this command has Beam 2\.\S+; take that one"):
        job_server_jar(old)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="no `java` in the PATH, which starts the Flink job server: install Java"):
        job_server_jar(jar(tmp_path / "own.jar"))


def test_a_jar_that_java_can_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "java"
    java.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert job_server_jar(jar(tmp_path / "own.jar")) == f"own.jar, to be started with {java}"
