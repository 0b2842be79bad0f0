"""What became of a raw line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pipelines.config.ingest import IngestSection
from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.plan import plan
from pipelines.provenance.rows import Place, RowId
from pipelines.provenance.why import STAGES, Answer, Copied, Fate, datasets_of, find_source, why
from pipelines.recipe import load_recipe


def asked(path: Path, file: str, line: int) -> Answer:
    recipe = load_recipe(path)
    planned = [run for run in plan(recipe) if run.spec.name in STAGES]
    section = recipe.section("ingest")
    assert isinstance(section, IngestSection)
    source, name = find_source(section.sources, file)
    waiting = [run.label for run in planned if not run.is_done]
    return why(source, name, line, datasets_of(planned), waiting)


def test_a_line_that_is_kept(small: Path) -> None:
    answer = asked(small, "wild", 1)
    text = "das passwort ist eingerichtet"
    kept = Place("text/de/train-00000.arrow", 0)
    assert answer.fates == [Fate(RowId("wild", 0, 0), text, "publish", split="train", published=kept)]
    assert answer.waiting == []


@pytest.mark.parametrize(
    ("line", "stage", "reason", "detail"),
    [
        (2, "publish", Reason.TOO_SHORT, "4 < 6 characters"),
        (4, "ingest", Reason.NOT_UTF8, "'utf-8' codec can't decode byte 0xf6 in position 2: invalid start byte"),
        (5, "ingest", Reason.EMPTY, "no visible character"),
    ],
)
def test_a_line_that_is_dropped(small: Path, line: int, stage: str, reason: Reason, detail: str) -> None:
    (fate,) = asked(small, "wild", line).fates
    assert (fate.stage, fate.reason, fate.detail) == (stage, reason, detail)


def test_a_copy_names_the_row_that_was_kept(small: Path) -> None:
    (fate,) = asked(small, "wild", 3).fates
    assert fate.reason is Reason.DUPLICATE
    assert fate.copy_of == Copied(RowId("wild", 0, 0), Place("text/de/train-00000.arrow", 0))


def test_each_paragraph_of_a_record_has_its_fate(small: Path) -> None:
    fates = asked(small, str(small.parent / "raw" / "pages.jsonl"), 3).fates
    assert [(str(fate.id), fate.reason) for fate in fates] == [("pages:2:0", None), ("pages:2:1", Reason.DUPLICATE)]


def test_what_was_read_and_is_no_text(small: Path) -> None:
    (fate,) = asked(small, "pages", 2).fates
    assert (fate.stage, fate.reason, fate.detail) == ("ingest", Reason.NOT_TEXT, "text: null")


def test_a_text_and_the_pair_that_it_is_a_side_of(small: Path) -> None:
    text, pair = asked(small, "app/door/en.json", 1).fates
    assert text.published == Place("text/en/train-00000.arrow", 4)
    assert (pair.pair, pair.text) == (True, "the name is configured → der name ist eingerichtet")
    assert pair.published == Place("pairs/en-de/train-00000.arrow", 1)


def test_stages_that_have_not_run_are_named(own: Path, make: Callable[..., dict[str, Path]]) -> None:
    with pytest.raises(UserError, match="ingest has not run; run `polyloom ingest` with this config"):
        asked(own, "wild", 1)
    make(own, "ingest")
    answer = asked(own, "wild", 1)
    assert [(fate.stage, fate.reason) for fate in answer.fates] == [("", None)]
    assert answer.waiting == ["align", "deduplicate", "publish"]


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("elsewhere", 1, "elsewhere: no source of this config has that name or path; there are wild, pages, app"),
        ("app", 1, "app: a source of many files; name one of them as app/MEMBER"),
        (
            "app/door/fr.json",
            0,
            "app/door/fr.json: no such file in .* that the pattern '{document}/{language}.json' fits",
        ),
        ("wild", 7, "wild: has no text at line 7; it is behind the end"),
        ("wild", 0, "0: lines are counted from 1"),
        ("app/door/en.json", 9, "app/door/en.json: has no text at record 9"),
    ],
)
def test_a_line_that_is_not_there(small: Path, file: str, line: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        asked(small, file, line)


def test_a_copied_and_a_near_document_name_what_was_kept_instead(
    own: Path, make: Callable[..., dict[str, Path]]
) -> None:
    first = "enter the name and the password of the door and then the name of the light and of the lamp"
    texts = [first, first, first.replace("lamp", "window")]
    pages = "".join(json.dumps({"url": f"http://a/{n}", "text": text}) + "\n" for n, text in enumerate(texts))
    (own.parent / "raw" / "pages.jsonl").write_text(pages)
    recipe = yaml.safe_load(own.read_text())
    recipe["deduplicate"] = {"near": {"shingle_words": 1, "jaccard": 0.6}}
    recipe["publish"]["duplicates"] = {"paragraphs": "all", "documents": "one", "near": "one"}
    own.write_text(yaml.safe_dump(recipe))
    make(own)
    (kept,), (copied,), (near,) = (asked(own, "pages", line).fates for line in (1, 2, 3))
    assert kept.published == Place("text/en/train-00000.arrow", 0)
    assert (copied.reason, near.reason) == (Reason.DUPLICATE_DOCUMENT, Reason.NEAR_DUPLICATE)
    assert copied.copy_of == Copied(RowId("pages", 0, 0), kept.published)
    assert near.copy_of is not None
    assert (near.copy_of.id, near.copy_of.jaccard) == (RowId("pages", 0, 0), pytest.approx(9 / 11))


def test_a_near_pair_names_the_pair_that_was_kept_instead(own: Path, make: Callable[..., dict[str, Path]]) -> None:
    english, german = "enter the name of the big red door", "gib den namen der grossen roten tür ein"
    for language, texts in {"en": [english, english + " now"], "de": [german, german + " jetzt"]}.items():
        path = own.parent / "raw" / "app" / "near" / f"{language}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({f"k{number}": text for number, text in enumerate(texts)}), encoding="utf-8")
    recipe = yaml.safe_load(own.read_text())
    recipe["deduplicate"] = {"near_pairs": {"shingle_words": 1, "jaccard": 0.8}}
    recipe["publish"]["duplicates"] = {"near_pairs": "one"}
    own.write_text(yaml.safe_dump(recipe))
    make(own)
    (kept,), (near,) = ([fate for fate in asked(own, "app/near/de.json", line).fates if fate.pair] for line in (0, 1))
    assert near.reason is Reason.NEAR_DUPLICATE
    assert near.copy_of == Copied(kept.id, kept.published, pytest.approx(7 / 8))
