"""Publish with filters: documents and rows go for the reason that the config asks for, and what was hit is listed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason

PUBLISH = {"test": {"share": 0.0}, "dev": {"share": 0.0}, "thresholds": {"min_letters": 0.0}}
CHINESE = "我们认为这些真理是不言而喻的人人生而平等造物主赋予他们若干不可剥夺的权利"
LONG = "we hold these truths to be self evident that all men are created equal and free"  # 16 words


@pytest.fixture
def pages(tmp_path: Path, language_model: str, corpus: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function from pages (url, language, text), and sections, to a corpus of JSON Lines."""

    def build(rows: list[tuple[str, str, str]], folder: str = "runs", split_bytes: int = 1 << 20, **more: Any) -> Any:
        lines = [json.dumps({"url": url, "lang": lang, "text": text}, ensure_ascii=False) for url, lang, text in rows]
        (tmp_path / "pages.jsonl").write_text("\n".join(lines), encoding="utf-8")
        source = {"format": "jsonl", "name": "pages", "path": str(tmp_path / "pages.jsonl"), "document_field": "url",
                  "language_field": "lang", "split_bytes": split_bytes}  # fmt: skip
        ingest = {"sources": [source], "language_model": language_model}
        publish = {**PUBLISH, "filters": more.pop("filters", {})}
        return corpus({}, folder=folder, ingest=ingest, deduplicate={}, publish=publish, **more)

    return build


