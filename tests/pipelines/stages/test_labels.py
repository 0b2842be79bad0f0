"""What a row counts for: a text's language, a pair's other language, or both where the pivot is not among them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as ipc
import pytest

from pipelines.datasets.schemas import LABEL
from pipelines.stages.inputs import RowFile
from pipelines.stages.publishing.shards import as_name, pair_languages


def pairs(folder: Path, sources: list[str], targets: list[str]) -> RowFile:
    columns = {"source_lang": sources, "target_lang": targets}
    table = pa.table({name: pa.array(values).cast(LABEL) for name, values in columns.items()})
    path = folder / "pairs.arrow"
    with ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    return RowFile(0, "pairs", "pairs/x.arrow", path, len(sources), path.stat().st_size, "en")


@pytest.mark.parametrize(
    ("sources", "labels"),
    [
        (["en", "en", "en"], ["de", "pt-BR", "de"]),
        (["en", "fr", "de"], ["de", "fr→pt-BR", "de→de"]),
    ],
)
def test_pairs_count_for_their_languages(tmp_path: Path, sources: list[str], labels: list[str]) -> None:
    language, names = pairs(tmp_path, sources, ["de", "pt-BR", "de"]).languages()
    assert [names[code] for code in language.tolist()] == labels


def test_labels_say_which_folder_shards_stand_in() -> None:
    assert pair_languages("pt-BR", "en") == ["en", "pt-BR"]
    assert pair_languages("fr→pt-BR", "en") == ["fr", "pt-BR"]
    assert "-".join(map(as_name, pair_languages("fr→../x", "en"))) == "fr-%2E%2E%2Fx"
