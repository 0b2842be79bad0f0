"""The command line: light to start, one sentence and exit status 2 for what a user can put right."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines import cli
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import Stopped
from pipelines.datasets.evidence import Sample, samples_to_json
from pipelines.datasets.manifest import Manifest
from pipelines.datasets.reasons import Reason

ROOT = Path(__file__).parents[2]
DEMO = str(ROOT / "flows" / "configs" / "demo.yaml")


def polyloom(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    draft = Draft(tmp_path / "ingest-f")
    samples = {Reason.EMPTY: [Sample.of("raw.json", 7, " ", "de", "0 characters")]}
    files = [
        draft.write_table("de.arrow", pa.table({"text": ["eins", "zwei"]})),
        draft.write_bytes("samples.json", samples_to_json(samples), {"kind": "samples"}, rows=1),
    ]
    manifest = Manifest(
        stage="ingest", version=1, fingerprint="f" * 32, config={}, inputs={"fetch": "0"}, unit_in="records",
        unit_out="paragraphs", rows=SplitRecord.rows_of(Counts(3, 0, 2, {Reason.EMPTY: 1})), files=files,
    )  # fmt: skip
    draft.commit(manifest, b"{}")
    return draft.folder


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from pipelines.cli import application\n"
        "from typer.testing import CliRunner\n"
        "print(CliRunner().invoke(application(), ['--help']).output)\n"
        "heavy = {'torch', 'apache_beam', 'prefect', 'transformers', 'fasttext', 'sentencepiece', 'matplotlib'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "heavy: []" in done.stdout
    commands = ("run", "fetch", "plan", "show", "ingest", "deduplicate", "align", "publish", "tokenize")
    assert all(name in done.stdout for name in (*commands, "pretrain", "export", "evaluate", "report"))


def test_show_reads_a_manifest_as_a_table(dataset: Path) -> None:
    shown = polyloom("show", str(dataset), "--samples", "--verify").stdout
    for expected in ("dropped: empty", "nothing is left after normalisation", "raw.json, record 7", "de.arrow"):
        assert expected in shown
    assert "all 2 files have the manifest's checksums" in shown


def test_show_names_a_damaged_file(dataset: Path) -> None:
    path = dataset / "de.arrow"
    path.write_bytes(bytes(len(path.read_bytes())))
    done = polyloom("show", str(dataset), "--verify")
    assert done.returncode == 2
    assert "de.arrow: its checksum is not the manifest's" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ingest", "nowhere.yaml"), "nowhere.yaml: no such file"),
        (("run", "nowhere.yaml"), "nowhere.yaml: no such file"),
        (("ingest", DEMO, "--set", "ingest.sauces=1"), "ingest.sauces: unknown key; did you mean `sources`?"),
        (("plan", DEMO), "homeassistant-2024.3.3-py3-none-any.whl: cannot be read"),
        (("plan", DEMO), "or run `polyloom fetch`, if a package brings it"),
        (("show", "."), "not a dataset, it has no manifest.json"),
    ],
)
def test_what_a_user_can_put_right_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = polyloom(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stop_that_was_asked_for_is_one_sentence_and_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def application() -> None:
        raise Stopped("stopped after step 7, which is saved")

    monkeypatch.setattr(cli, "application", lambda: application)
    cli.main()
    assert capsys.readouterr().out == "stopped after step 7, which is saved\n"
