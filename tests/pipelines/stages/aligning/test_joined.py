"""The vectors of a document, from the files that the stage embed writes."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import feather

from pipelines.stages.aligning.joined import document_vectors
from pipelines.stages.aligning.pairing import Pairs, SentenceFile


def test_vectors_of_a_document_and_its_spans(tmp_path: Path) -> None:
    # rows 0 and 1 are one document, 2 to 4 another: the vector of a span is (first row, how many sentences)
    spans = [(0, 2), (2, 2), (2, 3), (3, 2)]
    feather.write_feather(
        pa.table({"vector": vectors([(row, 1) for row in range(5)])}), tmp_path / "v.arrow", compression="uncompressed"
    )
    columns = {
        "first": pa.array([one for one, _ in spans], pa.int32()),
        "count": pa.array([n for _, n in spans], pa.int32()),
    }
    feather.write_feather(
        pa.table({**columns, "vector": vectors(spans)}), tmp_path / "s.arrow", compression="uncompressed"
    )
    file = SentenceFile(0, "sentences/x.arrow", tmp_path / "x.arrow", tmp_path / "v.arrow", tmp_path / "s.arrow")
    place = {"target_file": 0, "target_first": 2, "target_stop": 5}
    pairs = Pairs({name: np.array([value]) for name, value in place.items()}, np.array(["en-de"], object), np.zeros(1))
    found = document_vectors([file], pairs, 0, "target")
    assert found.dtype == np.float32
    assert found.shape == (3, 3, 2)
    assert found[0].tolist() == [[2, 1], [3, 1], [4, 1]]
    assert found[1, 1:].tolist() == [[2, 2], [3, 2]]  # each where its last sentence is
    assert found[2, 2].tolist() == [2, 3]


def vectors(values: list[tuple[int, int]]) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(np.array(values, np.float16).ravel()), 2)
