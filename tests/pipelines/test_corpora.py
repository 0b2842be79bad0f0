"""`polyloom trace` and `polyloom why`, as a person reads them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]


def polyloom(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_trace(small: Path, make: Callable[..., dict[str, Path]]) -> None:
    done = polyloom("trace", make(small)["publish"], "wild:0:0")
    assert (done.returncode, done.stderr) == (0, "")
    for expected in ("published at text/de/train-00000.arrow:0: de, train", "byte 0 of the unpacked file",
                     r"das passwort ist eingerichtet\n", "2 rows", "wild:2:0: dropped: duplicate"):  # fmt: skip
        assert expected in done.stdout


def test_why(small: Path) -> None:
    done = polyloom("why", small, "wild", 2)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "wild:1",
        r"raw kurz\n",
        "paragraph wild:1:0 kurz",
        "  → dropped by publish as too_short: fewer characters than the threshold",
        "    4 < 6 characters",
    ]


def test_a_wrong_question_is_one_sentence(small: Path) -> None:
    done = polyloom("why", small, "nowhere", 1)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: nowhere: no source of this config")
