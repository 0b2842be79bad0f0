"""`score`: the margin of mining, for pairs that are given."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.progress import Progress
from pipelines.datasets.stage import EngineSection, Job, Outcome
from training.config.reading import ScoreSection
from training.stages import score
from training.stages.score import Side, pair_margins

Commit = Callable[[Draft, str, Outcome], Dataset]


class Encoder:
    """Stands for a real one: the vector of a text is drawn from its number, so translations share it."""

    width = 16

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, texts: list[str]) -> np.ndarray:
        self.calls.append(len(texts))
        rows = [np.random.default_rng(int(text.split()[-1])).standard_normal(self.width) for text in texts]
        vectors = np.array(rows).reshape(-1, self.width)
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def pairs(*numbers: tuple[int, int], language: str = "de") -> pa.Table:
    return pa.table(
        {
            "source_text": [f"lamp {source}" for source, _ in numbers],
            "target_text": [f"{language} {target}" for _, target in numbers],
            "source_lang": ["en"] * len(numbers),
            "target_lang": [language] * len(numbers),
        }
    )


@pytest.fixture
def run(tmp_path: Path, committed: Commit, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Outcome, Path]]:
    """Return a function from tables of pairs to what `score` makes of them."""
    encoder = Encoder()
    monkeypatch.setattr(score, "open_encoder", lambda *_: encoder)

    def work(folder: str, tables: dict[str, dict[str, pa.Table]], **keys: object) -> tuple[Outcome, Path]:
        inputs = {}
        for stage, own in tables.items():
            draft = Draft(tmp_path / folder / stage)
            files = [draft.write_table(name, table, {"kind": "pairs"}) for name, table in own.items()]
            inputs[stage] = {"": committed(draft, stage, Outcome("rows", "pairs", Counts(), files))}
        section = ScoreSection.model_validate({"encoder": "model", **keys})
        draft = Draft(tmp_path / folder / "score")
        return score.run(Job(section, EngineSection(), inputs, draft, Progress("test"))), draft.folder

    return work


def margins(outcome: Outcome, folder: Path) -> list[list[float]]:
    return [pa.ipc.open_file(folder / entry.name).read_all()["margin"].to_pylist() for entry in outcome.files]


def test_a_translation_has_a_larger_margin_than_a_wrong_pair(run: Callable[..., tuple[Outcome, Path]]) -> None:
    right = [(number, number) for number in range(30)]
    outcome, folder = run("a", {"align": {"pairs/x.arrow": pairs(*right, (30, 31), (31, 30))}})
    (entry,) = outcome.files
    assert (entry.name, entry.partition) == ("scores/pairs/x.arrow", {"kind": "scores", "of": "pairs/x.arrow"})
    assert outcome.summary == {"columns": {"margin": ["pairs"]}}
    assert (outcome.counts.rows_in, outcome.counts.rows_out) == (32, 32)
    (found,) = margins(outcome, folder)
    assert min(found[:30]) > 1.2
    assert max(found[30:]) < 1.0


def test_mined_pairs_are_scored_too_and_languages_do_not_mix(run: Callable[..., tuple[Outcome, Path]]) -> None:
    own = [(number, number) for number in range(12)]
    alone, folder = run("alone", {"align": {"pairs/x.arrow": pairs(*own)}})
    expected = margins(alone, folder)
    tables = {
        "align": {"pairs/x.arrow": pairs(*own)},
        "mine": {"mined/en-fr-00000.arrow": pairs(*own, language="fr")},
    }
    both, folder = run("both", tables)
    assert [entry.name for entry in both.files] == ["scores/pairs/x.arrow", "scores/mined/en-fr-00000.arrow"]
    assert margins(both, folder) == [expected[0], expected[0]]


def test_a_sample_bounds_what_is_compared_and_centring_takes_the_mean_away(
    run: Callable[..., tuple[Outcome, Path]],
) -> None:
    own = [(number, number) for number in range(40)]
    small, folder = run("small", {"align": {"pairs/x.arrow": pairs(*own)}}, sample=8, centering=True)
    (found,) = margins(small, folder)
    assert min(found) > 1.2


def test_the_margin_by_hand() -> None:
    # two pairs on the axes; the sample of targets has (0.6, 0.8) besides the first target
    source = np.array([[1, 0], [0, 1]], np.float32)
    target = np.array([[1, 0], [0.6, 0.8]], np.float32)
    hashes = [np.array([1, 2], np.uint64), np.array([11, 12], np.uint64)]
    sides = [
        Side(np.array([1, 2], np.uint64), source, np.zeros(2, np.float32)),
        Side(np.array([11], np.uint64), target[:1], np.zeros(2, np.float32)),
    ]
    found = pair_margins([source, target], hashes, sides, 2)
    # source 1: targets 1 (own, cosine 1), none else; source 2: target 1 (0) and its own (0.8)
    # target 1: sources (1, 0); target 2: sources (0.6, 0.8)
    assert found == pytest.approx([1 / ((1 + 0.5) / 2), 0.8 / ((0.4 + 0.7) / 2)])
