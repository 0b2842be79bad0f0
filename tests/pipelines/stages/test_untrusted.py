"""What a corpus says never decides where something is written or read, and is never run."""

import pickle
import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from lxml.etree import XMLSyntaxError

from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import content_hash
from pipelines.datasets.reasons import Reason
from pipelines.datasets.store import Store
from pipelines.formats.arrow import Arrow
from pipelines.formats.catalog import Catalog
from pipelines.formats.compressed import RawFile
from pipelines.formats.fields import Fields
from pipelines.formats.markup import elements, parse
from pipelines.formats.members import open_members
from pipelines.stages.publishing.shards import as_name

ROOT = Path(__file__).parents[3]
EVIL = ["..", ".", "", "../../etc", "/etc/passwd", "a/b", "a\\b", "nul\0l", "~", "$(id)", "文", "a b"]


@pytest.mark.parametrize("language", EVIL)
def test_a_language_is_one_part_of_a_path(language: str, tmp_path: Path) -> None:
    path = Store(tmp_path).path(f"text/{as_name(language)}/train-00000.arrow")
    assert path.parent.parent == tmp_path / "text"
    assert re.fullmatch(r"[\w%~-]+", path.parent.name, re.ASCII)


def test_languages_have_folders_of_their_own_and_codes_stay_as_they_are() -> None:
    assert len({as_name(language) for language in EVIL}) == len(EVIL)
    assert [as_name(code) for code in ("de", "zh-Hans", "hi_rom")] == ["de", "zh-Hans", "hi_rom"]


def test_documents_and_members_with_evil_names_leave_no_trace_elsewhere(
    corpus: Callable[..., Any], rows_of: Callable[..., Any], tmp_path: Path
) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("../en.json", "a/../../en.json", "/en.json", "c\\..\\d/en.json", "ok/en.json"):
            file.writestr(zipfile.ZipInfo(name), '{"k": "please enter password number one"}')
    made = corpus({}, deduplicate={}, publish={}, ingest={"sources": [{
        "format": "catalog", "name": "app", "path": str(archive), "pattern": "{document}/{language}.json",
        "languages": ["en"]}]})  # fmt: skip
    before = {path for path in tmp_path.rglob("*") if "runs" not in path.parts}
    dataset = made.make()
    assert {path for path in tmp_path.rglob("*") if "runs" not in path.parts} == before
    documents = {document for (document,) in rows_of(made.dataset("ingest"), "document", kind="staged")}
    assert documents == {"..", "c\\..\\d", "ok"}
    assert dataset.manifest.rows.rows_in == 3


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "raw", tmp_path / "outside"
    (folder / "a").mkdir(parents=True)
    outside.mkdir()
    (outside / "en.json").write_text('{"k": "secret"}')
    (folder / "a" / "en.json").write_text('{"k": "open"}')
    (folder / "a" / "de.json").symlink_to(folder / "a" / "en.json")
    (folder / "b").symlink_to(outside)
    (folder / "c").mkdir()
    (folder / "c" / "en.json").symlink_to(outside / "en.json")
    source = Catalog("app", str(folder), "{document}/{language}.json", ("de", "en"), 100, 1000)
    parts = [part for split in source.plan() for part in source.read(split)]
    assert [text for part in parts for text in part.batch["text"].to_pylist()] == ["open", "open"]
    (bad,) = [bad for part in parts for bad in part.unreadable]
    assert (bad.file, bad.reason) == ("app/c/en.json", Reason.UNREADABLE)
    assert bad.error == "a link out of the folder, which is not followed"
    before = content_hash(str(folder))
    (outside / "en.json").write_text('{"k": "other"}')
    assert content_hash(str(folder)) == before


def test_a_link_that_leads_to_itself_or_nowhere_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with open_members(str(tmp_path)) as members:
        for name in ("self", "gone"):
            with pytest.raises(Exception, match=r"link|No such file"):
                members.read(name)
    assert content_hash(str(tmp_path))


class Planted:
    """What runs code where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self.path,)


def test_no_pickle_in_an_arrow_file_is_loaded(tmp_path: Path) -> None:
    planted = pickle.dumps(Planted(tmp_path / "ran"))
    metadata = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": planted}
    schema = pa.schema([pa.field("text", pa.string(), metadata=metadata)])
    path = tmp_path / "evil.arrow"
    with pa.ipc.new_file(path, schema) as writer:
        writer.write_batch(pa.record_batch([pa.array(["a text"])], schema=schema))
    source = Arrow("s", RawFile(str(path), 1 << 20, 200), Fields("text", None, None, "en"), 100, 1000)
    try:
        rows = [part.batch.num_rows for split in source.plan() for part in source.read(split)]
    except UserError:
        rows = []
    assert rows in ([1], [])
    assert not (tmp_path / "ran").exists()


LOADERS = re.compile(
    r"\bimport (pickle|cPickle|dill|cloudpickle|joblib|marshal|shelve)\b|allow_pickle=True|weights_only=False"
    r"|torch\.load\((?!.*weights_only=True)|yaml\.(unsafe_load|full_load|load\((?!.*Loader=_Yaml12Loader))"
    r"|\b(eval|exec)\(|\.extract(all)?\(|shell=True|trust_remote_code=True|(?<![.\w])xml\."
    r"|\betree\.(parse|iterparse|fromstring\w*|XML\w*Parser|XML|HTML\w*)\(|import lxml|lxml import (?!etree$)"
)
XML_PARSER = "pipelines/formats/markup.py"  # the one module that parses XML
OWN_PICKLES = "pipelines/engine/processes.py"  # what this process pickled itself: may an error be sent to another?


def test_nothing_in_the_code_runs_or_unpacks_what_it_reads() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for package in ("pipelines", "training", "flows")
        for path in sorted((ROOT / package).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if LOADERS.search(line) and ".eval()" not in line
    ]
    assert [line for line in found if not line.startswith((XML_PARSER, OWN_PICKLES))] == []
    assert all("**_SAFE)" in line for line in found if line.startswith(XML_PARSER))  # which the next test looks at


@pytest.mark.parametrize("kind", ['SYSTEM "{}"', '"&b;&b;"> <!ENTITY b "boom"', 'PUBLIC "x" "http://localhost:1/x"'])
def test_xml_reads_nothing_outside_and_follows_no_entity(tmp_path: Path, kind: str) -> None:
    (tmp_path / "secret").write_text("secret")
    entity = kind.format((tmp_path / "secret").as_uri())
    data = f"<!DOCTYPE t [<!ENTITY a {entity}>]><t><s>x&a;</s></t>".encode()
    with pytest.raises(ValueError, match="declares entities of its own, which are not followed"):
        list(elements(BytesIO(data), "s"))
    assert [node.text for node in parse(data, "utf-8").iter("s")] == ["x"]
    with pytest.raises(XMLSyntaxError, match="depth"):
        parse(b"<s>" * 3000 + b"</s>" * 3000, "utf-8")
