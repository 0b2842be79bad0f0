"""Bytes do not depend on the number of workers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.datasets.reasons import Reason
from pipelines.datasets.stage import EngineSection, execute

WORDS = ("host", "name", "password", "device", "light")
CATALOGS = {
    f"c{number}": {
        "en": {word: f"enter the {word} of {WORDS[number % 5]} {number // 2}" for word in WORDS},
        "de": {word: f"{word} für {WORDS[number % 5]} {number // 2} eingeben" for word in WORDS},
    }
    for number in range(8)
}


def sections(language_model: str, tests: Path) -> dict[str, dict[str, Any]]:
    tests.write_text("host für host 0 eingeben\n", encoding="utf-8")
    words = {"min_words": {"percentile": 5}, "min_mean_word_length": None, "min_stop_words": None}
    filters = {
        "gopher_quality": words,
        "scores": {"english": {"max": {"percentile": 90}}},
        "contamination": {"files": [{"name": "tests", "path": str(tests)}], "ngram": 5},
    }
    return {
        "align": {},
        "deduplicate": {},
        "annotate": {"classifiers": [{"name": "english", "model": language_model, "label": "en"}]},
        "publish": {"test": {"share": 0.2}, "dev": {"share": 0.2}, "filters": filters},
        "tokenize": {"vocabulary": 28, "threads": 1},
    }


def test_one_and_two_workers_give_the_same_manifests(
    corpus: Callable[..., Any], language_model: str, tmp_path: Path
) -> None:
    stages = sections(language_model, tmp_path / "tests.txt")
    one = corpus(CATALOGS, folder="one", split_bytes=800, **stages)
    two = corpus(CATALOGS, folder="two", split_bytes=800, **stages)
    one.make(workers=1)
    two.make(workers=2)
    assert len(one.dataset("ingest").files(kind="staged")) > 2
    for stage in one.runs:
        assert one.dataset(stage).manifest == two.dataset(stage).manifest
        assert list(two.dataset(stage).damaged()) == []
    assert one.dataset("publish").manifest.rows.dropped[Reason.CONTAMINATED] > 0


def test_beams_runner_gives_the_same_manifests(corpus: Callable[..., Any]) -> None:
    sections: dict[str, dict[str, Any]] = {"align": {}, "deduplicate": {}, "publish": {"test": {"share": 0.2}}}
    plain = corpus(CATALOGS, folder="plain", split_bytes=800, **sections)
    plain.make()
    beams = corpus(CATALOGS, folder="beams", split_bytes=800, **sections)
    for stage, run in beams.runs.items():  # any option of Beam asks for its runner
        made = execute(run, EngineSection(workers=1, options={"job_name": "looms"}))
        assert made.manifest == plain.dataset(stage).manifest
