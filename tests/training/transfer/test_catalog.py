from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.errors import UserError
from pipelines.datasets.stage import Outcome
from training.transfer.catalog import PLACES, cleaned, place_of, read_catalog

KEYS = {
    "automation": "device_automation.trigger_type.turned_on",
    "description": "config.step.user.description",
    "entity": "entity.sensor.power.name",
    "error": "config.error.cannot_connect",
    "field": "options.step.init.data.host",
    "issue": "issues.old.fix_flow.step.confirm.title",
    "state": "entity.sensor.mode.state.idle",
    "title": "config.step.user.title",
}
Row = tuple[str, str, str, str]  # key, English, translation, component


def rows(component: str, count: int, tag: str) -> list[Row]:
    return [
        (key, f"{tag} {place} text {'x' * n}", f"ja {tag} {place} {'x' * n}", component)
        for n in range(count)
        for place, key in KEYS.items()
    ]


@pytest.fixture
def publish(tmp_path: Path, committed: Callable[..., Dataset]) -> Callable[[dict[str, list[Row]]], Dataset]:
    def make(splits: dict[str, list[Row]]) -> Dataset:
        draft, files = Draft(tmp_path / "publish"), []
        for split, found in splits.items():
            key, english, other, component = zip(*found, strict=True)
            text = pa.table({"key": key, "text": english, "document": component})
            partition = {"kind": "text", "language": "en", "split": split}
            files.append(draft.write_table(f"text/en/{split}.arrow", text, partition))
            pairs = pa.table(
                {
                    "key": key,
                    "source_text": english,
                    "target_text": other,
                    "source_lang": ["en"] * len(key),
                    "document": component,
                }
            )
            partition = {"kind": "pairs", "language": "ja", "split": split}
            files.append(draft.write_table(f"pairs/en-ja/{split}.arrow", pairs, partition))
        outcome = Outcome("rows", "rows", Counts(rows_in=0, rows_out=0), files, {})
        return committed(draft, "publish", outcome)

    return make


@pytest.mark.parametrize(("place", "key"), KEYS.items())
def test_a_key_tells_the_place(place: str, key: str) -> None:
    assert place_of(key) == place


@pytest.mark.parametrize("key", ["services.x.description", "title", "config.step.user.menu_options.a", "issues.a.b"])
def test_other_keys_have_no_place(key: str) -> None:
    assert place_of(key) is None


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("{entity_name} is on", "is on"),
        ("See [the docs]({url}) or https://example.org/a?b .", "See the docs or ."),
        ("Set **`mode`** of “{name}” now", "Set mode of now"),
        ("「{name}」を設定", "を設定"),
    ],
)
def test_what_tells_the_place_by_form_alone_is_taken_out(text: str, left: str) -> None:
    assert cleaned(text) == left


def test_every_file_has_as_many_strings_of_each_place(publish: Callable[[dict[str, list[Row]]], Dataset]) -> None:
    more = [("config.error.other", "One error more", "ja one more", "c")]
    catalog = read_catalog(
        publish({"train": rows("a", 5, "r") + more, "dev": rows("b", 2, "d"), "test": rows("c", 3, "t") + more}), 1
    )
    for texts, each in ((catalog.train, 5), (catalog.dev, 2), (catalog.test["en"], 3), (catalog.test["ja"], 3)):
        assert Counter(one.place for one in texts) == dict.fromkeys(PLACES, each)
    assert {one.component for one in catalog.train} == {"a"}
    assert {one.component for one in catalog.test["ja"]} == {"c"}


def test_a_string_that_stands_in_two_places_is_left_out(publish: Callable[[dict[str, list[Row]]], Dataset]) -> None:
    twice = [(KEYS["state"], "Idle now", "ja idle", "c"), (KEYS["title"], "idle  now", "ja idle again", "c")]
    catalog = read_catalog(
        publish({"train": rows("a", 2, "r"), "dev": rows("b", 2, "d"), "test": rows("c", 2, "t") + twice}), 1
    )
    assert not any("idle" in one.text.lower() for one in (*catalog.test["en"], *catalog.test["ja"]))


def test_training_strings_differ_from_held_out_ones_when_cleaned(
    publish: Callable[[dict[str, list[Row]]], Dataset],
) -> None:
    train = [*rows("a", 2, "r"), (KEYS["error"], "{x} T error text ", "ja", "a")]
    catalog = read_catalog(publish({"train": train, "dev": rows("b", 2, "d"), "test": rows("c", 2, "t")}), 1)
    assert not {one.text.casefold() for one in catalog.train} & {one.text.casefold() for one in catalog.test["en"]}


def test_a_corpus_without_a_place_is_refused(publish: Callable[[dict[str, list[Row]]], Dataset]) -> None:
    without = [row for row in rows("a", 2, "r") if row[0] != KEYS["error"]]
    with pytest.raises(UserError, match="no string is an error; publish"):
        read_catalog(publish({"train": without, "dev": rows("b", 2, "d"), "test": rows("c", 2, "t")}), 1)
