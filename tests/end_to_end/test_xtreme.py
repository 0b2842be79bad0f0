"""`polyloom xtreme`: a folder is checked, a suite runs as a flow, and one that was interrupted goes on."""

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml
from sentencepiece import SentencePieceProcessor

from training.config.model import ModelSection
from training.hub import fast_tokenizer, to_transformers, write_folder
from training.model import initialized

POLYLOOM = Path(sysconfig.get_path("scripts"), "polyloom")
ROOT = Path(__file__).parents[2]
SHAPE = ModelSection(layers=2, hidden=16, heads=2, feed_forward=32, positions=128)
ONE_VIEW = {"augmentation": {"kind": "subword_sampling"}}


def polyloom(*arguments: str, cwd: Path, timeout: float = 550) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(POLYLOOM), *arguments], cwd=cwd, capture_output=True, text=True, timeout=timeout, env=dict(os.environ)
    )
