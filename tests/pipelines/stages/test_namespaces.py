"""The pool on another machine, as far as one machine can play two: own address, own loopback, shared storage alone."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets.stage import execute
from pipelines.plan import plan
from pipelines.recipe import load_recipe

SERVICE, POOL = "10.231.7.1", "10.231.7.2"  # in namespaces of their own, so they can collide with nothing
STAGES = ("ingest", "align", "deduplicate", "publish", "tokenize")
RECIPE = """\
name: tiny
runs: {shared}/here
engine: {{workers: 1}}
ingest:
  language_model: {shared}/lid.bin
  sources: [{{format: catalog, name: app, path: {shared}/raw, pattern: "{{document}}/{{language}}.json",
             languages: [de, en], split_bytes: 800}}]
align: {{}}
deduplicate: {{}}
publish: {{test: {{share: 0.2}}, dev: {{share: 0.2}}}}
tokenize: {{vocabulary: 28, threads: 1}}
"""
RUN = """\
import sys
from pathlib import Path
from pipelines.cli import run_stage
recipe, *overrides = sys.argv[1:]
for stage in {stages!r}:
    run_stage(Path(recipe), overrides, stage, None)
"""


@dataclass(frozen=True)
class Machines:
    """Two network namespaces with a cable between them: one for submitter and job service, one for the pool."""

    service: tuple[str, ...]
    pool: tuple[str, ...]


@pytest.fixture
def machines() -> Iterator[Machines]:
    if shutil.which("ip") is None or shutil.which("unshare") is None or os.geteuid() != 0:
        pytest.skip("needs root and the programs `ip` (iproute2) and `unshare` (util-linux)")
    names = [f"polyloom-{os.getpid()}-{end}" for end in "ab"]
    added = subprocess.run(["ip", "netns", "add", names[0]], capture_output=True, text=True, check=False)
    if added.returncode:
        pytest.skip(f"no network namespace can be made here: {added.stderr.strip()}")
    try:
        ip("netns", "add", names[1])
        ip("link", "add", "cable", "netns", names[0], "type", "veth", "peer", "name", "cable", "netns", names[1])
        for name, address in zip(names, (SERVICE, POOL), strict=True):
            ip("-n", name, "address", "add", f"{address}/24", "dev", "cable")
            ip("-n", name, "link", "set", "cable", "up")
            ip("-n", name, "link", "set", "lo", "up")
            hosts = Path("/etc/netns") / name / "hosts"  # what `ip netns exec` shows as /etc/hosts
            hosts.parent.mkdir(parents=True)
            # Beam's job service calls its workers back to the name of its machine.
            hosts.write_text(f"127.0.0.1 localhost\n{SERVICE} {socket.gethostname()}\n")
        yield Machines(("ip", "netns", "exec", names[0]), ("ip", "netns", "exec", names[1]))
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
            shutil.rmtree(Path("/etc/netns") / name, ignore_errors=True)
        with suppress(OSError):
            Path("/etc/netns").rmdir()


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def write_raw(folder: Path) -> None:
    words = ("host", "name", "password", "device", "light")
    for number in range(8):
        english = {word: f"enter the {word} of {words[number % 5]} {number // 2}" for word in words}
        german = {word: f"{word} für {words[number % 5]} {number // 2} eingeben" for word in words}
        (folder / f"c{number}").mkdir(parents=True)
        for language, messages in (("en", english), ("de", german)):
            (folder / f"c{number}" / f"{language}.json").write_text(json.dumps(messages, ensure_ascii=False))


@pytest.mark.slow
def test_a_pool_with_an_address_of_its_own_gives_the_same_manifests(
    tmp_path: Path, machines: Machines, services: Any, language_model: str
) -> None:
    shared, private = tmp_path / "shared", tmp_path / "private"
    write_raw(shared / "raw")
    private.mkdir()
    shutil.copy(language_model, shared / "lid.bin")
    recipe = private / "recipe.yaml"
    recipe.write_text(RECIPE.format(shared=shared))
    here = plan(load_recipe(recipe))
    for run in here:
        execute(run, load_recipe(recipe).engine)

    hidden = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', str(private))
    pool = services.pool(through=(*machines.pool, *hidden), host=POOL, cwd=Path("/"))
    engine = {
        "runner": "portable",
        "workers": 1,
        "portable": {"job_endpoint": services.job_service(through=machines.service), "environment_config": pool},
    }
    overrides = [f"runs={shared}/there", f"engine={json.dumps(engine)}"]
    done = subprocess.run(
        [*machines.service, sys.executable, "-c", RUN.format(stages=STAGES), str(recipe), *overrides],
        cwd=private,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for one, other in zip(here, plan(load_recipe(recipe, overrides)), strict=True):
        assert other.folder.is_relative_to(shared / "there")
        assert execute(other, load_recipe(recipe).engine).manifest == execute(one, load_recipe(recipe).engine).manifest
