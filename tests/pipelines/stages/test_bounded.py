"""What goes from step to step is bounded: by files, of hashes, positions and scores, some for each row, never text."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.datasets.draft import Draft
from pipelines.datasets.manifest import Manifest
from pipelines.engine.budget import PROCESS
from pipelines.stages import annotate
from pipelines.stages.chunks import chunks
from pipelines.stages.publishing import choose, decide

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
    """Give all that a stage's steps left for each other when it was committed, by stage; shingles apart."""
    found: dict[str, bytes] = {}
    commit = Draft.commit

    def keep(draft: Draft, manifest: Manifest, run: bytes) -> bool:
        named = {entry.name for entry in manifest.files}
        files = [path for path in sorted(draft.folder.rglob("*")) if path.is_file() and ".splits" not in path.parts]
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
            assert not any(word.encode() in data for word in (*ENGLISH.split(), *GERMAN.split()))
            rows = made.dataset(stage).manifest.rows.rows_in
            assert len(data) < most * rows + PER_FILE * 12 * files
        volumes.append({stage: len(handed_on[stage]) for stage in MOST})
    for stage, volume in volumes[0].items():
        assert 0 < volumes[1][stage] < 1.1 * volume  # ten times the text


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
