"""What tests of several packages use."""

from pathlib import Path

import pytest
import sentencepiece


@pytest.fixture(scope="session")
def language_model() -> str:
    """The path of a fastText model that knows English, German and Japanese.

    Made by `fasttext.train_supervised(path, minn=2, maxn=4, dim=16, bucket=500, epoch=100, lr=0.05, thread=1)` from
    nine sentences such as "enter your name and your password", twenty times each. It is kept as a file because
    training stops with "Encountered NaN" in some processes.
    """
    return str(Path(__file__).with_name("models") / "three_languages.bin")


# An order-2 model, probabilities as base-10 logarithms, back-off weights in the last column.
ARPA = """\\data\\
ngram 1=5
ngram 2=2

\\1-grams:
-1.0\t<unk>\t0
-99\t<s>\t-0.5
-0.7\t</s>\t0
-0.6\t▁00\t-0.25
-0.9\t.\t0

\\2-grams:
-0.2\t<s> ▁00
-0.3\t▁00 .

\\end\\
"""


@pytest.fixture(scope="session")
def perplexity_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the models of `xx`: an ARPA file, and a SentencePiece model whose pieces are `▁00` and `.`."""
    folder = tmp_path_factory.mktemp("lm")
    (folder / "xx.arpa").write_text(ARPA, encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["00 .", "00 ."] * 50), model_prefix=str(folder / "xx"), vocab_size=7,
        user_defined_symbols=["▁00", "."], hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    (folder / "xx.model").rename(folder / "xx.sp.model")
    return folder
