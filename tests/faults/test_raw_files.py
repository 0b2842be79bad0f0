"""A raw file that changes or goes while a stage reads it ends the stage in a sentence, and nothing of it is kept."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow


def append_a_byte(raw: Path) -> None:
    with raw.open("ab") as file:
        file.write(b"\0")


def cut_in_half(raw: Path) -> None:
    os.truncate(raw, raw.stat().st_size // 2)


def flip_a_byte_and_keep_the_time(raw: Path) -> None:
    stat = raw.stat()
    data = bytearray(raw.read_bytes())
    data[len(data) // 2] ^= 1
    raw.write_bytes(data)
    os.utime(raw, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("change", [append_a_byte, cut_in_half, flip_a_byte_and_keep_the_time])
def test_a_raw_file_that_changes_while_it_is_read(
    disturbed: Callable[[Callable[[Path], None]], str],
    world: "World",
    undisturbed: "World",
    change: Callable[..., None],
) -> None:
    said = disturbed(change)
    assert said.splitlines()[-1] == (
        "error: ingest: a raw file that the config names has changed while it was read; what was made from it is "
        "removed: run the same command again when nothing writes to it"
    )
    assert not [path for path in (world.folder / "runs").rglob("*.arrow") if "ingest" in path.parts[-3]]
    shutil.copy2(undisturbed.folder / "catalogs.zip", world.folder / "catalogs.zip")
    world.polyloom("ingest")
    assert world.made() == undisturbed.made()


def test_a_raw_file_that_goes(
    disturbed: Callable[[Callable[[Path], None]], str], world: "World", undisturbed: "World"
) -> None:
    said = disturbed(Path.unlink)
    assert said.splitlines()[-1].startswith("error: catalogs.zip: cannot be read")
    shutil.copy2(undisturbed.folder / "catalogs.zip", world.folder / "catalogs.zip")
    world.polyloom("ingest")
    assert world.made() == undisturbed.made()
    assert world.leftovers() == []


def test_a_raw_file_that_is_only_touched_is_no_change(
    disturbed: Callable[[Callable[[Path], None]], str], world: "World", undisturbed: "World"
) -> None:
    assert "ingest: done" in disturbed(lambda raw: os.utime(raw))
    assert world.made() == undisturbed.made()


@pytest.fixture
def world(without_stage: Callable[[str], "World"]) -> "World":
    return without_stage("ingest")


@pytest.fixture
def disturbed(
    world: "World", wait_until: Callable[[Callable[[], bool]], None]
) -> Callable[[Callable[[Path], None]], str]:
    """Return a function that runs ingest, does something to the raw file in its middle, and returns what it said."""

    def run(change: Callable[[Path], None]) -> str:
        process = world.start("ingest", "--set", "engine.workers=1")
        wait_until(lambda: any((world.folder / "runs").rglob(".splits")))
        change(world.folder / "catalogs.zip")
        said = process.communicate(timeout=120)[0]
        assert process.returncode == (0 if "done" in said else 2)
        assert "Traceback" not in said
        return said

    return run
