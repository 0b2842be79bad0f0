"""OpusFilter's side of `parallel.py`, run by the Python of `.venv-opusfilter`; prints one JSON object.

`python opusfilter_side.py default|tuned FOLDER LANGUAGE=SCRIPT …`. FOLDER holds `LANGUAGE.source`, `LANGUAGE.target`,
`model.ftz`, and `warm-up` with the same for a few pairs.

default: what OpusFilter's own generator of configurations (`opusfilter-autogen`) writes: one step that filters what is
    given, with Lingua for language id, last. Then duplicates are removed.
tuned: duplicates are removed first, so that nothing is filtered twice, and language id is fastText with the model that
    Polyloom uses.
"""

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

from opusfilter.opusfilter import OpusFilter

VARIANT, FOLDER = sys.argv[1], Path(sys.argv[2])
SCRIPTS = dict(argument.split("=") for argument in sys.argv[3:])


def language_id(languages: list[str]) -> dict[str, Any]:
    asked = {"languages": languages, "thresholds": [0.5, 0.5]}
    return {"FastTextFilter": asked | {"model_path": "model.ftz"}} if VARIANT == "tuned" else {"LinguaFilter": asked}


def steps(language: str, script: str) -> list[dict[str, Any]]:
    given, between, kept = (
        [f"{language}{step}.{side}" for side in ("source", "target")] for step in ("", ".between", ".kept")
    )
    filters = [
        {"LengthFilter": {"unit": "word", "min_length": 1, "max_length": 100}},
        {"LengthRatioFilter": {"unit": "char", "threshold": 3}},
        {"LongWordFilter": {"threshold": 40}},
        {"HtmlTagFilter": {}},
        # the default, all letters, would drop what names a product in Latin letters
        {"CharacterScoreFilter": {"scripts": ["Latin", script], "thresholds": [0.5, 0.5]}},
        {"NonZeroNumeralsFilter": {"threshold": 1.0}},
        language_id(["en", language]),
    ]
    first, second = (
        {"type": "filter", "parameters": {"filters": filters}},
        {"type": "remove_duplicates", "parameters": {}},
    )
    if VARIANT == "tuned":
        first, second = second, first
    first["parameters"] |= {"inputs": given, "outputs": between}
    second["parameters"] |= {"inputs": between, "outputs": kept}
    return [first, second]


def run(folder: Path) -> dict[str, float]:
    """Filter the pairs of every language and return CPU seconds by step."""
    seconds: dict[str, float] = {}
    for language, script in SCRIPTS.items():
        for step in steps(language, script):
            started = time.process_time()
            OpusFilter({"common": {"output_directory": str(folder)}, "steps": [step]}).execute_steps()
            seconds[step["type"]] = seconds.get(step["type"], 0.0) + time.process_time() - started
    return seconds


def main() -> None:
    logging.disable(logging.WARNING)
    run(FOLDER / "warm-up")
    print(json.dumps({"seconds": run(FOLDER)}))


if __name__ == "__main__":
    main()