def test_a_document_goes_whole_and_a_line_alone(pages: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    fine, other = "This is a fine sentence of words.", "Here is one more of them."
    rows = [
        ("a", "en", f"{fine}\n{other}\nno end to this line of words"),
        ("b", "en", f"{fine} Or is it?\n{other} So it is.\nlorem ipsum is a text of its own."),
        ("c", "th", "นี่คือประโยคภาษาไทยที่ยาวพอสำหรับการทดสอบ และนี่คืออีกประโยคหนึ่ง\nประโยคที่สามของเอกสารนี้อยู่ตรงนี้"),
    ]
    made = pages(rows, filters={"c4": {"min_sentences": 2}}).make()
    assert sorted(rows_of(made, "text", kind="text", language="en")) == [(other,), (fine,)]
    assert len(rows_of(made, "text", kind="text", language="th")) == 2  # no stops in Thai: its letters end sentences
    assert made.manifest.summary["dropped"]["text"] == {"lorem_ipsum": 3, "no_terminal": 1}
    assert pages(rows, folder="off").make().manifest.summary["dropped"] == {"text": {}}


def test_blocked_domains(pages: Callable[..., Any], rows_of: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "domains").write_text("пример.рф\n", encoding="utf-8")
    rows = [("https://www.пример.рф/1", "ru", "Первый текст"), ("https://пример.org/2", "ru", "Второй текст")]
    made = pages(rows, filters={"blocklist": {"domains": str(tmp_path / "domains")}}).make()
    assert rows_of(made, "text", kind="text") == [("Второй текст",)]
    (sample,) = made.samples()[Reason.BLOCKED]
    assert (sample.text, sample.detail) == ("Первый текст", "https://www.пример.рф/1")
    (tmp_path / "urls").write_text("https://x\n")
    with pytest.raises(UserError, match="line 1: 'https://x' is no domain"):
        pages(rows, filters={"blocklist": {"domains": str(tmp_path / "urls")}}).make("publish")


def test_percentiles_are_by_language_and_do_not_depend_on_splits(
    pages: Callable[..., Any], rows_of: Callable[..., Any]
) -> None:
    """Of ten documents of 1 to 10 words the percentile 30 is 3: two are shorter. German's are ten times as long."""
    rows = [(f"en{n}", "en", " ".join(["word"] * n)) for n in range(1, 11)]
    rows += [(f"de{n}", "de", " ".join(["Wort"] * n * 10)) for n in range(1, 11)]
    filters = {"gopher_quality": {"min_words": {"percentile": 30}, **dict.fromkeys((
        "min_mean_word_length", "max_mean_word_length", "min_stop_words"))}}  # fmt: skip
    one = pages(rows, folder="one", filters=filters)
    many = pages(rows, folder="many", split_bytes=700, filters=filters)
    published = [one.make(), many.make()]
    for made in published:
        assert made.manifest.summary["thresholds"]["few_words"] == {"min_words": {"de": 30.0, "en": 3.0}}
        assert made.manifest.summary["dropped"]["text"] == {"few_words": 4}
    assert sorted(rows_of(published[0], "text", kind="text")) == sorted(rows_of(published[1], "text", kind="text"))
    details = {sample.text: sample.detail for sample in published[0].samples()[Reason.FEW_WORDS]}
    assert details["word word"] == "2 < 3 words"
    assert "by language" in published[0].read("README.md").decode()


@pytest.fixture
def tests_files(tmp_path: Path) -> list[dict[str, Any]]:
    (tmp_path / "retrieval.txt").write_text("Where is the station?\n\nNobody says this\n", encoding="utf-8")
    (tmp_path / "nli.tsv").write_text(f"entailment\t{LONG}\n", encoding="utf-8")
    (tmp_path / "qa.jsonl").write_text(json.dumps({"id": "kept", "context": CHINESE}) + "\n", encoding="utf-8")
    return [
        {"name": "retrieval", "path": str(tmp_path / "retrieval.txt")},
        {"name": "nli", "path": str(tmp_path / "nli.tsv"), "format": "tsv", "fields": ["2"]},
        {"name": "qa", "path": str(tmp_path / "qa.jsonl"), "format": "jsonl", "fields": ["context"]},
    ]


def test_evaluation_sets_are_kept_out_and_what_was_hit_is_listed(
    pages: Callable[..., Any], rows_of: Callable[..., Any], tests_files: list[dict[str, Any]]
) -> None:
    rows = [
        ("a", "en", "WHERE is  the station？\nentailment\nWhere is the other station?"),
        ("b", "en", f"He wrote: {LONG[9:].upper()}!\nwe hold these truths to be"),
        ("c", "zh-Hans", f"他说：{CHINESE[4:30]}。\nkept"),
    ]
    made = pages(rows, filters={"contamination": {"files": tests_files}}).make()
    assert {text for (text,) in rows_of(made, "text", kind="text")} == {
        "entailment", "Where is the other station?", "we hold these truths to be", "kept",
    }  # fmt: skip
    assert made.manifest.rows.dropped == {Reason.CONTAMINATED: 3}
    assert made.manifest.summary["contamination"] == {
        "retrieval": {"sentences": 2, "found": 1, "rows": 1},
        "nli": {"sentences": 1, "found": 1, "rows": 1},
        "qa": {"sentences": 1, "found": 1, "rows": 1},
    }
    (entry,) = made.files(kind="contamination")
    listed = json.loads(made.read(entry.name))
    assert [(hit["name"], hit["line"], hit["whole"], hit["rows"]) for hit in listed] == [
        ("retrieval", 1, True, 1), ("nli", 1, False, 1), ("qa", 1, False, 1),
    ]  # fmt: skip
    assert listed[0]["text"] == "Where is the station?"
    assert listed[0]["places"] == [{"file": "pages", "record": 0, "paragraph": 0}]


def test_either_side_of_a_pair_is_looked_at(
    corpus: Callable[..., Any], rows_of: Callable[..., Any], tests_files: list[dict[str, Any]]
) -> None:
    catalogs = {
        "a": {"en": {"k": "where is the station?", "l": "a fine day"},
              "de": {"k": "Wo ist der Bahnhof", "l": "Nobody says THIS"}},
    }  # fmt: skip
    publish = {**PUBLISH, "filters": {"contamination": {"files": tests_files}}}
    made = corpus(catalogs, align={}, deduplicate={}, publish=publish).make()
    assert not rows_of(made, "source_text", kind="pairs")
    assert made.manifest.summary["dropped"]["pairs"] == {"contaminated": 2}
    (entry,) = made.files(kind="contamination")
    second = json.loads(made.read(entry.name))[1]
    assert (second["text"], second["rows"]) == ("Nobody says this", 2)  # the German text, and the pair's target
    assert {place["file"].rsplit("/")[-1] for place in second["places"]} == {"de.json"}


def test_the_folder_of_xtreme_is_kept_out_task_by_task(
    pages: Callable[..., Any], rows_of: Callable[..., Any], tmp_path: Path
) -> None:
    tatoeba, udpos = tmp_path / "xtreme" / "tatoeba", tmp_path / "xtreme" / "udpos"
    tatoeba.mkdir(parents=True)
    udpos.mkdir()
    (tatoeba / "zh-en.zh").write_text("车站在哪里？\n", encoding="utf-8")
    (tatoeba / "zh-en.en").write_text("Where is the station?\n", encoding="utf-8")
    (udpos / "test-en.tsv").write_text("\n".join(LONG.split()) + "\n\n", encoding="utf-8")
    (udpos / "train-en.tsv").write_text("Kept\tADJ\n\n", encoding="utf-8")
    rows = [
        ("a", "en", f"Where is the station?\nKept\nHe wrote: {LONG[9:]}"),
        ("b", "zh-Hans", "车站在哪里？\n车站在哪里？\n这里"),
    ]
    file = {"name": "xtreme", "path": str(tmp_path / "xtreme"), "format": "xtreme"}
    made = pages(rows, filters={"contamination": {"files": [file]}}).make()
    assert {text for (text,) in rows_of(made, "text", kind="text")} == {"Kept", "这里"}
    assert made.manifest.summary["contamination"] == {
        "xtreme/udpos": {"sentences": 1, "found": 1, "rows": 1},
        "xtreme/tatoeba": {"sentences": 2, "found": 2, "rows": 3},
    }
    (entry,) = made.files(kind="contamination")
    listed = json.loads(made.read(entry.name))
    assert [(hit["name"], hit["file"], hit["line"], hit["rows"]) for hit in listed] == [
        ("xtreme/udpos", "udpos/test-en.tsv", 1, 1),
        ("xtreme/tatoeba", "tatoeba/zh-en.en", 1, 1),
        ("xtreme/tatoeba", "tatoeba/zh-en.zh", 1, 2),
    ]
