"""Who does the tasks of a stage."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("stage", ["ingest", "align", "deduplicate", "annotate", "publish", "tokenize"])
def test_a_local_stage_imports_no_beam(stage: str) -> None:
    code = f"import sys, pipelines.stages.{stage}; sys.exit('apache_beam' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
