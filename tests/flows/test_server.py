"""The server that stands in where the user has none."""

import os
import urllib.request
from pathlib import Path

import pytest

from flows import server
from flows.process import Stopped, stopping
from pipelines.datasets.errors import UserError

pytestmark = pytest.mark.usefixtures("clean_environment")


def test_nothing_is_told_to_anyone_and_what_the_user_has_set_stays(tmp_path: Path) -> None:
    os.environ["PREFECT_LOGGING_LEVEL"] = "DEBUG"
    server.use_quiet_prefect(tmp_path)
    assert os.environ["DO_NOT_TRACK"] == "1"
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert os.environ["PREFECT_HOME"] == str(tmp_path)
    assert os.environ["PREFECT_LOGGING_LEVEL"] == "DEBUG"


def test_the_users_own_server_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.environ["PREFECT_API_URL"] = "http://prefect.example/api"
    monkeypatch.setattr(server, "bound", lambda command: pytest.fail("a server was started"))
    with server.local_api(tmp_path / "log"):
        assert os.environ["PREFECT_API_URL"] == "http://prefect.example/api"


def test_a_server_that_does_not_start_is_a_users_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "bound", lambda _command: ["sh", "-c", "echo no space left; exit 1"])
    with pytest.raises(UserError, match=r"did not start; see .*server.log"), server.local_api(tmp_path / "server.log"):
        pass
    assert (tmp_path / "server.log").read_text() == "no space left\n"


def test_a_stop_while_it_starts_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "bound", lambda _command: ["sleep", "60"])
    stopping.set()
    with pytest.raises(Stopped), server.local_api(tmp_path / "server.log"):
        pass


@pytest.mark.slow
def test_it_answers_on_loopback_and_ends_with_the_block(tmp_path: Path) -> None:
    server.use_quiet_prefect(tmp_path)
    with server.local_api(tmp_path / "server.log"):
        url = os.environ["PREFECT_API_URL"]
        assert url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{url}/health") as answer:
            assert answer.read() == b"true"
    assert "PREFECT_API_URL" not in os.environ
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{url}/health")
