"""What is printed and drawn of a comparison, from the figures alone."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from flows.comparison import COMPARISON, draw, read, show
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.manifest import Manifest, Rows


def one(mean: float, half: float) -> dict[str, Any]:
    return {"mean": mean, "low": mean - half, "high": mean + half, "by_seed": [mean - 0.1, mean, mean + 0.1]}


def measure(unit: str, sides: list[str], controls: tuple[str, ...] = ()) -> dict[str, Any]:
    languages = ["de", "ja"]
    return {
        "unit": unit,
        "languages": languages,
        "sentences": 10,
        "means": {name: {"mean": 30.0, "by_seed": [], "by_language": dict.fromkeys(languages, 29.0)} for name in sides}
        | {name: {"mean": 20.0, "by_seed": [], "by_language": {}} for name in controls},
        "differences": {
            name: {"overall": one(1.25, 0.5), "by_language": {"de": one(-2.5, 0.5), "ja": one(0.25, 3.0)}}
            for name in sides[1:]
        },
        "against": {control: {name: one(10.0, 1.0) for name in sides} for control in controls},
    }


def comparison(folder: Path, *sides: str) -> Dataset:
    result = {
        "sides": sides,
        "seeds": [1, 2, 3],
        "split": "dev",
        "loss": measure("bits per character", list(sides)),
        "retrieval": measure("top-1, %", list(sides), ("char_ngrams", "untrained")),
    }
    draft = Draft(folder / "compare-0123")
    entry = draft.write_bytes(COMPARISON, json.dumps(result).encode(), {"kind": "comparison"})
    manifest = Manifest(
        stage="compare",
        version=1,
        fingerprint="0" * 32,
        config={},
        inputs={},
        unit_in="pairs",
        unit_out="pairs",
        rows=Rows(rows_in=0, expanded=0, rows_out=0, dropped={}),
        files=[entry],
    )
    draft.commit(manifest, b"{}")
    return Dataset(draft.folder)


def test_two_sides_are_shown_language_by_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compared = comparison(tmp_path, "demo", "mine")
    show(compared)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert (
        "masked-LM loss, bits per character (less is better); dev, 3 seeds, intervals over sentences and seeds" in lines
    )
    assert "all languages 30.000 30.000 +1.250 +0.750 to +1.750 +1.150 +1.250 +1.350" in lines
    assert "de 29.0 29.0 -2.5 -3.0 to -2.0 -2.6 -2.5 -2.4" in lines
    assert "mine 30.0 +10.0 (+9.0 to +11.0) +10.0 (+9.0 to +11.0)" in lines
    assert "char_ngrams 20.0" in lines
    assert f"figures: {compared.folder / COMPARISON}" in lines
    assert f"picture: {tmp_path / 'compare-0123.svg'}" in lines


def test_of_several_sides_each_has_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show(comparison(tmp_path, "demo", "mixup", "last_layer"))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "mixup 30.0 30.0 +1.2 +0.8 to +1.8 +1.1 +1.2 +1.4" in lines
    assert not [line for line in lines if line.startswith("all languages")]


def test_the_picture_is_an_svg_with_a_row_for_each_and_the_same_in_every_run(tmp_path: Path) -> None:
    compared = comparison(tmp_path, "demo", "mine")
    first = draw(compared, read(compared)).read_bytes()
    assert draw(compared, read(compared)).read_bytes() == first
    words = {"".join(element.itertext()).strip() for element in ElementTree.fromstring(first).iter() if element.text}
    assert {"all languages", "de", "ja", "masked-LM loss", "retrieval", "top-1, %, more is better"} <= words
    assert "mine minus demo: dev, 3 seeds, intervals over sentences and seeds" in words
