"""A disk that is full or read-only ends a stage in one sentence; when it is mended, the same command finishes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow

# `room` kB are left on the disk when the stage begins.
SMALL_DISK = """
cp -a runs before
mount -t tmpfs -o size=64m tmpfs runs
cp -a before/. runs/
mount -o remount,size=$(( $(du -sk runs | cut -f1) + {room} ))k runs
polyloom {stage} && exit 1 || echo "status $?"
find runs -name '.tmp-*'
mount -o remount,size=64m runs
polyloom {stage}
rm -rf before
cp -a runs after
umount runs
rm -rf runs
mv after runs
"""
READ_ONLY = """
mount --bind runs runs
mount -o remount,bind,ro runs
polyloom {stage} && exit 1 || echo "status $?"
mount -o remount,bind,rw runs
polyloom {stage}
"""


@pytest.mark.parametrize(("stage", "room"), [("ingest", 40), ("ingest", 400), ("publish", 200), ("pretrain", 20),
                                             ("pretrain", 60), ("export", 100)])  # fmt: skip
def test_a_full_disk(
    without_stage: Callable[[str], "World"],
    undisturbed: "World",
    mounting: Callable[["World", str], str],
    stage: str,
    room: int,
) -> None:
    world = without_stage(stage)
    said = mounting(world, SMALL_DISK.format(stage=stage, room=room))
    assert "status 2" in said
    assert one_error(said).endswith("the same command then goes on from here")
    assert "No space left on device; make room on that disk" in one_error(said)
    assert ".tmp-" not in said
    assert world.made() == undisturbed.made()
    assert world.leftovers() == []


@pytest.mark.parametrize("stage", ["ingest", "pretrain"])
def test_a_read_only_folder(
    without_stage: Callable[[str], "World"], undisturbed: "World", mounting: Callable[["World", str], str], stage: str
) -> None:
    world = without_stage(stage)
    said = mounting(world, READ_ONLY.format(stage=stage))
    assert "status 2" in said
    assert "Read-only file system" in one_error(said)
    assert "`runs`" in one_error(said)
    assert world.made() == undisturbed.made()


def one_error(said: str) -> str:
    """Return the sentence that a command ended in; there is one, and no traceback."""
    (sentence,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in said
    return sentence
