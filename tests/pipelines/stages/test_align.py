"""Align: every sentence beside the pivot's is in one pair or has no counterpart, and pairs carry their scores."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.datasets.reasons import Reason
from pipelines.datasets.schemas import PAIRS
from pipelines.dedup.exact import hash_texts
from pipelines.engine.budget import PROCESS
from pipelines.stages import align

CATALOGS = {
    "light": {
        "en": {"title": "Enter the {key}", "help": "First.\n\nSecond.", "only_en": "Alone"},
        "de": {"title": "Gib {key} ein", "help": "Erstens.\n\nZweitens."},
        "ja": {"title": "キーを入力", "help": "一つの段落", "only_ja": "名前"},
    },
    "door": {"de": {"title": "Tür"}, "en": {"title": "enter  the {KEY}"}},
}


def test_pairs_are_one_entry_in_two_languages(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, align={}).make()
    assert all(made.table(entry).schema == PAIRS for entry in made.files(kind="pairs"))
    found = rows_of(made, "document", "key", "target_paragraph", "source_text", "target_text", "target_lang")
    assert found == [
        ("door", "title", 0, "enter the {KEY}", "Tür", "de"),
        ("light", "title", 0, "Enter the {key}", "Gib {key} ein", "de"),
        ("light", "help", 0, "First.", "Erstens.", "de"),
        ("light", "help", 1, "Second.", "Zweitens.", "de"),
        ("light", "title", 0, "Enter the {key}", "キーを入力", "ja"),
    ]


def test_sentences_are_conserved(corpus: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, align={}).make()
    assert (made.manifest.unit_in, made.manifest.unit_out) == ("sentences beside the pivot's", "pairs")
    counts = made.manifest.rows
    assert (counts.rows_in, counts.expanded, counts.rows_out) == (7, 0, 5)
    assert counts.dropped == {Reason.NO_COUNTERPART: 2}  # cut into other paragraphs, and a key that English lacks
    assert sorted(sample.text for sample in made.samples()[Reason.NO_COUNTERPART]) == ["一つの段落", "名前"]
    assert made.manifest.summary["languages"] == {"de": {"pairs": 4, "unpaired": 0}, "ja": {"pairs": 1, "unpaired": 2}}


def test_scores_by_hand(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, align={}).make()
    names = ("group", "length_ratio", "placeholders_agree", "source_words", "target_words", "letters", "source_lid")
    title = rows_of(made, *names)[1]
    assert title[0] == hash_texts(["ENTER THE {key}"])[0]  # of the folded source, so equal for equal sources
    assert title[1] == pytest.approx(math.log(13 / 15))
    assert title[2:5] == (True, 3, 3)
    assert title[5] == pytest.approx(1.0)
    assert title[6] in ("en", "de", "ja")
    assert rows_of(made, "placeholders_agree")[0] == (False,)
    ratios = [ratio for ratio, language in rows_of(made, "length_ratio", "target_lang") if language == "de"]
    assert made.manifest.summary["mean_log_ratio"]["de"] == pytest.approx(sum(ratios) / 4, abs=1e-4)


def test_two_languages_without_the_pivot(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    catalogs = {"app": {"en": {"a": "Enter"}, "ja": {"b": "キー", "c": "名前"}, "de": {"b": "Taste", "c": "Name"}}}
    catalogs["app"]["fr"] = {"c": "Nom"}
    made = corpus(catalogs, align={}).make()
    assert rows_of(made, "source_lang", "source_text", "target_lang", "target_text") == [("de", "Taste", "ja", "キー")]
    counts = made.manifest.rows  # of the three languages' rows of "c" none has a counterpart; a source is not counted
    assert (counts.rows_in, counts.rows_out, dict(counts.dropped)) == (4, 1, {Reason.NO_COUNTERPART: 3})


def test_another_pivot(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, align={"pivot": "de"}).make()
    assert {language for (language,) in rows_of(made, "source_lang")} == {"de"}
    assert made.manifest.rows.rows_in == 8  # English and Japanese


def test_splits_and_rounds_change_nothing(
    corpus: Callable[..., Any], rows_of: Callable[..., Any], noted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pairs(made: Any) -> list[Any]:
        return sorted(rows_of(made, "document", "key", "target_lang", "target_text", "source_text", "group"))

    whole = corpus(CATALOGS, folder="whole", split_bytes=10_000, align={}).make()
    cut = corpus(CATALOGS, folder="cut", split_bytes=1, align={}).make()
    tight = corpus(CATALOGS, folder="tight", split_bytes=1, align={})
    tight.make("ingest")
    counted = noted(align.match_round)
    monkeypatch.setattr(align, "match_round", counted)
    monkeypatch.setattr(align, "ROW", 10 << 20)
    in_rounds = tight.make("align", memory_budget=PROCESS + (40 << 20))
    assert len(counted.splits()) == 3  # for 12 rows
    assert len(cut.files(kind="pairs")) == 5
    assert cut.manifest == in_rounds.manifest
    assert pairs(whole) == pairs(cut)


def test_a_run_after_a_crash_keeps_finished_files(
    corpus: Callable[..., Any], noted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = corpus(CATALOGS, folder="undisturbed", split_bytes=1, align={}).make()
    made = corpus(CATALOGS, folder="crashed", split_bytes=1, align={})
    made.make("ingest")
    work = align.write_pairs

    first = noted(work, crash_at="staged/app-00003")
    monkeypatch.setattr(align, "write_pairs", first)
    with pytest.raises(RuntimeError, match="crashed on purpose"):
        made.make("align")
    second = noted(work)
    monkeypatch.setattr(align, "write_pairs", second)
    assert made.make("align").manifest == undisturbed.manifest
    assert not set(first.splits()) & set(second.splits())
    assert set(first.splits()) | set(second.splits()) == {f"staged/app-{number:05d}" for number in range(5)}


TEXTS = st.sampled_from(["enter", "host", "", "das passwort", "a\n\nb"])
LANGUAGES = st.dictionaries(st.sampled_from("klm"), TEXTS, max_size=3)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries({"en": LANGUAGES, "de": LANGUAGES, "ja": LANGUAGES}))
def test_any_catalog_is_conserved(
    corpus: Callable[..., Any],
    rows_of: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
    languages: dict[str, dict[str, str]],
) -> None:
    folder = str(tmp_path_factory.mktemp("any"))
    made = corpus({"any": languages}, folder=folder, align={})
    ingested, aligned = made.make("ingest").manifest, made.make("align").manifest
    beside = sum(counts["rows"] for code, counts in ingested.summary["languages"].items() if code != "en")
    sources = sum(language == "de" for (language,) in rows_of(made.dataset("align"), "source_lang"))  # of pairs with ja
    assert aligned.rows.rows_in == beside - sources == aligned.rows.rows_out + sum(aligned.rows.dropped.values())
