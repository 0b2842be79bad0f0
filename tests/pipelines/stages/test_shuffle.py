"""What goes through Beam is bounded: tasks, never rows or text."""

import pickle
from collections.abc import Callable
from typing import Any

import apache_beam as beam
import pytest

from pipelines.datasets.stage import EngineSection, execute

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
def given(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return what Beam is given to work on, pickled, as it is given; nothing else can come in but by a file."""
    elements: list[bytes] = []
    create = beam.Create

    def spied(values: Any) -> Any:
        elements.extend(map(pickle.dumps, values))
        return create(values)

    def refused(*_: Any) -> None:
        raise AssertionError("rows go from step to step by files, not by Beam's shuffle")

    monkeypatch.setattr(beam, "Create", spied)
    monkeypatch.setattr(beam, "GroupByKey", refused)
    return elements


def test_beam_gets_tasks_and_no_text_and_more_text_costs_nothing(
    corpus: Callable[..., Any], given: list[bytes], language_model: str
) -> None:
    classifiers = [{"name": "english", "model": language_model, "label": "en"}]
    volumes = []
    for words in (0, 40):
        made = corpus(catalogs(words), folder=f"words{words}", annotate={"classifiers": classifiers}, **SECTIONS)
        for run in made.runs.values():
            execute(run, EngineSection(workers=1, options={"job_name": "spied"}))  # an option, so that Beam does it
        data = b"".join(given)
        given.clear()
        assert not any(word in data for word in (b"password", b"kennwort", b"another"))
        volumes.append(len(data))
    assert volumes[0] > 0
    assert volumes[1] < 1.1 * volumes[0]  # ten times the text
