import gzip
from pathlib import Path

import pytest

from pipelines.datasets.errors import UserError
from training.xtreme.tasks.conllu import read_conllu
from training.xtreme.tasks.registry import BY_NAME
from training.xtreme.tasks.tagging import read_tagged

CLASSES = BY_NAME["udpos"].classes


def row(number: str, form: str, tag: str, head: int | str) -> str:
    return "\t".join([number, form, "_", tag, "_", "_", str(head), "_", "_", "_"])


def read(folder: Path, *rows: str, language: str = "en") -> list[list[tuple[str, str]]]:
    path = folder / f"{language}_some-ud-test.conllu"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return [list(zip(one.words, one.tags or (), strict=True)) for one in read_conllu(path, CLASSES)]


def test_comments_and_empty_nodes_are_no_words(tmp_path: Path) -> None:
    sentences = read(
        tmp_path,
        "# text = Go home",
        row("1", "Go", "VERB", 0),
        row("1.1", "you", "PRON", "_"),
        row("2", "home", "ADV", 1),
        "",
        "",
        row("1", "No", "INTJ", 0),
    )
    assert sentences == [[("Go", "VERB"), ("home", "ADV")], [("No", "INTJ")]]


def test_a_fused_word_has_the_tag_of_its_part_nearest_to_the_root(tmp_path: Path) -> None:
    sentences = read(
        tmp_path,
        row("1-2", "don't", "_", "_"),
        row("1", "do", "AUX", 3),
        row("2", "n't", "PART", 1),
        row("3", "go", "VERB", 0),
    )
    assert sentences == [[("don't", "AUX"), ("go", "VERB")]]


@pytest.mark.parametrize(("language", "tag"), [("de", "ADP"), ("es", "ADP"), ("ru", "ADP")])
def test_of_parts_equally_near_the_list_of_the_language_decides(tmp_path: Path, language: str, tag: str) -> None:
    sentences = read(
        tmp_path,
        row("1-2", "im", "_", "_"),
        row("1", "dem", "DET", 3),
        row("2", "in", "ADP", 3),
        row("3", "Internet", "NOUN", 0),
        language=language,
    )
    assert sentences == [[("im", tag), ("Internet", "NOUN")]]


def test_a_list_of_a_language_differs_from_that_of_all_others(tmp_path: Path) -> None:
    # French: PRON before NOUN; elsewhere NOUN before PRON
    rows = (row("1-2", "x", "_", "_"), row("1", "a", "NOUN", 3), row("2", "b", "PRON", 3), row("3", "c", "VERB", 0))
    assert read(tmp_path, *rows, language="fr")[0][0] == ("x", "PRON")
    assert read(tmp_path, *rows, language="fi")[0][0] == ("x", "NOUN")


def test_heads_in_a_ring_do_no_harm(tmp_path: Path) -> None:
    rows = (row("1-2", "ab", "_", "_"), row("1", "a", "NOUN", 2), row("2", "b", "VERB", 1))
    assert read(tmp_path, *rows) == [[("ab", "VERB")]]


def test_spaces_inside_a_word_are_taken_out(tmp_path: Path) -> None:
    assert read(tmp_path, row("1", "10 000", "NUM", 0), row("2", "می\u200cروم", "VERB", 1)) == [
        [("10000", "NUM"), ("میروم", "VERB")]
    ]


def test_a_sentence_whose_text_is_withheld_is_left_out(tmp_path: Path) -> None:
    withheld = [row("1", "_", "NOUN", 0), row("2", "_", "VERB", 1), row("3", ".", "PUNCT", 1)]
    assert read(tmp_path, *withheld, "", row("1", "Yes", "INTJ", 0)) == [[("Yes", "INTJ")]]


def test_a_file_under_gzip_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu.gz"
    path.write_bytes(gzip.compress(row("1", "Ναι", "INTJ", 0).encode()))
    assert read_tagged(path, CLASSES) == read_conllu(path, CLASSES)
    assert read_tagged(path, CLASSES)[0].words == ("Ναι",)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["1\tGo\tVERB"], r":1: has 3 columns, CoNLL-U has 10"),
        (["# a", row("one", "Go", "VERB", 0)], r":2: the id 'one' or the head '0' is no number"),
        ([row("1", "Go", "VERB", "up")], r":1: the id '1' or the head 'up'"),
        ([row("1-2", "don't", "_", "_"), row("1", "do", "AUX", 0)], r"the word 1-2 \"don't\" has no line 2"),
        (["# nothing"], "holds no sentence"),
        (["# a", row("1", "Go", "VB", 0)], r":2: the tag 'VB' is none of ADJ, ADP"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path: Path, rows: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        read(tmp_path, *rows)


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu.gz"
    path.write_bytes(gzip.compress(row("1", "Yes", "INTJ", 0).encode() * 50)[:-8])
    with pytest.raises(UserError, match="cannot be read"):
        read_conllu(path, CLASSES)
