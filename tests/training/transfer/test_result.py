"""From labels to the table: figures by hand."""

import numpy as np
import pytest

from training.transfer.result import markdown, measured
from training.transfer.scores import Gold

GOLD = {
    "en": Gold([["a"], ["b"], ["a"], ["b"]], np.arange(4)),
    "de": Gold([["a"], ["b"], ["a"], ["b"]], np.arange(4)),
    "fr": Gold([["a"], ["b"], ["a"], ["b"]], np.arange(4)),
}
RIGHT, ONE_WRONG = [["a"], ["b"], ["a"], ["b"]], [["a"], ["b"], ["a"], ["a"]]
# F1 of one wrong: a 2·2/(2·2+1) = 4/5, b 2·1/(2·1+1) = 2/3
OF_ONE_WRONG = 100 * (4 / 5 + 2 / 3) / 2
SYSTEMS = {
    "control": [{"en": RIGHT, "de": ONE_WRONG, "fr": ONE_WRONG}],
    "encoder": [
        {"en": RIGHT, "de": RIGHT, "fr": ONE_WRONG},
        {"en": RIGHT, "de": RIGHT, "fr": RIGHT},
    ],
}


def test_english_the_other_languages_and_each_of_them() -> None:
    found = measured(GOLD, ["a", "b"], SYSTEMS, [("encoder", "control")])
    assert (found["classes"], found["sentences"]) == (2, {"en": 4, "de": 4, "fr": 4})
    encoder = found["systems"]["encoder"]
    seeds = [round((100 + OF_ONE_WRONG) / 2, 2), 100.0]
    assert encoder["transfer"]["by_seed"] == seeds
    assert encoder["transfer"]["mean"] == pytest.approx(sum(seeds) / 2, abs=0.01)
    assert encoder["english"]["by_seed"] == [100.0, 100.0]
    assert encoder["by_language"] == {"en": 100.0, "de": 100.0, "fr": round((100 + OF_ONE_WRONG) / 2, 2)}
    assert found["systems"]["control"]["transfer"]["by_seed"] == [round(OF_ONE_WRONG, 2)]


def test_a_control_of_one_fit_is_taken_from_every_seed() -> None:
    (difference,) = measured(GOLD, ["a", "b"], SYSTEMS, [("encoder", "control")])["differences"]
    assert (difference["of"], difference["minus"]) == ("encoder", "control")
    halves = [(100 - OF_ONE_WRONG) / 2, 100 - OF_ONE_WRONG]
    assert difference["by_seed"] == pytest.approx(halves, abs=0.01)
    assert difference["low"] <= difference["mean"] <= difference["high"]


def test_the_tables_in_markdown() -> None:
    estimated = {"mean": 50.0, "low": 45.0, "high": 55.0, "by_seed": [49.0, 51.0]}
    result = {
        "classes": 2,
        "sentences": {"en": 4, "de": 4},
        "systems": {
            "control": {"transfer": estimated | {"by_seed": [50.0]}, "english": estimated | {"mean": 60.0}},
            "encoder": {"transfer": estimated, "english": estimated | {"mean": 72.25}},
        },
        "differences": [
            {"of": "encoder", "minus": "control", "mean": 1.0, "low": -0.5, "high": 2.5},
            {"of": "control", "minus": "encoder", "mean": -2.0, "low": -3.0, "high": -1.0},
        ],
    }
    assert list(markdown("Tags", result)) == [
        "### Tags\n",
        "Macro-F1 in % over 2 classes; the interval is over sentences and seeds.\n",
        "| system | 1 other languages | by seed | English | gap |",
        "|---|--:|--:|--:|--:|",
        "| `control` | 50.0 (45.0 to 55.0) |  | 60.0 (45.0 to 55.0) | 10.0 |",
        "| `encoder` | 50.0 (45.0 to 55.0) | 49.0 51.0 | 72.2 (45.0 to 55.0) | 22.2 |",
        "\n| difference, other languages | points |",
        "|---|--:|",
        "| `encoder` − `control` | +1.0 (-0.5 to +2.5) |",
        "| `control` − `encoder` | **-2.0 (-3.0 to -1.0)** |",
        "",
    ]
