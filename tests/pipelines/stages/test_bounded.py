"""What goes from step to step is bounded: by files, of hashes, positions and scores, some for each row, never text."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipelines.datasets.draft import Draft
from pipelines.datasets.manifest import Manifest
from pipelines.engine.budget import PROCESS
from pipelines.stages import annotate
from pipelines.stages.aligning import matching
from pipelines.stages.chunks import chunks
from pipelines.stages.inputs import RowFile
from pipelines.stages.publishing import choose, decide
from pipelines.stages.rounds import hash_order, rounds
from pipelines.text.words import mixed

SECTIONS: dict[str, dict[str, Any]] = {
    "align": {},
    "deduplicate": {"near": {"shingle_words": 3}},
    "publish": {"test": {"share": 0.2}, "dev": {"share": 0.2}, "duplicates": {"documents": "one", "near": "one"}},
}
ENGLISH, GERMAN = "please enter password number", "bitte gib das kennwort nummer"
MOST = {"align": 60, "annotate": 80, "publish": 130}  # bytes for each row that goes into a stage
PER_FILE = 4096  # … and for each file: Arrow's own, of some tables


def catalogs(words: int = 0, documents: int = 4) -> dict[str, dict[str, dict[str, str]]]:
    """Return documents of ten messages, each message `words` words longer than it need be."""
    more = " another" * words
    return {
        f"c{document}": {
            "en": {f"k{key}": f"{ENGLISH} {key} of {document // 2}{more}" for key in range(10)},
            "de": {f"k{key}": f"{GERMAN} {key} von {document // 2}{more}" for key in range(10)},
        }
        for document in range(documents)
    }


@pytest.fixture
def handed_on(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Give all that a stage's steps left for each other when it was committed, by stage; rows to read apart."""
    found: dict[str, bytes] = {}
    commit = Draft.commit

    def keep(draft: Draft, manifest: Manifest, run: bytes) -> bool:
        named = {entry.name for entry in manifest.files}
        files = [
            path
            for path in sorted(draft.folder.rglob("*"))
            if path.is_file() and not {".splits", "evidence"} & {*path.parts}
        ]
        found[manifest.stage] = b"".join(
            path.read_bytes() for path in files if path.relative_to(draft.folder).as_posix() not in named
        )
        return commit(draft, manifest, run)

    monkeypatch.setattr(Draft, "commit", keep)
    return found


def test_no_text_is_handed_on_and_longer_texts_cost_nothing(
    corpus: Callable[..., Any], handed_on: dict[str, bytes], language_model: str
) -> None:
    scored = {"classifiers": [{"name": "english", "model": language_model, "label": "en"}]}
    volumes: list[dict[str, int]] = []
    for words in (0, 40):
        made = corpus(catalogs(words), folder=f"words{words}", annotate=scored, **SECTIONS)
        made.make()
        files = len(made.dataset("ingest").files(kind="staged"))
        for stage, most in MOST.items():
            data = handed_on[stage]
            assert not any(word in data for word in (b"please", b"password", b"kennwort", b"another"))
            rows = made.dataset(stage).manifest.rows.rows_in
            assert len(data) < most * rows + PER_FILE * 12 * files
        volumes.append({stage: len(handed_on[stage]) for stage in MOST})
    for stage, volume in volumes[0].items():
        assert 0 < volumes[1][stage] < 1.1 * volume  # ten times the text


ROWS = 120_000
FILES = [RowFile(index, "text", f"staged/{index}.arrow", Path(), 0, 0) for index in range(6)]


def keep(draft: Draft, name: str, make: Callable[[np.random.Generator, int], dict[str, Any]]) -> None:
    """Write a table of keys for each of FILES, in hash order: ROWS in all."""
    draw = np.random.default_rng(1)
    for file in FILES:
        columns = make(draw, ROWS // len(FILES))
        order = hash_order(next(iter(columns.values())))
        draft.write_table(name.format(file.name), pa.table({key: values[order] for key, values in columns.items()}))


def hashes(draw: np.random.Generator, rows: int, different: int = 2**63) -> Any:
    return mixed(draw.integers(0, different, rows, np.uint64))


def peak(work: Callable[[], object]) -> int:
    """Return the most that NumPy and Python hold at once meanwhile, in bytes for each of ROWS."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most // ROWS


@pytest.mark.parametrize("different", [2**63, ROWS // 2, 1])
def test_what_a_row_takes_in_a_round_is_no_more_than_is_counted_for_it(tmp_path: Path, different: int) -> None:
    draft, (whole,) = Draft(tmp_path), rounds("copies", 1)

    def row(rows: int) -> Any:
        return np.arange(rows, dtype=np.uint32)

    keep(draft, "hashes/copies/{}", lambda draw, rows: {
        "hash": hashes(draw, rows, different), "row": row(rows), "number": draw.integers(1, 2**40, rows, np.uint64)
    })  # fmt: skip
    assert peak(lambda: decide.resolve(FILES, draft, whole)) < decide.ROW
    keep(draft, "groups/{}", lambda draw, rows: {
        "group": hashes(draw, rows, different), "row": row(rows), "language": draw.integers(0, 2, rows, np.uint16)
    })  # fmt: skip
    assert peak(lambda: matching.match_round(FILES, draft, whole)) < matching.ROW
    keep(draft, "contested/documents/{}", lambda draw, rows: {
        "near": (near := hashes(draw, rows, different)), "row": row(rows), "cluster": near, "mark": near * 0,
        "level": draw.integers(0, 3, rows, np.uint8), "rows": draw.integers(1, 9, rows),
    })  # fmt: skip
    keep(draft, "contested/pairs/{}", lambda draw, rows: {
        "near": (near := hashes(draw, 0)), "first": near, "second": near
    })  # fmt: skip
    assert peak(lambda: choose.choose(FILES, draft, whole)) < choose.ROW
    keep(draft, "asked/firsts/{}", lambda draw, rows: {
        "cluster": hashes(draw, rows // 2), "row": row(rows // 2), "score.english": np.zeros(rows // 2, np.float32)
    })  # fmt: skip
    keep(draft, "asked/copies/{}", lambda draw, rows: {"cluster": hashes(draw, rows // 2), "row": row(rows // 2)})
    assert peak(lambda: annotate.give_scores(FILES, draft, whole)) < annotate.ROW + 12


def test_a_round_does_not_grow_with_the_corpus(
    corpus: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, language_model: str
) -> None:
    """Four times the corpus at one budget: more rounds, and no more rows in any of them."""
    scored = {"classifiers": [{"name": "english", "model": language_model, "label": "en"}]}
    most: dict[tuple[str, Any], int] = {}

    def counted(*arguments: Any) -> Any:
        read = list(chunks(*arguments))
        part = arguments[1]
        key = size, part.step
        most[key] = max(most.get(key, 0), sum(len(chunk["file"]) for chunk in read))
        return iter(read)

    for step in (annotate, choose, decide):
        monkeypatch.setattr(step, "ROW", 1 << 20)
        monkeypatch.setattr(step, "chunks", counted)
    for size in (8, 32):
        made = corpus(catalogs(documents=size), folder=str(size), annotate=scored, **SECTIONS)
        made.make("ingest", "align", "deduplicate")
        made.make("annotate", "publish", memory_budget=PROCESS + (60 << 20))
    steps = {step for _, step in most}
    assert steps == {"give", "choices", "texts", "copies"}
    for step in steps:
        assert most[32, step] < 2 * max(most[8, step], 60)
