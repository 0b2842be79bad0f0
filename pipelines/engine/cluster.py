"""Whether a Flink cluster, and Beam's job server for it, can be used."""

import json
import re
import shutil
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from apache_beam.options.pipeline_options import FlinkRunnerOptions
from apache_beam.version import __version__ as beam_version

from pipelines.datasets.errors import UserError

SECONDS = 5.0
_JAR_NAME = re.compile(r"beam-runners-flink-([\d.]+)-job-server-([\d.]+)\.jar")


def flink_cluster(master: str) -> str:
    """Ask the job manager's REST interface for its version and slots. Raises UserError where jobs cannot run there."""
    overview = _overview(master)
    version = ".".join(overview["flink-version"].split(".")[:2])
    if version not in FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS:
        raise UserError(
            f"{master} runs Flink {version}, which Beam {beam_version} does not know: use one of "
            f"{', '.join(FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS)}"
        )
    if not overview["slots-total"]:
        raise UserError(f"the Flink cluster at {master} has no task manager with a slot: start one, or see its log")
    return (
        f"Flink {version} at {master}: {overview['taskmanagers']} task managers, "
        f"{overview['slots-available']} of {overview['slots-total']} slots free"
    )


def job_server_jar(path: Path) -> str:
    """Look whether `path` is a job server that Java can start. Raises UserError where it is not."""
    if not path.is_file():
        raise UserError(
            f"{path}: no such file; engine.flink.job_server_jar is Beam's job server for Flink "
            f"(beam-runners-flink-{FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS[-1]}-job-server-{beam_version}.jar, "
            "from Maven Central)"
        )
    if not zipfile.is_zipfile(path):
        raise UserError(f"{path}: not a jar; download Beam's job server for Flink again")
    named = _JAR_NAME.fullmatch(path.name)
    if named and named[2] != beam_version:
        raise UserError(f"{path}: a job server of Beam {named[2]}, this command has Beam {beam_version}; take that one")
    if shutil.which("java") is None:
        raise UserError("no `java` in the PATH, which starts the Flink job server: install Java 11 or newer")
    return f"{path.name}, to be started with {shutil.which('java')}"


def _overview(master: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"http://{master}/overview", timeout=SECONDS) as answer:
            overview: dict[str, Any] = json.load(answer)
            return {key: overview[key] for key in ("flink-version", "taskmanagers", "slots-total", "slots-available")}
    except OSError as error:
        raise UserError(
            f"no Flink job manager answers at {master} ({error}): start the cluster, or correct engine.flink.master"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{master} answers, but not as Flink's REST interface does: correct engine.flink.master"
        ) from error
