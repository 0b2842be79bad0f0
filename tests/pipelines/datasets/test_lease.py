"""A lease has one holder at a time; who dies loses it after a while."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.lease import leased
from pipelines.datasets.remote import Remote

if TYPE_CHECKING:
    from conftest import ObjectStore

SHORT = 0.6  # seconds


@pytest.fixture
def runs(object_store: "ObjectStore") -> Remote:
    return Remote(f"{object_store.url}/runs")


def no_wait() -> None:
    raise AssertionError("it need not wait")


def test_a_lease_is_there_while_it_is_held(runs: Remote, tmp_path: Path) -> None:
    with leased(runs, ".a.lease", tmp_path / "holder", no_wait) as lease:
        assert list(runs.sizes()) == [".a.lease"]
        lease.check()
    assert runs.sizes() == {}


def test_another_waits_until_it_is_given_up(runs: Remote, tmp_path: Path) -> None:
    waited: list[float] = []
    began = time.monotonic()

    class Waiting(Exception):
        pass

    def waiting() -> None:
        waited.append(time.monotonic() - began)
        raise Waiting

    with leased(runs, ".a.lease", tmp_path / "one", no_wait, SHORT) as lease:
        time.sleep(3 * SHORT)  # it is renewed
        lease.check()
        with pytest.raises(Waiting), leased(runs, ".a.lease", tmp_path / "two", waiting, SHORT):
            pass
    with leased(runs, ".a.lease", tmp_path / "two", no_wait, SHORT) as lease:
        lease.check()
    assert len(waited) == 1


def test_one_that_is_not_renewed_is_taken_over_and_its_holder_notices(runs: Remote, tmp_path: Path) -> None:
    told: list[str] = []
    with leased(runs, ".a.lease", tmp_path / "one", no_wait, seconds=3600) as dead:
        with leased(runs, ".a.lease", tmp_path / "two", lambda: told.append("waits"), SHORT) as lease:
            lease.check()
            dead._seconds = SHORT  # it wakes up, and renews what is another's
            dead._ended.set()
            dead._thread.join()
            dead._ended.clear()
            dead._beat()
            with pytest.raises(UserError, match=r"\.a\.lease: another machine has taken this work over"):
                dead.check()
            lease.check()
        assert runs.sizes() == {}
    assert told == ["waits"]


def test_the_same_folder_takes_its_dead_process_s_lease_at_once(runs: Remote, tmp_path: Path) -> None:
    with (
        leased(runs, ".a.lease", tmp_path / "holder", no_wait),
        leased(runs, ".a.lease", tmp_path / "holder", no_wait) as lease,
    ):
        lease.check()


def test_who_cannot_renew_it_for_too_long_has_lost_it(
    runs: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> None:
        raise UserError("the store cannot be used")

    with leased(runs, ".a.lease", tmp_path / "holder", no_wait, SHORT) as lease:
        monkeypatch.setattr(Remote, "put_over", unreachable)
        time.sleep(1.5 * SHORT)
        with pytest.raises(UserError, match="did not renew its lease in time"):
            lease.check()
