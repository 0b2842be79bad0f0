"""Segment: every paragraph without a key is divided into sentences, and nothing of it is lost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.schemas import SENTENCES

PAGES = """\
Enter your name. Enter the password!
The name is configured

Gib den Namen ein. Das Passwort ist "kurz." Oder nicht?
"""


@pytest.fixture
def pages(corpus: Callable[..., Any], language_model: str, tmp_path: Path) -> Callable[..., Any]:
    """Return a function from the section `segment` to a corpus of two documents in lines, beside a catalog."""
    path = tmp_path / "pages.txt"
    path.write_text(PAGES)
    lines = {"format": "lines", "name": "pages", "path": str(path), "language": "en", "documents": True}
    catalogs = {"app": {"en": {"title": "Enter. The password."}}}

    def build(**segment: Any) -> Any:
        made = corpus(catalogs, segment=segment)
        sources = [source.model_dump() for source in made.runs["ingest"].config.sources]
        return corpus(catalogs, ingest={"sources": [*sources, lines]}, segment=segment)

    return build


def test_paragraphs_become_sentences(pages: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    made = pages().make()
    (entry,) = made.files(kind="sentences")
    assert entry.partition == {"kind": "sentences", "of": "staged/pages-00000.arrow", "source": "pages"}
    assert made.table(entry).schema == SENTENCES
    found = rows_of(made, "record", "paragraph", "sentence", "document_row", "lang", "text")
    assert found == [
        (0, 0, 0, 0, "en", "Enter your name."),
        (0, 0, 1, 0, "en", "Enter the password!"),
        (1, 0, 2, 0, "en", "The name is configured"),
        (3, 0, 0, 1, "en", "Gib den Namen ein."),
        (3, 0, 1, 1, "en", 'Das Passwort ist "kurz."'),
        (3, 0, 2, 1, "en", "Oder nicht?"),
    ]


def test_counts(pages: Callable[..., Any]) -> None:
    manifest = pages().make().manifest
    assert (manifest.unit_in, manifest.unit_out) == ("paragraphs", "sentences")
    assert (manifest.rows.rows_in, manifest.rows.expanded, manifest.rows.rows_out) == (3, 3, 6)
    assert manifest.summary == {"languages": {"en": {"paragraphs": 3, "sentences": 6}}}


def test_only_the_sources_asked_for(pages: Callable[..., Any]) -> None:
    assert pages(sources=["pages"]).make().manifest.rows.rows_out == 6
    assert pages(sources=["app"]).make().manifest.rows.rows_in == 0  # its records have keys


def test_an_unknown_source_is_named(pages: Callable[..., Any]) -> None:
    with pytest.raises(UserError, match=r"segment.sources: ingest has no source blog, only app, pages"):
        pages(sources=["blog"]).make()
