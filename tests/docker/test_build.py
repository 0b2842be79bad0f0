"""docker/build: which engine it takes, what it passes on, and how it refuses."""

import os
import shutil
import subprocess
from pathlib import Path

BUILD = Path(__file__).parents[2] / "docker" / "build"
TOOLS = ("dirname", "env", "git", "mktemp", "rm", "sed", "tr")


def build(folder: Path, engines: dict[str, str], *targets: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run docker/build where nothing is on the path but the tools it needs and scripts in place of the engines."""
    for tool in TOOLS:
        (folder / tool).symlink_to(str(shutil.which(tool)))
    for name, script in engines.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    environment = {"PATH": str(folder), "TMPDIR": str(folder), **settings}
    return subprocess.run(
        ["/bin/sh", str(BUILD), *targets], env=environment, capture_output=True, text=True, check=False
    )


# an engine that prints how it was called, and the secret
TELL = """echo "$0 $*"
for word in "$@"; do
    case $word in id=pip,src=*) while read -r line; do echo "$line"; done <"${word#id=pip,src=}" ;; esac
done"""


def test_without_an_engine_it_refuses_in_one_sentence(tmp_path: Path) -> None:
    done = build(tmp_path, {"docker": "exit 1"})
    assert done.returncode == 2
    assert done.stderr == (
        "error: docker/build: no Docker engine answers and there is no buildah; start Docker or install buildah\n"
    )


def test_docker_is_taken_where_it_answers_and_builds_all_three(tmp_path: Path) -> None:
    done = build(tmp_path, {"docker": TELL, "buildah": "exit 1"})
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if "--target" in line]
    assert [line.split("--target ")[1].split()[0] for line in lines] == ["pipelines", "training", "flows"]
    assert all("-t polyloom-" in line and "VERSION=0." in line for line in lines)


def test_buildah_is_taken_where_no_engine_answers_and_settings_are_a_secret(tmp_path: Path) -> None:
    settings = {
        "PIP_INDEX_URL": "https://user:word@example.org/simple",
        "TORCH_BUILD": "cpu",
        "BUILD_OPTIONS": "-v /a:/a",
    }
    done = build(tmp_path, {"docker": "exit 1", "buildah": TELL}, "training", **settings)
    assert done.returncode == 0, done.stderr
    said, *secret = done.stdout.splitlines()
    assert "buildah build --layers --format docker --isolation chroot --network host -v /a:/a " in said
    assert "--target training" in said
    assert "TORCH_BUILD=cpu" in said
    assert "word" not in said
    assert secret == ["[global]", "index-url = https://user:word@example.org/simple"]
    assert not list(tmp_path.glob("tmp.*"))


def test_a_failed_build_fails(tmp_path: Path) -> None:
    assert build(tmp_path, {"docker": '[ "$1" = info ]'}, "flows").returncode != 0
    assert os.access(BUILD, os.X_OK)
