"""What goes through a shuffle is bounded: hashes, positions and counts, never text."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

SECTIONS: dict[str, dict[str, Any]] = {
    "align": {},
    "deduplicate": {},
    "publish": {"test": {"share": 0.2}, "dev": {"share": 0.2}},
}
ENGLISH, GERMAN = "please enter password number", "bitte gib das kennwort nummer"


def catalogs(words: int) -> dict[str, dict[str, dict[str, str]]]:
    """Return four documents of ten messages, each message `words` words longer than it need be."""
    more = " another" * words
    return {
        f"c{document}": {
            "en": {f"k{key}": f"{ENGLISH} {key} of {document // 2}{more}" for key in range(10)},
            "de": {f"k{key}": f"{GERMAN} {key} von {document // 2}{more}" for key in range(10)},
        }
        for document in range(4)
    }


@pytest.fixture
def shuffled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], bytes]:
    """Keep what enters any GroupByKey; the function returns it and begins anew."""
    record, group_by_key = str(tmp_path / "shuffled"), beam.GroupByKey

    def keep(element: Any) -> Any:
        with open(record, "ab") as file:  # noqa: PTH123  (pickled into the worker without this module's imports)
            file.write(pickle.dumps(element))
        return element

    class Spied(beam.PTransform):  # type: ignore[misc]
        def expand(self, elements: Any) -> Any:
            return elements | beam.Map(keep).with_output_types(elements.element_type) | group_by_key()

    monkeypatch.setattr(beam, "GroupByKey", Spied)

    def take() -> bytes:
        data = Path(record).read_bytes()
        Path(record).unlink()
        return data

    return take


def test_no_text_is_shuffled_and_longer_texts_cost_nothing(
    corpus: Callable[..., Any], shuffled: Callable[[], bytes], language_model: str
) -> None:
    classifiers = [{"name": "english", "model": language_model, "label": "en"}]
    volumes = []
    for words in (0, 40):
        corpus(catalogs(words), folder=f"words{words}", annotate={"classifiers": classifiers}, **SECTIONS).make(
            workers=1
        )
        data = shuffled()
        assert not any(word.encode() in data for word in (*ENGLISH.split(), *GERMAN.split()))
        volumes.append(len(data))
    assert volumes[0] > 0
    assert volumes[1] < 1.1 * volumes[0]  # ten times the text; other hashes fall into other buckets
