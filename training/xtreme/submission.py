"""Predictions in the layout of the leaderboard's submission (google-research/xtreme, evaluate.py).

One file for each task and language, `{task}/test-{language}.tsv` (`.json` for question answering): a label in each
line, or a tag in each line with an empty line between sentences, or the answers by question id; for Tatoeba the row of
the sentence found for each English one, for BUCC the ids of a pair in each line, parted by a tab.
"""

import json
from collections.abc import Mapping, Sequence

from training.xtreme.metrics.scoring import Predictions


def submitted(predictions: Predictions) -> str:
    """Return the text of a prediction file. Lines that are ready (retrieval) are given as they are, like labels."""
    if isinstance(predictions, Mapping):
        return json.dumps(predictions, ensure_ascii=False, indent=0) + "\n"
    return "".join(_line(one) for one in predictions)


def _line(one: str | Sequence[str]) -> str:
    return f"{one}\n" if isinstance(one, str) else "".join(f"{tag}\n" for tag in one) + "\n"
