"""What tests of several packages use."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def language_model() -> str:
    """The path of a fastText model that knows English, German and Japanese.

    Made by `fasttext.train_supervised(path, minn=2, maxn=4, dim=16, bucket=500, epoch=100, lr=0.05, thread=1)` from
    nine sentences such as "enter your name and your password", twenty times each. It is kept as a file because
    training stops with "Encountered NaN" in some processes.
    """
    return str(Path(__file__).with_name("models") / "three_languages.bin")
