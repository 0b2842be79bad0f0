"""Moses text: two files, or OPUS's zip, and sides that do not fit each other."""

import gzip
import zipfile
from pathlib import Path

import pytest
from pydantic import ValidationError
from source_records import columns, open_source, read_all

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason

GERMAN = "Guten Morgen\neine Zeile\u2028mit Trenner\nlone\rreturn\n"
ENGLISH = "Good morning\na line\n\n"
UNITS = [
    (0, "de", "Guten Morgen", "s:0"),
    (1, "en", "Good morning", "s:0"),
    (2, "de", "eine Zeile\u2028mit Trenner", "s:1"),
    (3, "en", "a line", "s:1"),
    (4, "de", "lone\rreturn", "s:2"),
    (5, "en", "", "s:2"),
]


def write(folder: Path, german: str, english: str) -> dict[str, str]:
    (folder / "a.de").write_bytes(german.encode())
    (folder / "a.en").write_bytes(gzip.compress(english.encode()))
    return {"en": str(folder / "a.en"), "de": str(folder / "a.de")}


def opus_zip(path: Path, **members: str) -> Path:
    """The zip of https://opus.nlpl.eu: texts, a README, and what else is given by its ending."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README", "Corpus Name: Books")
        for ending, text in members.items():
            archive.writestr(f"Books.de-en.{ending}", text)
    return path


@pytest.mark.parametrize("split_bytes", [1, 20, 1 << 20])
def test_two_files_in_the_order_of_their_languages(tmp_path: Path, split_bytes: int) -> None:
    form = open_source(format="moses", paths=write(tmp_path, GERMAN, ENGLISH), split_bytes=split_bytes)
    rows, bad = read_all(form)
    assert columns(rows, "record", "language", "text", "key") == UNITS
    assert {row["document"] for row in rows} == {"s:0"}
    assert bad == []


@pytest.mark.parametrize("split_bytes", [1, 1 << 20])
def test_opus_zip_with_ids_and_scores(tmp_path: Path, split_bytes: int) -> None:
    ids = "de/A.xml.gz\ten/A.xml.gz\t1\t1\nde/A.xml.gz\ten/A.xml.gz\t2 3\t2\nde/B.xml.gz\ten/B.xml.gz\t1\t\n"
    path = opus_zip(tmp_path / "de-en.txt.zip", de=GERMAN, en=ENGLISH, ids=ids, scores="0.5\n\n1.25\n")
    rows, bad = read_all(open_source(format="moses", path=str(path), languages=["de", "en"], split_bytes=split_bytes))
    assert columns(rows, "record", "language", "text", "key") == UNITS
    assert columns(rows[::2], "document", "score") == [
        ("de/A.xml.gz", 0.5),
        ("de/A.xml.gz", None),
        ("de/B.xml.gz", 1.25),
    ]
    assert bad == []


def test_a_hundred_units_are_a_document(tmp_path: Path) -> None:
    lines = "".join(f"{number}\n" for number in range(250))
    rows, _ = read_all(open_source(format="moses", paths=write(tmp_path, lines, lines), split_bytes=300))
    assert [rows[2 * unit]["document"] for unit in (0, 99, 100, 249)] == ["s:0", "s:0", "s:100", "s:200"]


@pytest.mark.parametrize("split_bytes", [1, 1 << 20])
def test_sides_of_unequal_length_are_refused(tmp_path: Path, split_bytes: int) -> None:
    form = open_source(format="moses", paths=write(tmp_path, GERMAN, "one\ntwo\n"), split_bytes=split_bytes)
    with pytest.raises(UserError, match=r"a\.de has 3 lines and .*a\.en has 2; .* both must have as many: fetch both"):
        form.plan()
    path = opus_zip(tmp_path / "x.zip", de=GERMAN, en=ENGLISH, scores="1\n")
    with pytest.raises(
        UserError, match=r"x\.zip: Books\.de-en\.de has 3 lines and .*x\.zip: Books\.de-en\.scores has 1"
    ):
        open_source(format="moses", path=str(path), languages=["de", "en"]).plan()


def test_a_side_that_is_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    lines = "".join(f"{number * 7919}\n" for number in range(3000))
    paths = write(tmp_path, lines, lines)
    packed = Path(paths["en"]).read_bytes()
    Path(paths["en"]).write_bytes(packed[: len(packed) // 2])
    rows, bad = read_all(open_source(format="moses", paths=paths))
    assert read_all(open_source(format="moses", paths=paths, split_bytes=500)) == (rows, bad)
    assert 500 < len(rows) < 5000
    assert [row["text"] for row in rows[0:-1:2]] == [row["text"] for row in rows[1::2]]
    (cut,) = bad
    assert (cut.record, cut.reason) == (rows[-1]["record"] + 1, Reason.UNREADABLE)
    assert cut.error.endswith("nothing behind it was read")


def test_a_damaged_member_of_the_zip(tmp_path: Path) -> None:
    path = opus_zip(tmp_path / "x.zip", de=GERMAN * 5000, en=ENGLISH * 5000)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        middle = archive.getinfo("Books.de-en.en").header_offset + 120
    data[middle : middle + 20] = b"\xa5" * 20
    path.write_bytes(data)
    try:
        _, bad = read_all(open_source(format="moses", path=str(path), languages=["de", "en"]))
    except UserError as error:
        assert "the file is empty" in str(error)  # noqa: PT017  (where the damage is in the first bytes)
    else:
        assert bad[-1].reason == Reason.UNREADABLE


def test_a_zip_without_a_language_is_refused(tmp_path: Path) -> None:
    path = opus_zip(tmp_path / "x.zip", de=GERMAN, en=ENGLISH)
    with pytest.raises(UserError, match=r"x\.zip: one file that ends in \.fr is expected, and there is none"):
        open_source(format="moses", path=str(path), languages=["de", "fr"])


def test_a_bomb_in_the_zip_is_refused(tmp_path: Path) -> None:
    path = opus_zip(tmp_path / "x.zip", de="a" * 3_000_000, en="a")
    with pytest.raises(UserError, match=r"x\.zip: unpacks to more than max_ratio = 200 times its size"):
        open_source(format="moses", path=str(path), languages=["de", "en"]).plan()


def test_a_bad_line_of_one_side_leaves_the_other(tmp_path: Path) -> None:
    paths = write(tmp_path, "ja\nnein\n", "yes\nno\n")
    Path(paths["de"]).write_bytes(b"j\xe4\nnein\n")
    rows, (bad,) = read_all(open_source(format="moses", paths=paths))
    assert columns(rows, "record", "text") == [(1, "yes"), (2, "nein"), (3, "no")]
    assert (bad.record, bad.reason, bad.text) == (0, Reason.NOT_UTF8, "j\\xe4")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"paths": {"de": "a"}}, "name a file for each of two languages or more in paths"),
        ({"path": "a.zip", "languages": ["de"]}, "name two languages or more in languages"),
        ({"path": "a.zip", "languages": ["de", "en"], "paths": {"de": "a", "en": "b"}}, "and no other files"),
        ({"paths": {"de": "a", "tlh": "b"}}, "'tlh' is not a language that Polyloom knows"),
    ],
)
def test_a_config_that_makes_no_sense(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        open_source(format="moses", **keys)
