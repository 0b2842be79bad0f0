"""The corpus sections: a wrong value is refused before any work, and what cannot matter is not fingerprinted."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from pipelines.config import STAGES
from pipelines.config.ingest import Heliport, IngestSection
from pipelines.config.publish import PublishSection
from pipelines.config.tokenize import TokenizeSection
from pipelines.datasets.fingerprint import canonical
from pipelines.registry import stages

SOURCE = {
    "format": "catalog", "name": "app", "path": "app.whl", "pattern": "{document}/{language}.json",
    "languages": ["en", "de"],
}  # fmt: skip
INGEST = {"sources": [SOURCE], "language_model": "lid.ftz"}


def refused(values: dict[str, Any], section: type[BaseModel] = IngestSection) -> str:
    with pytest.raises(ValidationError) as error:
        section.model_validate(values)
    return str(error.value)


def test_a_source_may_be_of_either_format() -> None:
    lines = {"format": "lines", "name": "text", "path": "text.txt", "language": "zh_TW"}
    section = IngestSection.model_validate({**INGEST, "sources": [SOURCE, lines]})
    assert [source.format for source in section.sources] == ["catalog", "lines"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pattern": "{language}.json"}, "must hold {document} and {language}, each once"),
        ({"languages": ["en", "tlh"]}, "'tlh' is not a language that Polyloom knows"),
        ({"languages": []}, "at least 1 item"),
        ({"format": "docx"}, "'catalog', 'lines'"),
        ({"name": "../up"}, "String should match pattern"),
        ({"typo": 1}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_source_is_refused(change: dict[str, Any], message: str) -> None:
    assert message in refused({**INGEST, "sources": [{**SOURCE, **change}]})


def test_two_sources_need_two_names() -> None:
    assert "two sources have one name; give each its own" in refused({**INGEST, "sources": [SOURCE, SOURCE]})


def test_heliport_counts_by_its_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "app.whl").write_bytes(b"raw")
    source = {**SOURCE, "path": str(tmp_path / "app.whl")}
    found = []
    for number in ("1.0.1", "2.0"):
        monkeypatch.setattr("pipelines.config.ingest.version", lambda name, number=number: number)
        section = IngestSection.model_validate({"sources": [source], "language_model": "heliport"})
        assert section.model == "heliport"
        found.append(canonical(section)["language_model"])
    assert found == [{"heliport": "1.0.1"}, {"heliport": "2.0"}]


def test_heliport_need_not_be_there_to_read_a_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("pipelines.config.ingest.version", missing)
    section = IngestSection.model_validate({**INGEST, "language_model": "heliport"})
    assert section.language_model == Heliport(heliport="")


@pytest.mark.parametrize("values", [{"test": {"share": 0.5}}, {"thresholds": {"min_letters": 2}}, {"shard_rows": 0}])
def test_values_have_bounds(values: dict[str, Any]) -> None:
    assert "Input should be" in refused(values, PublishSection)


def test_a_tokenizer_is_given_or_trained() -> None:
    message = "`model` is given, so none is trained: leave out vocabulary, threads"
    assert message in refused({"model": "xlmr", "threads": 2, "vocabulary": 8000}, TokenizeSection)
    assert TokenizeSection.model_validate({"model": "xlmr"}).model == "xlmr"


def test_a_raw_file_counts_by_its_content(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.whl").write_text("the same")
        (tmp_path / name / "lid.ftz").write_text("model")
        source = {**SOURCE, "path": str(tmp_path / name / "app.whl")}
        found.append(
            canonical(
                IngestSection.model_validate({"sources": [source], "language_model": str(tmp_path / name / "lid.ftz")})
            )
        )
    assert found[0] == found[1]


def test_every_key_is_described_and_closed() -> None:
    seen: list[type[BaseModel]] = [spec.section for spec in STAGES]
    for section in seen:
        assert section.model_config["extra"] == "forbid"
        assert section.model_config["frozen"]
        for name, field in section.model_fields.items():
            assert name == "format" or field.description, f"{section.__name__}.{name} has no description"


def test_the_stages_follow_one_another() -> None:
    names = list(stages())
    assert {spec.name for spec in STAGES} <= set(names)
    for spec in stages().values():
        assert all(names.index(need) < names.index(spec.name) for need in (*spec.needs, *spec.optional))
