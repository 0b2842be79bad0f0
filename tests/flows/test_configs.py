"""The recipe for CC-100 is one, with and without what its comments offer; its files need not be there."""

import re
from pathlib import Path

import yaml

from flows.phases import PHASES
from pipelines.config.sources import LinesSource
from pipelines.recipe import load_recipe

CC100 = Path(__file__).parents[2] / "flows" / "configs" / "cc100.yaml"
KEYS = (
    "annotate|perplexity|models|tokenizers|against|text_field|gopher_quality|fineweb|blocklist|contamination|files"
    "|previous"
)
OFFERED = re.compile(rf"^(?:( +)# ( *(?:- \{{|(?:{KEYS}):).*)|# (( *)(?:{KEYS}):.*))$", re.MULTILINE)


def test_it_reads_cc100s_files_whole_and_goes_on_to_a_report() -> None:
    recipe = load_recipe(CC100)
    stages = [stage for phase in PHASES.values() for stage in phase if recipe.section(stage) is not None]
    assert stages == ["ingest", "deduplicate", "publish", "tokenize", "report"]
    sources = recipe.section("ingest").sources
    assert all(isinstance(source, LinesSource) and source.documents for source in sources)
    assert all(Path(source.path).name.lower() == f"{source.language.lower()}.txt.xz" for source in sources)


def test_what_its_comments_offer_is_right_too(tmp_path: Path) -> None:
    text = OFFERED.sub(lambda match: (match[1] or "") + (match[2] or match[3]), CC100.read_text(encoding="utf-8"))
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    recipe = load_recipe(path)
    assert set(yaml.safe_load(text)["publish"]["filters"]) == {
        "gopher_repetition", "gopher_quality", "fineweb", "perplexity", "blocklist", "contamination"
    }  # fmt: skip
    assert recipe.section("annotate").perplexity is not None
    assert recipe.section("report").previous is not None
    assert recipe.section("deduplicate").against
    assert {source.format for source in recipe.section("ingest").sources} == {"lines", "jsonl"}
