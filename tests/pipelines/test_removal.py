"""Taking rows out of a published corpus."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets.corpus import KINDS, open_corpus
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.out.convert import convert
from pipelines.provenance.lineage import published
from pipelines.provenance.rows import RowId
from pipelines.provenance.trace import published_places, trace
from pipelines.removal import Asked, Removed, remove_rows

DUPLICATE_TEXT = "enter your name and your password"


@pytest.fixture(scope="module")
def base(small: Path, make: Callable[..., dict[str, Path]]) -> Dataset:
    return open_corpus(make(small)["publish"])


def removed(
    base: Dataset, urls: Sequence[str] = (), hashes: Sequence[str] = (), ids: Sequence[str] = (), why: str = "asked to"
) -> tuple[Removed, Dataset]:
    made = remove_rows(base.folder, Asked.of(urls, hashes, ids), why)
    return made, open_corpus(made.folder)


def shards(dataset: Dataset) -> dict[str, list[dict[str, Any]]]:
    return {
        entry.name: [
            {name: value if value == value else None for name, value in row.items()}  # what is not a number is none
            for row in dataset.table(entry).to_pylist()
        ]
        for kind in KINDS
        for entry in dataset.files(kind=kind)
    }


def decisions(dataset: Dataset) -> dict[str, list[str]]:
    return {entry.name: dataset.table(entry)["reason"].to_pylist() for entry in dataset.files(kind="decisions")}


def test_the_rows_of_a_url_go_and_nothing_else(base: Dataset) -> None:
    made, after = removed(base, urls=["http://a/1"])
    assert (made.rows, made.not_found) == (2, [])
    before = shards(base)
    expected = {name: [row for row in rows if row["document"] != "http://a/1"] for name, rows in before.items()}
    assert shards(after) == expected
    counts = after.manifest.rows
    total = sum(map(len, before.values()))
    assert (counts.rows_in, counts.rows_out, counts.dropped) == (total, total - 2, {Reason.REMOVED: 2})
    assert list(after.damaged()) == []


def test_the_new_version_says_where_it_is_from_and_why(base: Dataset) -> None:
    _, after = removed(base, urls=["http://a/1"], why="the owner of a/1 asked us to")
    manifest = after.manifest
    assert manifest.inputs == {"publish": base.fingerprint}
    assert manifest.fingerprint not in (base.fingerprint, removed(base, urls=["http://a/1"])[1].fingerprint)
    assert (manifest.config["reason"], manifest.config["urls"]) == ("the owner of a/1 asked us to", ["http://a/1"])
    card = after.read("README.md").decode()
    assert f"From the version {base.fingerprint[:12]}" in card
    assert "rows were removed: the owner of a/1 asked us to" in card
    assert "| text: en | 2 | 3 | 0 | 0 |" in card
    assert card.index("## Removed") < card.index("## Layout")


def test_what_loses_nothing_is_linked(base: Dataset) -> None:
    _, after = removed(base, urls=["http://a/1"])
    (german,) = after.files(kind="text", language="de")
    assert after.path(german).samefile(base.path(german))
    (english,) = after.files(kind="text", language="en")
    assert not after.path(english).samefile(base.path(english))
    assert {entry.partition["kind"] for entry in after.manifest.files} == {
        "text",
        "pairs",
        "decisions",
        "index",
        "card",
    }


def test_the_decisions_name_what_was_removed(base: Dataset) -> None:
    _, after = removed(base, urls=["http://a/1"])
    before = decisions(base)
    assert decisions(after) == {**before, "decisions/staged/pages-00000.arrow": ["removed", "removed", "", "duplicate"]}
    assert before["decisions/staged/pages-00000.arrow"] == ["", "", "", "duplicate"]


def test_a_text_goes_with_the_pairs_that_it_is_in(base: Dataset) -> None:
    made, after = removed(base, ids=["app/door/de.json:1"])
    assert made.rows == 2
    texts = [row.get("text") or row["target_text"] for rows in shards(after).values() for row in rows]
    assert "der name ist eingerichtet" not in texts
    assert decisions(after)["decisions/pairs/app-00000.arrow"].count("removed") == 1


def test_a_hash_stands_for_every_row_of_its_cluster(base: Dataset) -> None:
    lineage = published(base.folder)
    (place,) = published_places(lineage, "pages:0:0")
    cluster = trace(lineage, place).cluster
    assert cluster is not None
    made, after = removed(base, hashes=[f"{cluster.key:016x}"])
    assert made.rows == 1
    assert DUPLICATE_TEXT not in [row.get("text") for rows in shards(after).values() for row in rows]


def test_a_shard_that_loses_all_is_left_out(base: Dataset) -> None:
    _, after = removed(base, ids=["wild:0", "wild:5:0", "app/door/de.json:0", "app/door/de.json:1"])
    assert after.files(kind="text", language="de") == []
    assert after.files(kind="pairs") == []
    assert "| text: de | 4 | 0 | 0 | 0 |" in after.read("README.md").decode()


def test_a_new_version_is_removed_from_traced_and_converted_as_the_first_is(base: Dataset, tmp_path: Path) -> None:
    _, once = removed(base, ids=["wild:0"])
    made, twice = removed(once, urls=["http://a/1"])
    assert made.rows == 2
    assert twice.manifest.inputs == {"remove": once.fingerprint}
    assert decisions(twice)["decisions/staged/wild-00000.arrow"][0] == "removed"
    lineage = published(twice.folder)
    (place,) = published_places(lineage, "wild:5:0")
    assert trace(lineage, place).sides[0].id == RowId("wild", 5, 0)
    convert(twice, tmp_path / "out", "jsonl")
    assert (tmp_path / "out" / "en").is_dir()


def test_the_same_request_makes_no_second_version(base: Dataset) -> None:
    one, _ = removed(base, urls=["http://a/1", "http://a/3"])
    two, _ = removed(base, urls=["http://a/3", "http://a/1"])
    assert one == two


def test_what_is_not_there_is_named(base: Dataset) -> None:
    made, _ = removed(base, urls=["http://a/1", "http://b/"], ids=["wild:0:0", "wild:77"], hashes=["0" * 16])
    assert made.not_found == ["http://b/", "0" * 16, "wild:77"]


def test_a_request_in_a_file(base: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "request"
    path.write_text("# from the owner\nurl http://a/1\n\nid wild:0:0\nhash 00000000000000ff\n")
    asked = Asked.of(["http://a/3"], [], []).with_lines(path)
    assert asked == Asked.of(["http://a/1", "http://a/3"], ["00000000000000ff"], ["wild:0:0"])
    path.write_text("url http://a/1\nhttp://a/2\n")
    with pytest.raises(UserError, match=r"request, line 2: write `url URL`, `hash HASH` or `id ID`"):
        Asked.of([], [], []).with_lines(path)
    with pytest.raises(UserError, match=r"nowhere: cannot be read .*; name a text file"):
        Asked.of([], [], []).with_lines(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("asked", "why", "message"),
    [
        ({"urls": ["http://nowhere/"]}, "x", r"none of what is to be removed is published there; nothing was made"),
        ({}, "x", r"nothing to remove: name rows with --url, --hash, --id or --from"),
        ({"urls": ["http://a/1"]}, " ", r"--reason: say in a few words why"),
        ({"hashes": ["xyz"]}, "x", r"xyz: not a hash of 16 hexadecimal digits, as `polyloom trace` shows a cluster"),
        ({"ids": ["wild"]}, "x", r"wild: not the id of a row"),
    ],
)
def test_a_request_that_cannot_be_met_makes_nothing(
    base: Dataset, asked: dict[str, list[str]], why: str, message: str
) -> None:
    before = sorted(base.folder.parent.iterdir())
    with pytest.raises(UserError, match=message):
        removed(base, **asked, why=why)
    assert sorted(base.folder.parent.iterdir()) == before


def test_what_was_removed_does_not_come_back_with_a_later_dump(own: Path, make: Callable[..., dict[str, Path]]) -> None:
    first = open_corpus(make(own)["publish"])
    _, after = removed(first, ids=["wild:0"])
    later = own.with_name("later.yaml")
    later.write_text(
        own.read_text().replace("deduplicate: {}", f"deduplicate: {{against: [{json.dumps(str(after.folder))}]}}")
    )
    second = open_corpus(make(later)["publish"])
    assert second.manifest.rows.rows_out == 0
    assert second.manifest.rows.dropped[Reason.PUBLISHED_BEFORE] > 0
