"""From a published row back to its raw bytes."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.provenance.corpus import Decision
from pipelines.provenance.lineage import Lineage, published
from pipelines.provenance.raw import RawRecord
from pipelines.provenance.rows import Place, RowId
from pipelines.provenance.trace import Trace, published_places, trace
from pipelines.text.normalize import Change

Make = Callable[..., dict[str, Path]]


@pytest.fixture(scope="module")
def corpus(small: Path, make: Make) -> Lineage:
    return published(make(small)["publish"])


def traced(corpus: Lineage, row: str) -> Trace:
    (place,) = published_places(corpus, row)
    return trace(corpus, place)


def test_a_row_of_compressed_lines(corpus: Lineage, small: Path) -> None:
    found = traced(corpus, "wild:5:0")
    assert (found.place, found.language, found.split) == (Place("text/de/train-00000.arrow", 1), "de", "train")
    (side,) = found.sides
    line = b"gib den namen und das passwort ein\n"
    offset = len(b"das passwort ist eingerichtet\nkurz\nDas  Passwort ist\x07 eingerichtet\ngr\xf6\xdfe\n\n")
    assert side.raw == RawRecord(str(small.parent / "raw" / "wild.txt.gz"), line, [line.decode().strip()])
    assert (side.id, side.offset, side.changed, side.changes) == (RowId("wild", 5, 0), offset, 0, Change(0))
    assert side.measures["words"] == 7
    assert side.document_measures["paragraphs"] == 1
    assert found.copies == []


def test_copies_are_named_with_what_became_of_them(corpus: Lineage) -> None:
    found = traced(corpus, "wild:0:0")
    assert found.cluster is not None
    assert (found.cluster.size, found.cluster.rank) == (2, 0)
    (copy,) = found.copies
    assert (copy.id, copy.decision) == (RowId("wild", 2, 0), Decision(Reason.DUPLICATE, "train"))


def test_a_row_by_its_place_in_a_shard(corpus: Lineage) -> None:
    found = traced(corpus, "text/en/train-00000.arrow:1")
    (side,) = found.sides
    assert isinstance(side.raw, RawRecord)
    assert side.raw.data.startswith(b'{"url": "http://a/1", "text": "enter your name')
    assert side.raw.parts == ["enter your name and your password", "the password is configured"]
    assert (side.document, side.text, side.id.paragraph) == ("http://a/1", "the password is configured", 1)


def test_a_pair_has_two_sides(corpus: Lineage) -> None:
    found = traced(corpus, "pairs/en-de/train-00000.arrow:1")
    assert [str(side.id) for side in found.sides] == ["app/door/en.json:1:0", "app/door/de.json:1:0"]
    assert [side.raw.data for side in found.sides if isinstance(side.raw, RawRecord)] == [
        b"the name is configured",
        b"der name ist eingerichtet",
    ]


def test_an_id_names_the_text_and_the_pairs_that_it_is_in(corpus: Lineage) -> None:
    places = published_places(corpus, "app/door/de.json:1:0")
    assert [place.file for place in places] == ["text/de/train-00000.arrow", "pairs/en-de/train-00000.arrow"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("wild:1:0", r"wild:1:0: no such row is published in .*; `polyloom why` says"),
        ("text/de/train-00000.arrow:99", r"text/de/train-00000.arrow has 4 rows, counted from 0"),
        ("somewhere", r"somewhere: not the id of a row"),
    ],
)
def test_a_row_that_is_not_there(corpus: Lineage, row: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        traced(corpus, row)


def test_only_a_published_corpus_is_traced(small: Path, make: Make) -> None:
    with pytest.raises(UserError, match=r"a dataset of ingest; name a published corpus, such as runs/NAME/publish-"):
        published(make(small)["ingest"])


def test_a_dataset_that_is_gone_is_named(own: Path, make: Make) -> None:
    folders = make(own)
    shutil.rmtree(folders["deduplicate"])
    with pytest.raises(UserError, match=r"was made from a dataset of deduplicate that is not in .*; put it there"):
        traced(published(folders["publish"]), "wild:0:0")


def test_all_but_the_bytes_is_shown_where_the_raw_file_is_not_as_it_was(own: Path, make: Make) -> None:
    corpus = published(make(own)["publish"])
    raw = own.parent / "raw" / "pages.jsonl"
    raw.write_bytes(raw.read_bytes() + b"{}\n")
    (side,) = traced(corpus, "pages:0:0").sides
    assert re.search(r"pages.jsonl: the raw file has changed since it was read; put the old one back", str(side.raw))
    raw.unlink()
    (side,) = traced(corpus, "pages:0:0").sides
    assert re.search(r"pages.jsonl: the raw file is not there any more; put it back", str(side.raw))
    (corpus.ancestor("ingest").folder / "run.json").unlink()
    (side,) = traced(corpus, "pages:0:0").sides
    assert re.search(r"its run.json does not say where the raw file of pages is", str(side.raw))
    assert side.text == "enter your name and your password"


def test_what_normalisation_changed_is_told(own: Path, make: Make) -> None:
    (own.parent / "raw" / "pages.jsonl").write_text(json.dumps({"url": "u", "text": "enter  your\u0007 name"}))
    (side,) = traced(published(make(own)["publish"]), "pages:0:0").sides
    assert isinstance(side.raw, RawRecord)
    assert (side.raw.parts, side.text) == (["enter  your\u0007 name"], "enter your name")
    assert (side.changed, side.changes) == (2, Change.CONTROL | Change.SPACE)
