"""Measure the alignment of documents by content on Electron's documentation, whose slugs are hidden.

`python tests/benchmarks/documents.py` reads the npm package electron-i18n in `--data` (`polyloom fetch
flows/configs/electron.yaml` brings it). A language's documents are those of which less than half is English; of them
the sentences that the English document has too are taken out, so that only translated text is compared. The English
side has all its documents, in the hard cases only every second one: then the others have no right answer.

Precision is the share of pairs that are right, recall that of the documents whose counterpart is there. The least
margin is the config's, which was chosen on these documents. The last line of the output is JSON.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from pipelines.align.contents import Words, pair_by_words
from pipelines.align.documents import copied_share
from pipelines.config.align import DocumentsSection
from pipelines.dedup.exact import hash_texts
from pipelines.formats.documents import Documents
from pipelines.text.normalize import lines, normalize_all
from pipelines.text.segmentation import segment
from pipelines.text.words import tokens

PACKAGE = "electron-i18n-1.3136.0.tgz"
PATTERN = "package/dist/docs.json#/{language}/{document}/html"
LOCALES = ("de-DE", "es-ES", "fr-FR", "ja-JP", "pt-BR", "ru-RU", "zh-CN")
SHORT = 3  # sentences of a document in the short cases
MOST_COPIED = 0.5
Texts = dict[str, list[str]]  # the sentences of each document


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"))
    arguments = parser.parse_args()
    path = arguments.data / PACKAGE
    if not path.exists():
        sys.exit(f"{path} is not there; `polyloom fetch flows/configs/electron.yaml` brings it")
    documents = read(path)
    cases = {"whole": (None, 1), f"{SHORT} sentences": (SHORT, 1), "half is missing": (None, 2)}
    table = Table("language", "documents", *cases, title="precision and recall", box=None)
    totals = {case: np.zeros(3, np.int64) for case in cases}
    for locale in LOCALES:
        own = translated(documents["en-US"], documents[locale])
        cells = []
        for case, (sentences, step) in cases.items():
            found = counts(documents["en-US"], own, sentences, step)
            totals[case] += found
            cells.append("  ".join(f"{value:.3f}" for value in shares(found)))
        table.add_row(locale, str(len(own)), *cells)
    Console().print(table)
    result = {case: dict(zip(("precision", "recall"), shares(found), strict=True)) for case, found in totals.items()}
    print(json.dumps({"bench": "documents", **result}))


def read(path: Path) -> dict[str, Texts]:
    """Return the documents of each locale."""
    source = Documents("electron", str(path), PATTERN, ("en-US", *LOCALES), 1 << 30, 1 << 25, "html", 1 << 30, 200)
    found: dict[str, Texts] = {}
    for split in source.plan():
        for records in source.read(split):
            for row in records.batch.select(["language", "document", "text"]).to_pylist():
                texts = [text for text in normalize_all(lines(row["text"])).texts if text]
                found.setdefault(row["language"], {})[row["document"]] = sentences_of(texts, row["language"][:2])
    return found


def sentences_of(texts: list[str], language: str) -> list[str]:
    return segment(texts, [language] * len(texts)).texts


def translated(english: Texts, others: Texts) -> Texts:
    """Return the documents that are translated, without what is not."""
    found = {}
    for name, texts in others.items():
        lengths = np.array([len(text) for text in texts], np.int32)
        if copied_share(hash_texts(english[name]), hash_texts(texts), lengths) < MOST_COPIED:
            found[name] = [text for text in texts if text not in set(english[name])]
    return found


def counts(english: Texts, others: Texts, sentences: int | None, step: int) -> tuple[int, int, int]:
    """Return how many pairs are right, how many there are, and how many there should be."""
    sources = sorted(english)[::step]
    targets = sorted(others, key=lambda name: hash_texts([name])[0])  # in no order that says anything
    pairs = pair_by_words(
        words([english[name][:sentences] for name in sources]),
        words([others[name][:sentences] for name in targets]),
        DocumentsSection().min_score,
    )
    places = zip(pairs.source.tolist(), pairs.target.tolist(), strict=True)
    right = sum(sources[source] == targets[target] for source, target in places)
    return right, len(pairs.source), len(set(sources) & set(targets))


def words(documents: Sequence[list[str]]) -> Words:
    hashes = [tokens(texts).hashes for texts in documents]
    document = np.repeat(np.arange(len(documents)), [len(own) for own in hashes])
    return Words(np.concatenate(hashes), document, len(documents))


def shares(found: Sequence[int]) -> list[float]:
    right, given, wanted = (int(count) for count in found)
    return [round(right / max(given, 1), 4), round(right / max(wanted, 1), 4)]


if __name__ == "__main__":
    main()
