"""`embed`: vectors beside sentences, spans within documents, and a run that goes on where it was."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.progress import Progress
from pipelines.datasets.schemas import span_vectors_schema, vectors_schema
from pipelines.datasets.stage import EngineSection, Job, Outcome
from training.config.model import ModelSection
from training.config.reading import EmbedSection
from training.hub import fast_tokenizer, to_transformers, write_folder
from training.model import initialized
from training.stages import embed

Commit = Callable[[Draft, str, Outcome], Dataset]
DOCUMENTS = {"a": ["balan keter", "mining", "soys tuter"], "b": ["raning", "balan keter"]}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory, tokenizer_model: bytes) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    tokenizer = fast_tokenizer(tokenizer_model, 32)
    shape = ModelSection(layers=1, hidden=16, heads=2, feed_forward=16, positions=32)
    write_folder(to_transformers(initialized(shape, len(tokenizer), 1)), tokenizer, folder)
    return folder


@pytest.fixture(scope="module")
def segmented(tmp_path_factory: pytest.TempPathFactory, committed: Commit) -> Dataset:
    """Two files of sentences, the second with a single sentence."""
    draft = Draft(tmp_path_factory.mktemp("segment"))
    files = []
    for name, documents in (("sentences/x.arrow", DOCUMENTS), ("sentences/y.arrow", {"c": ["mining"]})):
        texts = [text for own in documents.values() for text in own]
        rows = [row for row, own in enumerate(documents.values()) for _ in own]
        table = pa.table({"document_row": pa.array(rows, pa.int32()), "text": texts})
        files.append(draft.write_table(name, table, {"kind": "sentences", "of": name}))
    return committed(draft, "segment", Outcome("paragraphs", "sentences", Counts(0, 0, 0), files))


def run(folder: Path, segmented: Dataset, **keys: object) -> Outcome:
    section = EmbedSection.model_validate(keys)
    return embed.run(Job(section, EngineSection(), {"segment": {"": segmented}}, Draft(folder), Progress("test")))


def test_each_sentence_has_a_vector_in_its_place(tmp_path: Path, segmented: Dataset, encoder: Path) -> None:
    outcome = run(tmp_path, segmented, encoder=str(encoder))
    assert [entry.name for entry in outcome.files] == ["vectors/x.arrow", "vectors/y.arrow"]
    assert outcome.files[0].partition == {"kind": "vectors", "of": "sentences/x.arrow"}
    assert (outcome.counts.rows_in, outcome.counts.expanded, outcome.counts.rows_out) == (6, 0, 6)
    assert outcome.summary == {"width": 16, "longest_span": 1}
    x, y = (pa.ipc.open_file(tmp_path / entry.name).read_all() for entry in outcome.files)
    assert x.schema == vectors_schema(16)
    assert x["vector"][0] == x["vector"][4]
    assert x["vector"][1] == y["vector"][0]
    assert x["vector"][0] != x["vector"][1]


def test_spans_stay_within_their_document(tmp_path: Path, segmented: Dataset, encoder: Path) -> None:
    outcome = run(tmp_path, segmented, encoder=str(encoder), longest_span=4)
    assert (outcome.counts.rows_in, outcome.counts.expanded, outcome.counts.rows_out) == (6, 4, 10)
    (entry,) = [entry for entry in outcome.files if entry.name == "span_vectors/x.arrow"]
    table = pa.ipc.open_file(tmp_path / entry.name).read_all()
    assert table.schema == span_vectors_schema(16)
    found = list(zip(table["first"].to_pylist(), table["count"].to_pylist(), strict=True))
    assert found == [(0, 2), (0, 3), (1, 2), (3, 2)]


@pytest.mark.parametrize("longest", [1, 2, 4])
def test_spans_are_all_runs_by_hand(longest: int) -> None:
    rows = np.array([0, 0, 0, 2, 5, 5], np.int32)
    expected = [
        (first, count)
        for first in range(len(rows))
        for count in range(2, longest + 1)
        if first + count <= len(rows) and rows[first] == rows[first + count - 1]
    ]
    first, count = embed.spans(rows, longest)
    assert list(zip(first.tolist(), count.tolist(), strict=True)) == expected


def test_a_run_that_was_killed_goes_on_with_the_next_file(
    tmp_path: Path, segmented: Dataset, encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [entry.checksum for entry in run(tmp_path / "whole", segmented, encoder=str(encoder)).files]
    work = embed.embed_file
    seen = []

    def dies(*arguments: object) -> object:
        seen.append(arguments[3])
        if len(seen) == 2:
            raise KeyboardInterrupt
        return work(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(embed, "embed_file", dies)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", segmented, encoder=str(encoder))
    outcome = run(tmp_path / "killed", segmented, encoder=str(encoder))
    assert seen == ["sentences/x.arrow", "sentences/y.arrow", "sentences/y.arrow"]
    assert [entry.checksum for entry in outcome.files] == expected
