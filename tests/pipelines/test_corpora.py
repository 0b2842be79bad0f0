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


def test_convert(small: Path, make: Callable[..., dict[str, Path]], tmp_path: Path) -> None:
    done = polyloom("convert", make(small)["publish"], tmp_path / "out", "--to", "cc100")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"cc100: {tmp_path / 'out'}",
        "The pairs are not in it: cc100 holds texts alone; jsonl and parquet hold both.",
    ]


def test_remove(small: Path, make: Callable[..., dict[str, Path]]) -> None:
    corpus = make(small)["publish"]
    done = polyloom("remove", corpus, "--id", "wild:0:0", "--url", "http://b/", "--reason", "a test of the command")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "not found: http://b/"
    assert done.stdout.splitlines()[1].startswith(f"1 rows removed: {corpus.parent}/remove-")


def test_remove_of_nothing_is_one_sentence(small: Path, make: Callable[..., dict[str, Path]]) -> None:
    done = polyloom("remove", make(small)["publish"], "--url", "http://b/", "--reason", "a test")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("none of what is to be removed is published there; nothing was made\n")
