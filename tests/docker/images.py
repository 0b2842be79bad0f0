"""`make images-test`: the built images do what is done outside, as their user, and change nothing but the output.

pytest takes this file only where it is named, for it needs the images. Each container sees one folder of the machine:
a tiny world with raw text and a recipe.
"""

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import xxhash

if TYPE_CHECKING:
    from conftest import World

USER = 10001
HOLDS = {"pipelines": {"apache_beam"}, "training": {"torch"}, "flows": set[str]()}
STAGES = {
    "pipelines": ("ingest", "align", "deduplicate", "annotate", "publish", "tokenize"),
    "training": ("pretrain", "export", "evaluate", "report"),
}
DOCKER = subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def said(*command: str) -> str:
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


class Container:
    """A container of an image with a folder mounted at /world, by Docker or by buildah."""

    def __init__(self, name: str, world: Path) -> None:
        self.name = name
        self.world = world

    def run(self, *command: str) -> str:
        """Run a command in the container as the image's user and return what it printed; it must succeed."""
        if DOCKER:
            return said("docker", "exec", "--workdir", "/world", self.name, *command)
        options = ("--isolation", "chroot", "--workingdir", "/world", "--volume", f"{self.world}:/world")
        return said("buildah", "run", *options, self.name, "--", *command)

    def files(self) -> dict[str, object]:
        """Return what tells that a file of the container was changed, by its path; the mounted folder is left out."""
        if DOCKER:
            return dict.fromkeys(said("docker", "diff", self.name).splitlines())
        root = Path(said("buildah", "mount", self.name).strip())
        states = {}
        for folder, folders, files in os.walk(root):
            for name in (*folders, *files):
                state = (Path(folder) / name).lstat()
                if not stat.S_ISDIR(state.st_mode):
                    path = (Path(folder) / name).relative_to(root).as_posix()
                    states[path] = (state.st_mode, state.st_uid, state.st_size, state.st_mtime_ns)
        said("buildah", "umount", self.name)
        return states


@contextmanager
def container(target: str, world: Path) -> Iterator[Container]:
    """Yield a container of polyloom-TARGET and remove it."""
    image = f"polyloom-{target}"
    world.chmod(0o755)  # pytest's folders are their owner's alone
    if DOCKER:
        wait = ("--entrypoint", "sleep", "--volume", f"{world}:/world", image, "infinity")
        name = said("docker", "run", "--detach", *wait).strip()
        end = ("docker", "rm", "--force", name)
    else:
        name = said("buildah", "from", "--pull-never", image).strip()
        end = ("buildah", "rm", name)
    try:
        yield Container(name, world)
    finally:
        said(*end)


def inputs(world: "World") -> dict[str, str]:
    """Return the checksums of all files but the output, by path."""
    return {
        path.relative_to(world.folder).as_posix(): xxhash.xxh3_64_hexdigest(path.read_bytes())
        for path in sorted(world.folder.rglob("*"))
        if path.is_file() and path.relative_to(world.folder).parts[0] != "runs"
    }


@pytest.mark.parametrize("target", HOLDS)
def test_an_image_holds_what_it_should_and_no_more(target: str, tmp_path: Path) -> None:
    with container(target, tmp_path) as image:
        assert image.run("id", "--user").strip() == str(USER)
        assert "Usage: polyloom" in image.run("polyloom", "--help")
        image.run("prefect", "version")
        find = "import importlib.util, sys; print([name for name in sys.argv[1:] if importlib.util.find_spec(name)])"
        assert image.run("python", "-c", find, "apache_beam", "torch").strip() == str(sorted(HOLDS[target]))
        image.run("python", "-c", "import flows.pipeline")
        installed = image.run("cat", "/app/packages.txt").split()
        pinned = (Path(__file__).parents[2] / "constraints.txt").read_text(encoding="utf-8").split()
        names = {line.partition("==")[0].lower().replace("_", "-"): line.partition("==")[2] for line in pinned}
        for line in installed:
            name, _, version = line.partition("==")
            assert names[name.lower().replace("_", "-")] == version.partition("+")[0]


def test_the_stages_in_the_images_give_the_same_bytes_and_touch_nothing_else(
    raw: "World", undisturbed: "World", tmp_path: Path
) -> None:
    world = raw.copy(tmp_path / "world")
    (world.folder / "runs").mkdir()
    shutil.chown(world.folder / "runs", USER, USER)
    given = inputs(world)
    for target, stages in STAGES.items():
        with container(target, world.folder) as image:
            image.run("true")
            before = image.files()
            for stage in stages:
                image.run("polyloom", stage, "recipe.yaml")
            changed = set(image.files().items()) ^ set(before.items())
            assert not changed, sorted(changed)
    assert inputs(world) == given
    assert world.made() == undisturbed.made()
    assert {path.stat().st_uid for path in (world.folder / "runs").rglob("*")} == {USER}
    assert json.loads(next((world.folder / "runs" / "tiny").rglob("report.json")).read_bytes())
